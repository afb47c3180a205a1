"""Does every line of a text table have as many cells as its header, and on which line does a row stand?

Counting separators of the whole file costs a few milliseconds for 20 MB; only where the count is off are
lines looked at one by one, and only then is it said which.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.remarks import shown

_BLOCK = 4 << 20
_QUOTE = ord('"')
_EXAMPLES = 3
_SEPARATORS = ",;\t|"
_Record = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a table in UTF-8: what separates their cells, how many there are, and whether the first is a header."""

    data: bytes
    separator: str
    cells: int
    header: bool
    path: Path


def short_rows(lines: Lines, rows: int | None) -> Mapping[int, str]:
    """Return the rows, from 0, with too few cells, and how many these are in words; mostly none.

    Args:
        lines: the table.
        rows: as counted by the reader, without the header; None where it could not read the table.

    Raises:
        UsageError: DATA-002 lines that are blank, too long, separated in another way, or that end elsewhere for the reader;
            DATA-013 a cell is too long.
    """
    _refuse_open_quote(lines)
    if rows is not None and (
        lines.cells == 1 or _separators(lines.data, lines.separator) == (rows + lines.header) * (lines.cells - 1)
    ):
        return {}
    short: dict[int, int] = {}
    hopeless: list[_Record] = []
    row = -1
    for row, (line, record) in enumerate(_records(lines), start=-1 if lines.header else 0):
        if len(record) == lines.cells:
            continue
        short[row] = len(record)
        if _is_hopeless(record, lines):
            hopeless.append((line, record))
            if len(hopeless) == _EXAMPLES:
                break
    if hopeless:
        raise UsageError(_hopeless(lines, hopeless))
    if rows is not None and rows != row + 1:
        why = "a quote stands in the middle of a cell, or a cell holds a bare carriage return"
        what = f"lines cannot be told apart: {rows:,} or {row + 1:,}"
        raise UsageError(Fault("DATA-002", what, (str(lines.path),), why, "put quotes around such cells, and double those inside"))
    cut = "" if lines.data.endswith(b"\n") else "the last line is cut: "
    return {at: f"{cut if at == row else ''}{found} of {lines.cells} cells" for at, found in short.items()}


def stand(lines: Lines, rows: Sequence[int]) -> tuple[list[int], list[str]]:
    """Return the line, from 1, on which each of some rows ends, and its text; `rows` count from 0 and ascend."""
    wanted = {row + lines.header for row in rows}
    ends = _line_ends(lines) if b'"' not in lines.data else None
    if ends is not None:
        places = [row + 1 for row in sorted(wanted)]
        starts = [0 if place == 1 else int(ends[place - 2]) + 1 for place in places]
        stops = [int(ends[place - 1]) if place <= len(ends) else len(lines.data) for place in places]
        found = [(place, lines.data[a:b]) for place, a, b in zip(places, starts, stops, strict=True)]
    else:
        found = _spoken(lines, wanted)
    return [line for line, _ in found], [text.decode(errors="replace").rstrip("\r\n") for _, text in found]


def refuse_long_cells(lines: Lines, frame: pl.DataFrame) -> None:
    """Refuse cells longer than `csv` takes; only quoted ones can be, for lines are short.

    Raises:
        UsageError: DATA-013 with the line.
    """
    if b'"' in lines.data:
        columns = frame.select(pl.col(pl.String).str.len_bytes() > csv.field_size_limit())
        if any(column.any() for column in columns.iter_columns()):
            for _ in _records(lines):
                pass


def _line_ends(lines: Lines) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(np.frombuffer(lines.data, np.uint8) == ord("\n"))


def _spoken(lines: Lines, wanted: set[int]) -> list[tuple[int, bytes]]:
    """Return the last line and the text of some records of a table with quotes, where a record may be several lines."""
    ends, found, before = _line_ends(lines), [], 0
    for place, (line, _) in enumerate(islice(_records(lines), max(wanted, default=-1) + 1)):
        if place in wanted:
            start = int(ends[before - 1]) + 1 if before else 0
            stop = int(ends[line - 1]) if line <= len(ends) else len(lines.data)
            found.append((line, lines.data[start:stop]))
        before = line
    return found


def _separators(data: bytes, separator: str) -> int:
    """Return how many separators stand outside quotes."""
    quoted = b'"' in data
    total, opened = 0, 0
    for start in range(0, len(data), _BLOCK):
        block = np.frombuffer(data, np.uint8, count=min(_BLOCK, len(data) - start), offset=start)
        hits = block == ord(separator)
        if quoted:
            parity = (np.cumsum(block == _QUOTE) + opened) & 1
            hits &= parity == 0
            opened = int(parity[-1])
        total += int(np.count_nonzero(hits))
    return total


def _records(lines: Lines) -> Iterator[_Record]:
    """Give last line and cells of each record, the header first."""
    text = io.TextIOWrapper(io.BytesIO(lines.data), encoding="utf-8", newline="\n")
    reader, before = csv.reader(text, delimiter=lines.separator, strict=False), 0
    try:
        for record in reader:
            yield reader.line_num, record
            before = reader.line_num
    except csv.Error as error:
        raise UsageError(_unreadable(error, f"{lines.path}:{before + 1}")) from error


def _unreadable(error: csv.Error, where: str) -> Fault:
    if "field limit" in str(error):
        why = f"it has more than {csv.field_size_limit():,} characters: a quote is probably missing"
        return Fault("DATA-013", "a cell is too long", (where,), why, "close the quote, or shorten the cell")
    return Fault("DATA-002", "the table cannot be read", (where,), str(error), "fetch the file again")


def _is_hopeless(record: list[str], lines: Lines) -> bool:
    """Tell whether a line is not merely short, so that nobody can tell what its cells are."""
    return not record or len(record) > lines.cells or (len(record) == 1 and _other_separator(record[0], lines))


def _hopeless(lines: Lines, found: Sequence[_Record]) -> Fault:
    """Return the fault of the first such lines, of the kind of the first."""
    line, record = found[0]
    if not record:
        what, fix = "there is a blank line in the middle of the table", "take the blank lines away"
        places = ", ".join(f":{line}" for line, record in found if not record)
    elif len(record) > lines.cells:
        what, fix = "a line has more cells than the header", "put quotes around cells that hold the separator"
        places = ", ".join(
            f":{line} has {len(record)} of {lines.cells} cells" for line, record in found if len(record) > lines.cells
        )
    else:
        what, fix = f"a line is not separated by {lines.separator!r} as the header is", "use one separator in the whole file"
        places = f":{line}   ({shown(record[0])})"
    return Fault("DATA-002", what, (f"{lines.path}{places}",), fix=fix)


def _refuse_open_quote(lines: Lines) -> None:
    """Refuse a table whose quotes do not come in pairs: the reader would take all that follows for one cell."""
    if b'"' not in lines.data or lines.data.count(b'"') % 2 == 0:
        return
    begin = before = 0
    for line, _ in _records(lines):
        begin, before = before + 1, line
    if begin == before:  # no cell swallows the end: the quote stands alone inside a cell
        begin = next(number for number, line in enumerate(io.BytesIO(lines.data), 1) if line.count(b'"') % 2)
    fix = "close it, or write it twice inside a quoted cell"
    raise UsageError(Fault("DATA-002", "a quote is opened and never closed", (f"{lines.path}:{begin}",), fix=fix))


def _other_separator(line: str, lines: Lines) -> bool:
    return any(line.count(one) >= max(1, lines.cells - 1) for one in _SEPARATORS if one != lines.separator)
