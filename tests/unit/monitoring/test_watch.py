from dataclasses import replace

import pytest

from steward.core.digest import canonical_json
from steward.monitoring.broken import FaultKind
from steward.monitoring.drift import ColumnDrift, DriftVerdict
from steward.monitoring.estimate import Estimate
from steward.monitoring.faults import DataFault
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.slices import SliceVerdict
from steward.monitoring.watch import judge_window


def column(name: str = "km", *, severity: float = 0.8, weight: float = 1.0, moved: bool = True) -> ColumnDrift:
    return ColumnDrift(name, "number", 0.14, 0.01, 0.12, weight, severity, moved, missing=0.0, unseen=0.0, stuck=False)


def drift(severity: float = 0.0, *columns: ColumnDrift, rows: int = 1000) -> DriftVerdict:
    moved = tuple(one.name for one in columns if one.moved)
    return DriftVerdict(columns, severity, moved, rows, enough=rows >= 200)


def performance(severity: float, *, rows: int = 500) -> PerformanceVerdict:
    return PerformanceVerdict("rmse", 5.0, 6.0, 0.2, 0.16, severity, rows, enough=rows >= 30)


@pytest.mark.parametrize(("severity", "status"), [(0.0, "ok"), (0.49, "ok"), (0.5, "alarm"), (1.0, "alarm")])
def test_an_alarm_starts_at_the_alert_level(severity: float, status: str) -> None:
    verdict = judge_window(drift(severity), None, 0.5)
    assert (verdict.severity, verdict.status, verdict.alarm) == (severity, status, status == "alarm")


def test_the_worse_of_data_and_error_counts() -> None:
    assert judge_window(drift(0.2), performance(0.6), 0.5).severity == 0.6
    assert judge_window(drift(0.7), performance(0.6), 0.5).severity == 0.7


def test_too_little_data_claims_nothing_and_no_data_is_not_no_drift() -> None:
    few, none = judge_window(drift(0.99, rows=199), performance(0.9), 0.5), judge_window(drift(rows=0), None, 0.5)
    assert (few.severity, few.alarm, few.status) == (None, False, "not enough data")
    assert (none.severity, none.alarm, none.status) == (None, False, "no data")
    assert few.text == "199 rows are too few to judge"
    assert none.text == "no rows in this window: nothing is known about it"


def test_the_text_names_what_moved_and_how_the_error_went() -> None:
    verdict = judge_window(drift(0.8, column(), column("hour", moved=False)), performance(0.6), 0.5)
    assert verdict.text == (
        "1 of 2 columns moved: km (14.0% of rows elsewhere, chance explains 1.0%); "
        "rmse 6, was 5 (+20%, at least +16%) on 500 known outcomes"
    )


def test_the_text_names_three_columns_at_most_and_says_which_the_model_ignores() -> None:
    text = judge_window(drift(0.8, *(column(name, weight=0.0) for name in "abcde")), None, 0.5).text
    assert text.startswith("5 of 5 columns moved: a (14.0% of rows elsewhere, chance explains 1.0%, not used by the model), b")
    assert text.endswith(" and 2 more; no outcomes known yet")


def test_pairs_are_counted_apart_from_columns() -> None:
    pair = replace(column("km x hour"), kind="pair")
    both = judge_window(drift(0.8, pair, column("km", moved=False)), None, 0.5).text
    assert both.startswith("0 of 1 columns and 1 pair of columns moved: km x hour (14.0% of rows elsewhere")


def test_a_quiet_window_says_so() -> None:
    text = judge_window(drift(0.0, column(moved=False)), performance(0.0, rows=3), 0.5).text
    assert text == "no column moved beyond chance in 1,000 rows; 3 known outcomes are too few to judge the error"


def test_a_verdict_is_json() -> None:
    assert '"status":"alarm"' in canonical_json(judge_window(drift(0.8, column()), performance(0.1), 0.5).as_dict())


def test_classes_never_learnt_weigh_like_rows_that_moved_elsewhere() -> None:
    # 70 of 1,000 rows: 5 % beyond the margin of 2 %, as a column's rows would be
    verdict = judge_window(drift(0.1), performance(0.2), 0.5, {"4": 60, "9": 10})
    assert (verdict.severity, verdict.alarm) == (pytest.approx(0.5), True)
    assert verdict.text.endswith(
        "; 7.0% of rows are of classes the model never learnt, and are not in the error: '4' (60), '9' (10)"
    )
    assert verdict.as_dict()["unknown_classes"] == {"4": 60, "9": 10}
    assert judge_window(drift(0.1), None, 0.5, {"4": 15}).severity == 0.1


def estimate(severity: float, *, trusted: bool = True) -> Estimate:
    why = "" if trusted else "40% of the rows lie where the reference has none"
    return Estimate("DLE", "rmse", 6.0, 5.5, 6.5, 5.0, 0.2, severity, trusted, why, rows=1000)


def fault(kind: FaultKind, severity: float) -> DataFault:
    return DataFault(kind, "km", 0.4, severity, f"km: {kind}")


def test_an_estimate_counts_only_while_outcomes_are_unknown_and_only_if_trusted() -> None:
    assert judge_window(drift(0.1), None, 0.5, estimate=estimate(0.8)).severity == 0.8
    assert judge_window(drift(0.1), performance(0.0, rows=3), 0.5, estimate=estimate(0.8)).severity == 0.8
    assert judge_window(drift(0.1), performance(0.2), 0.5, estimate=estimate(0.8)).severity == 0.2
    doubted = judge_window(drift(0.1), None, 0.5, estimate=estimate(0.8, trusted=False))
    assert doubted.severity == 0.1
    assert doubted.text.endswith(
        "no outcomes known yet; estimated (DLE): rmse 6 (5.5 to 6.5), was 5, which is not to be trusted: "
        "40% of the rows lie where the reference has none"
    )


def test_faults_weigh_like_drift_and_are_named_first() -> None:
    verdict = judge_window(drift(0.2), None, 0.5, faults=[fault("nulls", 0.9), fault("range", 0.1)])
    assert (verdict.severity, verdict.alarm) == (0.9, True)
    assert verdict.text.startswith("km: nulls; km: range; ")
    many = judge_window(drift(0.2), None, 0.5, faults=[fault("nulls", 0.1)] * 5)
    assert many.text.startswith("km: nulls; km: nulls; km: nulls; and 2 more faults; ")


def test_a_fault_of_the_rows_that_came_in_needs_none_that_the_checks_left() -> None:
    verdict = judge_window(drift(rows=0), None, 0.5, faults=[fault("stopped", 0.7)])
    assert (verdict.severity, verdict.alarm, verdict.status) == (0.7, True, "alarm")
    assert verdict.text == "km: stopped; no rows in this window: nothing is known about it"
    mild = judge_window(drift(0.99, rows=50), None, 0.5, faults=[fault("nulls", 0.4)])
    assert (mild.severity, mild.status) == (None, "not enough data")


def test_what_is_told_but_not_weighed_travels_along() -> None:
    parts = [
        SliceVerdict("zone", "7", 400, 4.0, 6.0, 0.5, 0.3, worse=True),
        SliceVerdict("zone", "8", 400, 4.0, 4.0, 0.0, 0.0, worse=False),
    ]
    verdict = judge_window(drift(0.1), performance(0.2), 0.5, target=column("outcome"), slices=parts, span=("a", "b"))
    assert (verdict.severity, verdict.start, verdict.end) == (0.2, "a", "b")
    assert verdict.text.endswith("on 500 known outcomes; worse for zone = 7 (+50%)")
    assert (verdict.target, verdict.slices) == (column("outcome"), tuple(parts))
