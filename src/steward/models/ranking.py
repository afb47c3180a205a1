"""Do higher scores stand with what one looks for? Average precision and the area under the ROC curve, in one pass.

Rows are sorted by score once; a sample drawn anew is the same rows with other weights, so that it costs two
running sums and no sorting. Rows of equal score enter together, as scikit-learn has them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.models.resample import BLOCKS, block_of_rows, draws

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_AT_ONCE = 1_000_000  # weights in memory at a time: more of them leave the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Both figures of some samples, shape (samples,); NaN where a sample holds hits only, or none."""

    average_precision: Array
    roc_auc: Array


def rank(hits: Bools, scores: Array) -> Ranks:
    """Return the figures of all rows, each counted once, as one sample.

    Args:
        hits: shape (rows,), whether a row is of the class that is looked for.
        scores: shape (rows,), finite; higher ones stand first.

    >>> ranks = rank(np.array([False, True, True]), np.array([0.1, 0.2, 0.9]))
    >>> float(ranks.average_precision[0]), float(ranks.roc_auc[0])
    (1.0, 1.0)
    """
    order = np.argsort(-scores, kind="stable")
    return _figures(np.ones((1, len(scores))), hits[order], _last_of_equals(scores[order]))


def drawn_ranks(hits: Bools, scores: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Ranks:
    """Return the figures of samples drawn with replacement, the same ones that `resampled_sums` draws with this seed."""
    order = np.argsort(-scores, kind="stable")
    sorted_hits, ends, block = hits[order], _last_of_equals(scores[order]), block_of_rows(len(scores), blocks)[order]
    step = max(_AT_ONCE // len(scores), 1)
    parts = [
        _figures(times[start : start + step, block], sorted_hits, ends)
        for times in draws(len(scores), resamples, seed, blocks=blocks)
        for start in range(0, len(times), step)
    ]
    return Ranks(*(np.concatenate(both) for both in zip(*((p.average_precision, p.roc_auc) for p in parts), strict=True)))


def _last_of_equals(scores: Array) -> npt.NDArray[np.intp]:
    return np.flatnonzero(np.append(scores[1:] != scores[:-1], True))


def _figures(weights: Array, hits: Bools, ends: npt.NDArray[np.intp]) -> Ranks:
    """Return the figures of weights of shape (samples, rows), rows by falling score, each row as often as its weight."""
    taken = np.cumsum(weights, axis=1)[:, ends]
    found = np.cumsum(weights * hits, axis=1)[:, ends]
    missed = taken - found
    hit, miss = found[:, -1], missed[:, -1]
    step = np.diff(found, axis=1, prepend=0.0)
    precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
    # Trapezoids: of the hits in a group of equals half stand before each miss of the group.
    area = np.einsum("ij,ij->i", np.diff(missed, axis=1, prepend=0.0), found - step / 2)
    both = np.where((hit > 0) & (miss > 0), hit * miss, np.nan)
    return Ranks(np.einsum("ij,ij->i", step, precision) / np.where(hit > 0, hit, np.nan), area / both)
