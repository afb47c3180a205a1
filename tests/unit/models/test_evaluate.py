from collections.abc import Callable

import numpy as np
import pytest

from steward.core.digest import canonical_json
from steward.models.evaluate import evaluate, evaluate_predictions
from steward.models.zoo import fit
from steward.project.candidates import LinearSpec

Make = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def test_intervals_hold_their_metric_and_travel_as_json(sample: Make) -> None:
    model = fit(LinearSpec(kind="linear"), *sample(500, 1), names=("distance_km", "hour", "noise"))
    evaluation = evaluate(model, *sample(3000, 2), resamples=500, seed=7)
    assert evaluation.rows == 3000
    assert list(evaluation.metrics) == ["rmse", "mae", "r2", "bias"]
    assert all(metric.low < metric.value < metric.high for metric in evaluation.metrics.values())
    assert '"low"' in canonical_json(evaluation.as_dict())


def test_the_interval_of_a_bias_is_two_standard_errors_wide() -> None:
    # errors of spread 3 on 10,000 rows: 95 % within 1.96 x 0.03
    truth = np.zeros(10_000)
    bias = evaluate_predictions(truth, np.random.default_rng(4).normal(1, 3, 10_000), resamples=2000, seed=7).metrics["bias"]
    assert bias.high - bias.low == pytest.approx(2 * 1.96 * 0.03, rel=0.1)


def test_about_95_of_100_intervals_hold_the_true_error() -> None:
    draw = np.random.default_rng(8)
    found = [evaluate_predictions(np.zeros(400), draw.normal(0, 2, 400), resamples=300, seed=7).metrics["rmse"] for _ in range(200)]
    assert sum(one.low <= 2 <= one.high for one in found) in range(180, 199)


def test_a_large_mean_does_not_drown_the_variance() -> None:
    draw = np.random.default_rng(5)
    truth = 1e8 + draw.normal(0, 1, 2000)
    r2 = evaluate_predictions(truth, truth + draw.normal(0, 0.5, 2000), resamples=300, seed=7).metrics["r2"]
    assert r2.low < 0.75 < r2.high


def test_a_perfect_model_of_a_constant_has_no_spread() -> None:
    metrics = evaluate_predictions(np.ones(50), np.ones(50), resamples=100, seed=7).metrics
    assert [metrics[name].low for name in ("rmse", "r2")] == [0, 1]
