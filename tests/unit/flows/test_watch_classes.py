"""What do logged answers and known outcomes of classes become?"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from steward.flows.watch import Outcomes, _logged, _outcomes


def loaded(classes: tuple[Any, ...], **losses: Any) -> Any:
    return SimpleNamespace(bundle=SimpleNamespace(classes=classes, reference={"losses": losses} if losses else {}))


PROJECT: Any = SimpleNamespace(spec=SimpleNamespace(target="y"))
SHARES = np.array([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1], [0.3, 0.7]])


def test_logged_probabilities_come_back_in_the_order_of_the_classes() -> None:
    records = [
        {"prediction": True, "probabilities": {"true": 0.8, "false": 0.2}},
        {"prediction": False, "probabilities": {"false": 1.0, "true": 0.0}},
    ]
    assert _logged(records, loaded((False, True)).bundle).tolist() == [[0.2, 0.8], [1.0, 0.0]]
    assert _logged([], loaded((1, 2, 3)).bundle).shape == (0, 3)
    assert _logged([{"prediction": 3.5}], loaded(()).bundle).tolist() == [3.5]


def test_outcomes_without_a_class_or_of_a_new_one_are_not_in_the_error() -> None:
    model = loaded(("no", "yes"), metric="log_loss", mean=0.5, variance=0.1, rows=1000)
    outcomes = _outcomes(PROJECT, model, pl.DataFrame({"y": ["yes", "yes", None, "perhaps"]}), SHARES)
    assert outcomes.unknown_classes == {"perhaps": 1}
    assert outcomes.performance is not None
    assert outcomes.performance.rows == 2
    assert outcomes.performance.current == pytest.approx(-np.log([0.5, 0.8]).mean())


def test_where_nothing_can_be_compared_nothing_is_claimed() -> None:
    rows = pl.DataFrame({"y": ["yes", "no", "no", "yes"]})
    never_wrong = loaded(("no", "yes"), metric="log_loss", mean=0.0, variance=0.0, rows=1000)
    assert _outcomes(PROJECT, never_wrong, rows, SHARES) == Outcomes()
    assert _outcomes(PROJECT, loaded(("no", "yes")), rows, SHARES) == Outcomes()
    without = pl.DataFrame({"y": [None] * 4}, schema={"y": pl.String})
    assert (
        _outcomes(PROJECT, loaded(("no", "yes"), metric="log_loss", mean=0.5, variance=0.1, rows=9), without, SHARES) == Outcomes()
    )


def test_a_quantity_without_an_outcome_is_left_out_too() -> None:
    model = loaded((), metric="rmse", mean=4.0, variance=1.0, rows=1000)
    outcomes = _outcomes(PROJECT, model, pl.DataFrame({"y": [1.0, None, 3.0]}), np.array([2.0, 2.0, 2.0]))
    assert outcomes.performance is not None
    assert (outcomes.performance.rows, outcomes.performance.current) == (2, 1.0)
