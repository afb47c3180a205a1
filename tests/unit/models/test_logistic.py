from collections.abc import Callable

import numpy as np
import pytest

from steward.models.logistic import Logistic, fit_logistic
from steward.models.zoo import Array, fit
from steward.project.candidates import LassoSpec, LogisticSpec, RidgeSpec

NAMES = ("distance_km", "hour", "noise")
Make = Callable[[int, int], tuple[Array, Array]]


def classes_of(sample: tuple[Array, Array], classes: int) -> tuple[Array, Array]:
    matrix, truth = sample
    return matrix, np.digitize(truth, np.quantile(truth, np.arange(1, classes) / classes)).astype(np.float64)


def scikit_learns(matrix: Array, codes: Array, **settings: object) -> Array:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=10_000, tol=1e-8, **settings)).fit(matrix, codes)
    return np.asarray(model.predict_proba(matrix))


@pytest.mark.parametrize("classes", [2, 3])
def test_penalties_are_scikit_learns(classes: int, sample: Make) -> None:
    matrix, codes = classes_of(sample(400, 1), classes)
    exact = {"solver": "newton-cholesky"}
    for spec, settings in (
        (RidgeSpec(kind="ridge", alpha=4.0), {**exact, "C": 0.25}),
        (LogisticSpec(kind="logistic", alpha=4.0), {**exact, "C": 0.25}),
        (LassoSpec(kind="lasso", alpha=0.02), {"solver": "saga", "l1_ratio": 1.0, "C": 1 / (0.02 * 400)}),
        (LogisticSpec(kind="logistic", penalty="l1", alpha=0.02), {"solver": "saga", "l1_ratio": 1.0, "C": 1 / (0.02 * 400)}),
    ):
        model = fit(spec, matrix, codes, names=NAMES, classes=classes)
        assert model.predict(matrix) == pytest.approx(scikit_learns(matrix, codes, **settings), abs=2e-3)


def test_without_a_penalty_the_mean_probability_is_how_often_the_class_was(sample: Make) -> None:
    matrix, codes = sample(400, 1)[0], (np.random.default_rng(3).random(400) < 0.2).astype(np.float64)
    model = fit(LogisticSpec(kind="logistic", penalty="none"), matrix, codes, names=NAMES, classes=2)
    assert model.predict(matrix)[:, 1].mean() == pytest.approx(codes.mean(), abs=1e-3)


def test_classes_that_nothing_mixes_are_told_apart_even_without_a_penalty() -> None:
    column = np.arange(40.0)
    model = fit(LogisticSpec(kind="logistic", penalty="none"), column[:, None], (column > 19).astype(float), names=["x"], classes=2)
    assert model.predict(np.array([[0.0], [39.0]]))[:, 1] == pytest.approx([0, 1], abs=1e-3)


def test_a_lasso_leaves_out_what_says_nothing(sample: Make) -> None:
    matrix, codes = classes_of(sample(400, 1), 3)
    model = fit(LassoSpec(kind="lasso", alpha=0.03), matrix, codes, names=NAMES, classes=3)
    assert model.importance()[2] == 0
    assert model.importance()[0] > 0.5
    none = fit(LassoSpec(kind="lasso", alpha=1.0), matrix, codes, names=NAMES, classes=3)
    assert none.importance().tolist() == [0, 0, 0]
    assert none.predict(matrix[:1])[0] == pytest.approx(np.bincount(codes.astype(int)) / 400, abs=1e-3)


@pytest.mark.parametrize(("ridge", "lasso"), [(1.0, 0.0), (0.0, 0.01)])
def test_rows_that_count_twice_are_rows_that_are_there_twice(ridge: float, lasso: float, sample: Make) -> None:
    matrix, codes = classes_of(sample(201, 1), 3)
    settings = {"classes": 3, "ridge": ridge, "lasso": lasso, "names": NAMES, "categories": ("hour",)}
    counted = fit_logistic(matrix, codes, weights=np.full(201, 2.0), **settings)  # type: ignore[arg-type]
    doubled = fit_logistic(np.tile(matrix, (2, 1)), np.tile(codes, 2), **settings)  # type: ignore[arg-type]
    assert counted.predict(matrix) == pytest.approx(doubled.predict(matrix), abs=1e-3)


def test_many_codes_are_learnt_in_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    import scipy.optimize

    draw = np.random.default_rng(0)
    matrix = np.column_stack([draw.integers(0, size, 3000) for size in (40, 30, 9, 4)]).astype(np.float64)
    odds = draw.normal(size=40)[matrix[:, 0].astype(int)] + draw.normal(size=30)[matrix[:, 1].astype(int)]
    codes = (draw.random(3000) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    steps: list[int] = []
    minimize = scipy.optimize.minimize

    def counted(*args: object, **settings: object) -> object:
        found = minimize(*args, **settings)
        steps.append(found.nit)
        return found

    monkeypatch.setattr(scipy.optimize, "minimize", counted)
    names = ("zone", "other", "kind", "weather")
    model = fit_logistic(matrix, codes, classes=2, ridge=1.0, names=names, categories=names)
    assert isinstance(model, Logistic)
    assert steps[0] < 40
    assert np.mean((model.predict(matrix)[:, 1] > 0.5) == codes) > 0.7
