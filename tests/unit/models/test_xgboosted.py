import sys
from collections.abc import Callable

import numpy as np
import pytest

from steward.core.errors import EnvironmentFault
from steward.models.explain import contributions
from steward.models.rounds import listening
from steward.models.xgboosted import XGBoosted, fit_xgboosted
from steward.models.zoo import Array
from steward.project.candidates import XGBoostSpec

NAMES = ("distance [km]", "hour<24", "noise")
SPEC = XGBoostSpec(kind="xgboost", num_trees=400, learning_rate=0.2)
Make = Callable[[int, int], tuple[Array, Array]]


def learnt(sample: Make, **settings: object) -> XGBoosted:
    spec = SPEC.model_copy(update=settings)
    return fit_xgboosted(spec, *sample(500, 1), names=NAMES, validation=sample(300, 2))


def test_trees_stop_where_validation_rows_no_longer_gain(sample: Make) -> None:
    stopped = learnt(sample)
    assert 5 < stopped.trees < 300
    assert stopped.booster.num_boosted_rounds() == stopped.trees  # those grown in vain are not kept
    alone = fit_xgboosted(SPEC.model_copy(update={"num_trees": 12}), *sample(500, 1), names=NAMES, validation=None)
    assert alone.trees == 12


def test_answers_are_the_librarys_own(sample: Make) -> None:
    import xgboost

    matrix, truth = sample(500, 1)
    model = fit_xgboosted(SPEC, matrix, (truth > 12).astype(float), names=NAMES, validation=None, classes=2)
    own = model.booster.predict(xgboost.DMatrix(matrix))
    assert model.predict(matrix)[:, 1] == pytest.approx(own, abs=1e-7)


def test_settings_change_the_trees(sample: Make) -> None:
    changes = [{"max_depth": 2}, {"min_child_weight": 50.0}, {"subsample": 0.5}, {"colsample": 0.4}, {"l2": 50.0}, {"seed": 8}]
    contents = {learnt(sample, num_trees=5, **change).content() for change in [{}, *changes]}
    assert len(contents) == 7


def test_many_rows_are_answered_in_parts_to_the_same_bit(sample: Make) -> None:
    model, (matrix, _) = learnt(sample), sample(20_000, 3)
    parts = np.concatenate([model.predict(part) for part in np.array_split(matrix, 20)])
    assert np.array_equal(model.predict(matrix), parts)


def test_a_listener_hears_of_rounds_and_may_end_them(sample: Make) -> None:
    heard: list[int] = []

    def tell(step: int, loss: float) -> None:
        heard.append(step)
        assert loss > 0
        if step >= 20:
            raise InterruptedError

    with listening(tell), pytest.raises(InterruptedError):
        learnt(sample)
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0, 20)


def test_what_columns_add_sums_up_to_the_answer(sample: Make) -> None:
    model, (matrix, _) = learnt(sample), sample(40, 3)
    found = contributions(model, matrix, matrix)
    assert (found.base + found.values.sum(axis=1))[:, 0] == pytest.approx(model.predict(matrix), rel=1e-4)


def test_without_the_library_it_says_what_to_install(sample: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(EnvironmentFault, match=r'MODEL-022[\s\S]*XGBoost is not installed[\s\S]*pip install "steward\[xgboost\]"'):
        learnt(sample)
