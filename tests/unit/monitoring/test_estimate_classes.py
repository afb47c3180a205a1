import json

import numpy as np
import pytest

from steward.monitoring.estimate_classes import ClassEstimator, class_history, fit_class_estimator


def two(positive: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - positive, positive])


def drawn(rows: int, seed: int = 1, *, sure: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and probabilities of them that are right; `sure` below 1 draws rows that are harder to tell."""
    generator = np.random.default_rng(seed)
    positive = 1 / (1 + np.exp(-generator.normal(scale=2 * sure, size=rows)))
    return (generator.random(rows) < positive).astype(np.float64), two(positive)


TRUTH, SAID = drawn(4000)


def test_accuracy_is_the_mean_of_the_surer_class() -> None:
    # Of right probabilities the expected accuracy has a closed form: the mean of the larger one.
    _, later = drawn(3000, seed=2, sure=0.3)
    value, variance = fit_class_estimator("binary", "accuracy", TRUTH, SAID, threshold=None, seed=7).guess(later, 7)
    assert value == pytest.approx(later.max(axis=1).mean(), abs=0.02)
    assert 0.5 < 0.01**-1 * variance**0.5 < 3  # about sqrt(0.6 · 0.4 / 3000), and what the calibration adds


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "log_loss", "brier", "f1", "precision", "recall"])
def test_any_figure_of_two_classes_is_estimated(metric: str) -> None:
    estimator = fit_class_estimator("binary", metric, TRUTH, SAID, threshold=0.3, seed=7)
    truth, later = drawn(3000, seed=3, sure=0.4)
    value, variance = estimator.guess(later, 7)
    assert abs(estimator.figure(truth, later) - value) < 3 * variance**0.5


def test_probabilities_that_are_too_sure_are_mended() -> None:
    odds = np.log(SAID[:, 1] / SAID[:, 0])
    bold = two(1 / (1 + np.exp(-3 * odds)))
    estimator = fit_class_estimator("binary", "accuracy", TRUTH, bold, threshold=None, seed=7)
    assert estimator.calibration is not None
    assert estimator.guess(bold, 7)[0] == pytest.approx(np.mean((bold[:, 1] > 0.5) == TRUTH), abs=0.01)
    assert bold.max(axis=1).mean() > 0.9  # what it would be told by the model alone


@pytest.mark.parametrize("metric", ["macro_f1", "accuracy", "roc_auc", "log_loss"])
def test_figures_of_several_classes(metric: str) -> None:
    generator = np.random.default_rng(5)
    said = generator.dirichlet([0.6, 0.6, 0.6], size=5000)
    truth = (generator.random(5000)[:, None] > said.cumsum(axis=1)[:, :-1]).sum(axis=1).astype(np.float64)
    estimator = fit_class_estimator("multiclass", metric, truth[:3000], said[:3000], threshold=None, seed=7)
    value, variance = estimator.guess(said[3000:], 7)
    assert abs(estimator.figure(truth[3000:], said[3000:]) - value) < 3 * variance**0.5


def test_an_estimator_is_json_and_says_the_same_again() -> None:
    estimator = fit_class_estimator("binary", "f1", TRUTH, SAID, threshold=0.4, seed=7)
    again = ClassEstimator.from_dict(json.loads(json.dumps(estimator.as_dict())))
    assert again.guess(SAID[:500], 3) == estimator.guess(SAID[:500], 3)


def test_rows_in_which_no_figure_is_defined_have_none() -> None:
    estimator = fit_class_estimator("binary", "roc_auc", TRUTH, SAID, threshold=None, seed=7)
    assert np.isnan(estimator.guess(SAID[:1], 7)[0])


def test_a_quiet_history_of_right_probabilities_adds_little() -> None:
    estimator = fit_class_estimator("binary", "accuracy", TRUTH, SAID, threshold=None, seed=7)
    quiet = class_history(estimator, TRUTH, SAID, 7)
    assert [size for size, _ in quiet] == [200, 500]
    assert all(spread < 0.03 for _, spread in quiet)


def test_a_history_of_days_that_differ_is_seen() -> None:
    estimator = fit_class_estimator("binary", "accuracy", TRUTH, SAID, threshold=None, seed=7)
    odd = np.arange(4000) // 500 % 2 == 1
    truth = np.where(odd & (np.arange(4000) % 5 == 0), 1 - TRUTH, TRUTH)  # every other run has a fifth of its labels turned
    assert dict(class_history(estimator, truth, SAID, 7))[500] > 0.03


def test_without_both_classes_in_both_halves_there_is_no_history() -> None:
    estimator = fit_class_estimator("binary", "accuracy", TRUTH, SAID, threshold=None, seed=7)
    assert class_history(estimator, np.zeros(4000), SAID, 7) == ()
