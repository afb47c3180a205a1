"""Into which cells does a column fall, and how many of its rows fall into each?

A number's cells end at edges that the reference decides: about 200 quantiles, and every value that is frequent has a cell
of its own. A category's cells are its levels. Only arrays are handled here; `sketch` gives the counts their names.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CELLS = 200
"""About so many cells a number is given; fewer where it has fewer values."""

_LARGEST = float(np.finfo(np.float64).max)


def is_text(column: pl.Series) -> bool:
    """Return whether a column's values are words, so that it can only be a category."""
    return column.dtype in (pl.String, pl.Categorical, pl.Enum)


def as_floats(column: pl.Series) -> FloatArray:
    """Return a column as numbers, NaN where it holds none: null, NaN, or text that is no number."""
    values: FloatArray = column.to_physical().cast(pl.Float64, strict=False).to_numpy()
    return values


def sorted_numbers(column: pl.Series) -> tuple[FloatArray, int, int]:
    """Return the finite values of a column in ascending order, its missing rows and its infinite ones."""
    values = np.sort(as_floats(column))  # NaN last
    known, high = (int(np.searchsorted(values, np.inf, side=side)) for side in ("right", "left"))
    low = int(np.searchsorted(values, -np.inf, side="right"))
    return values[low:high], len(values) - known, low + known - high


def edges_of(values: FloatArray, cells: int = CELLS) -> FloatArray:
    """Return the ascending edges that share sorted values out evenly.

    A cell holds what is above its lower edge, up to and with its upper one. A value that fills a cell alone, and every
    value where there are few, lies between the float just below it and itself. The first cell holds what is below the
    smallest value, the last one (above the last edge) what is above the greatest. No values, no edges.
    """
    if not len(values):
        return np.empty(0)
    places = np.ceil((np.arange(cells) + 1) * len(values) / cells).astype(np.int64) - 1
    picked, hits = np.unique(values[places], return_counts=True)
    if len(picked) < cells // 2:
        # Few values, or few that count: then each of them is a cell, as long as they are not more than the cells.
        distinct = np.unique(values)
        picked, hits = (distinct, np.full(len(distinct), 2)) if len(distinct) <= cells // 2 else (picked, hits)
    below = np.nextafter(np.append(picked[hits > 1], values[0]), -np.inf)
    return np.unique(np.concatenate([picked, np.maximum(below, -_LARGEST)]))


def count_sorted(values: FloatArray, edges: FloatArray) -> IntArray:
    """Return how many of the sorted values lie in each cell: one more than there are edges."""
    reached = np.searchsorted(values, edges, side="right")
    return np.diff(reached, prepend=0, append=len(values)).astype(np.int64)


def count_levels(column: pl.Series) -> tuple[dict[str, int], int]:
    """Return the rows of each level, the most frequent first (by name where they tie), and the rows without one."""
    found = column.rename("value").value_counts(name="rows")
    named = pl.DataFrame({"level": as_text(found["value"]), "rows": found["rows"].cast(pl.Int64)})
    levels = named.drop_nulls("level").group_by("level").agg(pl.col("rows").sum())
    ordered = levels.sort(["rows", "level"], descending=[True, False])
    counts = dict(zip(ordered["level"].to_list(), ordered["rows"].to_list(), strict=True))
    return counts, len(column) - sum(counts.values())


def as_text(column: pl.Series) -> pl.Series:
    """Return one spelling for one code: a matrix holds 74.0 and true as 1.0 where the raw column holds 74 and true."""
    if column.dtype == pl.Boolean:
        return column.cast(pl.Int8).cast(pl.String)
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        text = pl.when(column == column.floor()).then(whole.cast(pl.String)).otherwise(column.fill_nan(None).cast(pl.String))
        return pl.select(level=text).to_series()
    return column.cast(pl.String)


def first_names(counts: Mapping[str, int], known: Collection[str], most: int) -> dict[str, int]:
    """Return the first unknown levels by name, with their rows: which ones does not depend on how rows are batched."""
    return {level: counts[level] for level in sorted(counts.keys() - known)[:most]}


def add_counts(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of counts by name."""
    total: dict[str, int] = {}
    for part in parts:
        for name, rows in part.items():
            total[name] = total.get(name, 0) + rows
    return total
