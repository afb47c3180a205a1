from collections.abc import Callable

import numpy as np
import pytest

from steward.core.errors import AnswerIsNo, UsageError
from steward.models.boosted import Boosted
from steward.models.train import Lesson, Trained, choose, refit, train_candidates
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, MeanSpec

NAMES = ("distance_km", "hour", "noise")
LESSON = Lesson("regression", NAMES)
MEAN, LINEAR = MeanSpec(kind="mean"), LinearSpec(kind="linear")
TREES = LightGbmSpec(kind="lightgbm", num_trees=300, learning_rate=0.2, num_leaves=15, min_rows_in_leaf=10)
Make = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def _trained(spec: CandidateSpec, rmse: float, error: str = "") -> Trained:
    return Trained(spec.kind, spec, None, {} if error else {"rmse": rmse}, 0.0, error)


def test_trees_win_where_the_evening_is_slower(sample: Make) -> None:
    trained = train_candidates([MEAN, LINEAR, TREES], sample(2000, 1), sample(600, 2), lesson=LESSON)
    errors = [one.validation["rmse"] for one in trained]
    assert errors == sorted(errors, reverse=True)
    assert choose(trained, "rmse").name == "lightgbm"
    assert choose(trained, "r2").name == "lightgbm"


def test_a_candidate_that_fails_is_kept_with_its_reason(sample: Make) -> None:
    matrix, truth = sample(500, 1)
    matrix[3, 0] = np.inf
    mean, linear = train_candidates([MEAN, LINEAR], (matrix, truth), sample(100, 2), lesson=LESSON)
    assert (mean.error, linear.model) == ("", None)
    assert "infinite" in linear.error
    assert choose([mean, linear], "rmse") is mean


def test_a_candidate_without_a_finite_answer_fails(sample: Make) -> None:
    matrix, truth = sample(100, 2)
    matrix[:2, 0] = np.inf
    (linear,) = train_candidates([LINEAR], sample(500, 1), (matrix, truth), lesson=LESSON)
    assert linear.error == "ValueError: no finite answer to 2 of 100 validation rows"


def test_two_of_a_kind_are_told_apart(sample: Make) -> None:
    trained = train_candidates([LINEAR, MEAN, LINEAR], sample(200, 1), sample(100, 2), lesson=LESSON)
    assert [one.name for one in trained] == ["linear", "mean", "linear-2"]


def test_within_a_thousandth_the_simpler_candidate_wins() -> None:
    trained = [_trained(TREES, 5.000), _trained(LINEAR, 5.005), _trained(MEAN, 5.006)]
    assert choose(trained, "rmse").name == "linear"


def test_when_all_fail_every_reason_is_told() -> None:
    with pytest.raises(AnswerIsNo, match=r"linear failed[\s\S]*singular[\s\S]*lightgbm failed[\s\S]*no rows"):
        choose([_trained(LINEAR, 0, "singular"), _trained(TREES, 0, "no rows")], "rmse")


def test_a_metric_nobody_measured_is_refused() -> None:
    with pytest.raises(UsageError, match="MODEL-001"):
        choose([_trained(MEAN, 1.0)], "accuracy")


def test_the_winner_is_fitted_again_to_all_rows_with_the_trees_that_were_best(sample: Make) -> None:
    train, later = sample(2000, 1), sample(600, 2)
    (trained,) = train_candidates([TREES], train, later, lesson=LESSON)
    both = np.vstack([train[0], later[0]]), np.concatenate([train[1], later[1]])
    again = refit(trained, both, lesson=LESSON)
    assert isinstance(again, Boosted)
    assert isinstance(trained.model, Boosted)
    assert again.trees == trained.model.trees < TREES.num_trees
    assert again.content() != trained.model.content()


def classes_of(sample: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Short, usual and long trips: codes 0, 1, 2."""
    matrix, truth = sample
    return matrix, np.digitize(truth, [8.0, 18.0]).astype(np.float64)


def test_classes_are_learnt_by_all_kinds_and_more_of_the_metric_is_better(sample: Make) -> None:
    train, later = classes_of(sample(2000, 1)), classes_of(sample(600, 2))
    lesson = Lesson("multiclass", NAMES, classes=3)
    trained = train_candidates([MEAN, LINEAR, TREES], train, later, lesson=lesson)
    assert [one.error for one in trained] == ["", "", ""]
    assert choose(trained, "macro_f1").name == "lightgbm"
    assert choose(trained, "log_loss").name == "lightgbm"
    shares = [one.model.predict(later[0]) for one in trained if one.model]
    assert all(np.allclose(share.sum(axis=1), 1) and share.shape == (600, 3) for share in shares)
    again = refit(trained[2], (np.vstack([train[0], later[0]]), np.concatenate([train[1], later[1]])), lesson=lesson)
    assert isinstance(again, Boosted)
    assert isinstance(trained[2].model, Boosted)
    assert again.trees == trained[2].model.trees < TREES.num_trees


def test_within_a_thousandth_of_a_share_the_simpler_candidate_wins() -> None:
    reached = {"lightgbm": 0.8000, "linear": 0.7993, "mean": 0.7}
    trained = [Trained(spec.kind, spec, None, {"macro_f1": reached[spec.kind]}, 0.0) for spec in (TREES, LINEAR, MEAN)]
    assert choose(trained, "macro_f1").name == "linear"
