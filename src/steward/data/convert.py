"""How does a column get exactly the type the dictionary promises?

Whatever a file gives - any number width, a column of nothing but nulls, text, timestamps in any unit -
becomes Int64, Float64, String, Boolean or Datetime("us") without a zone. Nothing is guessed: a value that
is not plainly of the type is reported, not dropped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from steward.data.normalise import EMPTY, plain_numbers, without_nothing
from steward.data.remarks import Remark, cells_of, shown
from steward.data.times import times_of
from steward.project.dictionary import ColumnSpec

DTYPES: Mapping[str, pl.DataType] = {
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "datetime": pl.Datetime("us"),
    "boolean": pl.Boolean(),
}
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_EXACT = 2.0**53  # above it, a float no longer holds every integer
_64_BITS = 2.0**63
_INFINITE = r"(?i)^\s*[-+]?(inf|infinity|∞)\s*$"


@dataclass(frozen=True, slots=True)
class Converted:
    """A column in its promised type.

    `unreadable` marks values that had to become null, None where there are none; `hopeless` says what they are where no
    share of them is small enough to go on.
    """

    values: pl.Series
    unreadable: pl.Series | None
    remarks: tuple[Remark, ...] = ()
    hopeless: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    values: pl.Series
    remarks: tuple[Remark, ...] = ()


def convert(column: pl.Series, spec: ColumnSpec, *, decimal_comma: bool = False) -> Converted:
    """Return a column in the dictionary's type.

    Args:
        column: as the file gives it, with the file's name for it.
        spec: type, spellings of nothing, codes, and for dates in text their `format` (ISO 8601 where absent).
        decimal_comma: a comma may stand before the decimals of a number.

    Returns:
        The same length and name. NaN, and in all but text the usual spellings of nothing, are nulls.
    """
    column = _plain(column)
    if column.dtype.is_nested() or column.dtype == pl.Object:
        return _nothing_of(column, spec, "nested values")
    read = _READERS[spec.type](column, spec)
    if read.values.null_count() == column.null_count():
        return _without_declared(Converted(read.values, None, read.remarks), column, spec)
    again = _read_again(column, read, spec, decimal_comma=decimal_comma)
    return _without_declared(again, column, spec)


def _plain(column: pl.Series) -> pl.Series:
    """Return text for what is text in another coat, and floats for decimal numbers."""
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    if isinstance(column.dtype, pl.Decimal):
        return column.cast(pl.Float64)
    return column


def _nothing_of(column: pl.Series, spec: ColumnSpec, why: str) -> Converted:
    return Converted(
        _nothing(column, DTYPES[spec.type]), column.is_not_null(), hopeless=why if column.null_count() < len(column) else ""
    )


def _nothing(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return pl.Series(column.name, [], dtype).extend_constant(None, len(column))


def _read_again(column: pl.Series, read: _Read, spec: ColumnSpec, *, decimal_comma: bool) -> Converted:
    """Look at the cells that could not be read: some say that nothing was recorded, some are only spelt in another way."""
    left = column.is_not_null() & read.values.is_null()
    cells, remarks, mixed = column.filter(left), read.remarks, ""
    if cells.dtype.is_float():
        cells, said = _without_nan(cells)
        remarks += said
    elif cells.dtype == pl.String:
        spelt = without_nothing(cells, spec)
        remarks += spelt.remarks
        if spec.type in ("integer", "number") and spelt.cells.null_count() < len(cells):
            plain = plain_numbers(spelt.cells, column, decimal_comma=decimal_comma)
            spelt, mixed, remarks = plain, plain.mixed, remarks + plain.remarks
        cells = spelt.cells
    again = (
        _READERS[spec.type](cells, spec).values
        if cells.dtype == pl.String and spec.type != "datetime"
        else _nothing(cells, read.values.dtype)
    )
    rows = left.arg_true()
    values = read.values.scatter(rows, again)
    failed = rows.filter(cells.is_not_null() & again.is_null())
    if failed.is_empty():
        return Converted(values, None, remarks)
    unreadable = pl.repeat(False, len(column), eager=True).scatter(failed, True)
    hopeless = mixed or _hopeless(cells.filter(again.is_null()).drop_nulls(), spec)
    return Converted(values, unreadable, remarks, hopeless)


def _without_nan(cells: pl.Series) -> tuple[pl.Series, tuple[Remark, ...]]:
    count = int(cells.is_nan().sum())
    return cells.fill_nan(None), ((Remark(EMPTY, f'"NaN" in {cells_of(count, cells.name)}'),) if count else ())


def _hopeless(cells: pl.Series, spec: ColumnSpec) -> str:
    """Return what makes cells unfit for any table: numbers that no type here holds."""
    if spec.type not in ("integer", "number"):
        return ""
    if cells.dtype == pl.String:
        numbers = cells.str.strip_chars().cast(pl.Float64, strict=False)
        if cells.str.contains(_INFINITE).any() or (numbers.is_infinite().any() and spec.type == "number"):
            return "infinite numbers"
    elif cells.dtype.is_numeric():
        numbers = cells.cast(pl.Float64, strict=False)
        if numbers.is_infinite().any():
            return "infinite numbers"
    else:
        return ""
    if spec.type == "integer" and (numbers.abs() >= _64_BITS).any():
        return "integers above 64 bits"
    return ""


def _without_declared(found: Converted, column: pl.Series, spec: ColumnSpec) -> Converted:
    """Return a column with the dictionary's own spellings of nothing as nulls, compared as text or as numbers."""
    if not spec.missing:
        return found
    codes = spec.codes or {}
    words = [str(word) for word in spec.missing if str(word) not in codes]
    if spec.type in ("integer", "number"):
        numbers = pl.Series(words).cast(pl.Float64, strict=False).drop_nulls() if words else pl.Series([], dtype=pl.Float64)
        is_nothing = found.values.cast(pl.Float64).is_in(numbers.to_list())
    elif column.dtype == pl.String:
        is_nothing = column.str.strip_chars().is_in(words)
    else:
        return found
    if not is_nothing.any():
        return found
    values = (
        found.values.to_frame("value")
        .select(pl.when(~is_nothing.fill_null(False)).then("value"))
        .to_series()
        .alias(found.values.name)
    )
    return Converted(values, found.unreadable, found.remarks, found.hopeless)


