from collections.abc import Callable

import numpy as np
import pytest

from steward.core.digest import canonical_json
from steward.core.tasks import RULES, TaskKind
from steward.models.evaluate import Evaluation, evaluate_predictions
from steward.models.zoo import fit
from steward.project.candidates import LinearSpec


def evaluated(truth: np.ndarray, predicted: np.ndarray, resamples: int) -> Evaluation:
    return evaluate_predictions(truth, predicted, task="regression", resamples=resamples, seed=7)


Make = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def test_intervals_hold_their_metric_and_travel_as_json(sample: Make) -> None:
    model = fit(LinearSpec(kind="linear"), *sample(500, 1), names=("distance_km", "hour", "noise"))
    matrix, truth = sample(3000, 2)
    evaluation = evaluated(truth, model.predict(matrix), 500)
    assert evaluation.rows == 3000
    assert list(evaluation.metrics)[:5] == ["rmse", "mae", "r2", "bias", "median_absolute_error"]
    assert all(metric.low < metric.value < metric.high for metric in evaluation.metrics.values())
    assert '"low"' in canonical_json(evaluation.as_dict())


def test_the_interval_of_a_bias_is_two_standard_errors_wide() -> None:
    # errors of spread 3 on 10,000 rows: 95 % within 1.96 x 0.03
    truth = np.zeros(10_000)
    bias = evaluated(truth, np.random.default_rng(4).normal(1, 3, 10_000), 2000).metrics["bias"]
    assert bias.high - bias.low == pytest.approx(2 * 1.96 * 0.03, rel=0.1)


def test_about_95_of_100_intervals_hold_the_true_error() -> None:
    draw = np.random.default_rng(8)
    found = [evaluated(np.zeros(400), draw.normal(0, 2, 400), 300).metrics["rmse"] for _ in range(200)]
    assert sum(one.low <= 2 <= one.high for one in found) in range(180, 199)


def test_a_large_mean_does_not_drown_the_variance() -> None:
    draw = np.random.default_rng(5)
    truth = 1e8 + draw.normal(0, 1, 2000)
    r2 = evaluated(truth, truth + draw.normal(0, 0.5, 2000), 300).metrics["r2"]
    assert r2.low < 0.75 < r2.high


def test_a_perfect_model_of_a_constant_has_no_spread() -> None:
    metrics = evaluated(np.ones(50), np.ones(50), 100).metrics
    assert [metrics[name].low for name in ("rmse", "r2")] == [0, 1]


@pytest.mark.parametrize(("task", "classes"), [("binary", 2), ("multiclass", 4)])
def test_intervals_of_probabilities_hold_their_figures(task: TaskKind, classes: int) -> None:
    draw = np.random.default_rng(6)
    truth = draw.integers(0, classes, 2000).astype(np.float64)
    predicted = draw.dirichlet(np.ones(classes), 2000) * 0.6 + 0.4 * np.eye(classes)[truth.astype(int)] * draw.random((2000, 1))
    predicted /= predicted.sum(axis=1, keepdims=True)
    evaluation = evaluate_predictions(truth, predicted, task=task, resamples=300, seed=7)
    assert next(iter(evaluation.metrics)) == RULES[task].metric
    assert all(metric.low < metric.value < metric.high for metric in evaluation.metrics.values())


def test_about_95_of_100_intervals_hold_the_true_area() -> None:
    # scores of the positives are a standard deviation higher: area = P(N(1, 2) > 0) = 0.7602
    draw = np.random.default_rng(8)
    truth = np.repeat([0.0, 1.0], 150)

    def found() -> bool:
        scores = 1 / (1 + np.exp(-(truth + draw.normal(0, 1, 300))))
        predicted = np.column_stack([1 - scores, scores])
        area = evaluate_predictions(truth, predicted, task="binary", resamples=300, seed=7).metrics["roc_auc"]
        return area.low <= 0.7602 <= area.high

    assert sum(found() for _ in range(200)) in range(180, 199)


def test_a_rare_class_that_some_samples_lack_still_has_an_interval() -> None:
    truth = np.zeros(50)
    truth[:2] = 1
    predicted = np.column_stack([1 - np.linspace(0.9, 0.1, 50), np.linspace(0.9, 0.1, 50)])
    metrics = evaluate_predictions(truth, predicted, task="binary", resamples=200, seed=7).metrics
    assert metrics["recall"].value == metrics["recall"].low == 1
    assert 0 < metrics["average_precision"].low <= metrics["average_precision"].high == 1


def test_a_threshold_changes_the_figures_of_the_answer_and_no_others() -> None:
    # positive by 0.4, 0.3 (are) and 0.2, 0.1 (are not): nobody is above a half, both are above a quarter
    positive = np.tile([0.4, 0.3, 0.2, 0.1], 20)
    truth, predicted = np.tile([1.0, 1.0, 0.0, 0.0], 20), np.column_stack([1 - positive, positive])
    plain = evaluate_predictions(truth, predicted, task="binary", resamples=50, seed=7).metrics
    moved = evaluate_predictions(truth, predicted, task="binary", resamples=50, seed=7, threshold=0.25).metrics
    assert (plain["recall"].value, plain["accuracy"].value) == (0, 0.5)
    assert moved["recall"].value == moved["f1"].low == moved["balanced_accuracy"].high == 1
    same = ("roc_auc", "log_loss", "brier", "average_precision", "calibration_error")
    assert {name: moved[name] for name in same} == {name: plain[name] for name in same}


def test_what_the_rows_leave_undefined_is_left_out() -> None:
    figures = evaluate_predictions(np.zeros(40), np.tile([0.7, 0.3], (40, 1)), task="binary", resamples=50, seed=7).metrics
    assert {"roc_auc", "average_precision", "recall"}.isdisjoint(figures)
    assert figures["accuracy"].value == 1
