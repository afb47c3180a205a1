"""How good is a model on rows it has never seen, and how sure is that?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from steward.core.tasks import TaskKind
from steward.models.measure import MEASURES, redraw
from steward.models.zoo import Array

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


def evaluate_predictions(truth: Array, predicted: Array, *, task: TaskKind, resamples: int, seed: int) -> Evaluation:
    """Return the metrics of predictions.

    Args:
        truth: shape (rows,), finite, rows in the order of time; the codes of classes.
        predicted: shape (rows,), or probabilities of shape (rows, classes).
        task: which metrics.
        resamples: bootstrap samples behind the intervals.
        seed: the same seed gives the same intervals.

    Raises:
        ValueError: no rows, or not one truth a row.
    """
    values = MEASURES[task].once(truth, predicted)
    drawn = redraw(task, truth, predicted, resamples=resamples, seed=seed)
    bounds = {name: np.quantile(drawn[name][~np.isnan(drawn[name])], _TAILS) for name in values}
    metrics = {name: Measured(value, float(bounds[name][0]), float(bounds[name][1])) for name, value in values.items()}
    return Evaluation(metrics, len(truth))
