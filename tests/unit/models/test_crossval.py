from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from benchmarks.ties import HEART_CODES, HEART_NAMES, heart
from hypothesis import given
from hypothesis import strategies as st

from steward.models.crossval import (
    CrossValidated,
    choose_simplest_of_ties,
    compare,
    cross_validate,
    expanding_folds,
    repeated_folds,
)
from steward.models.zoo import Fitted, fit
from steward.project.candidates import CandidateSpec, LogisticSpec, RandomForestSpec


@dataclass
class Mean:
    value: float

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        return np.full(len(matrix), self.value)


def learn_mean(_: np.ndarray, truth: np.ndarray) -> Mean:
    return Mean(float(truth.mean()))


def test_each_round_judges_every_row_once_by_a_model_that_has_not_seen_it() -> None:
    truth = np.repeat([0.0, 1.0], [80, 20])
    folds = repeated_folds(truth, folds=5, repeats=3, seed=7, classes=True)
    assert len(folds) == 15
    for start in (0, 5, 10):
        assert sorted(np.concatenate([fold.test for fold in folds[start : start + 5]])) == list(range(100))
    assert all(not set(fold.train) & set(fold.test) for fold in folds)
    assert {truth[fold.test].sum() for fold in folds} == {4}
    again = repeated_folds(truth, folds=5, repeats=3, seed=7, classes=True)
    assert all(np.array_equal(one.test, other.test) for one, other in zip(folds, again, strict=True))


@given(st.integers(2, 200), st.integers(1, 12))
def test_in_the_order_of_time_nothing_is_learnt_from_later_rows(rows: int, count: int) -> None:
    if rows < count + 1:
        with pytest.raises(ValueError, match="need more rows"):
            expanding_folds(rows, folds=count)
        return
    folds = expanding_folds(rows, folds=count)
    assert len(folds) == count
    assert all(len(fold.train) and fold.train.max() < fold.test.min() for fold in folds)
    assert np.array_equal(folds[0].train, np.arange(len(folds[0].train)))
    assert folds[-1].test[-1] == rows - 1


def test_too_few_rows_for_the_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="3 folds need as many rows of each class, there are 2"):
        repeated_folds(np.array([0.0, 0, 0, 1, 1]), folds=3, repeats=1, seed=1, classes=True)
    with pytest.raises(ValueError, match="3 folds need as many rows, there are 2"):
        repeated_folds(np.arange(2.0), folds=3, repeats=1, seed=1, classes=False)
    with pytest.raises(ValueError, match="at least two folds"):
        cross_validate(learn_mean, np.ones((4, 1)), np.arange(4.0), expanding_folds(4, folds=1), task="regression")


def test_the_mean_over_folds_matches_the_hand_calculation() -> None:
    # learnt from 1, 2: mean 1.5, off by 1.5 and 2.5 on 3, 4; from 1 to 4: mean 2.5, off by 2.5 and 3.5 on 5, 6
    found = cross_validate(learn_mean, np.ones((6, 1)), np.arange(1.0, 7.0), expanding_folds(6, folds=2), task="regression")
    assert found.figures["mae"] == (2, 3)
    assert found.test_to_train == pytest.approx((2 / 2 + 2 / 4) / 2)
    measured = found.measured("mae")
    # variance 1/2 of the two; (1/2 + 3/4) * 1/2; one degree of freedom
    assert measured.mean == 2.5
    assert measured.high == pytest.approx(2.5 + 12.7062047 * (1.25 / 2) ** 0.5)


def found(*values: float, metric: str = "rmse") -> CrossValidated:
    return CrossValidated({metric: values}, test_to_train=0.25)


def test_better_worse_and_cannot_tell() -> None:
    low, high, mixed = found(1.0, 1.1, 1.0, 1.1), found(2.0, 2.1, 2.1, 2.0), found(0.1, 2.4, 0.3, 2.2)
    assert compare(low, high, "rmse").answer == "better"
    assert compare(high, low, "rmse").answer == "worse"
    assert compare(low, mixed, "rmse").answer == "cannot tell"
    assert compare(low, low, "rmse").answer == "cannot tell"
    assert compare(found(0.9, 0.8, metric="f1"), found(0.2, 0.1, metric="f1"), "f1").answer == "better"


def test_of_ties_the_simplest_is_taken_and_a_surely_worse_one_is_not() -> None:
    linear, forest = found(1.00, 1.20, 1.10, 1.15), found(1.01, 1.15, 1.12, 1.10)
    mean = found(3.0, 3.1, 3.0, 3.2)
    assert choose_simplest_of_ties({"mean": mean, "linear": linear, "forest": forest}, "rmse") == "linear"
    assert choose_simplest_of_ties({"mean": mean, "forest": forest}, "rmse") == "forest"


def test_two_ways_that_are_equal_are_told_apart_at_most_in_one_of_twenty_tries() -> None:
    """Each sees a column of its own that is worth as much: the folds of a sample agree, the truth is a tie."""
    draw = np.random.default_rng(5)

    def told_apart() -> bool:
        matrix = draw.normal(size=(80, 2))
        truth = matrix.sum(axis=1) + draw.normal(size=80)
        folds = repeated_folds(truth, folds=5, repeats=2, seed=1, classes=False)
        one, other = (cross_validate(_line(column), matrix, truth, folds, task="regression") for column in (0, 1))
        return compare(one, other, "rmse").answer != "cannot tell"

    # 5 expected at most; more than 11 would be seen by chance in fewer than 5 of 1,000 such experiments
    assert sum(told_apart() for _ in range(100)) <= 11


def _line(column: int) -> "type[_Line]":
    return type("Line", (_Line,), {"column": column})


class _Line:
    column = 0

    def __init__(self, matrix: np.ndarray, truth: np.ndarray) -> None:
        self.slope = float(matrix[:, self.column] @ truth / (matrix[:, self.column] @ matrix[:, self.column]))

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        return self.slope * matrix[:, self.column]


def test_on_heart_nobody_can_tell_a_logistic_regression_from_a_forest(data: Path) -> None:
    matrix, truth = heart(data)
    folds = repeated_folds(truth, folds=5, repeats=2, seed=7, classes=True)

    def crossed(spec: CandidateSpec) -> CrossValidated:
        def learn(rows: np.ndarray, known: np.ndarray) -> Fitted:
            return fit(spec, rows, known, names=HEART_NAMES, classes=2, categories=HEART_CODES)

        return cross_validate(learn, matrix, truth, folds, task="binary")

    found = {
        "logistic": crossed(LogisticSpec(kind="logistic")),
        "random_forest": crossed(RandomForestSpec(kind="random_forest", num_trees=100, seed=7)),
    }
    for metric in ("roc_auc", "average_precision", "log_loss"):
        assert compare(found["random_forest"], found["logistic"], metric).answer == "cannot tell"
        assert choose_simplest_of_ties(found, metric) == "logistic"
    assert 0.86 < found["logistic"].measured("roc_auc").mean < 0.94
