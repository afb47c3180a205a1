"""How does a column get exactly the type the dictionary promises?

Whatever a file gives - any number width, a column of nothing but nulls, text, timestamps in any unit -
becomes Int64, Float64, String, Boolean or Datetime("us") without a zone. Nothing is guessed: a value that
is not plainly of the type is reported, not dropped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from steward.project.dictionary import ColumnSpec

DTYPES: Mapping[str, pl.DataType] = {
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "datetime": pl.Datetime("us"),
    "boolean": pl.Boolean(),
}
_NULLS = ("", "NA", "NaN", "nan", "null", "NULL")
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_EXACT = 2.0**53  # above it, a float no longer holds every integer
_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")
_DATE = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Converted:
    """A column in its promised type; `unreadable` marks values that had to become null, None where there are none."""

    values: pl.Series
    unreadable: pl.Series | None


def convert(column: pl.Series, spec: ColumnSpec) -> Converted:
    """Return a column in the dictionary's type.

    Args:
        column: as the file gives it.
        spec: type, and for dates in text their `format` (ISO 8601 where absent).

    Returns:
        The same length and name. NaN and the spellings NA, NaN and null of a number, date or boolean are nulls.
    """
    given = _with_nulls(column) if spec.type != "text" else column
    values = _READERS[spec.type](given, spec)
    if values.null_count() == given.null_count():
        return Converted(values, None)
    return Converted(values, given.is_not_null() & values.is_null())


def _with_nulls(column: pl.Series) -> pl.Series:
    """Return the column with its spellings of "nothing" as nulls."""
    if column.dtype.is_float():
        return column.fill_nan(None) if column.is_nan().any() else column
    if column.dtype != pl.String or not column.is_in(_NULLS).any():
        return column
    return column.to_frame().select(pl.when(~pl.first().is_in(_NULLS)).then(pl.first())).to_series().alias(column.name)


def _nothing(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return pl.Series(column.name, [], dtype).extend_constant(None, len(column))


def _integer(column: pl.Series, spec: ColumnSpec) -> pl.Series:
    if column.dtype.is_integer() or column.dtype == pl.Null:
        return column.cast(pl.Int64, strict=False)
    if column.dtype.is_float():
        whole = column.is_between(-_EXACT, _EXACT) & (column == column.floor())
        if not whole.all():  # nulls aside
            column = column.to_frame().select(pl.when(whole).then(pl.first())).to_series().alias(column.name)
        return column.cast(pl.Int64)
    if column.dtype == pl.String:
        plain = column.str.strip_chars()
        digits = plain.cast(pl.Int64, strict=False)
        if digits.null_count() == column.null_count():
            return digits
        # exact integers stay exact; only what is left may be written 1.0 or 1e3
        return digits.fill_null(_integer(_number(plain, spec), spec))
    return _nothing(column, pl.Int64())


def _number(column: pl.Series, _spec: ColumnSpec) -> pl.Series:
    if column.dtype == pl.String:
        column = column.str.strip_chars()
    elif not (column.dtype.is_numeric() or column.dtype == pl.Null):
        return _nothing(column, pl.Float64())
    values = column.cast(pl.Float64, strict=False)
    if values.is_finite().all():
        return values
    return values.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series().alias(column.name)


def _text(column: pl.Series, _spec: ColumnSpec) -> pl.Series:
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        return _nothing(column, pl.String())
    return column.cast(pl.String)


def _datetime(column: pl.Series, spec: ColumnSpec) -> pl.Series:
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    if column.dtype in (pl.Date, pl.Null):
        return column.cast(pl.Datetime("us"))
    if column.dtype == pl.String:
        form = spec.format or _iso_form(column)
        # a date alone has no time of day to parse, so it takes the way over Date
        if form == _DATE:
            return column.str.to_date(form, strict=False).cast(pl.Datetime("us"))
        return _wall_clock(column.str.to_datetime(form, time_unit="us", strict=False, cache=False))
    return _nothing(column, pl.Datetime("us"))


def _wall_clock(column: pl.Series) -> pl.Series:
    return column.dt.replace_time_zone(None) if getattr(column.dtype, "time_zone", None) else column


def _iso_form(column: pl.Series) -> str:
    """Return the ISO 8601 form of the first value, which the others must share."""
    first = column.drop_nulls().head(1)
    readable = (form for form in _ISO if first.str.to_datetime(form, strict=False).null_count() == 0)
    return next(readable, _DATE)


def _boolean(column: pl.Series, _spec: ColumnSpec) -> pl.Series:
    if column.dtype in (pl.Boolean, pl.Null):
        return column.cast(pl.Boolean)
    if column.dtype == pl.String or column.dtype.is_integer():
        word = pl.first().cast(pl.String).str.strip_chars().str.to_lowercase()
        meaning = pl.when(word.is_in(_TRUE)).then(statement=True).when(word.is_in(_FALSE)).then(statement=False)
        return column.to_frame().select(meaning).to_series().alias(column.name)
    return _nothing(column, pl.Boolean())


_READERS: Mapping[str, Callable[[pl.Series, ColumnSpec], pl.Series]] = {
    "integer": _integer,
    "number": _number,
    "text": _text,
    "datetime": _datetime,
    "boolean": _boolean,
}
