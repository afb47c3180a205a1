"""What is counted of one column: its rows in the reference's cells or levels, so that batches add up?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal

import numpy as np
import polars as pl

from steward.monitoring import cells

LEVELS = 300
"""Levels that the reference names; the rest are "other"."""

NEW_LEVELS = 50
"""Levels unknown to the reference that a window names."""

_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class NumberSketch:
    """A column of numbers in the reference's cells.

    `edges` ascend; `counts` has a row count per cell, one more than there are edges: above the one edge, up to and with the
    next. `missing` counts null and NaN, `infinite` both infinities; the other figures are of the finite values: the
    smallest, the greatest (None where there are none), their sum and the sum of their squares.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int
    infinite: int
    low: float | None
    high: float | None
    total: float
    squares: float
    kind: Literal["number"] = "number"

    @property
    def known(self) -> int:
        """Rows with a finite value."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """Mean of the finite values; None where there are none."""
        return self.total / self.known if self.known else None

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the finite values (ddof 0); None where there are none."""
        if not self.known:
            return None
        return sqrt(max(0.0, self.squares / self.known - (self.total / self.known) ** 2))


@dataclass(frozen=True, slots=True)
class CategorySketch:
    """A column of levels: rows of each level the reference names, of new levels by name, of all others, and missing rows."""

    counts: Mapping[str, int]
    new: Mapping[str, int]
    other: int
    missing: int
    kind: Literal["category"] = "category"

    @property
    def unknown(self) -> int:
        """Rows of levels that the reference does not name."""
        return self.other + sum(self.new.values())


ColumnSketch = NumberSketch | CategorySketch


def absent_column(reference: ColumnSketch, rows: int) -> ColumnSketch:
    """Return the sketch of a column that was not delivered: missing in every row."""
    if isinstance(reference, CategorySketch):
        return CategorySketch(dict.fromkeys(reference.counts, 0), {}, 0, rows)
    return NumberSketch(reference.edges, (0,) * len(reference.counts), rows, 0, None, None, 0.0, 0.0)


def count_reference(column: pl.Series, *, is_category: bool) -> ColumnSketch:
    """Return the sketch of a column that decides its own cells; text is a category, whatever is said."""
    if is_category or cells.is_text(column):
        counts, missing = cells.count_levels(column)
        named = dict(list(counts.items())[:LEVELS])
        return CategorySketch(named, {}, sum(counts.values()) - sum(named.values()), missing)
    values, missing, infinite = cells.sorted_numbers(column)
    return _number(values, cells.edges_of(values), missing, infinite)


def count_like(column: pl.Series, like: ColumnSketch) -> ColumnSketch:
    """Return the sketch of a column in the cells of the reference's, which also decides whether it is a number."""
    if isinstance(like, NumberSketch):
        values, missing, infinite = cells.sorted_numbers(column)
        return replace(_number(values, np.array(like.edges), missing, infinite), edges=like.edges)
    counts, missing = cells.count_levels(column)
    named = {level: counts.get(level, 0) for level in like.counts}
    new = cells.first_names(counts, like.counts.keys(), NEW_LEVELS)
    return CategorySketch(named, new, sum(counts.values()) - sum(named.values()) - sum(new.values()), missing)


def _number(values: cells.FloatArray, edges: cells.FloatArray, missing: int, infinite: int) -> NumberSketch:
    low, high = (float(values[0]), float(values[-1])) if len(values) else (None, None)
    with np.errstate(over="ignore"):
        total, squares = float(values.sum()), float(np.square(values).sum())
    counts = tuple(cells.count_sorted(values, edges).tolist())
    return NumberSketch(tuple(edges.tolist()), counts, missing, infinite, low, high, _finite(total), _finite(squares))


def _finite(value: float) -> float:
    return float(np.nan_to_num(value, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST))


def merge_columns(name: str, columns: Sequence[ColumnSketch], *, absent: int) -> ColumnSketch:
    """Return the sketch of all rows of a column together, and of `absent` rows more that lack it.

    Raises:
        ValueError: two of them were not counted into the same cells.
    """
    numbers = [column for column in columns if isinstance(column, NumberSketch)]
    levels = [column for column in columns if isinstance(column, CategorySketch)]
    if numbers and not levels and all(column.edges == numbers[0].edges for column in numbers):
        return _merge_numbers(numbers, absent)
    if levels and not numbers and all(column.counts.keys() == levels[0].counts.keys() for column in levels):
        return _merge_levels(levels, absent)
    raise ValueError(f"{name!r} was not counted into the same cells everywhere: sketch all batches like one reference")


def summed(counts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the sum of counts, place by place."""
    return tuple(np.array(counts, dtype=np.int64).sum(axis=0).tolist())


def _merge_numbers(columns: Sequence[NumberSketch], absent: int) -> NumberSketch:
    lows = [column.low for column in columns if column.low is not None]
    highs = [column.high for column in columns if column.high is not None]
    return NumberSketch(
        columns[0].edges,
        summed([column.counts for column in columns]),
        absent + sum(column.missing for column in columns),
        sum(column.infinite for column in columns),
        min(lows, default=None),
        max(highs, default=None),
        _finite(sum(column.total for column in columns)),
        _finite(sum(column.squares for column in columns)),
    )


def _merge_levels(columns: Sequence[CategorySketch], absent: int) -> CategorySketch:
    found = cells.add_counts(column.new for column in columns)
    new = cells.first_names(found, (), NEW_LEVELS)
    other = sum(column.unknown for column in columns) - sum(new.values())
    known = cells.add_counts(column.counts for column in columns)
    return CategorySketch(known, new, other, absent + sum(column.missing for column in columns))
