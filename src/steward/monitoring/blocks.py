"""How far do runs of neighbouring rows lie apart beyond what their sizes explain?

Rows stand in the order of time; an hour, a day or a week has errors of its own, and a window is one of them. So runs of 200 rows,
of 500 and so on are looked at, and a window is given the spread of runs of about its size: the least one with which intervals
around what was expected would have held 97 % of the runs. The rank is that of split conformal prediction (Vovk, Gammerman and
Shafer 2005; Lei et al. 2018), so that skewed losses and days that are alike need no law of their own.
"""

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

Quiet = tuple[int, float]
"""Rows of a run, and how far such runs lie apart beyond chance: a standard deviation."""

SIZES = (200, 500, 1000, 2000, 5000, 10_000, 50_000)
FEWEST_BLOCKS = 8
NORMAL_95 = 1.959963984540054
"""Standard errors from the middle to either end of a 95 % interval."""

_SHARE = 0.97  # more than the intervals promise: the reference is one stretch of time, and others differ from it


def sizes_of(rows: int) -> Iterator[int]:
    """Yield the sizes of which so many rows make 8 runs or more."""
    yield from (size for size in SIZES if rows // size >= FEWEST_BLOCKS)


def blocks_of(rows: int, size: int) -> Places:
    """Return the number of each row's run, shape (rows,): `size` rows each, the last one up to twice as many.

    >>> blocks_of(5, 2).tolist()
    [0, 0, 1, 1, 1]
    """
    return np.minimum(np.arange(rows) // size, max(rows // size, 1) - 1)


def block_means(values: FloatArray, blocks: Places) -> tuple[FloatArray, FloatArray]:
    """Return how many rows each run holds and the mean of their values, both of shape (runs,)."""
    count = np.bincount(blocks).astype(np.float64)
    return count, np.bincount(blocks, weights=values) / count


def spread_to_hold(gaps: FloatArray, variances: FloatArray) -> float:
    """Return the least standard deviation beyond sampling with which 95 % intervals hold 97 % of the runs; 0 for fewer than 8.

    Args:
        gaps: how far each run lies from what was expected, shape (runs,).
        variances: what sampling alone gives each gap, same shape; a run where either is not finite is left out.

    >>> round(spread_to_hold(np.array([1.96, -1.96] * 4), np.full(8, 0.36)), 3)
    0.8
    """
    known = np.isfinite(gaps) & np.isfinite(variances)
    count = int(known.sum())
    if count < FEWEST_BLOCKS:
        return 0.0
    needed = np.sort(np.square(gaps[known] / NORMAL_95) - variances[known])
    rank = min(ceil((count + 1) * _SHARE), count)
    return round(float(np.sqrt(max(0.0, float(needed[rank - 1])))), 12)


def quiet_at(quiet: Sequence[Quiet], rows: int) -> float:
    """Return the spread of the longest runs that are no longer than a window; of the shortest where all are; 0 of none.

    >>> quiet_at([(200, 0.3), (500, 0.2)], 400), quiet_at([(200, 0.3), (500, 0.2)], 10), quiet_at([], 10)
    (0.3, 0.3, 0.0)
    """
    if not quiet:
        return 0.0
    fitting = [spread for size, spread in quiet if size <= rows]
    return float(fitting[-1] if fitting else quiet[0][1])
