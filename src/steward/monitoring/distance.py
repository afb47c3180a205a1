"""How far apart are two samples of a column, and how much of that would chance alone bring?

Distances are shares of rows, 0 to 1: the Kolmogorov-Smirnov distance for numbers, total variation for categories. Missing
and infinite rows are places of their own in both. What chance brings is bounded, at every sample size, by the smaller of two
bounds that are fixed before the window is looked at: for numbers that of Dvoretzky, Kiefer, Wolfowitz and Massart (1990), and
Bernstein's (1924) over all places; for categories McDiarmid's (1989) and Bousquet's (2002) around the expected distance.
The second of each is the sharper one where nearly all rows share a value.
"""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from steward.monitoring.sketch import CategorySketch, ColumnSketch, NumberSketch

FloatArray = npt.NDArray[np.float64]
Kind = Literal["number", "category"]

_MANY_VALUES = 20
_NEARLY = 1e-6
_MEAN_SQUARE = pi**2 / 3  # of the Kolmogorov distribution, over the greatest variance of a step function


@dataclass(frozen=True, slots=True)
class Sample:
    """One column of a sketch and the number of its rows, at least 1."""

    rows: int
    column: ColumnSketch

    @property
    def missing(self) -> float:
        """Share of rows without a value."""
        return self.column.missing / self.rows


@dataclass(frozen=True, slots=True)
class Chance:
    """What two samples of one population may lie apart: passed with a small chance only (`most`), and on average of squares."""

    most: float
    typical: float


def distance(reference: Sample, current: Sample) -> float:
    """Return the share of rows, 0 to 1, by which two samples differ; 1 when one is of numbers and the other of levels.

    Raises:
        ValueError: they were not counted into the same cells.
    """
    if reference.column.kind != current.column.kind:
        return 1.0
    return gap(reference.column.kind, np.subtract(*shares(reference, current)))


def critical_distance(reference: Sample, current: Sample, *, chance: float) -> float:
    """Return the distance that two samples of one population pass with a probability of at most `chance`, in (0, 1)."""
    if reference.column.kind != current.column.kind:
        return 1.0
    return by_chance(reference.column.kind, shares(reference, current)[0], (reference.rows, current.rows), chance).most


def shares(reference: Sample, current: Sample) -> tuple[FloatArray, FloatArray]:
    """Return the share of rows in each place of two samples of a column of one kind.

    Places are the cells or levels, then infinite values or unknown levels, then missing rows.

    Raises:
        ValueError: numbers were not counted into the same cells.
    """
    match reference.column, current.column:
        case NumberSketch() as before, NumberSketch() as now:
            if len(before.counts) != len(now.counts):
                raise ValueError("the two samples of a number were not counted into the same cells")
            counts = [[*column.counts, column.infinite, column.missing] for column in (before, now)]
        case CategorySketch() as before, CategorySketch() as now:
            levels = sorted(before.counts.keys() | now.counts.keys())
            counts = [[*(c.counts.get(level, 0) for level in levels), c.unknown, c.missing] for c in (before, now)]
        case _:
            raise ValueError("a sample of numbers and one of levels share no places")
    return np.array(counts[0]) / reference.rows, np.array(counts[1]) / current.rows


def gap(kind: Kind, differences: FloatArray) -> float:
    """Return the distance that goes with differences of shares: the greatest running sum, or half of all together.

    >>> gap("number", np.array([0.2, 0.1, -0.3])), gap("category", np.array([0.2, 0.1, -0.3]))
    (0.30000000000000004, 0.30000000000000004)
    """
    if kind == "number":
        return float(np.abs(np.cumsum(differences)).max())
    return float(np.abs(differences).sum()) / 2


