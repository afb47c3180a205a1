"""Which numbers does a weighted sum get of a row?

A column of numbers is one of them, its gaps filled with the median. One of codes becomes a column a level, 1 where the row has
it: a gap, or a level that was not learnt, is in none of them. All are standardised.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Levels = tuple[tuple[float, ...], ...]
"""The learnt levels of each column; none for a column of numbers."""

_MOST_LEVELS = 50  # of one column; the rarest ones beyond share one answer

ROWS_AT_ONCE = 8192  # spread over their levels, a million rows would take a gigabyte


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """``(x - centres) / scales`` with x the row, its codes spread over their levels.

    `levels` and `medians` have one entry a column, `centres` and `scales` one a spread column; `owners` is the column
    that each spread column comes from.
    """

    names: tuple[str, ...]
    levels: Levels
    medians: Array
    centres: Array
    scales: Array
    owners: Places = field(init=False)
    _level: Array = field(init=False)
    _is_level: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.levels) == len(self.medians):
            raise ValueError("a linear model needs levels and a median for each column")
        owners = _owners(self.levels)
        if self.centres.shape != owners.shape or self.scales.shape != owners.shape:
            raise ValueError("a linear model needs a centre and a scale for each spread column")
        object.__setattr__(self, "owners", owners)
        object.__setattr__(self, "_level", np.array([level for known in self.levels for level in known or (np.nan,)]))
        object.__setattr__(self, "_is_level", np.repeat([bool(known) for known in self.levels], _widths(self.levels)))

    def __call__(self, matrix: Array) -> Array:
        """Return shape (rows, spread columns) for a matrix of shape (rows, columns); ValueError for another width."""
        refuse_other_width(matrix, self.names)
        with np.errstate(invalid="ignore"):  # an infinite value gives no finite answer; whoever asked is told
            return (_spread(matrix, self) - self.centres) / self.scales

    def sums(self, weights: Array, matrix: Array) -> Array:
        """Return the spread rows times weights of shape (spread columns,) or (spread columns, several)."""
        if len(matrix) <= ROWS_AT_ONCE:
            return np.asarray(self(matrix) @ weights)
        starts = range(0, len(matrix), ROWS_AT_ONCE)
        return np.concatenate([self(matrix[start : start + ROWS_AT_ONCE]) @ weights for start in starts])

    def scaled(self, matrix: Array) -> Any:
        """Return the spread rows, not centred, so that most of them are zeros: a sparse array of scipy."""
        from scipy.sparse import csr_array, vstack

        starts = range(0, len(matrix), ROWS_AT_ONCE)
        parts = [csr_array(_spread(matrix[start : start + ROWS_AT_ONCE], self) / self.scales) for start in starts]
        return vstack(parts, format="csr")

    def by_column(self, sizes: Array) -> Array:
        """Return each column's share of sizes of shape (spread columns,): they sum to 1, or are zeros."""
        size = np.bincount(self.owners, weights=sizes, minlength=len(self.names))
        total = size.sum()
        return size / total if total > 0 else np.zeros(len(self.names))

    def added(self, parts: Array) -> Array:
        """Return parts of shape (rows, spread columns, ...) added up for each column."""
        firsts = np.flatnonzero(np.diff(self.owners, prepend=-1))
        summed: Array = np.add.reduceat(parts, firsts, axis=1)
        return summed


def refuse_other_width(matrix: Array, names: tuple[str, ...]) -> None:
    """Raise ValueError unless a matrix has one column for each name."""
    if matrix.ndim != 2 or matrix.shape[1] != len(names):  # noqa: PLR2004 - rows and columns
        raise ValueError(f"the model reads {len(names)} columns ({', '.join(names)}), got a matrix of shape {matrix.shape}")


def fit_spread(matrix: Array, *, names: tuple[str, ...], categories: Collection[str] = (), weights: Array | None = None) -> Spread:
    """Return how rows are spread and standardised.

    Args:
        matrix: shape (rows, columns), NaN where missing.
        names: one for each column.
        categories: those of them whose numbers are codes; at most 50 levels are learnt of each, the most frequent.
        weights: how much each row counts, shape (rows,).

    Raises:
        ValueError: the matrix holds an infinity.
    """
    from sklearn.preprocessing import StandardScaler

    refuse_other_width(matrix, names)
    if np.isinf(matrix).any():
        raise ValueError(f"{', '.join(_infinite(matrix, names))}: an infinite number has no place in a weighted sum")
    levels = tuple(_levels(column) if name in categories else () for name, column in zip(names, matrix.T, strict=True))
    medians = np.array([0.0 if known else _median(column) for known, column in zip(levels, matrix.T, strict=True)])
    width = int(_widths(levels).sum())
    plain = Spread(names, levels, medians, np.zeros(width), np.ones(width))
    if any(levels):
        scaler = StandardScaler(with_mean=False).fit(plain.scaled(matrix), sample_weight=weights)
    else:
        scaler = StandardScaler().fit(_spread(matrix, plain), sample_weight=weights)
    return Spread(names, levels, medians, scaler.mean_, scaler.scale_)


def _spread(matrix: Array, spread: Spread) -> Array:
    wide = matrix.take(spread.owners, axis=1)
    filled: Array = np.where(np.isnan(wide), spread.medians[spread.owners], wide)
    return np.where(spread._is_level, wide == spread._level, filled)  # noqa: SLF001 - of this module


def _owners(levels: Levels) -> Places:
    return np.repeat(np.arange(len(levels)), _widths(levels))


def _widths(levels: Sequence[tuple[float, ...]]) -> Places:
    return np.array([max(len(known), 1) for known in levels], dtype=np.intp)


def _levels(column: Array) -> tuple[float, ...]:
    """Return the most frequent values of a column, in their order."""
    values, rows = np.unique(column[~np.isnan(column)], return_counts=True)
    kept = np.argsort(-rows, kind="stable")[:_MOST_LEVELS]
    return tuple(np.sort(values[kept]).tolist())


def _median(column: Array) -> float:
    present = column[~np.isnan(column)]
    return float(np.median(present)) if len(present) else 0.0


def _infinite(matrix: Array, names: tuple[str, ...]) -> list[str]:
    return [name for name, column in zip(names, matrix.T, strict=True) if np.isinf(column).any()]
