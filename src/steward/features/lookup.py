"""What does a table beside the rows say about the codes in them?

Two ways to one answer. Where the keys are few or small whole numbers, a position in a dense column is the
fastest there is, for one row and for a million; otherwise the values are replaced by a hash map.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import narwhals as nw
import polars as pl

from steward.core.errors import Fault, UsageError, did_you_mean

_DENSEST_KEY = 1_000_000  # 8 MB a column
_SMALL_KEY = 1_000  # of a key among several, whose places multiply


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A table joined to the rows by one or several of their columns.

    `table` has one row for each combination of its columns `keys`, which `columns` of the rows refer to, in the same
    order; `provides` maps each new column to the table's column. A key that is null or unknown gives what `otherwise`
    says for the new column, or null.
    """

    name: str
    table: pl.DataFrame
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    provides: Mapping[str, str]
    otherwise: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.keys or len(self.keys) != len(self.columns):
            raise ValueError(f"lookup {self.name!r} needs one column of the rows for each of its keys")
        for column in (*self.keys, *self.provides.values()):
            if column not in self.table.columns:
                hint = did_you_mean(column, self.table.columns)
                raise UsageError(Fault("FEAT-004", f"lookup {self.name!r} has no column {column!r}", fix=hint))
        twice = self.table.select(self.keys).drop_nulls().is_duplicated()
        if twice.any():
            what = f"lookup {self.name!r} holds {', '.join(self.keys)} more than once in {int(twice.sum())} rows"
            raise UsageError(Fault("FEAT-004", what, fix="keep one row for each key"))

    def polars(self) -> Mapping[str, pl.Expr]:
        """Return one Polars expression for each new column."""
        table = self.table.drop_nulls(self.keys)
        places = [_Places.of(table[key], alone=len(self.keys) == 1) for key in self.keys]
        if len(places) == 1 and not places[0].dense:
            made = {
                name: _replaced(pl.col(self.columns[0]), table[self.keys[0]], table[old]) for name, old in self.provides.items()
            }
        elif prod(place.count for place in places) <= _DENSEST_KEY + 1:
            made = self._gathered(table, places)
        else:
            row, known = (
                _combined(places, [pl.col(c) for c in self.columns]),
                table.select(_combined(places, [pl.col(k) for k in self.keys])),
            )
            made = {name: _replaced(row, known.to_series(), table[old]) for name, old in self.provides.items()}
        return {name: self._or_otherwise(name, expression).alias(name) for name, expression in made.items()}

    def narwhals(self) -> Mapping[str, nw.Expr]:
        """Return one narwhals expression for each new column; every engine has it, and no table must travel."""
        table = self.table.drop_nulls(self.keys)
        types = nw.from_native(table).schema
        if not table.height:  # not every engine replaces nothing
            return {
                name: self._or_otherwise(name, nw.lit(None, types[column])).alias(name) for name, column in self.provides.items()
            }
        row, known = self._code(table)
        return {
            name: self._or_otherwise(
                name, row.replace_strict(known, table[column].to_list(), default=None, return_dtype=types[column])
            ).alias(name)
            for name, column in self.provides.items()
        }

    def _gathered(self, table: pl.DataFrame, places: "list[_Places]") -> dict[str, pl.Expr]:
        size = prod(place.count for place in places)
        at = table.select(_combined(places, [pl.col(key) for key in self.keys]).alias("_at")).to_series()
        keyed = table.select(self.provides.values()).with_columns(at)
        dense = pl.DataFrame({"_at": range(size)}, schema={"_at": pl.Int64}).join(
            keyed, on="_at", how="left", maintain_order="left"
        )
        row = _combined(places, [pl.col(column) for column in self.columns])
        return {name: pl.lit(dense[column]).gather(row) for name, column in self.provides.items()}

    def _code(self, table: pl.DataFrame) -> tuple[nw.Expr, list[Any]]:
        """Return what stands for all keys of a row at once, and the values it takes in the table."""
        if len(self.keys) == 1:
            return nw.col(self.columns[0]), table[self.keys[0]].to_list()
        levels = [table[key].unique(maintain_order=True) for key in self.keys]
        row: Any = nw.lit(0)
        known = pl.Series([0]).new_from_index(0, table.height)
        for level, key, column in zip(levels, self.keys, self.columns, strict=True):
            codes = list(range(len(level)))
            place = nw.col(column).replace_strict(level.to_list(), codes, default=None, return_dtype=nw.Int64)
            row = row * len(level) + place
            known = known * len(level) + table[key].replace_strict(level, codes, return_dtype=pl.Int64)
        return row, known.to_list()

    def _or_otherwise(self, name: str, expression: Any) -> Any:
        return expression.fill_null(self.otherwise[name]) if name in self.otherwise else expression


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a key's values stand on a line of `count` places: at their own number, or in the order of the table."""

    keys: pl.Series
    count: int
    dense: bool

    @classmethod
    def of(cls, keys: pl.Series, *, alone: bool) -> "_Places":
        """Return the places of one key; a small whole number is its own."""
        largest = _DENSEST_KEY if alone else _SMALL_KEY
        if len(keys) and keys.dtype.is_integer() and keys.is_between(0, largest).all():
            return cls(keys, int(keys.cast(pl.Int64).to_numpy().max()) + 1, dense=True)
        distinct = keys.unique(maintain_order=True)
        return cls(distinct, max(len(distinct), 1), dense=False)

    def place(self, column: pl.Expr) -> pl.Expr:
        """Return the place of a column's values as Int64; null for a value that has none."""
        if self.dense:
            return pl.when(column.is_between(0, self.count - 1)).then(column.cast(pl.Int64))
        return column.replace_strict(self.keys, pl.Series(range(len(self.keys)), dtype=pl.Int64), default=None)


def _combined(places: list[_Places], columns: list[pl.Expr]) -> pl.Expr:
    row = places[0].place(columns[0])
    for place, column in zip(places[1:], columns[1:], strict=True):
        row = row * place.count + place.place(column)
    return row


def _replaced(column: pl.Expr, keys: pl.Series, values: pl.Series) -> pl.Expr:
    return column.replace_strict(keys, values, default=None, return_dtype=values.dtype)
