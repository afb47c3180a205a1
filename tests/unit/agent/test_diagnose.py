from typing import Literal

import pytest

from steward.agent.decide import AskApproval, decide
from steward.agent.diagnose import diagnose
from steward.monitoring.drift import ColumnDrift, DriftVerdict
from steward.monitoring.estimate import Estimate
from steward.monitoring.faults import DataFault
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.watch import WindowVerdict, judge_window
from steward.project.spec import PolicySpec


def column(name: str = "km", *, weight: float = 1.0, moved: bool = True) -> ColumnDrift:
    return ColumnDrift(name, "number", 0.3, 0.01, 0.28, weight, 0.9, moved, 0.0, 0.0, stuck=False)


def window(drift: float, error: float | None, *columns: ColumnDrift, rows: int = 1000) -> WindowVerdict:
    moved = tuple(one.name for one in columns if one.moved)
    performance = None if error is None else PerformanceVerdict("rmse", 5.0, 7.5, 0.5, 0.45, error, 900, enough=True)
    return judge_window(DriftVerdict(columns, drift, moved, rows, enough=rows >= 200), performance, 0.5)


@pytest.mark.parametrize("verdict", [window(0.3, 0.2, column()), window(0.9, 0.9, column(), rows=100), window(0.0, None, rows=0)])
def test_where_there_is_no_alarm_there_is_no_trouble(verdict: WindowVerdict) -> None:
    assert diagnose(verdict).kind == "none"


def broken(column: str | None, severity: float, text: str, kind: Literal["nulls", "stopped", "fewer"] = "nulls") -> DataFault:
    return DataFault(kind, column, 0.95, severity, text)


def test_broken_data_is_recognised_before_all_else() -> None:
    faults = (broken("km", 0.95, "km is missing in every row"), broken(None, 0.6, "30 of 100 rows came before"))
    drift = window(0.95, 0.9, column("prediction"), column("hour"))
    made = diagnose(judge_window(drift.drift, drift.performance, 0.5, faults=faults))
    assert (made.kind, made.columns) == ("data_fault", ("km",))
    assert made.text == "the data look broken: km is missing in every row; 30 of 100 rows came before"
    assert isinstance(decide(0.6, made, PolicySpec()), AskApproval)  # a band in which drift is retrained on at once


def test_a_feed_that_stopped_is_broken_data_though_no_row_is_there_to_judge() -> None:
    stopped = broken(None, 1.0, "the feed stopped: 0 rows came, 5,000 are usual", "stopped")
    made = diagnose(judge_window(window(0.0, None, rows=0).drift, None, 0.5, faults=(stopped,)))
    assert (made.kind, made.columns) == ("data_fault", ())


def test_fewer_rows_explain_an_alarm_only_where_they_are_one() -> None:
    few, hardly = (broken(None, severity, "only 9 rows came", "fewer") for severity in (0.4, 0.6))
    drift = window(0.8, None, column()).drift
    assert diagnose(judge_window(drift, None, 0.5, faults=(few,))).kind == "drift"
    assert diagnose(judge_window(drift, None, 0.5, faults=(hardly,))).kind == "data_fault"


def test_a_broken_column_the_model_ignores_is_no_data_fault() -> None:
    drift = window(0.8, None, column(), column("note", weight=0.0))
    made = diagnose(judge_window(drift.drift, None, 0.5, faults=(broken("note", 0.0, "note is missing"),)))
    assert made.kind == "drift"


def test_an_error_that_is_only_estimated_is_told_as_such() -> None:
    estimate = Estimate("DLE", "rmse", 7.5, 7.0, 8.0, 5.0, 0.5, 0.9, True, "", 900)
    made = diagnose(judge_window(window(0.1, None, column()).drift, None, 0.5, estimate=estimate))
    assert (made.kind, made.columns) == ("performance", ("km",))
    assert made.text == "rmse is estimated to have grown worse by 50%; which outcomes will tell"


def test_moved_inputs_are_drift_with_or_without_known_outcomes() -> None:
    blind, seeing = (
        diagnose(window(0.8, None, column("prediction"), column(), column("hour"))),
        diagnose(window(0.8, 0.9, column())),
    )
    assert (blind.kind, blind.columns) == ("drift", ("km", "hour"))
    assert blind.text == "the world moved, most of all in km and hour; what that does to the error is not known yet"
    assert seeing.text == "the world moved, most of all in km; rmse rose by 50% with it"
    assert diagnose(window(0.8, 0.0, column())).text == "the world moved, most of all in km; the error did not grow with it"


def test_answers_that_moved_alone_are_drift_of_no_single_input() -> None:
    made = diagnose(window(0.8, None, column("prediction")))
    assert (made.kind, made.columns) == ("drift", ())
    assert "most of all in no single input" in made.text


def test_errors_without_moved_inputs_are_another_concept() -> None:
    made = diagnose(window(0.0, 0.9, column(moved=False)))
    assert (made.kind, made.columns) == ("concept", ())
    assert made.text == "rmse rose by 50% though no input moved: inputs now lead to other outcomes"


def test_errors_with_inputs_that_moved_a_little_are_left_open() -> None:
    made = diagnose(window(0.3, 0.9, column(), column("hour"), column("zone")))
    assert (made.kind, made.columns) == ("performance", ("km", "hour", "zone"))
    assert made.text == "rmse rose by 50%, and km, hour and zone moved, too little to explain it alone"


def test_outcomes_of_classes_never_learnt_are_a_changed_concept() -> None:
    quiet = window(0.0, 0.0).drift
    made = diagnose(judge_window(quiet, None, 0.5, {"bankrupt": 400}))
    assert (made.kind, made.text) == ("concept", "outcomes are of classes the model never learnt: bankrupt")


def test_of_many_unknown_classes_three_are_named() -> None:
    quiet = window(0.0, 0.0).drift
    made = diagnose(judge_window(quiet, None, 0.5, {f"class {place}": 50 for place in range(8)}))
    assert made.text == "outcomes are of classes the model never learnt: class 0, class 1, class 2 and 5 more"