def by_chance(kind: Kind, reference: FloatArray, rows: tuple[float, float], chance: float) -> Chance:
    """Return what chance alone brings between a reference and a sample that was drawn like it.

    It follows from the reference and the sizes alone, so that a sample that moved further never has more excused.

    Args:
        kind: which distance is meant.
        reference: share of the reference's rows per place, sums to 1; the last two places are of no cell or named level.
        rows: the sizes of both, at least 1; the effective one where the reference is a mixture.
        chance: the probability, in (0, 1), with which `most` may be passed.
    """
    spread, jump, logarithm = 1 / rows[0] + 1 / rows[1], 1 / min(rows), log(2 / chance)
    variance = _greatest_variance(kind, reference)
    # The variance is itself measured: its own Bernstein bound is added.
    safe = min(0.25, variance + _bernstein(variance / rows[0], 1 / rows[0], logarithm)) * spread
    if kind == "number":
        over_all = logarithm + log(max(1, int(np.count_nonzero(reference))))
        most = min(sqrt(logarithm / 2 * spread), _bernstein(safe, jump, over_all))
        return Chance(most, sqrt(_MEAN_SQUARE * variance * spread))
    expected = _expected_of_levels(reference, rows[0], spread)
    around = min(sqrt(logarithm / 2 * spread), _bousquet(safe + 2 * jump * expected, jump, logarithm))
    return Chance(expected + around, sqrt(expected**2 + (1 - 2 / pi) * variance * spread))


def unseen_share(reference: Sample, current: Sample) -> float:
    """Return the share of current rows whose value lies outside the reference's range, or whose level it does not know."""
    match reference.column, current.column:
        case NumberSketch(edges=edges, infinite=before), NumberSketch(counts=counts, infinite=now) if edges:
            return (counts[0] + counts[-1]) / current.rows + max(0.0, now / current.rows - before / reference.rows)
        case CategorySketch(other=rare), CategorySketch(unknown=unknown):
            return max(0.0, unknown / current.rows - rare / reference.rows)
        case _:
            return 1 - current.missing


def is_stuck(reference: Sample, current: Sample) -> bool:
    """Return whether a column that held many values (20 or more) now holds a single one."""
    match reference.column, current.column:
        case NumberSketch(counts=counts), NumberSketch(low=low, high=high, infinite=infinite):
            return bool(np.count_nonzero(counts) >= _MANY_VALUES) and low is not None and low == high and not infinite
        case CategorySketch() as before, CategorySketch() as now:
            return _levels(before) >= _MANY_VALUES and _levels(now) == 1
        case _:
            return False


def _greatest_variance(kind: Kind, places: FloatArray) -> float:
    """Return the greatest variance of whether a row lies in a set that the distance looks at, at most 1/4."""
    if kind == "number":
        below = np.cumsum(places)
        return max(0.0, float((below * (1 - below)).max()))
    most = float(places.max())
    return most * (1 - most) if most > 1 / 2 else 1 / 4


def _expected_of_levels(places: FloatArray, rows: float, spread: float) -> float:
    # Levels differ a little each even when nothing moved: half the sum of the mean absolute deviations, normal ones where a
    # level is frequent, and twice its share where it is so rare that most samples lack it.
    deviations = np.sqrt((places * (1 - places)).clip(0) * spread * 2 / pi)
    # And there are as many rows of levels not seen yet as there were levels seen once (Good 1953).
    unseen = int(np.count_nonzero(np.abs(places[:-2] * rows - 1) < _NEARLY)) / rows
    return float(np.minimum(deviations, 2 * places).sum()) / 2 + unseen


def _bernstein(variance: float, jump: float, logarithm: float) -> float:
    third = logarithm * jump / 3
    return third + sqrt(third**2 + 2 * logarithm * variance)


def _bousquet(variance: float, jump: float, logarithm: float) -> float:
    return sqrt(2 * logarithm * variance) + logarithm * jump / 3


def _levels(column: CategorySketch) -> int:
    return sum(1 for rows in (*column.counts.values(), *column.new.values()) if rows) + column.other
