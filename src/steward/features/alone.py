"""How well does each feature tell the target all alone, on rows it was not fitted to?

A feature is cut into equally full bins, with one more for its empty cells: a quantity is told by a short line in each, classes
by their shares. That finds any form of a relation. What alone tells nearly all is seldom a discovery, and mostly the answer
itself in other clothes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SUSPICIOUS = 0.99
"""AUC or R² from which on a feature is too good."""

MOST_ROWS = 20_000
"""So many rows are drawn to fit, and half as many to judge: more change the third digit."""

_FEWEST_OF_CLASS = 10  # in the rows that judge: with fewer, chance separates them
_FEW_BINS, _MOST_BINS = 16, 256
_ROWS_OF_BIN = 5
_TWO = 2


@dataclass(frozen=True, slots=True)
class Alone:
    """One feature alone: R² of a quantity (or of its rank, if that is told better), or AUC of a class against the rest.

    `value` was reached on judging rows and `learned` on those fitted to; of several classes it is the class with code `about`
    that is told best. `value` is None where it cannot be measured: a single value, or too few rows of any class.
    """

    name: str
    metric: str
    value: float | None
    learned: float
    about: int | None = None

    @property
    def suspicious(self) -> bool:
        """Whether it is too good on rows of both kinds, so that neither few rows nor learning by heart explain it."""
        return self.value is not None and min(self.value, self.learned) >= SUSPICIOUS


def score_alone(
    learned: tuple[Array, Array], judging: tuple[Array, Array], names: Sequence[str], *, classes: int, seed: int = 7
) -> tuple[Alone, ...]:
    """Return each feature's own score.

    Args:
        learned: matrix (rows, features; NaN where missing) and target (rows,; finite) to fit to.
        judging: the same of other rows.
        names: of the features, in the order of the columns.
        classes: how many classes the target's codes stand for; 0 for a quantity.
        seed: of the rows that are drawn where there are many.
    """
    fit, truth = drawn(*learned, MOST_ROWS, seed)
    check, answers = drawn(*judging, MOST_ROWS // 2, seed)
    fit, check = (np.where(np.isfinite(matrix), matrix, np.nan) for matrix in (fit, check))
    score = _classes_alone if classes else _quantity_alone
    return tuple(score(name, (fit[:, place], truth), (check[:, place], answers)) for place, name in enumerate(names))


def drawn(matrix: Array, target: Array, most: int, seed: int) -> tuple[Array, Array]:
    """Return at most so many rows, drawn with a seed and in their order."""
    if len(target) <= most:
        return matrix, target
    rows = np.sort(np.random.default_rng(seed).choice(len(target), most, replace=False))
    return matrix[rows], target[rows]


def _quantity_alone(name: str, learned: tuple[Array, Array], judging: tuple[Array, Array]) -> Alone:
    if not _differs(learned[0]) or np.ptp(judging[1]) == 0 or np.ptp(learned[1]) == 0:
        return Alone(name, "r2", None, 0.0)
    order = np.sort(learned[1])
    # A few far values may hide how well all others are told: their ranks are as far apart as any.
    ranked = [(x, np.searchsorted(order, y).astype(np.float64)) for x, y in (learned, judging)]
    # Few bins tell a weak relation better, many a perfect one.
    cuts = [_edges(learned[0], most) for most in (_FEW_BINS, _MOST_BINS)]
    tries = [_told(fit, check, edges) for edges in cuts for fit, check in ((learned, judging), (ranked[0], ranked[1]))]
    value, known = max(tries)
    return Alone(name, "r2", value, known)


def _told(learned: tuple[Array, Array], judging: tuple[Array, Array], edges: Array) -> tuple[float, float]:
    """Return R² on judging and on learned rows."""
    answer = _Lines.through(*learned, edges)
    value, known = (_r2(answer.at(x, edges), y) for x, y in (judging, learned))
    return value, known


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """A line in each bin, as its middle, its mean and its slope, kept to the bin's `low` and `high`; all shape (bins,)."""

    middle: Array
    mean: Array
    slope: Array
    low: Array
    high: Array

    @classmethod
    def through(cls, x: Array, y: Array, edges: Array) -> "_Lines":
        """Return the lines of least squares; a bin without a row says the mean of all."""
        place, count = _bins(x, edges), len(edges) + _TWO
        known = np.nan_to_num(x)
        rows = np.bincount(place, minlength=count)
        some = np.maximum(rows, 1)
        middle = np.bincount(place, known, count) / some
        mean = np.where(rows > 0, np.bincount(place, y, count) / some, y.mean())
        away, rise = known - middle[place], y - mean[place]
        spread, together = np.bincount(place, away**2, count), np.bincount(place, away * rise, count)
        slope = np.divide(together, spread, out=np.zeros(count), where=spread > 0)
        low, high = np.concatenate([[np.nanmin(x)], edges, [0.0]]), np.concatenate([edges, [np.nanmax(x), 0.0]])
        return cls(middle, mean, slope, low, high)

    def at(self, x: Array, edges: Array) -> Array:
        """Return what the lines say, shape (rows,)."""
        place = _bins(x, edges)
        kept = np.clip(np.nan_to_num(x), self.low[place], self.high[place])
        said: Array = self.mean[place] + self.slope[place] * (kept - self.middle[place])
        return said


