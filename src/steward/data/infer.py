"""What do the columns of an unknown table hold? Types, times, identifiers and codes, judged from all of its rows."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.gunzip import gunzip
from steward.data.kinds import Kind, file_kind
from steward.data.plain_text import as_utf8

MOST_CODES = 30
"""Text with at most so many different values is a set of codes, above it is free text."""

_NOTHING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?", "-", "missing")
_TIMES = (
    *("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d"),
    *("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%S%.fZ"),
    *("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"),
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y"),
)
_YES_NO = frozenset({"true", "false", "yes", "no", "t", "f", "y", "n"})
_ID_NAME = re.compile(r"(^|_)(id|key|uuid|guid|index|rownames?|number|nr)($|_)")
_SEPARATORS = ",;\t|"
_FEWEST_FOR_ID = 20


@dataclass(frozen=True, slots=True)
class Guess:
    """What one column seems to hold.

    `name` is the file's name as an identifier, `given` the name in the file; `kind` a type of the dictionary; `format` how times
    are written; `missing` the spellings of nothing; `levels` the values of a set of codes, most frequent first.
    """

    name: str
    given: str
    kind: str
    format: str | None
    missing: tuple[str, ...]
    nulls: int
    distinct: int
    low: float | None
    high: float | None
    example: str | int | float | None
    levels: tuple[str, ...]
    identifies: bool
    values: pl.Series


def read_raw(path: Path) -> pl.DataFrame:
    """Return a table as its file gives it: a text table's cells as text, all columns, no types.

    Raises:
        UsageError: DATA-001 to DATA-006 the file is not a table.
    """
    kind = file_kind(path)
    if kind == "parquet":
        return pl.read_parquet(path)
    data = _unpacked(path, kind)
    if kind.startswith("json"):
        return pl.read_ndjson(data, infer_schema_length=None)
    first = data.partition(b"\n")[0].decode(errors="replace")
    separator = max(_SEPARATORS, key=lambda s: len(next(csv.reader(io.StringIO(first), delimiter=s), ())))
    _refuse_twins(next(csv.reader(io.StringIO(first), delimiter=separator), []), path)
    try:
        return pl.read_csv(data, infer_schema=False, separator=separator)
    except pl.exceptions.PolarsError as error:
        why = str(error).partition("\n")[0][:200]
        raise UsageError(
            Fault(
                "DATA-002", "the table cannot be read", (str(path),), why, "check that every line has as many fields as the header"
            )
        ) from error


def _unpacked(path: Path, kind: Kind) -> bytes:
    content = path.read_bytes()
    if kind.endswith("zst"):
        fix = "unpack it first:  zstd -d FILE"
        raise UsageError(Fault("DATA-006", "a project is begun from an unpacked or gzipped table", (str(path),), fix=fix))
    return as_utf8(gunzip(content, path) if kind.endswith("gz") else content, path)


def _refuse_twins(header: list[str], path: Path) -> None:
    twins = sorted({name for name in header if header.count(name) > 1})
    if twins:
        why = "a table without a header line looks like this too: its first row stands where the names should be"
        fix = "give every column a name of its own, in the first line"
        raise UsageError(Fault("DATA-005", f"several columns are called {twins[0]!r}", (f"{path}:1",), why, fix))


def guess_columns(frame: pl.DataFrame) -> tuple[Guess, ...]:
    """Return what each column of a table seems to hold."""
    names = _identifiers(frame.columns)
    return tuple(_guess(names[given], given, frame[given]) for given in frame.columns)


def _identifiers(given: list[str]) -> Mapping[str, str]:
    """Return a name for each column that may be a function's parameter: lower case, no spaces, each once."""
    names: dict[str, str] = {}
    for place, name in enumerate(given):
        plain = (
            re.sub(r"[^0-9a-zA-Z]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).strip("_").lower() or f"column_{place + 1}"
        )
        plain = (
            f"c_{plain}" if plain[0].isdigit() or plain in ("period", "class", "def", "in", "is", "from", "for", "if") else plain
        )
        names[name] = plain if plain not in names.values() else f"{plain}_{place + 1}"
    return names


def _guess(name: str, given: str, column: pl.Series) -> Guess:
    values, missing = _without_nothing(column)
    kind, form, typed = _typed(values)
    distinct = typed.drop_nulls().n_unique()
    levels = _levels(typed) if kind == "text" and distinct <= MOST_CODES else ()
    filled = len(typed) - typed.null_count()
    whole = distinct == filled and filled >= _FEWEST_FOR_ID and not typed.null_count()
    named = not given or _ID_NAME.search(name) is not None
    identifies = whole and (kind == "text" or (kind == "integer" and (named or _counts_up(typed))))
    low, high = (_number(typed.min()), _number(typed.max())) if kind in ("integer", "number") else (None, None)
    return Guess(
        name, given, kind, form, missing, typed.null_count(), distinct, low, high, _example(typed, kind), levels, identifies, typed
    )


def _without_nothing(column: pl.Series) -> tuple[pl.Series, tuple[str, ...]]:
    """Return a text column with its spellings of nothing as nulls, and which of them it holds."""
    if column.dtype != pl.String:
        return column, ()
    plain = column.str.strip_chars()
    found = plain.is_in(_NOTHING)
    spelt = tuple(sorted(word for word in plain.filter(found).unique().drop_nulls().to_list() if word))
    return plain.to_frame().select(pl.when(~pl.first().is_in(_NOTHING)).then(pl.first())).to_series(), spelt


def _typed(column: pl.Series) -> tuple[str, str | None, pl.Series]:
    """Return the type a column fits without exception, how its times are written, and its values in that type."""
    if column.dtype == pl.Boolean:
        return "boolean", None, column
    if column.dtype.is_integer():
        return "integer", None, column
    if column.dtype.is_numeric():
        whole = column.drop_nulls()
        fits = bool(len(whole)) and bool((whole == whole.floor()).all()) and bool(whole.is_finite().all())
        return ("integer", None, column.cast(pl.Int64, strict=False)) if fits and column.null_count() else ("number", None, column)
    if column.dtype.is_temporal():
        return "datetime", None, column
    if column.dtype != pl.String:
        return "text", None, column.cast(pl.String, strict=False)
    return _typed_text(column)


def _typed_text(column: pl.Series) -> tuple[str, str | None, pl.Series]:
    filled = column.drop_nulls()
    if filled.is_empty():
        return "text", None, column
    # 007 is a name, not a number
    if not filled.str.contains(r"^-?0\d").any():
        for kind, dtype in (("integer", pl.Int64), ("number", pl.Float64)):
            cast = column.cast(dtype, strict=False)
            if cast.null_count() == column.null_count():
                return kind, None, cast
    if set(filled.str.to_lowercase().unique().to_list()) <= _YES_NO:
        return "boolean", None, column.str.to_lowercase().is_in(["true", "yes", "t", "y"])
    for form in _TIMES:
        parsed = _as_time(column, form)
        if parsed.null_count() == column.null_count():
            return "datetime", form, parsed
    return "text", None, column


def _as_time(column: pl.Series, form: str) -> pl.Series:
    if "%H" not in form:
        return column.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    return column.str.to_datetime(form, time_unit="us", strict=False)


def _levels(column: pl.Series) -> tuple[str, ...]:
    counted = column.drop_nulls().value_counts().sort(["count", column.name], descending=[True, False])
    return tuple(str(value) for value in counted[column.name].to_list())


def _counts_up(column: pl.Series) -> bool:
    return bool((column.diff().drop_nulls() == 1).all())


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _example(column: pl.Series, kind: str) -> str | int | float | None:
    filled = column.drop_nulls()
    if filled.is_empty():
        return None
    value = filled.sort()[len(filled) // 2] if kind in ("integer", "number", "datetime") else filled[0]
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)
