"""How do features go together, and with the target? Correlation for numbers, Cramér's V where codes take part.

Codes have no order: their rank would say nothing. V compares how often values meet with how often they would by chance; it is
corrected for few rows (Bergsma, *A bias-correction for Cramér's V and Tschuprow's T*, 2013).
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[np.float64]

_BINS = 10
_MOST_CODES = 50
_FEWEST_ROWS = 10
_TWO = 2


@dataclass(frozen=True, slots=True, eq=False)
class Associations:
    """How strongly columns go together, two by two: `values` of shape (columns, columns), NaN where that cannot be told.

    Between two numbers it is Spearman's rank correlation, -1 to 1; where one of both is among `codes`, Cramér's V, 0 to 1.
    """

    names: tuple[str, ...]
    values: Array
    codes: frozenset[str]

    def measure(self, one: str, other: str) -> str:
        """Return what was measured between two columns."""
        return "Cramér's V" if {one, other} & self.codes else "Spearman"

    def of(self, one: str, other: str) -> float | None:
        """Return how strongly two columns go together; None where that cannot be told."""
        value = float(self.values[self.names.index(one), self.names.index(other)])
        return value if np.isfinite(value) else None

    def strongest(self, most: int, *, among: Collection[str]) -> tuple[tuple[str, str, float], ...]:
        """Return the pairs that go together most, the strongest first, whatever the sign."""
        places = [place for place, name in enumerate(self.names) if name in among]
        pairs = [(self.names[i], self.names[j], float(self.values[i, j])) for i in places for j in places if i < j]
        told = [pair for pair in pairs if np.isfinite(pair[2])]
        return tuple(sorted(told, key=lambda pair: -abs(pair[2]))[:most])


def associate(table: pl.DataFrame, codes: Collection[str]) -> Associations:
    """Return how strongly all columns of a table go together.

    Args:
        table: columns of numbers, null where missing; a pair is judged by the rows that have both.
        codes: those whose numbers have no order.
    """
    names = tuple(table.columns)
    values = np.full((len(names), len(names)), np.nan)
    ordered = [name for name in names if name not in codes]
    if len(ordered) > 1:
        pairs = [(a, b) for place, a in enumerate(ordered) for b in ordered[:place]]
        ranked = table.select(pl.corr(a, b, method="spearman").alias(f"{n}") for n, (a, b) in enumerate(pairs)).row(0)
        for (a, b), value in zip(pairs, ranked, strict=True):
            values[names.index(a), names.index(b)] = np.nan if value is None else value
    levels = [levels_of(table[name], is_code=name in codes) for name in names]
    for i in range(len(names)):
        for j in range(i):
            if {names[i], names[j]} & set(codes):
                values[i, j] = _cramers_v(levels[i], levels[j])
    whole = np.where(np.isnan(values), values.T, values)
    np.fill_diagonal(whole, 1.0)
    return Associations(names, whole, frozenset(codes))


def levels_of(column: pl.Series, *, is_code: bool) -> npt.NDArray[np.intp]:
    """Return a number for each row: one of ten equally full bins, or one of the 50 most frequent codes; -1 where it is empty.

    Rarer codes share the number after these.
    """
    if not is_code:
        edges = bin_edges(column, _BINS)
        place = np.searchsorted(edges, column.cast(pl.Float64).fill_null(0.0).to_numpy(), side="right")
        return np.where(column.is_null().to_numpy(), -1, place)
    counts = column.drop_nulls().value_counts(sort=True)[column.name].head(_MOST_CODES)
    known = column.replace_strict(counts, pl.Series(range(len(counts)), dtype=pl.Int64), default=len(counts), return_dtype=pl.Int64)
    return np.where(column.is_null().to_numpy(), -1, known.fill_null(-1).to_numpy())


def bin_edges(column: pl.Series, count: int) -> Array:
    """Return where the second and later of some equally full bins begin; fewer where many values are equal."""
    ordered = np.sort(column.drop_nulls().cast(pl.Float64).to_numpy())
    if not len(ordered):
        return np.empty(0)
    edges = np.unique(ordered[np.arange(1, count) * len(ordered) // count])
    inner: Array = edges[edges > ordered[0]]
    return inner


def _cramers_v(one: npt.NDArray[np.intp], other: npt.NDArray[np.intp]) -> float:
    both = (one >= 0) & (other >= 0)
    rows = int(both.sum())
    if rows < _FEWEST_ROWS:
        return np.nan
    wide = int(other.max()) + 1
    table = np.bincount(one[both] * wide + other[both], minlength=(int(one.max()) + 1) * wide).reshape(-1, wide).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    r, c = table.shape
    if min(r, c) < _TWO:
        return np.nan
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / rows
    squared = max(0.0, float(((table - expected) ** 2 / expected).sum()) / rows - (r - 1) * (c - 1) / (rows - 1))
    fewer = min(r - (r - 1) ** 2 / (rows - 1), c - (c - 1) ** 2 / (rows - 1)) - 1
    return min(1.0, float(np.sqrt(squared / fewer))) if fewer > 0 else np.nan
