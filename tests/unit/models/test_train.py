from collections.abc import Callable

import numpy as np
import pytest

from steward.core.errors import AnswerIsNo, UsageError
from steward.models.boosted import Boosted
from steward.models.train import Trained, choose, refit, train_candidates
from steward.project.candidates import CandidateSpec, LightGbmSpec, LinearSpec, MeanSpec

NAMES = ("distance_km", "hour", "noise")
MEAN, LINEAR = MeanSpec(kind="mean"), LinearSpec(kind="linear")
TREES = LightGbmSpec(kind="lightgbm", num_trees=300, learning_rate=0.2, num_leaves=15, min_rows_in_leaf=10)
Make = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def _trained(spec: CandidateSpec, rmse: float, error: str = "") -> Trained:
    return Trained(spec.kind, spec, None, {} if error else {"rmse": rmse}, 0.0, error)


def test_trees_win_where_the_evening_is_slower(sample: Make) -> None:
    trained = train_candidates([MEAN, LINEAR, TREES], sample(2000, 1), sample(600, 2), names=NAMES)
    errors = [one.validation["rmse"] for one in trained]
    assert errors == sorted(errors, reverse=True)
    assert choose(trained, "rmse", higher_is_better=False).name == "lightgbm"
    assert choose(trained, "r2", higher_is_better=True).name == "lightgbm"


def test_a_candidate_that_fails_is_kept_with_its_reason(sample: Make) -> None:
    matrix, truth = sample(500, 1)
    matrix[3, 0] = np.inf
    mean, linear = train_candidates([MEAN, LINEAR], (matrix, truth), sample(100, 2), names=NAMES)
    assert (mean.error, linear.model) == ("", None)
    assert "infinity" in linear.error
    assert choose([mean, linear], "rmse", higher_is_better=False) is mean


def test_a_candidate_without_a_finite_answer_fails(sample: Make) -> None:
    matrix, truth = sample(100, 2)
    matrix[:2, 0] = np.inf
    (linear,) = train_candidates([LINEAR], sample(500, 1), (matrix, truth), names=NAMES)
    assert linear.error == "ValueError: no finite answer to 2 of 100 validation rows"


def test_two_of_a_kind_are_told_apart(sample: Make) -> None:
    trained = train_candidates([LINEAR, MEAN, LINEAR], sample(200, 1), sample(100, 2), names=NAMES)
    assert [one.name for one in trained] == ["linear", "mean", "linear-2"]


def test_within_a_thousandth_the_simpler_candidate_wins() -> None:
    trained = [_trained(TREES, 5.000), _trained(LINEAR, 5.005), _trained(MEAN, 5.006)]
    assert choose(trained, "rmse", higher_is_better=False).name == "linear"


def test_when_all_fail_every_reason_is_told() -> None:
    with pytest.raises(AnswerIsNo, match=r"linear failed[\s\S]*singular[\s\S]*lightgbm failed[\s\S]*no rows"):
        choose([_trained(LINEAR, 0, "singular"), _trained(TREES, 0, "no rows")], "rmse", higher_is_better=False)


def test_a_metric_nobody_measured_is_refused() -> None:
    with pytest.raises(UsageError, match="MODEL-001"):
        choose([_trained(MEAN, 1.0)], "accuracy", higher_is_better=True)


def test_the_winner_is_fitted_again_to_all_rows_with_the_trees_that_were_best(sample: Make) -> None:
    train, later = sample(2000, 1), sample(600, 2)
    (trained,) = train_candidates([TREES], train, later, names=NAMES)
    both = np.vstack([train[0], later[0]]), np.concatenate([train[1], later[1]])
    again = refit(trained, *both, names=NAMES)
    assert isinstance(again, Boosted)
    assert isinstance(trained.model, Boosted)
    assert again.trees == trained.model.trees < TREES.num_trees
    assert again.text() != trained.model.text()