def _r2(predicted: Array, truth: Array) -> float:
    variance = float(truth.var())
    return float(1 - np.mean((truth - predicted) ** 2) / variance) if variance > 0 else 0.0


def _classes_alone(name: str, learned: tuple[Array, Array], judging: tuple[Array, Array]) -> Alone:
    nothing = Alone(name, "auc", None, 0.0)
    if not _differs(learned[0]):
        return nothing
    edges, classes = _edges(learned[0], _MOST_BINS), int(max(learned[1].max(), judging[1].max())) + 1
    taught, asked = (_table(x, y, edges, classes) for x, y in (learned, judging))
    shares = taught / np.maximum(taught.sum(axis=1, keepdims=True), 1)
    found = np.array([[_auc(shares[:, code], table, code) for code in range(classes)] for table in (asked, taught)])
    if np.isnan(found[0]).all():
        return nothing
    # Of two classes either is told as well as the other; the last one is the one that is meant.
    best = classes - 1 if classes == _TWO else int(np.nanargmax(found[0]))
    return Alone(name, "auc", float(found[0, best]), float(np.nan_to_num(found[1, best])), best)


def _table(x: Array, y: Array, edges: Array, classes: int) -> Array:
    """Return how many rows of each class lie in each bin, shape (bins, classes)."""
    cells = _bins(x, edges) * classes + y.astype(np.intp)
    table: Array = np.bincount(cells, minlength=(len(edges) + _TWO) * classes).reshape(-1, classes).astype(np.float64)
    return table


def _auc(score: Array, table: Array, code: int) -> float:
    """Return the area under the ROC curve of a class against the rest, given each bin's score; NaN where either is rare."""
    _, level = np.unique(score, return_inverse=True)
    inside = np.bincount(level, table[:, code])
    outside = np.bincount(level, table.sum(axis=1)) - inside
    if min(inside.sum(), outside.sum()) < _FEWEST_OF_CLASS:
        return np.nan
    below = np.cumsum(outside) - outside / 2
    return float(inside @ below / (inside.sum() * outside.sum()))


def _edges(column: Array, bins: int) -> Array:
    """Return where bins begin: one a value where these are few, else equally full ones."""
    ordered = np.sort(column[~np.isnan(column)])
    most = min(bins, max(len(ordered) // _ROWS_OF_BIN, _TWO))
    different: Array = ordered[np.append(True, ordered[1:] > ordered[:-1])]
    if len(different) <= most:
        return different[1:]
    return np.unique(ordered[np.arange(1, most) * len(ordered) // most])


def _bins(column: Array, edges: Array) -> npt.NDArray[np.intp]:
    """Return each row's bin, 0 for the lowest; the last one is for empty cells."""
    place: npt.NDArray[np.intp] = np.where(np.isnan(column), len(edges) + 1, np.searchsorted(edges, column, side="right"))
    return place


def _differs(column: Array) -> bool:
    """Tell whether a column splits rows at all: by its values, or by being empty here and there."""
    known = column[~np.isnan(column)]
    return len(known) > 0 and (len(known) < len(column) or bool(np.ptp(known) > 0))
