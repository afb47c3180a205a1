"""Which columns does a table of rows have, and how is each kind kept exactly on every database?"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import polars as pl
import polars.selectors as cs
from polars.datatypes import IntegerType
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Double, Index, MetaData, Table, types
from sqlalchemy.dialects.mysql import DATETIME, TINYINT
from sqlalchemy.sql import quoted_name
from sqlalchemy.types import TypeEngine

from steward.adapters.sql.tables import ON_MYSQL, LongText
from steward.core.digest import digest_bytes
from steward.core.errors import Fault, UsageError, did_you_mean

Kind = Literal["integer", "number", "text", "boolean", "time", "date"]
Layout = Mapping[str, Kind]

_TYPES: Mapping[Kind, TypeEngine[Any]] = {
    "integer": BigInteger(),
    "number": Double(),
    "text": LongText,
    "boolean": Boolean(),
    "time": DateTime().with_variant(DATETIME(fsp=6), "mysql"),
    "date": Date(),
}
# What a column of rows may hold, and what a database says that a column is; the first that fits counts.
_HELD: tuple[tuple[Kind, tuple[type, ...]], ...] = (
    ("integer", (IntegerType,)),
    ("number", (pl.Float32, pl.Float64)),
    ("text", (pl.String, pl.Categorical, pl.Enum, pl.Null)),
    ("boolean", (pl.Boolean,)),
    ("time", (pl.Datetime,)),
    ("date", (pl.Date,)),
)
_FOUND: tuple[tuple[Kind, tuple[type, ...]], ...] = (
    ("boolean", (types.Boolean, TINYINT)),
    ("integer", (types.Integer,)),
    ("number", (types.Float,)),
    ("time", (types.DateTime,)),
    ("date", (types.Date,)),
    ("text", (types.String,)),
)
_LONGEST_NAME = 63  # bytes; PostgreSQL would cut the rest off in silence
_TEXT_PREFIX = 191  # signs of a text that MariaDB looks rows up by
_SHOWN = 5


def storable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the types that tables keep: times without a zone are as they are, others become UTC.

    Raises:
        UsageError: DB-020 a column's name or type fits no table, DB-021 a number is not finite or too large.
    """
    faults = [fault for name in frame.columns if (fault := _name_fault(name, frame.columns)) is not None]
    kinds = {name: _kind(dtype) for name, dtype in frame.schema.items()}
    faults += [_type_fault(name, frame.schema[name]) for name, kind in kinds.items() if kind is None]
    if faults:
        raise UsageError(*faults)
    try:
        made = frame.select(_stored(name, dtype, kinds[name]) for name, dtype in frame.schema.items())
    except pl.exceptions.InvalidOperationError as error:
        fix = "clip or drop the value"
        raise UsageError(Fault("DB-021", "a whole number has more than 63 bits", why=str(error), fix=fix)) from error
    _refuse_not_finite(made)
    return made


def layout_of(frame: pl.DataFrame) -> dict[str, Kind]:
    """Return the columns of storable rows and their kinds."""
    return {name: kind for name, dtype in frame.schema.items() if (kind := _kind(dtype)) is not None}


def found_layout(columns: Sequence[Mapping[str, object]]) -> dict[str, Kind | None]:
    """Return the layout of a table as the database tells it; None for a type that is none of ours."""
    return {str(column["name"]): _found_kind(column["type"]) for column in columns}


def make_table(name: str, layout: Layout) -> Table:
    """Return the description of a table of rows; all columns may be empty."""
    columns = (Column(always_quoted(column), _TYPES[kind]) for column, kind in layout.items())
    return Table(always_quoted(name), MetaData(), *columns, **ON_MYSQL)


def always_quoted(name: str) -> quoted_name:
    """Return somebody else's name, which may be a word that a database keeps for itself."""
    return quoted_name(name, quote=True)


def make_index(table: str, layout: Layout, columns: Sequence[str]) -> Index:
    """Return the description of an index, apart from that of its table: it is made later, when the rows are there.

    Raises:
        UsageError: DB-023 the table has no such column.
    """
    for column in columns:
        need_column(column, layout, f"an index of {table}")
    prefixes = {column: _TEXT_PREFIX for column in columns if layout[column] == "text"}
    described = make_table(table, layout)
    name = short_name(f"ix_{table}_{'_'.join(columns)}")
    return Index(name, *(described.c[column] for column in columns), mysql_length=prefixes)


def need_column(column: str, known: Collection[str], where: str) -> None:
    """Refuse a name that is no column; UsageError DB-023."""
    if column not in known:
        what = f"{where} names the column {column!r}, which is not there"
        raise UsageError(Fault("DB-023", what, ("project.yaml: database",), fix=did_you_mean(column, known)))


def short_name(name: str) -> str:
    """Return a name as it is, or, where it is too long for a database, its beginning and a digest of the whole."""
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return name.encode()[: _LONGEST_NAME - 9].decode(errors="ignore") + "_" + digest_bytes(name.encode())[:8]


def _kind(dtype: pl.DataType) -> Kind | None:
    return next((kind for kind, classes in _HELD if isinstance(dtype, classes)), None)


def _stored(name: str, dtype: pl.DataType, kind: Kind | None) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        utc = column if dtype.time_zone is None else column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return utc.dt.cast_time_unit("us")
    plain = {"integer": pl.Int64, "number": pl.Float64, "text": pl.String}
    return column.cast(plain[kind]) if kind in plain else column


def _found_kind(found: object) -> Kind | None:
    return next((kind for kind, classes in _FOUND if isinstance(found, classes)), None)


def _name_fault(name: str, names: Sequence[str]) -> Fault | None:
    why = ""
    if not name.strip() or name != name.strip() or "\0" in name:
        why = "it is empty, or begins or ends with a space"
    elif len(name.encode()) > _LONGEST_NAME:
        why = f"it is longer than {_LONGEST_NAME} bytes"
    elif sum(name.casefold() == other.casefold() for other in names) > 1:
        why = "another column differs from it only in upper and lower case, which some databases do not tell apart"
    return Fault("DB-020", f"the column {name!r} cannot be one of a table", why=why, fix="rename it") if why else None


def _type_fault(name: str, dtype: pl.DataType) -> Fault:
    what = f"the column {name!r} holds {dtype}, which no table keeps exactly"
    return Fault("DB-020", what, fix="make it a number, text, boolean, date or time")


def _refuse_not_finite(frame: pl.DataFrame) -> None:
    """Refuse NaN and infinity: MariaDB knows neither, SQLite makes the one empty; an empty cell is what means no value."""
    counts = frame.select(cs.float().is_finite().not_().sum())
    odd = {name: count for name, count in counts.row(0, named=True).items() if count} if counts.width else {}
    if odd:
        told = ", ".join(f"{name} ({count:,} rows)" for name, count in list(odd.items())[:_SHOWN])
        fix = "leave such cells empty: divide only by what is not zero"
        raise UsageError(Fault("DB-021", f"numbers that are not finite: {told}", why="databases differ about them", fix=fix))
