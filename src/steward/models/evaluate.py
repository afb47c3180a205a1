"""How good is a model on rows it has never seen, and how sure is that?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, TypeVar

import numpy as np

from steward.core.tasks import TaskKind
from steward.models.classification import DECISIONS, decide_at
from steward.models.measure import MEASURES, redraw
from steward.models.zoo import Array

_Figure = TypeVar("_Figure", float, Array)

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


def evaluate_predictions(
    truth: Array, predicted: Array, *, task: TaskKind, resamples: int, seed: int, threshold: float | None = None
) -> Evaluation:
    """Return the metrics of predictions; one that such rows leave undefined is left out.

    Args:
        truth: shape (rows,), finite, rows in the order of time; the codes of classes.
        predicted: shape (rows,), or probabilities of shape (rows, classes).
        task: which metrics.
        resamples: bootstrap samples behind the intervals.
        seed: the same seed gives the same intervals.
        threshold: of two classes the last is answered where its probability is above; None for the more likely one.

    Raises:
        ValueError: no rows, or not one truth a row.
    """
    values = dict(MEASURES[task].once(truth, predicted))
    drawn = dict(redraw(task, truth, predicted, resamples=resamples, seed=seed))
    if threshold is not None:
        decided = decide_at(predicted, threshold)
        values |= _decisions(MEASURES[task].once(truth, decided))
        drawn |= _decisions(redraw(task, truth, decided, metric="accuracy", resamples=resamples, seed=seed))
    known = {name: drawn[name][~np.isnan(drawn[name])] for name, value in values.items() if isfinite(value)}
    metrics = {name: _with_interval(values[name], samples) for name, samples in known.items() if samples.size}
    return Evaluation(metrics, len(truth))


def _with_interval(value: float, drawn: Array) -> Measured:
    low, high = np.quantile(drawn, _TAILS)
    return Measured(value, float(low), float(high))


def _decisions(figures: Mapping[str, _Figure]) -> Mapping[str, _Figure]:
    return {name: figure for name, figure in figures.items() if name in DECISIONS}
