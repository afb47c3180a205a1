"""How far apart are two samples of a column, and how much of that would chance alone bring?

Distances are shares of rows, 0 to 1: the Kolmogorov-Smirnov distance for numbers, total variation for categories.
Missing values are a place of their own in both. Chance: the inequality of Dvoretzky, Kiefer, Wolfowitz and Massart
(1990) for numbers; McDiarmid's (1989) around the expected distance for categories. Both hold at every sample size.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np

from steward.monitoring.profile import CategoryProfile, ColumnProfile, NumberProfile

_MANY_VALUES = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One column of a profile and the number of its rows, at least 1."""

    rows: int
    column: ColumnProfile

    @property
    def missing(self) -> float:
        """Share of rows without a value."""
        return self.column.missing / self.rows


def distance(reference: Sample, current: Sample) -> float:
    """Return the share of rows, 0 to 1, by which two samples differ; 1 when one is of numbers and the other of levels."""
    match reference.column, current.column:
        case NumberProfile(), NumberProfile():
            return _kolmogorov_smirnov(reference, current)
        case CategoryProfile(), CategoryProfile():
            return float(np.abs(np.subtract(*_level_shares(reference, current))).sum() / 2)
        case _:
            return 1.0


def critical_distance(reference: Sample, current: Sample, *, chance: float) -> float:
    """Return the distance that two samples of one population pass with a probability of at most `chance`, in (0, 1)."""
    spread = 1 / reference.rows + 1 / current.rows
    deviation = sqrt(log(2 / chance) / 2 * spread)
    if not (isinstance(reference.column, CategoryProfile) and isinstance(current.column, CategoryProfile)):
        return deviation
    shares = _level_shares(reference, current)
    pooled = (shares[0] * reference.rows + shares[1] * current.rows) / (reference.rows + current.rows)
    # Levels differ a little each even when nothing moved: half the sum of the mean absolute normal deviations.
    expected = float(np.sqrt(pooled * (1 - pooled).clip(0) * spread).sum()) * sqrt(2 / pi) / 2
    return expected + deviation


def unseen_share(reference: Sample, current: Sample) -> float:
    """Return the share of current rows whose value lies outside the reference's range, or whose level it does not know."""
    match reference.column, current.column:
        case NumberProfile(quantiles=known), NumberProfile(quantiles=values) if known and values:
            outside = np.mean((np.array(values) < known[0]) | (np.array(values) > known[-1]))
            return float(outside) * (1 - current.missing)
        case CategoryProfile(counts=names, other=rare), CategoryProfile(counts=found, other=other):
            unknown = other + sum(rows for level, rows in found.items() if level not in names)
            return max(0.0, unknown / current.rows - rare / reference.rows)
        case _:
            return 1 - current.missing


def is_stuck(reference: Sample, current: Sample) -> bool:
    """Return whether a column that held many values (20 or more) now holds a single one."""
    return _values(reference.column) >= _MANY_VALUES and _values(current.column) == 1


def _kolmogorov_smirnov(reference: Sample, current: Sample) -> float:
    def reached(sample: Sample, points: np.ndarray) -> np.ndarray:
        values = np.array(_quantiles(sample.column))
        below: np.ndarray = np.searchsorted(values, points, side="right") / max(len(values), 1)
        return below * (1 - sample.missing)

    points = np.array([*_quantiles(reference.column), *_quantiles(current.column)])
    gaps = np.abs(reached(reference, points) - reached(current, points))
    return float(max(gaps.max(initial=0.0), abs(reference.missing - current.missing)))


def _quantiles(column: ColumnProfile) -> Iterable[float]:
    return column.quantiles if isinstance(column, NumberProfile) else ()


def _level_shares(reference: Sample, current: Sample) -> tuple[np.ndarray, np.ndarray]:
    a, b = reference.column, current.column
    assert isinstance(a, CategoryProfile)
    assert isinstance(b, CategoryProfile)
    levels = sorted(a.counts.keys() | b.counts.keys())

    def shares(column: CategoryProfile, rows: int) -> np.ndarray:
        return np.array([*(column.counts.get(level, 0) for level in levels), column.other, column.missing]) / rows

    return shares(a, reference.rows), shares(b, current.rows)


def _values(column: ColumnProfile) -> int:
    if isinstance(column, NumberProfile):
        return len(set(column.quantiles))
    return sum(1 for rows in column.counts.values() if rows) + column.other
