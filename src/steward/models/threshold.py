"""From which probability on is the answer yes?

One half is right where both mistakes cost the same and probabilities are true. Otherwise the threshold is chosen on rows
the model has not learnt from, for what the answer is to be good at, and used on all later ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from steward.models.metrics import refuse_unless_paired

Array = npt.NDArray[np.float64]
ThresholdMetric = Literal["f1", "balanced_accuracy", "cost"]

_TWO = 2


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many rows are what they were called, and how many are not; positive is the last class."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """The answer is the last class where its probability is above `value`; `figure` is what was reached with it.

    A cost is that of a row on average, in the unit of the costs.
    """

    value: float
    metric: ThresholdMetric
    figure: float
    at_half: float
    confusion: Confusion


@dataclass(frozen=True, slots=True, eq=False)
class _Cuts:
    """Possible thresholds, and what each calls positive: hits and misses above it, of all there are."""

    thresholds: Array
    hits: Array
    misses: Array
    positives: float
    negatives: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What a wrong yes and a wrong no cost, in the same unit."""

    false_positive: float = 1.0
    false_negative: float = 1.0

    def __post_init__(self) -> None:
        if min(self.false_positive, self.false_negative) < 0 or self.false_positive + self.false_negative <= 0:
            raise ValueError(f"costs are positive, got {self.false_positive} and {self.false_negative}")


def choose_threshold(truth: Array, predicted: Array, *, metric: ThresholdMetric, costs: Costs | None = None) -> Threshold:
    """Return the threshold that is best for a metric; of equals the one nearest to one half.

    Args:
        truth: shape (rows,), 1 where the positive class is true and 0 elsewhere.
        predicted: shape (rows, 2), probabilities that sum to 1.
        metric: `f1` and `balanced_accuracy` are to be large, `cost` small.
        costs: of the mistakes, for `cost`; 1 each by default.

    Raises:
        ValueError: no rows, not one row of two probabilities for each, or rows of a single class.

    >>> positive = np.array([0.1, 0.3, 0.2, 0.4])
    >>> chosen = choose_threshold(np.array([0.0, 1.0, 0.0, 1.0]), np.column_stack([1 - positive, positive]), metric="f1")
    >>> chosen.value, chosen.figure
    (0.25, 1.0)
    """
    _refuse_unless_two(truth, predicted)
    said, hits = predicted[:, 1], truth == 1
    if hits.all() or not hits.any():
        raise ValueError("a threshold is chosen from rows of both classes")
    figures, sign = _FIGURES[metric](costs or Costs()), -1.0 if metric == "cost" else 1.0
    cuts = _cuts(said, hits)
    reached = figures(cuts)
    best = np.flatnonzero(sign * reached >= (sign * reached).max() - 1e-12)
    place = best[np.argmin(np.abs(cuts.thresholds[best] - 0.5))]
    value = float(cuts.thresholds[place])
    at_half = float(figures(_at(np.array([0.5]), said, hits))[0])
    return Threshold(value, metric, float(reached[place]), at_half, confusion_at(truth, predicted, value))


def confusion_at(truth: Array, predicted: Array, threshold: float) -> Confusion:
    """Return how the answers with a threshold stand to the truth.

    Raises:
        ValueError: no rows, or not one row of two probabilities for each.
    """
    _refuse_unless_two(truth, predicted)
    hits, yes = truth == 1, predicted[:, 1] > threshold
    counts = (hits & yes, ~hits & yes, ~hits & ~yes, hits & ~yes)
    return Confusion(*(int(np.sum(count)) for count in counts))


def _cuts(said: Array, hits: npt.NDArray[np.bool_]) -> _Cuts:
    """Return the thresholds half-way between neighbouring probabilities, and outside of them where there is room."""
    known = np.unique(said)
    possible = np.unique([known[0] / 2, *(known[1:] + known[:-1]) / 2, (1 + known[-1]) / 2])
    return _at(possible[(possible > 0) & (possible < 1)], said, hits)


def _at(thresholds: Array, said: Array, hits: npt.NDArray[np.bool_]) -> _Cuts:
    return _Cuts(
        thresholds, _above(thresholds, said[hits]), _above(thresholds, said[~hits]), float(hits.sum()), float((~hits).sum())
    )


def _above(thresholds: Array, said: Array) -> Array:
    return np.asarray(len(said) - np.searchsorted(np.sort(said), thresholds, side="right"), dtype=np.float64)


def _f1(_: Costs) -> Callable[[_Cuts], Array]:
    return lambda cuts: 2 * cuts.hits / (cuts.hits + cuts.misses + cuts.positives)


def _balanced_accuracy(_: Costs) -> Callable[[_Cuts], Array]:
    return lambda cuts: (cuts.hits / cuts.positives + 1 - cuts.misses / cuts.negatives) / 2


def _cost(costs: Costs) -> Callable[[_Cuts], Array]:
    def of(cuts: _Cuts) -> Array:
        paid = costs.false_positive * cuts.misses + costs.false_negative * (cuts.positives - cuts.hits)
        return paid / (cuts.positives + cuts.negatives)

    return of


_FIGURES: Mapping[ThresholdMetric, Callable[[Costs], Callable[[_Cuts], Array]]] = {
    "f1": _f1,
    "balanced_accuracy": _balanced_accuracy,
    "cost": _cost,
}


def _refuse_unless_two(truth: Array, predicted: Array) -> None:
    refuse_unless_paired(truth, predicted)
    if predicted.ndim != _TWO or predicted.shape[1] != _TWO:
        raise ValueError(f"a threshold parts two classes, got probabilities of shape {predicted.shape}")
