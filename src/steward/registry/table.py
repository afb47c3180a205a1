"""How does a small table travel as JSON and come back with the same types? Lookups and self-test rows do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

TYPES: Mapping[str, pl.DataType] = {
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "boolean": pl.Boolean(),
    "datetime": pl.Datetime("us"),
}


def table_as_json(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the columns in order: name, type, values; times as ISO 8601 wall clock, missing as null.

    Raises:
        ValueError: a column of another type than a dictionary knows.
    """
    return [{"name": column.name, "type": _type_name(column), "values": _values(column)} for column in table]


def table_from_json(columns: list[dict[str, Any]]) -> pl.DataFrame:
    """Return the table that `table_as_json` wrote."""
    return pl.DataFrame([_series(column) for column in columns])


def _type_name(column: pl.Series) -> str:
    for name, kind in TYPES.items():
        if column.dtype == kind:
            return name
    raise ValueError(f"column {column.name} is {column.dtype}; a bundle keeps {', '.join(str(kind) for kind in TYPES.values())}")


def _values(column: pl.Series) -> list[Any]:
    if column.dtype == pl.Datetime("us"):
        return [None if value is None else value.isoformat() for value in column.to_list()]
    return column.fill_nan(None).to_list() if column.dtype == pl.Float64 else column.to_list()


def _series(column: Mapping[str, Any]) -> pl.Series:
    values = column["values"]
    if column["type"] == "datetime":
        values = [None if value is None else datetime.fromisoformat(value) for value in values]
    return pl.Series(column["name"], values, dtype=TYPES[column["type"]])
