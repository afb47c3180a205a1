"""How much would a figure have varied on other rows like these?

A bootstrap of blocks: rows stand in the order of time, neighbours share weather and traffic, so they are
drawn together. At most 1,000 blocks carry the sums of their rows; for means over thousands of rows that
gives the interval of drawing single rows (and an honest, wider one where neighbours are alike) at a
fraction of the cost. With up to 1,000 rows every row is a block of its own. Efron and Tibshirani, *An
Introduction to the Bootstrap* (1993), sections 8.6 and 14.3.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BLOCKS = 1000
_AT_ONCE = 4_000_000


def resampled_sums(columns: Array, resamples: int, seed: int) -> Array:
    """Return the column sums of samples drawn with replacement.

    Args:
        columns: shape (rows, k), rows in the order of time; a column of ones tells how many were drawn.
        resamples: how many samples.
        seed: the same seed draws the same samples, here and in `draws`.

    Returns:
        Shape (resamples, k).

    Raises:
        ValueError: there are no rows.
    """
    blocks = block_sums(columns)
    return np.concatenate([times @ blocks for times in draws(len(columns), resamples, seed)])


def draws(rows: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yield how often each block is drawn, in parts of shape (samples, blocks).

    Raises:
        ValueError: there are no rows.
    """
    count = len(_starts(rows))
    generator = np.random.default_rng(seed)
    step = max(_AT_ONCE // count, 1)
    for done in range(0, resamples, step):
        yield _times_drawn(generator, min(step, resamples - done), count)


def block_sums(columns: Array) -> Array:
    """Return the sums of at most `BLOCKS` runs of neighbouring rows, of equal length but for one row."""
    return np.add.reduceat(columns, _starts(len(columns)), axis=0)


def block_of_rows(rows: int) -> npt.NDArray[np.intp]:
    """Return the number of each row's block, shape (rows,)."""
    starts = _starts(rows)
    return np.repeat(np.arange(len(starts)), np.diff(starts, append=rows))


def _starts(rows: int) -> npt.NDArray[np.intp]:
    if not rows:
        raise ValueError("nothing can be drawn from no rows")
    count = min(rows, BLOCKS)
    return np.arange(count) * rows // count


def _times_drawn(generator: np.random.Generator, samples: int, count: int) -> Array:
    drawn = generator.integers(0, count, size=(samples, count), dtype=np.int32)
    drawn += np.arange(samples, dtype=np.int32)[:, None] * np.int32(count)
    times = np.bincount(drawn.ravel(), minlength=samples * count)
    return times.reshape(samples, count).astype(np.float64)
