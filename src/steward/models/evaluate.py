"""How good is a model on rows it has never seen, and how sure is that?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from steward.models.metrics import regression_metrics
from steward.models.resample import resampled_sums
from steward.models.zoo import Array, Fitted

_TAILS = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric with its 95 % interval from the bootstrap, all in the metric's unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All metrics of a model on `rows` rows."""

    metrics: Mapping[str, Measured]
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """Return the evaluation as a JSON object."""
        return {"rows": self.rows, "metrics": {name: asdict(metric) for name, metric in self.metrics.items()}}


def evaluate(model: Fitted, matrix: Array, truth: Array, *, resamples: int, seed: int) -> Evaluation:
    """Return a model's metrics on test rows.

    Args:
        model: any kind.
        matrix: shape (rows, columns), rows in the order of time, NaN where missing.
        truth: shape (rows,), finite.
        resamples: bootstrap samples behind the intervals.
        seed: the same seed gives the same intervals.

    Raises:
        ValueError: no rows, or not one truth a row.
    """
    return evaluate_predictions(truth, model.predict(matrix), resamples=resamples, seed=seed)


def evaluate_predictions(truth: Array, predicted: Array, *, resamples: int, seed: int) -> Evaluation:
    """Return the metrics of predictions that are there already; see `evaluate`."""
    values = regression_metrics(truth, predicted)
    drawn = _resampled(truth, predicted, resamples, seed)
    bounds = {name: np.quantile(drawn[name], _TAILS) for name in values}
    metrics = {name: Measured(value, float(bounds[name][0]), float(bounds[name][1])) for name, value in values.items()}
    return Evaluation(metrics, len(truth))


def _resampled(truth: Array, predicted: Array, resamples: int, seed: int) -> Mapping[str, Array]:
    error = predicted - truth
    centred = truth - truth.mean()  # so that the variance does not drown in the square of a large mean
    columns = np.column_stack([np.ones_like(error), error**2, np.abs(error), error, centred, centred**2])
    sums = resampled_sums(columns, resamples, seed)
    squared, absolute, bias, mean, square = (sums[:, 1:] / sums[:, :1]).T
    variance = square - mean**2
    spread = variance > 0
    explained = np.where(spread, 1.0 - squared / np.where(spread, variance, 1.0), (squared == 0).astype(np.float64))
    return {"rmse": np.sqrt(squared), "mae": absolute, "r2": explained, "bias": bias}
