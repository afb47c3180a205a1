"""What does a table beside the rows say about a code in them?

Two ways to one answer. Where the keys are small whole numbers, a position in a dense column is the
fastest there is, for one row and for a million; otherwise the values are replaced by a hash map.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from steward.core.errors import Fault, UsageError, did_you_mean

_DENSEST_KEY = 1_000_000  # 8 MB a column


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A table joined to the rows by one of their columns.

    `table` has one row for each value of its column `key`, which `column` of the rows refers to;
    `provides` maps each new column to the table's column. A key that is null or unknown gives null.
    """

    name: str
    table: pl.DataFrame
    key: str
    column: str
    provides: Mapping[str, str]

    def __post_init__(self) -> None:
        for column in (self.key, *self.provides.values()):
            if column not in self.table.columns:
                hint = did_you_mean(column, self.table.columns)
                raise UsageError(Fault("FEAT-004", f"lookup {self.name!r} has no column {column!r}", fix=hint))
        twice = self.table[self.key].drop_nulls().is_duplicated()
        if twice.any():
            what = f"lookup {self.name!r} holds {self.key} more than once in {int(twice.sum())} rows"
            raise UsageError(Fault("FEAT-004", what, fix="keep one row for each key"))

    def polars(self) -> Mapping[str, pl.Expr]:
        """Return one Polars expression for each new column."""
        table = self.table.drop_nulls(self.key)
        keys = table[self.key]
        if len(keys) and keys.dtype.is_integer() and keys.is_between(0, _DENSEST_KEY).all():
            return self._by_position(table)
        return {
            name: pl.col(self.column)
            .replace_strict(keys, table[column], default=None, return_dtype=table.schema[column])
            .alias(name)
            for name, column in self.provides.items()
        }

    def narwhals(self) -> Mapping[str, nw.Expr]:
        """Return one narwhals expression for each new column; every engine has it, and no table must travel."""
        table = self.table.drop_nulls(self.key)
        keys = table[self.key].to_list()
        types = nw.from_native(table).schema
        if not keys:  # not every engine replaces nothing
            return {name: nw.lit(None, types[column]).alias(name) for name, column in self.provides.items()}
        return {
            name: nw.col(self.column)
            .replace_strict(keys, table[column].to_list(), default=None, return_dtype=types[column])
            .alias(name)
            for name, column in self.provides.items()
        }

    def _by_position(self, table: pl.DataFrame) -> Mapping[str, pl.Expr]:
        keyed = table.cast({self.key: pl.Int64})
        last: int = keyed[self.key].to_numpy().max().item()
        dense = pl.DataFrame({self.key: range(last + 1)}).join(keyed, on=self.key, how="left", maintain_order="left")
        code = pl.col(self.column)
        known = pl.when(code.is_between(0, last)).then(code)
        return {name: pl.lit(dense[column]).gather(known).alias(name) for name, column in self.provides.items()}