def _integer(column: pl.Series, spec: ColumnSpec) -> _Read:
    if column.dtype.is_integer() or column.dtype == pl.Null:
        return _Read(column.cast(pl.Int64, strict=False))
    if column.dtype.is_float():
        whole = column.is_between(-_EXACT, _EXACT) & (column == column.floor())
        if not whole.all():  # nulls aside
            column = column.to_frame().select(pl.when(whole).then(pl.first())).to_series().alias(column.name)
        return _Read(column.cast(pl.Int64))
    if column.dtype == pl.String:
        plain = column.str.strip_chars()
        digits = plain.cast(pl.Int64, strict=False)
        if digits.null_count() > column.null_count():
            # exact integers stay exact; only what is left may be written 1.0 or 1e3
            digits = digits.fill_null(_integer(_number(plain, spec).values, spec).values)
        return _Read(digits, _leading_zeros(plain))
    return _Read(_nothing(column, pl.Int64()))


def _number(column: pl.Series, _spec: ColumnSpec) -> _Read:
    remarks: tuple[Remark, ...] = ()
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        remarks = _leading_zeros(column)
    elif not (column.dtype.is_numeric() or column.dtype == pl.Null):
        return _Read(_nothing(column, pl.Float64()))
    values = column.cast(pl.Float64, strict=False)
    if values.is_finite().all():
        return _Read(values, remarks)
    finite = values.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series().alias(column.name)
    return _Read(finite, remarks)


def _leading_zeros(cells: pl.Series) -> tuple[Remark, ...]:
    count = int(cells.str.contains(r"^0\d").sum())
    what = "leading zeros are lost in a number; for names, write  type: text  in dictionary.yaml"
    return (Remark(what, cells_of(count, cells.name)),) if count else ()


def _text(column: pl.Series, _spec: ColumnSpec) -> _Read:
    if column.dtype == pl.Binary:
        kept = Remark("bytes were kept as hexadecimal text, and never unpacked", f'"{shown(column.name)}"')
        return _Read(column.bin.encode("hex"), (kept,))
    if isinstance(column.dtype, pl.Duration):
        return _Read(column.dt.to_string())
    return _Read(column.cast(pl.String))


def _datetime(column: pl.Series, spec: ColumnSpec) -> _Read:
    if isinstance(column.dtype, pl.Datetime):
        return _Read(column.dt.replace_time_zone(None).cast(pl.Datetime("us")))
    if column.dtype in (pl.Date, pl.Null):
        return _Read(column.cast(pl.Datetime("us")))
    if column.dtype == pl.String:
        times = times_of(column, spec)
        return _Read(times.values, times.remarks)
    return _Read(_nothing(column, pl.Datetime("us")))


def _boolean(column: pl.Series, _spec: ColumnSpec) -> _Read:
    if column.dtype in (pl.Boolean, pl.Null):
        return _Read(column.cast(pl.Boolean))
    if column.dtype == pl.String or column.dtype.is_integer():
        word = pl.first().cast(pl.String).str.strip_chars().str.to_lowercase()
        meaning = pl.when(word.is_in(_TRUE)).then(statement=True).when(word.is_in(_FALSE)).then(statement=False)
        values = column.to_frame().select(meaning).to_series().alias(column.name)
        spelt = column.filter(values.is_not_null()).cast(pl.String).unique().sort().to_list()
        told = Remark("read as true or false", f'{", ".join(f"{shown(word)!r}" for word in spelt[:12])} in "{shown(column.name)}"')
        return _Read(values, () if {word.lower() for word in spelt} <= {"true", "false"} else (told,))
    return _Read(_nothing(column, pl.Boolean()))


_READERS: Mapping[str, Callable[[pl.Series, ColumnSpec], _Read]] = {
    "integer": _integer,
    "number": _number,
    "text": _text,
    "datetime": _datetime,
    "boolean": _boolean,
}
