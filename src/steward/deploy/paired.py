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
from steward.models.resample import BLOCKS, independent_blocks, resampled_sums
from steward.project.gate import TestKind

Array = npt.NDArray[np.float64]
Both = tuple[Array, Array]
"""Answers of candidate and champion to the same rows."""

# The bound is taken so far out that the draw of the samples itself, seen again, would change it in 1 of 100 times.
_NOISE = 2.33


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


def drawn_errors(truth: Array, both: Both, metric: str, *, task: TaskKind, resamples: int, seed: int) -> tuple[Array, Array, int]:
    """Return both errors, shape (2,), those of samples drawn anew, shape (samples, 2), and how many blocks were drawn from.

    Samples that leave the metric undefined for one of both are not among them.
    """
    blocks = independent_blocks(_contrast(truth, both, metric))
    if is_mean_loss(metric):
        losses = np.column_stack([row_losses(metric, truth, predicted) for predicted in both])
        once = from_mean_loss(metric, losses.mean(axis=0))
        sums = resampled_sums(np.column_stack([np.ones(len(truth)), losses]), resamples, seed, blocks=blocks)
        drawn = from_mean_loss(metric, sums[:, 1:] / sums[:, :1])
    else:
        once = np.array([MEASURES[task].once(truth, predicted)[metric] for predicted in both])
        figures = [redraw(task, truth, one, metric=metric, resamples=resamples, seed=seed, blocks=blocks) for one in both]
        drawn = np.column_stack([figure[metric] for figure in figures])
    return errors(once, metric), errors(drawn[~np.isnan(drawn).any(axis=1)], metric), blocks


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


def widened(confidence: float, blocks: int) -> float:
    """Return by how much bounds from so few blocks are too near: Student's quantile for the normal one."""
    from scipy.special import ndtri, stdtrit

    free = blocks - 1
    return float(stdtrit(free, confidence) / ndtri(confidence) * np.sqrt(blocks / free))


def _by_samples(truth: Array, both: Both, metric: str, task: TaskKind, confidence: float, resamples: int, seed: int) -> Gain:
    once, drawn, blocks = drawn_errors(truth, both, metric, task=task, resamples=resamples, seed=seed)
    gain, drawn_gains = float(gains(once[None])[0]), gains(drawn)
    doubt, count = 1 - confidence, len(drawn_gains)
    outside = max(doubt - _NOISE * float(np.sqrt(doubt * confidence / count)), 1 / count)
    low, high = np.quantile(drawn_gains, [outside, 1 - outside])
    wide = widened(confidence, blocks)
    candidate, champion = errors(once, metric)  # back again: what lacks of what lacks
    return Gain(
        float(candidate), float(champion), gain, gain - (gain - float(low)) * wide, gain + (float(high) - gain) * wide, "bootstrap"
    )


def _by_areas(both: Array, covariance: Array, fewer: int, confidence: float) -> Gain:
    """Return the gain by the delta method: its spread is that of the candidate's area less (1 - gain) times the champion's."""
    from scipy.special import stdtrit

    candidate, champion = (float(area) for area in both)
    gain, lacks = float(gains(1 - both[None])[0]), 1 - champion
    weights = np.array([1.0, -(1.0 - gain)]) / lacks if lacks > 0 else np.zeros(2)
    half = float(stdtrit(max(fewer - 1, 1), confidence)) * float(np.sqrt(max(float(weights @ covariance @ weights), 0.0)))
    return Gain(candidate, champion, gain, gain - half, gain + half, "delong")


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
    return len(contrast) <= BLOCKS and independent_blocks(contrast) == len(contrast)


def _fewer(truth: Array) -> int:
    hits = int((truth == 1).sum())
    return min(hits, len(truth) - hits)
