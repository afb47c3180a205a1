from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from steward.core.errors import UsageError
from steward.models.measure import MEASURES
from steward.models.rounds import listening
from steward.models.train import Lesson
from steward.models.tune import Budget, Study, tune
from steward.models.tune_sample import Space
from steward.models.tune_score import exam, score_of
from steward.models.tune_trials import Pruned
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, XGBoostSpec
from steward.project.tuning import LimitsSpec, space_of
from steward.testing.studies import MemoryStudies

LESSON = Lesson("regression", ("distance_km", "hour", "noise"))
TREES = LightGbmSpec(kind="lightgbm", num_trees=100, learning_rate=0.2, num_leaves=7, min_rows_in_leaf=10)
FOREST = XGBoostSpec(kind="xgboost", num_trees=100, learning_rate=0.2, max_depth=3)
Make = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def test_many_rows_are_judged_by_the_validation_part_as_on_the_leaderboard(sample: Make) -> None:
    learn, check = sample(2000, 1), sample(500, 2)
    asked = exam(LESSON, learn, check, metric="mae", in_time=False)
    assert asked.folds == ()
    predicted = LESSON.fit(TREES, learn, check).predict(check[0])
    assert score_of(asked)(TREES, lambda *_: None) == MEASURES["regression"].once(check[1], predicted)["mae"]


def test_few_rows_are_judged_in_folds_unless_they_have_a_time(sample: Make) -> None:
    learn, check, told = sample(300, 1), sample(100, 2), []
    asked = exam(LESSON, learn, check, metric="rmse", in_time=False)
    assert len(asked.folds) == 10
    assert sorted(place for fold in asked.folds[:5] for place in fold.test) == list(range(400))
    value = score_of(asked)(LinearSpec(kind="linear"), lambda step, loss: told.append((step, loss)))
    assert [step for step, _ in told] == list(range(10))
    assert told[-1][1] == value
    assert exam(LESSON, learn, check, metric="rmse", in_time=True).folds == ()


def test_a_metric_of_which_more_is_better_is_reported_as_a_loss(sample: Make) -> None:
    (matrix, truth), told = sample(400, 1), []
    codes = (truth > np.median(truth)).astype(np.float64)
    lesson = Lesson("binary", LESSON.names, 2)
    asked = exam(lesson, (matrix[:300], codes[:300]), (matrix[300:], codes[300:]), metric="roc_auc", in_time=False)
    value = score_of(asked)(LinearSpec(kind="linear"), lambda _, loss: told.append(loss))
    assert 0.9 < value <= 1
    assert told[-1] == -value


def test_a_class_of_fewer_rows_than_folds_is_judged_by_the_validation_part(sample: Make) -> None:
    matrix, _ = sample(100, 1)
    codes = np.array([1.0] * 4 + [0.0] * 96)
    asked = exam(Lesson("binary", LESSON.names, 2), (matrix, codes), (matrix, codes)[:2], metric="roc_auc", in_time=False)
    assert len(asked.folds) == 10  # 8 rows of the rare class are enough for 5 folds
    half = exam(
        Lesson("binary", LESSON.names, 2), (matrix[2:50], codes[2:50]), (matrix[:4], codes[:4] * 0), metric="brier", in_time=False
    )
    assert half.folds == ()


def test_weights_have_a_say(sample: Make) -> None:
    learn, check = sample(2000, 1), sample(500, 2)
    weights = np.where(learn[0][:, 1] > 16, 10.0, 0.1)
    even, uneven = (exam(LESSON, learn, check, metric="rmse", in_time=True, weights=one) for one in (None, weights))
    assert even.digest() != uneven.digest()
    linear = LinearSpec(kind="linear")
    assert score_of(even)(linear, lambda *_: None) != score_of(uneven)(linear, lambda *_: None)


def test_the_digest_changes_with_the_rows_the_metric_and_the_limits(sample: Make) -> None:
    learn, check = sample(300, 1), sample(100, 2)
    one = exam(LESSON, learn, check, metric="rmse", in_time=True)
    assert one.digest() == exam(LESSON, learn, check, metric="rmse", in_time=True).digest()
    others = [
        replace(one, metric="mae"),
        replace(one, check=learn),
        replace(one, lesson=replace(LESSON, limits=LimitsSpec(seconds=1))),
        exam(LESSON, learn, check, metric="rmse", in_time=False),
    ]
    assert len({one.digest(), *(other.digest() for other in others)}) == 5


def test_a_metric_that_is_not_measured_is_named(sample: Make) -> None:
    asked = exam(LESSON, sample(300, 1), sample(100, 2), metric="roc_auc", in_time=True)
    with pytest.raises(UsageError, match="no metric is called 'roc_auc'"):
        score_of(asked)(LinearSpec(kind="linear"), lambda *_: None)


@pytest.mark.parametrize("spec", [TREES, FOREST])
def test_boosted_trees_tell_of_their_rounds(spec: CandidateSpec, sample: Make) -> None:
    told: list[tuple[int, float]] = []
    with listening(lambda step, loss: told.append((step, loss))):
        LESSON.fit(spec, sample(2000, 1), sample(500, 2))
    assert [step for step, _ in told[:3]] == [0, 1, 2]
    assert told[2][1] < told[0][1]
    before = len(told)
    LESSON.fit(spec, sample(2000, 1), sample(500, 2))
    assert len(told) == before


def test_slow_learners_are_compared_at_the_same_shares_of_their_way(sample: Make) -> None:
    asked = exam(LESSON, sample(2000, 1), sample(500, 2), metric="rmse", in_time=True)
    steps: list[list[int]] = []
    for rate in (0.05, 0.1):
        steps.append([])
        spec = TREES.model_copy(update={"learning_rate": rate, "num_trees": round(2 / rate)})
        score_of(asked)(spec, lambda step, _: steps[-1].append(step))
    # 40 trees of a rate of 0.05 and 20 of 0.1 go the same way, in halves.
    assert steps == [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]


@pytest.mark.parametrize("spec", [TREES, FOREST])
def test_who_listens_may_end_the_fit(spec: CandidateSpec, sample: Make) -> None:
    def enough(step: int, _loss: float) -> None:
        if step >= 5:
            raise Pruned

    with listening(enough), pytest.raises(Pruned):
        LESSON.fit(spec, sample(2000, 1), sample(500, 2))


def test_trees_are_tuned_and_those_that_learn_too_slowly_are_stopped(sample: Make) -> None:
    asked = exam(LESSON, sample(3000, 1), sample(800, 2), metric="rmse", in_time=True)
    space = Space.of(TREES, {name: axis for name, axis in space_of(TREES).items() if name in ("learning_rate", "num_leaves")})
    study = Study(MemoryStudies(), "k", space, "rmse", higher_is_better=False, warm_up=asked.warm_up)
    found = tune(TREES, score_of(asked), budget=Budget(14), study=study)
    assert found.best.value is not None
    assert found.best.value <= (found.trials[0].value or 0)
    assert {trial.state for trial in found.trials} == {"done", "pruned"}
    assert all(trial.steps for trial in found.trials)
