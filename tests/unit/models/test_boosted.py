from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from steward.models.boosted import _parameters, fit_boosted, parse_boosted
from steward.models.zoo import Array, fit
from steward.project.candidates import LightGbmSpec

NAMES = ("distance_km", "hour", "noise")
Make = Callable[[int, int], tuple[Array, Array]]


def trees(**settings: object) -> LightGbmSpec:
    start = {"kind": "lightgbm", "num_trees": 60, "learning_rate": 0.2, "num_leaves": 15, "min_rows_in_leaf": 10}
    return LightGbmSpec.model_validate({**start, **settings})


def test_a_quantile_lies_above_its_share_of_the_rows(sample: Make) -> None:
    matrix, truth = sample(1500, 1)
    later, seen = sample(1000, 2)
    for level in (0.1, 0.9):
        model = fit(trees(loss="quantile", level=level), matrix, truth, names=NAMES)
        assert np.mean(seen <= model.predict(later)) == pytest.approx(level, abs=0.07)


@pytest.mark.parametrize("loss", ["absolute", "huber"])
def test_a_few_wild_rows_move_the_squares_most(loss: str, sample: Make) -> None:
    matrix, truth = sample(800, 1)
    later, seen = sample(400, 2)
    wild = truth.copy()
    wild[::40] += 2000
    calm, moved = (
        np.abs(fit(trees(loss=one), matrix, wild, names=NAMES).predict(later) - seen).mean() for one in (loss, "squared")
    )
    assert calm < 0.5 * moved


def test_settings_reach_the_library() -> None:
    told = _parameters(trees(subsample=0.5, colsample=0.6, l2=3.0, loss="quantile", level=0.7), np.zeros(10), 0)
    expected = {"bagging_fraction": 0.5, "feature_fraction": 0.6, "lambda_l2": 3.0, "objective": "quantile", "alpha": 0.7}
    assert {name: told[name] for name in expected} == expected
    # the middle half of 0 .. 4 is 1 .. 3 wide
    assert _parameters(trees(loss="huber"), np.arange(5.0), 0)["alpha"] == 1.0
    assert _parameters(trees(loss="huber"), np.zeros(5), 0)["alpha"] == 1.0


def test_early_stopping_weighs_validation_rows_too(sample: Make) -> None:
    matrix, truth = sample(400, 1)
    later = sample(400, 2)
    strange = later[0], later[1] + np.where(np.arange(400) < 200, 0, np.random.default_rng(0).normal(0, 60, 400))
    heard, ignored = (
        fit_boosted(trees(num_trees=300), matrix, truth, names=NAMES, validation=strange, later_weights=weights).trees
        for weights in (None, np.repeat([1.0, 0.0], 200))
    )
    clean = fit_boosted(trees(num_trees=300), matrix, truth, names=NAMES, validation=(later[0][:200], later[1][:200])).trees
    assert ignored == clean != heard


@pytest.mark.parametrize("damage", ["cut", "no end", "tree lost", "no sizes"])
def test_a_text_that_is_not_whole_never_reaches_the_library(damage: str, sample: Make) -> None:
    content = fit(trees(num_trees=5), *sample(200, 1), names=NAMES).content()
    second, third = content.index(b"Tree=1"), content.index(b"Tree=2")
    damaged = {
        "cut": content[: len(content) // 2],
        "no end": content[: content.index(b"end of parameters")],
        "tree lost": content[:second] + content[third:],
        "no sizes": content.replace(b"tree_sizes=", b"tree_size="),
    }
    with pytest.raises(ValueError, match="not that of a whole model"):
        parse_boosted(damaged[damage])
    assert parse_boosted(content).trees == 5


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_a_few_rows_are_answered_as_many_are_to_the_last_bit(classes: int, sample: Make) -> None:
    matrix, truth = sample(400, 1)
    target = np.digitize(truth, np.quantile(truth, np.arange(1, classes) / classes)).astype(float) if classes else truth
    model = fit_boosted(trees(), matrix, target, names=NAMES, validation=None, classes=classes)
    rows = np.where(np.random.default_rng(3).random((300, 3)) < 0.2, np.nan, sample(300, 2)[0])
    many = model.predict(rows)
    for size in (1, 16, 17):
        parts = [model.predict(rows[first : first + size]) for first in range(0, 300, size)]
        assert np.array_equal(np.concatenate(parts), many)
    assert np.array_equal(model.predict(np.asfortranarray(rows[:9])), many[:9])


def test_threads_that_ask_at_once_get_their_own_rows_answers(sample: Make) -> None:
    matrix, truth = sample(400, 1)
    model = fit_boosted(trees(), matrix, truth, names=NAMES, validation=None)
    expected = model.predict(matrix)
    with ThreadPoolExecutor(4) as pool:
        answers = [list(pool.map(lambda place: model.predict(matrix[place : place + 1])[0], range(400))) for _ in range(3)]
    assert all(np.array_equal(found, expected) for found in answers)
