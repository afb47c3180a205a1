"""The root or the logarithm of a quantity is learnt, and answers are right in its own unit."""

import json

import numpy as np
import pytest
from pydantic import TypeAdapter

from steward.core.errors import StewardError, UsageError
from steward.models.explain import contributions
from steward.models.rescaled import Rescaled, transformed
from steward.models.train import Lesson, refit, train_one
from steward.models.zoo import Array, again, fit, parse
from steward.project.candidates import CandidateSpec, misfit

E = float(np.e)
NAMES = ("x",)


def candidate(kind: str = "linear", **more: object) -> CandidateSpec:
    return TypeAdapter[CandidateSpec](CandidateSpec).validate_python({"kind": kind, **more})


def growing(rows: int, seed: int) -> tuple[Array, Array]:
    """Rows whose errors grow with the quantity: it is e to the power of x, times luck."""
    luck = np.random.default_rng(seed)
    x = luck.uniform(0, 2, rows)
    return x[:, None], np.exp(x) * np.exp(luck.normal(0, 0.4, rows))


@pytest.mark.parametrize(
    ("transform", "target", "smear"),
    [
        ("sqrt", [1.0, 9.0], 1.0),  # the mean root is 2, its square 4, and the mean 5
        ("log1p", [0.0, E**2 - 1], (1 + E**2) / (2 * E)),  # the mean logarithm is 1, and e times the smear the mean of 1 and e²
    ],
)
def test_a_model_that_knows_nothing_answers_the_mean_of_the_quantity(transform: str, target: list[float], smear: float) -> None:
    model = fit(candidate(transform=transform), np.zeros((2, 1)), np.array(target), names=NAMES)
    assert isinstance(model, Rescaled)
    assert model.smear == pytest.approx(smear)
    assert model.predict(np.zeros((1, 1))) == pytest.approx([np.mean(target)])


def test_the_smear_is_that_of_rows_it_has_not_learnt_from_and_stays_when_it_learns_from_all() -> None:
    train, later = growing(400, 1), growing(200, 2)
    lesson = Lesson("regression", NAMES)
    one = train_one("trees", candidate("lightgbm", transform="sqrt", num_trees=50, min_rows_in_leaf=1), train, later, lesson=lesson)
    assert isinstance(one.model, Rescaled)
    assert one.model.predict(later[0]).mean() == pytest.approx(later[1].mean())
    again_fitted = refit(one, (np.vstack([train[0], later[0]]), np.concatenate([train[1], later[1]])), lesson=lesson)
    assert isinstance(again_fitted, Rescaled)
    assert again_fitted.smear == one.model.smear
    stopped = again(one.spec, one.model)
    assert stopped.kind == "lightgbm"
    assert stopped.num_trees < 50
    assert stopped.transform == "sqrt"


def test_a_median_needs_no_smear() -> None:
    spec = candidate("lightgbm", transform="log1p", loss="absolute", num_trees=20)
    model = fit(spec, *growing(300, 1), names=NAMES)
    assert isinstance(model, Rescaled)
    assert model.smear == 1.0


@pytest.mark.parametrize("kind", ["linear", "lightgbm", "random_forest", "xgboost"])
@pytest.mark.parametrize("transform", ["sqrt", "log1p"])
def test_a_model_is_the_same_to_the_last_bit_after_a_round_trip(kind: str, transform: str) -> None:
    matrix, truth = growing(300, 3)
    model = fit(candidate(kind, transform=transform), matrix, truth, names=NAMES)
    read = parse("rescaled", model.content())
    assert read.names == NAMES
    np.testing.assert_array_equal(read.predict(matrix), model.predict(matrix))
    np.testing.assert_array_equal(read.importance(), model.importance())


def test_errors_that_grow_with_the_quantity_are_learnt_better_by_their_logarithm() -> None:
    train, later = growing(400, 5), growing(4000, 6)
    plain, logged = (fit(candidate(transform=transform), *train, names=NAMES).predict(later[0]) for transform in ("none", "log1p"))
    assert np.mean((logged - later[1]) ** 2) < 0.95 * np.mean((plain - later[1]) ** 2)


def test_an_explanation_adds_up_to_the_root() -> None:
    matrix, truth = growing(200, 1)
    model = fit(candidate("lightgbm", transform="sqrt", num_trees=30), matrix, truth, names=NAMES)
    assert isinstance(model, Rescaled)
    why = contributions(model, matrix[:5], matrix)
    assert why.scale == "root of the answer"
    root = why.base + why.values.sum(axis=(1, 2))
    assert root**2 + model.smear == pytest.approx(model.predict(matrix[:5]))


def test_a_negative_target_has_neither() -> None:
    with pytest.raises(UsageError, match=r"negative in 1 of 3 rows, and has no sqrt") as caught:
        transformed(np.array([1.0, -0.5, 2.0]), "sqrt")
    assert caught.value.faults[0].code == "MODEL-028"


def test_classes_have_no_transform() -> None:
    assert misfit(candidate("lightgbm", transform="sqrt"), classes=True) is not None
    assert misfit(candidate("lightgbm", transform="sqrt"), classes=False) is None


@pytest.mark.parametrize(
    "head",
    [
        {"kind": "linear", "transform": "cbrt", "smear": 0},
        {"kind": "rescaled", "transform": "sqrt", "smear": 0},
        {"kind": "linear", "transform": "sqrt", "smear": float("nan")},
        {"kind": "pickle", "transform": "sqrt", "smear": 0},
        {"transform": "sqrt"},
        [],
    ],
)
def test_a_file_that_says_something_else_is_refused(head: object) -> None:
    inside = fit(candidate(), *growing(50, 1), names=NAMES).content()
    with pytest.raises(StewardError) as caught:
        parse("rescaled", json.dumps(head).encode() + b"\n" + inside)
    assert caught.value.faults[0].code in {"MODEL-002", "MODEL-003"}
