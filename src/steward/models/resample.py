"""How much would a figure have varied on other rows like these?

A bootstrap of blocks: rows stand in the order of time, neighbours share weather and traffic, so they are
drawn together. At most 1,000 blocks carry the sums of their rows; for means over thousands of rows that
gives the interval of drawing single rows (and an honest, wider one where neighbours are alike) at a
fraction of the cost. With up to 1,000 rows every row is a block of its own. Efron and Tibshirani, *An
Introduction to the Bootstrap* (1993), sections 8.6 and 14.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BLOCKS = 1000
_AT_ONCE = 4_000_000
_LUCK = 1.0


def resampled_sums(columns: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Array:
    """Return the column sums of samples drawn with replacement.

    Args:
        columns: shape (rows, k), rows in the order of time; a column of ones tells how many were drawn.
        resamples: how many samples.
        seed: the same seed draws the same samples, here and in `draws`.
        blocks: how many there are at most.

    Returns:
        Shape (resamples, k).

    Raises:
        ValueError: there are no rows.
    """
    sums = block_sums(columns, blocks)
    return np.concatenate([times @ sums for times in draws(len(columns), resamples, seed, blocks=blocks)])


def resampled_medians(values: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Array:
    """Return the median of the same samples, shape (resamples,); between two rows in the middle it is their mean."""
    order = np.argsort(values)
    ordered, block = values[order], block_of_rows(len(values), blocks)[order]
    step = max(_AT_ONCE // len(values), 1)
    parts = [
        _medians(ordered, times[start : start + step, block])
        for times in draws(len(values), resamples, seed, blocks=blocks)
        for start in range(0, len(times), step)
    ]
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class Dependence:
    """In how many blocks rows are drawn, and how alike neighbouring blocks still are: a correlation, 0 for none or less."""

    blocks: int
    likeness: float

    def widening(self, confidence: float) -> float:
        """Return by how much bounds of this confidence lie too near, for so few blocks and so alike: 1 at least.

        Student's quantile for the normal one, and the variance of a mean of neighbours that are alike.
        """
        from scipy.special import ndtri, stdtrit

        free = max(self.blocks - 1, 1)
        return float(stdtrit(free, confidence) / ndtri(confidence) * np.sqrt(self.blocks / free * (1 + 2 * self.likeness)))


def dependence(series: Array, *, fewest: int = 15) -> Dependence:
    """Return in how many blocks rows are to be drawn so that neighbouring blocks are no longer alike.

    Starts with the most there may be and halves their number while the correlation of neighbours is more than one standard
    error above 0: errors may be alike over hours or days, and blocks too long cost little.

    Args:
        series: shape (rows,), at least two, what is averaged, rows in the order of time.
        fewest: never fewer blocks, for they must still tell a spread.
    """
    count = min(len(series), BLOCKS)
    while (alike := _likeness(block_sums(series[:, None], count)[:, 0])) > _LUCK / np.sqrt(count) and count // 2 >= fewest:
        count //= 2
    return Dependence(count, max(alike, 0.0))


def draws(rows: int, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Iterator[Array]:
    """Yield how often each block is drawn, in parts of shape (samples, blocks).

    Raises:
        ValueError: there are no rows.
    """
    count = len(_starts(rows, blocks))
    generator = np.random.default_rng(seed)
    step = max(_AT_ONCE // count, 1)
    for done in range(0, resamples, step):
        yield _times_drawn(generator, min(step, resamples - done), count)


def block_sums(columns: Array, blocks: int = BLOCKS) -> Array:
    """Return the sums of at most `blocks` runs of neighbouring rows, of equal length but for one row."""
    return np.add.reduceat(columns, _starts(len(columns), blocks), axis=0)


def block_of_rows(rows: int, blocks: int = BLOCKS) -> npt.NDArray[np.intp]:
    """Return the number of each row's block, shape (rows,)."""
    starts = _starts(rows, blocks)
    return np.repeat(np.arange(len(starts)), np.diff(starts, append=rows))


def _starts(rows: int, blocks: int) -> npt.NDArray[np.intp]:
    if not rows:
        raise ValueError("nothing can be drawn from no rows")
    count = min(rows, blocks)
    return np.arange(count) * rows // count


def _likeness(values: Array) -> float:
    """Return the correlation of neighbours; 0 where nothing varies."""
    apart = values - values.mean()
    spread = float(apart @ apart)
    return float(apart[1:] @ apart[:-1]) / spread if spread > 0 else 0.0


def _medians(ordered: Array, weights: Array) -> Array:
    """Return the medians of rows that stand in ascending order, each as often as its weight; weights (samples, rows)."""
    taken = np.cumsum(weights, axis=1)
    count = taken[:, -1]
    below, above = ((taken <= rank[:, None]).sum(axis=1) for rank in ((count - 1) // 2, count // 2))
    middle: Array = (ordered[below] + ordered[above]) / 2
    return middle


def _times_drawn(generator: np.random.Generator, samples: int, count: int) -> Array:
    drawn = generator.integers(0, count, size=(samples, count), dtype=np.int32)
    drawn += np.arange(samples, dtype=np.int32)[:, None] * np.int32(count)
    times = np.bincount(drawn.ravel(), minlength=samples * count)
    return times.reshape(samples, count).astype(np.float64)
