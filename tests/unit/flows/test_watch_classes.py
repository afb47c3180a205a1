"""What do logged answers and known outcomes of classes become?"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from steward.flows.watch import Outcomes, known_outcomes
from steward.flows.watch_log import said_of


def loaded(classes: tuple[Any, ...], **losses: Any) -> Any:
    return SimpleNamespace(classes=classes, reference={"losses": losses} if losses else {})


SHARES = np.array([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1], [0.3, 0.7]])


def test_logged_probabilities_come_back_in_the_order_of_the_classes() -> None:
    shares = {"true": 0.8, "false": 0.2}
    assert said_of({"prediction": True, "probabilities": shares}, ["false", "true"]) == [0.2, 0.8]
    assert said_of({"prediction": 3.5}, []) == [3.5]


@pytest.mark.parametrize(
    "answer", [{}, {"prediction": "yes"}, {"probabilities": {"true": 1.0}}, {"probabilities": {"a": 0.5, "b": 0.5}}]
)
def test_an_answer_of_another_kind_is_none(answer: dict[str, Any]) -> None:
    assert said_of(answer, ["false", "true"]) is None
    assert said_of({**answer, "prediction": answer.get("prediction", "x")}, []) is None


def test_outcomes_without_a_class_or_of_a_new_one_are_not_in_the_error() -> None:
    model = loaded(("no", "yes"), metric="log_loss", mean=0.5, variance=0.1, rows=1000)
    outcomes = known_outcomes(model, pl.Series(["yes", "yes", None, "perhaps"]), SHARES, chance=0.05)
    assert outcomes.unknown_classes == {"perhaps": 1}
    assert outcomes.performance is not None
    assert outcomes.performance.rows == 2
    assert outcomes.performance.current == pytest.approx(-np.log([0.5, 0.8]).mean())


def test_where_nothing_can_be_compared_nothing_is_claimed() -> None:
    rows = pl.Series(["yes", "no", "no", "yes"])
    never_wrong = loaded(("no", "yes"), metric="log_loss", mean=0.0, variance=0.0, rows=1000)
    assert known_outcomes(never_wrong, rows, SHARES, chance=0.05) == Outcomes()
    assert known_outcomes(loaded(("no", "yes")), rows, SHARES, chance=0.05) == Outcomes()
    without, model = (
        pl.Series([None] * 4, dtype=pl.String),
        loaded(("no", "yes"), metric="log_loss", mean=0.5, variance=0.1, rows=9),
    )
    assert known_outcomes(model, without, SHARES, chance=0.05) == Outcomes()
    assert known_outcomes(model, None, SHARES, chance=0.05) == Outcomes()


@pytest.mark.parametrize(
    ("metric", "told", "error"),
    [
        ("mape", [0.0, 4.0, 2.0], (0.5 + 0.0) / 2),  # 2 for 4 and for 2; 2 for 0 is no share of anything
        ("rmsle", [-1.0, 2.0, 2.0], 0.0),
    ],
)
def test_an_outcome_of_which_the_metric_says_nothing_is_in_no_error_and_ends_nothing(
    metric: str, told: list[float], error: float
) -> None:
    model = loaded((), metric=metric, mean=0.25, variance=0.1, rows=1000)
    outcomes = known_outcomes(model, pl.Series(told), np.array([2.0, 2.0, 2.0]), chance=0.05)
    assert outcomes.performance is not None
    assert (outcomes.performance.rows, outcomes.performance.current) == (2, error)
    assert outcomes.truth is not None
    assert outcomes.truth.tolist() == told  # of how the outcomes are spread it says something
    only = known_outcomes(model, pl.Series([told[0]] * 3), np.array([2.0, 2.0, 2.0]), chance=0.05)
    assert only.performance is None


def test_a_quantity_without_an_outcome_is_left_out_too() -> None:
    model = loaded((), metric="rmse", mean=4.0, variance=1.0, rows=1000)
    outcomes = known_outcomes(model, pl.Series([1.0, None, 3.0]), np.array([2.0, 2.0, 2.0]), chance=0.05)
    assert outcomes.performance is not None
    assert (outcomes.performance.rows, outcomes.performance.current) == (2, 1.0)
