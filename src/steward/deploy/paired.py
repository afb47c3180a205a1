"""How much better is the candidate on the same rows, and between which bounds does luck let that lie?

The gain is a share of the champion's error. Of a metric whose best is 0 the error is the metric itself; of one whose best
is 1 (average precision, F1 ...) it is what lacks to 1: from 0.80 to 0.84 is a gain of 20 %.

Any metric is bootstrapped: rows are drawn anew a few thousand times, in blocks so long that neighbours no longer resemble
one another, and each time both errors are measured on the same draw. What makes a row hard for both cancels out. Where
rows stand for themselves areas under the ROC curve are compared by DeLong's test and shares of right answers by McNemar's.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.core.tasks import TaskKind, higher_is_better
from steward.models.classification import DECISIONS, most_likely
from steward.models.measure import MEASURES, redraw
from steward.models.metrics import from_mean_loss, is_mean_loss, row_losses
from steward.models.paired import areas, mcnemar
from steward.models.resample import Dependence, dependence, resampled_sums
from steward.project.gate import TestKind

Array = npt.NDArray[np.float64]
Both = tuple[Array, Array]
"""Answers of candidate and champion to the same rows."""

# Bounds from few or uneven rows lie a little too near. With this share of the doubt ties are promoted at most as often as
# the whole of it says, in every shape of `benchmarks/gate.py`.
_CAUTION = 0.6
_WORST = -10.0  # ten times the champion's error more: no bound is worse


@dataclass(frozen=True, slots=True)
class Gain:
    """The metric of both in its unit, the gain, and bounds from one side each."""

    candidate: float
    champion: float
    value: float
    low: float
    high: float
    test: TestKind


def measure_gain(
    truth: Array,
    both: Both,
    metric: str,
    *,
    task: TaskKind,
    test: TestKind = "auto",
    confidence: float,
    resamples: int,
    seed: int,
) -> Gain:
    """Return the gain of the first answers over the second ones.

    Args:
        truth: shape (rows,), rows in the order of time; the codes of classes.
        both: finite answers to the same rows: shape (rows,), or probabilities of shape (rows, classes).
        metric: one that decides the task, defined on these rows for both.
        task: what is asked.
        test: how the bounds are found; auto takes DeLong's and McNemar's where they fit and rows stand for themselves.
        confidence: of each bound.
        resamples: of the bootstrap.
        seed: the same seed draws the same samples.
    """
    if metric == "roc_auc" and task == "binary" and test in {"auto", "delong"}:
        seen = areas(truth == 1, both[0][:, 1], both[1][:, 1])
        if test == "delong" or _stand_alone(seen.influence[:, 0] - seen.influence[:, 1]):
            return _by_areas(seen.areas, seen.covariance(truth == 1), _fewer(truth), confidence)
    if metric == "accuracy" and test in {"auto", "mcnemar"}:
        right = [most_likely(predicted) == truth for predicted in both]
        if test == "mcnemar" or _stand_alone(right[0] - right[1].astype(np.float64)):
            return _by_answers(right[0], right[1], confidence)
    return _by_samples(truth, both, metric, task, confidence, resamples, seed)


def drawn_errors(
    truth: Array, both: Both, metric: str, *, task: TaskKind, resamples: int, seed: int
) -> tuple[Array, Array, Dependence]:
    """Return both errors, shape (2,), those of samples drawn anew, shape (samples, 2), and in which blocks they were drawn.

    Samples that leave the metric undefined for one of both are not among them.
    """
    depends = dependence(_contrast(truth, both, metric))
    blocks = depends.blocks
    if is_mean_loss(metric):
        losses = np.column_stack([row_losses(metric, truth, predicted) for predicted in both])
        once = from_mean_loss(metric, losses.mean(axis=0))
        sums = resampled_sums(np.column_stack([np.ones(len(truth)), losses]), resamples, seed, blocks=blocks)
        drawn = from_mean_loss(metric, sums[:, 1:] / sums[:, :1])
    else:
        once = np.array([MEASURES[task].once(truth, predicted)[metric] for predicted in both])
        figures = [redraw(task, truth, one, metric=metric, resamples=resamples, seed=seed, blocks=blocks) for one in both]
        drawn = np.column_stack([figure[metric] for figure in figures])
    return errors(once, metric), errors(drawn[~np.isnan(drawn).any(axis=1)], metric), depends


def errors(figures: Array, metric: str) -> Array:
    """Return what lacks to the best of a metric, elementwise."""
    return 1 - figures if higher_is_better(metric) else figures


def gains(both_errors: Array) -> Array:
    """Return the gain for errors of shape (samples, 2).

    A champion without any error cannot be improved on: no gain for another such model, minus 100 % for the rest.
    """
    candidate, champion = both_errors.T
    some = champion > 0
    gain: Array = np.where(some, 1.0 - candidate / np.where(some, champion, 1.0), -(candidate > 0).astype(np.float64))
    return gain


def _by_samples(truth: Array, both: Both, metric: str, task: TaskKind, confidence: float, resamples: int, seed: int) -> Gain:
    once, drawn, depends = drawn_errors(truth, both, metric, task=task, resamples=resamples, seed=seed)
    gain, drawn_gains = float(gains(once[None])[0]), gains(drawn)
    sure = _cautious(confidence)
    low, high = np.quantile(drawn_gains, [1 - sure, sure])
    wide = depends.widening(confidence)
    candidate, champion = errors(once, metric)  # back again: what lacks of what lacks
    return Gain(
        float(candidate), float(champion), gain, gain - (gain - float(low)) * wide, gain + (float(high) - gain) * wide, "bootstrap"
    )


def _cautious(confidence: float) -> float:
    return 1 - _CAUTION * (1 - confidence)


def _by_areas(both: Array, covariance: Array, fewer: int, confidence: float) -> Gain:
    """Return the gain with bounds that hold 0 exactly where DeLong's test tells no difference: Fieller's, of a ratio (1954).

    The ratio of errors could be r where the candidate's error less r times the champion's is within luck of 0.
    """
    from scipy.special import stdtrit

    candidate, champion = 1 - both
    gain = float(gains(1 - both[None])[0])
    within = float(stdtrit(max(fewer - 1, 1), _cautious(confidence))) ** 2
    square, mixed, rest = (
        champion**2 - within * covariance[1, 1],
        candidate * champion - within * covariance[0, 1],
        candidate**2 - within * covariance[0, 0],
    )
    root = float(np.sqrt(max(mixed**2 - square * rest, 0.0)))
    # A champion whose error may be none at all is beaten by no ratio for sure.
    low, high = (1 - (mixed + root) / square, 1 - (mixed - root) / square) if square > 0 else (_WORST, 1.0)
    return Gain(float(both[0]), float(both[1]), gain, max(float(low), _WORST), min(float(high), 1.0), "delong")


def _by_answers(candidate: npt.NDArray[np.bool_], champion: npt.NDArray[np.bool_], confidence: float) -> Gain:
    """Return the gain with the bounds of McNemar's test, as shares of the champion's wrong answers."""
    compared = mcnemar(candidate, champion, confidence=2 * confidence - 1)  # half of the doubt on either side
    shares = np.array([candidate.mean(), champion.mean()])
    lacks, gain = 1 - float(shares[1]), float(gains(1 - shares[None])[0])
    bounds = (compared.low / lacks, compared.high / lacks) if lacks > 0 else (gain, gain)
    return Gain(float(shares[0]), float(shares[1]), gain, *bounds, "mcnemar")


def _contrast(truth: Array, both: Both, metric: str) -> Array:
    """Return by how much the champion's answer to each row is worse than the candidate's, as the metric sees rows."""
    if both[0].ndim == 1:
        one, other = (row_losses(metric, truth, predicted) for predicted in both)
    elif metric in DECISIONS:
        one, other = ((most_likely(predicted) != truth).astype(np.float64) for predicted in both)
    else:
        one, other = (row_losses("brier", truth, predicted) for predicted in both)
    return other - one


def _stand_alone(contrast: Array) -> bool:
    """Tell whether rows would be drawn one by one."""
    return dependence(contrast).blocks == len(contrast)


def _fewer(truth: Array) -> int:
    hits = int((truth == 1).sum())
    return min(hits, len(truth) - hits)
