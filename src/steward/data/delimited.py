"""What rows does a text table hold?

The fast path reads every column at once in its declared type. Where anything does not fit, the table is
read again as text, so that each cell that cannot be read is counted and shown with its line. Every line
must have as many cells as the header: the CSV reader would fill short lines with nulls in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.convert import DTYPES
from steward.data.header import header_remarks, match_header
from steward.data.layout import Layout, find_layout
from steward.data.lines import Lines, refuse_long_cells, short_rows, stand
from steward.data.plain_text import plain_text
from steward.data.remarks import Remark, TableRead
from steward.data.settle import Cells, converted, is_whole, settle
from steward.project.dictionary import DictionarySpec

_SAMPLE_ROWS = 100
# Polars 2 takes the first row for the whole width unless told otherwise; Polars 1 has no such word and needs none.
_SHORT_FIRST_ROW: Mapping[str, Any] = (
    {"missing_columns": "insert"} if "missing_columns" in signature(pl.read_csv).parameters else {}
)


@dataclass(frozen=True, slots=True)
class _Table:
    """A text table in memory: UTF-8, how it is laid out, and at which place each wanted column stands."""

    lines: Lines
    layout: Layout
    places: Mapping[str, int]
    dictionary: DictionarySpec
    remarks: tuple[Remark, ...]


def read_delimited(
    data: bytes, dictionary: DictionarySpec, wanted: Sequence[str], path: Path, header: Sequence[str], max_unreadable: float
) -> TableRead:
    """Return the wanted columns that the table has, under their canonical names and in their exact types.

    Args:
        data: the unpacked file.
        dictionary: names, aliases and types.
        wanted: canonical names in the order to return them.
        path: only named in messages.
        header: the columns' names where the table has no header line.
        max_unreadable: greatest share of rows that may be set apart.

    Raises:
        UsageError: DATA-001 no rows, DATA-002 lines of the wrong length, DATA-004, DATA-005, DATA-010, DATA-011 and
            DATA-014 the header, DATA-006 no text, DATA-012 cells that cannot be read, DATA-013 something is too large.
    """
    table = _open(data, dictionary, wanted, path, header)
    return _read_typed(table, max_unreadable) or _read_as_text(table, max_unreadable)


def _open(data: bytes, dictionary: DictionarySpec, wanted: Sequence[str], path: Path, header: Sequence[str]) -> _Table:
    text = plain_text(data, path)
    layout = find_layout(text.data, dictionary, header, path)
    places = match_header(layout.header, dictionary, wanted, path)
    remarks = (*text.remarks, *layout.remarks, *header_remarks(layout.header, dictionary, places))
    lines = Lines(text.data, layout.separator, len(layout.header), layout.own_header, path)
    return _Table(lines, layout, places, dictionary, remarks)


def _read_csv(table: _Table, types: Mapping[int, pl.DataType], rows: int | None = None) -> pl.DataFrame:
    """Read all columns, named by their place; those without a type as text. Too long a line raises ComputeError."""
    schema = {str(place): types.get(place, pl.String()) for place in range(len(table.layout.header))}
    return pl.read_csv(
        table.lines.data,
        has_header=False,
        skip_rows=int(table.layout.own_header),
        schema=schema,
        separator=table.layout.separator,
        n_rows=rows,
        **_SHORT_FIRST_ROW,
    )


def _read_typed(table: _Table, max_unreadable: float) -> TableRead | None:
    """Return the rows if every value fits the type declared for it."""
    try:
        frame = _read_csv(table, _types(table))
    except pl.exceptions.PolarsError:
        return None
    cells = _cells(table, frame)
    columns = converted(cells, table.dictionary)
    return settle(cells, columns, table.dictionary, max_unreadable) if is_whole(cells, columns) else None


def _types(table: _Table) -> dict[int, pl.DataType]:
    """Return what each place can be read as at once; dates and booleans are made from text afterwards."""
    sample = _read_csv(table, {}, rows=_SAMPLE_ROWS)
    types = {}
    for name, place in table.places.items():
        kind, cells = table.dictionary.columns[name].type, sample[str(place)]
        # Integers with holes are often written 1.0: such a column is read as numbers and then checked to be whole.
        if kind == "integer" and cells.str.contains(".", literal=True).any():
            kind = "number"
        # Names such as 007 stay text long enough for it to be said what becomes of them.
        if kind in ("integer", "number") and not cells.str.contains(r"^\s*0\d").any():
            types[place] = DTYPES[kind]
    return types


def _read_as_text(table: _Table, max_unreadable: float) -> TableRead:
    """Read every cell as text, and say which of them do not fit."""
    try:
        frame = _read_csv(table, {})
    except pl.exceptions.PolarsError as error:
        short_rows(table.lines, None)
        why = str(error).partition("\n")[0][:200]
        fault = Fault("DATA-002", "the table cannot be read", (str(table.lines.path),), why, "fetch the file again")
        raise UsageError(fault) from error
    cells = _cells(table, frame)
    return settle(cells, converted(cells, table.dictionary), table.dictionary, max_unreadable)


def _cells(table: _Table, frame: pl.DataFrame) -> Cells:
    refuse_long_cells(table.lines, frame)
    return Cells(
        path=table.lines.path,
        given={name: frame[str(place)].alias(table.layout.header[place]) for name, place in table.places.items()},
        stand=lambda rows: stand(table.lines, rows),
        place="line",
        short=short_rows(table.lines, frame.height),
        decimal_comma=table.layout.separator != ",",
        remarks=table.remarks,
    )
