"""How is a text table laid out: what separates its cells, and does its first line name the columns?"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from steward.core.errors import Fault, UsageError
from steward.data.header import known_names
from steward.data.remarks import Remark, shown
from steward.project.dictionary import DictionarySpec

_HEAD_BYTES = 1 << 21
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_DATUM = re.compile(r"[-+]?[\d.,]*\d(e[-+]?\d+)?|\d{4}-\d\d-\d\d([T ].*)?|\d\d?[./]\d\d?[./]\d{4}.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """What separates cells, the columns' names, and whether the first line is those names."""

    separator: str
    header: tuple[str, ...]
    own_header: bool
    remarks: tuple[Remark, ...] = ()


def find_layout(data: bytes, dictionary: DictionarySpec, declared: Sequence[str], path: Path) -> Layout:
    """Return how a table in UTF-8 is laid out.

    Args:
        data: the table.
        dictionary: a first line that holds its names is a header.
        declared: the columns' names where the file has no header line; a header in the file goes before it.
        path: only named in messages.

    Raises:
        UsageError: DATA-002 the first line cannot be read, DATA-010 it is a row and no names were declared, DATA-011 other names
            were declared than it has cells, DATA-014 the header comes again further down.
    """
    head = _head(data)
    if not head.partition("\n")[0].strip():
        raise UsageError(Fault("DATA-002", "the first line is blank", (f"{path}:1",), fix="take away the blank lines at the top"))
    firsts = {separator: _first(head, separator, path) for separator in _SEPARATORS}
    separator = max(firsts, key=lambda one: (known_names(firsts[one], dictionary), len(firsts[one])))
    found = firsts[separator]
    known = known_names(found, dictionary)
    if declared and 2 * known < len(found):
        return _as_declared(firsts, tuple(declared), path)
    if not known and any(_DATUM.fullmatch(cell.strip()) for cell in found):
        raise UsageError(_headless(found, path))
    _refuse_repeated(data, len(found), path)
    remarks = _remarks(separator)
    if declared:
        remarks += (Remark("the file has a header line of its own, which was used instead of source.header"),)
    return Layout(separator, found, own_header=True, remarks=remarks)


def _head(data: bytes) -> str:
    """Return the first line, or more where a quoted cell in it goes on in the next."""
    end = data.find(b"\n") + 1 or len(data)
    more = data.count(b'"', 0, end) % 2
    return data[: _HEAD_BYTES if more else end].decode(errors="replace")


def _first(head: str, separator: str, path: Path) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader(io.StringIO(head, newline=""), delimiter=separator), ()))
    except csv.Error as error:
        fault = Fault("DATA-002", "the header cannot be read", (f"{path}:1",), str(error), "fetch the file again")
        raise UsageError(fault) from error


def _as_declared(firsts: dict[str, tuple[str, ...]], declared: tuple[str, ...], path: Path) -> Layout:
    separator = next((one for one, cells in firsts.items() if len(cells) == len(declared)), None)
    if separator is None:
        cells = max(firsts.values(), key=len)
        what = f"source.header names {len(declared)} columns, the first line has {len(cells)} cells"
        line = ", ".join(map(shown, cells[:20]))
        fix = "name as many columns in source.header as a line has cells, in their order"
        raise UsageError(Fault("DATA-011", what, (f"{path}:1   ({line})",), fix=fix))
    return Layout(separator, declared, own_header=False, remarks=_remarks(separator))


def _headless(found: Sequence[str], path: Path) -> Fault:
    line = ", ".join(map(shown, found[:20]))
    why = "it would be taken for column names, and be lost as a row"
    fix = "name the columns in project.yaml:  source: {header: [...]}; or put a line with their names on top"
    return Fault("DATA-010", "the first line is a row, not a header", (f"{path}:1   ({line})",), why, fix)


def _remarks(separator: str) -> tuple[Remark, ...]:
    return () if separator == "," else (Remark(f"cells are separated by {_SEPARATORS[separator]}"),)


def _refuse_repeated(data: bytes, fields: int, path: Path) -> None:
    """Refuse a file whose first line comes again; with one column it may be a value."""
    end = data.find(b"\n")
    if fields == 1 or end < 0:
        return
    line = data[: end + 1]
    again = data.find(b"\n" + line, end)
    if again < 0 and data.endswith(b"\n" + line.rstrip(b"\r\n")) and len(data) > len(line):
        again = len(data) - len(line)
    if again >= 0:
        line_number = data.count(b"\n", 0, again + 1) + 1
        why = "two files were probably put one after the other"
        raise UsageError(
            Fault(
                "DATA-014",
                "the header comes again among the rows",
                (f"{path}:{line_number}",),
                why,
                "take the line away, or give both files",
            )
        )
