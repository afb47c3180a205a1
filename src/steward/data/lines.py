"""Does every line of a text table have as many fields as its header, and on which line does a row stand?

Counting separators of the whole file costs a few milliseconds for 20 MB; only where the count is off are
lines looked at one by one, and only then is it said which.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from steward.core.errors import Fault, UsageError

_BLOCK = 4 << 20
_QUOTE = ord('"')
_EXAMPLES = 3


def refuse_uneven(data: bytes, separator: str, fields: int, rows: int | None, path: Path) -> None:
    """Refuse a table with lines that are too short or too long.

    Args:
        data: the table as UTF-8.
        separator: between fields.
        fields: of the header.
        rows: as counted by the reader, without the header; None where it could not read the table.
        path: only named in messages.

    Raises:
        UsageError: DATA-002 with the first such lines.
    """
    if rows is not None and (fields == 1 or _separators(data, separator) == (rows + 1) * (fields - 1)):
        return
    uneven = [(line, found) for line, found in _records(data, separator, path) if found != fields]
    if uneven:
        last = data.count(b"\n") + 1
        cut = not data.endswith(b"\n") and [line for line, _ in uneven] == [last]
        raise UsageError(_uneven(uneven, fields, path, open_quote(data), cut=cut))


def line_numbers(data: bytes, separator: str, rows: Sequence[int], path: Path) -> tuple[int, ...]:
    """Return the line, from 1, on which each of some rows ends; `rows` count from 0 after the header and ascend."""
    wanted = set(rows)
    records = islice(_records(data, separator, path), 1, max(rows, default=0) + 2)
    return tuple(line for row, (line, _) in enumerate(records) if row in wanted)


def open_quote(data: bytes) -> str:
    """Return a sentence if the quotes of a table do not come in pairs."""
    return "a quote is opened and never closed" if data.count(b'"') % 2 else ""


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


def _records(data: bytes, separator: str, path: Path) -> Iterator[tuple[int, int]]:
    """Give line and number of fields of each record, the header first."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    reader = csv.reader(lines, delimiter=separator, strict=False)
    try:
        for record in reader:
            yield reader.line_num, len(record)
    except csv.Error as error:
        where = (f"{path}:{reader.line_num}",)
        raise UsageError(Fault("DATA-002", "the table cannot be read", where, str(error), "fetch the file again")) from error


def _uneven(lines: Sequence[tuple[int, int]], fields: int, path: Path, why: str, *, cut: bool) -> Fault:
    places = ", ".join(f":{line} has {found}" for line, found in lines[:_EXAMPLES])
    many = "1 line does" if len(lines) == 1 else f"{len(lines):,} lines do"
    what = "the last line is cut" if cut else f"{many} not have the {fields} fields of the header"
    fix = "fetch the file again" if cut else "mend these lines: a separator is missing, too many, or not quoted"
    return Fault("DATA-002", what, (f"{path}{places} of {fields} fields",), why or "a field is missing or in the wrong column", fix)
