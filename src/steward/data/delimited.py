"""What rows does a text table hold?

The fast path reads every column at once in its declared type. Where anything does not fit, the table is
read again as text, so that each cell that cannot be read is counted and shown with its line. Every line
must have as many fields as the header: the CSV reader would fill short lines with nulls in silence.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.convert import DTYPES, Converted, convert
from steward.data.header import known_names, match_header
from steward.data.lines import line_numbers, open_quote, refuse_uneven
from steward.data.plain_text import as_utf8
from steward.data.unreadable import unreadable_cells
from steward.project.dictionary import DictionarySpec

_HEAD_BYTES = 1 << 20
_SAMPLE_ROWS = 100
_SEPARATORS = ",;\t|"


@dataclass(frozen=True, slots=True)
class _Table:
    """A text table in memory: UTF-8, how it is laid out, and at which place each wanted column stands."""

    path: Path
    data: bytes
    separator: str
    header: tuple[str, ...]
    places: Mapping[str, int]
    dictionary: DictionarySpec


def read_delimited(data: bytes, dictionary: DictionarySpec, wanted: Sequence[str], path: Path) -> pl.DataFrame:
    """Return the wanted columns that the table has, under their canonical names and in their exact types.

    Args:
        data: the unpacked file.
        dictionary: names, aliases and types.
        wanted: canonical names in the order to return them.
        path: only named in messages.

    Raises:
        UsageError: DATA-001 no rows, DATA-002 lines of the wrong length, DATA-004 and DATA-005 the header,
            DATA-006 not UTF-8 text, DATA-012 cells that cannot be read.
    """
    table = _open(as_utf8(data, path), dictionary, wanted, path)
    frame = _read_typed(table)
    return _read_as_text(table) if frame is None else frame


def _open(data: bytes, dictionary: DictionarySpec, wanted: Sequence[str], path: Path) -> _Table:
    headers = {separator: _header(data, separator, path) for separator in _SEPARATORS}
    separator = max(headers, key=lambda s: known_names(headers[s], dictionary))
    header = headers[separator]
    return _Table(path, data, separator, header, match_header(header, dictionary, wanted, path), dictionary)


def _header(data: bytes, separator: str, path: Path) -> tuple[str, ...]:
    head = io.StringIO(data[:_HEAD_BYTES].decode(errors="replace"), newline="")
    try:
        return tuple(next(csv.reader(head, delimiter=separator), ()))
    except csv.Error as error:
        raise UsageError(
            Fault("DATA-002", "the header cannot be read", (f"{path}:1",), str(error), "fetch the file again")
        ) from error


def _read_csv(table: _Table, types: Mapping[int, pl.DataType], rows: int | None = None) -> pl.DataFrame:
    """Read all columns, named by their place; those without a type as text. Too long a line raises ComputeError."""
    schema = {str(place): types.get(place, pl.String()) for place in range(len(table.header))}
    return pl.read_csv(table.data, has_header=False, skip_rows=1, schema=schema, separator=table.separator, n_rows=rows)


def _read_typed(table: _Table) -> pl.DataFrame | None:
    """Return the columns if every value fits the type declared for it."""
    try:
        frame = _read_csv(table, _types(table))
    except pl.exceptions.PolarsError:
        return None
    columns = _convert(table, frame)
    if any(column.unreadable is not None for column in columns.values()):
        return None
    return _even(table, frame.height, columns)


def _types(table: _Table) -> dict[int, pl.DataType]:
    """Return what each place can be read as at once; dates and booleans are made from text afterwards."""
    sample = _read_csv(table, {}, rows=_SAMPLE_ROWS)
    types = {}
    for name, place in table.places.items():
        kind = table.dictionary.columns[name].type
        # Integers with holes are often written 1.0: such a column is read as numbers and then checked to be whole.
        if kind == "integer" and sample[str(place)].str.contains(".", literal=True).any():
            kind = "number"
        if kind in ("integer", "number"):
            types[place] = DTYPES[kind]
    return types


def _read_as_text(table: _Table) -> pl.DataFrame:
    """Read every cell as text, and say which of them do not fit."""
    try:
        frame = _read_csv(table, {})
    except pl.exceptions.PolarsError as error:
        refuse_uneven(table.data, table.separator, len(table.header), None, table.path)
        why = open_quote(table.data) or str(error).partition("\n")[0][:200]
        raise UsageError(Fault("DATA-002", "the table cannot be read", (str(table.path),), why, "fetch the file again")) from error
    columns = _convert(table, frame)
    even = _even(table, frame.height, columns)  # a line out of step explains the cells after it, so it is named first
    _refuse_unreadable(table, frame, columns)
    return even


def _convert(table: _Table, frame: pl.DataFrame) -> dict[str, Converted]:
    return {name: convert(frame[str(place)], table.dictionary.columns[name]) for name, place in table.places.items()}


def _even(table: _Table, rows: int, columns: Mapping[str, Converted]) -> pl.DataFrame:
    """Return the converted columns as a frame, after a look at the number of rows and fields."""
    if not rows:
        raise UsageError(Fault("DATA-001", "the file has a header and no rows", (str(table.path),), fix="fetch or export it again"))
    refuse_uneven(table.data, table.separator, len(table.header), rows, table.path)
    return pl.DataFrame([column.values.alias(name) for name, column in columns.items()])


def _refuse_unreadable(table: _Table, frame: pl.DataFrame, columns: Mapping[str, Converted]) -> None:
    def where(rows: Sequence[int]) -> str:
        lines = line_numbers(table.data, table.separator, rows, table.path)
        return f"{table.path}:{', :'.join(map(str, lines))}"

    faults = [
        unreadable_cells(table.header[place], table.dictionary.columns[name], frame[str(place)], mask, where)
        for name, place in table.places.items()
        if (mask := columns[name].unreadable) is not None
    ]
    if faults:
        raise UsageError(*faults)
