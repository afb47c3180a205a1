import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.models.lasso import smallest_sum
from steward.models.linear import fit_linear, parse_linear
from steward.models.zoo import Array, fit
from steward.project.candidates import LassoSpec, LinearSpec, RidgeSpec

NAMES = ("distance_km", "hour", "noise")
Make = Callable[[int, int], tuple[Array, Array]]


def test_ridge_is_scikit_learns(sample: Make) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    matrix, truth = sample(300, 1)
    model = fit(RidgeSpec(kind="ridge", alpha=30.0), matrix, truth, names=NAMES)
    pipeline = make_pipeline(StandardScaler(), Ridge(alpha=30.0)).fit(matrix, truth)
    assert model.predict(matrix) == pytest.approx(pipeline.predict(matrix))


def test_lasso_is_scikit_learns_for_a_standardised_target(sample: Make) -> None:
    from sklearn.linear_model import Lasso
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    matrix, truth = sample(300, 1)
    model = fit(LassoSpec(kind="lasso", alpha=0.1), matrix, truth, names=NAMES)
    pipeline = make_pipeline(StandardScaler(), Lasso(alpha=0.1 * truth.std(), tol=1e-10)).fit(matrix, truth)
    assert model.predict(matrix) == pytest.approx(pipeline.predict(matrix), abs=1e-6)
    assert model.importance()[2] == 0


def test_a_penalty_of_one_leaves_no_column(sample: Make) -> None:
    matrix, truth = sample(300, 1)
    model = fit(LassoSpec(kind="lasso", alpha=1.0), matrix, truth, names=NAMES)
    assert model.importance().tolist() == [0, 0, 0]
    assert model.predict(matrix[:1]) == pytest.approx([truth.mean()])


def test_lasso_of_one_column_by_hand() -> None:
    # x and y standardised are both -1, 1: the slope 1 shrinks by 0.25, and the answers 1 and 7 come nearer to 4
    model = fit(LassoSpec(kind="lasso", alpha=0.25), np.array([[0.0], [2.0]]), np.array([1.0, 7.0]), names=["x"])
    assert model.predict(np.array([[0.0], [2.0]])) == pytest.approx([1.75, 6.25])


def test_a_column_of_codes_has_an_answer_for_each_level() -> None:
    codes, truth = np.tile([1.0, 2.0, 3.0], 20), np.tile([10.0, 40.0, 10.0], 20)
    rows = np.array([[1.0], [2.0], [3.0], [9.0], [np.nan]])
    for spec in (LinearSpec(kind="linear"), RidgeSpec(kind="ridge", alpha=1e-6), LassoSpec(kind="lasso", alpha=1e-6)):
        model = fit(spec, codes[:, None], truth, names=["zone"], categories=["zone"])
        answers = model.predict(rows)
        assert answers[:3] == pytest.approx([10, 40, 10], abs=1e-3)
        assert answers[3] == answers[4]
        same = parse_linear(model.content())
        assert np.array_equal(same.predict(rows), answers)
    straight = fit(LinearSpec(kind="linear"), codes[:, None], truth, names=["zone"])
    assert straight.predict(rows[:3]) == pytest.approx([20, 20, 20])
    assert "levels" not in json.loads(straight.content())


def test_what_columns_add_sums_up_to_the_answer(sample: Make) -> None:
    matrix, truth = sample(200, 1)
    model = fit_linear(matrix, truth, ridge=1.0, names=NAMES, categories=("hour",))
    added = model.contributions(matrix)
    assert added.shape == (200, 3)
    assert added.sum(axis=1) + model.intercept == pytest.approx(model.predict(matrix))


@pytest.mark.parametrize("categories", [(), ("hour",)])
def test_rows_that_count_twice_are_rows_that_are_there_twice(categories: tuple[str, ...], sample: Make) -> None:
    matrix, truth = sample(301, 1)  # each twice or once: the medians stay
    counts = np.full(301, 2.0)
    counted = fit_linear(matrix, truth, ridge=5.0, names=NAMES, categories=categories, weights=counts)
    doubled = fit_linear(np.tile(matrix, (2, 1)), np.tile(truth, 2), ridge=5.0, names=NAMES, categories=categories)
    assert counted.predict(matrix) == pytest.approx(doubled.predict(matrix))


def test_an_infinity_is_refused_by_its_column(sample: Make) -> None:
    matrix, truth = sample(50, 1)
    matrix[3, 1] = np.inf
    with pytest.raises(ValueError, match=r"^hour: an infinite number"):
        fit_linear(matrix, truth, names=NAMES)


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3), st.floats(0.01, 3))
def test_no_small_step_away_from_a_lasso_is_better(slope: list[float], size: float) -> None:
    gram = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
    target = np.array(slope)[:, None]

    def loss(weights: Array) -> float:
        return float((weights * (gram @ weights)).sum() / 2 - (target * weights).sum() + size * np.abs(weights).sum())

    best = smallest_sum(gram, target, size)
    steps = np.vstack([np.eye(3), -np.eye(3)]) * 1e-3
    assert all(loss(best + step[:, None]) >= loss(best) - 1e-9 for step in steps)
