"""What rows do JSON lines hold: one flat object a line?

Each line is parsed by itself: a column-wise reader takes a name that comes twice, or NaN, without a word. A line that is
no JSON is a row that cannot be read; one that says something no table can hold refuses the file.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.header import MOST_COLUMNS, header_remarks, known_spellings, match_header, plain
from steward.data.plain_text import plain_text
from steward.data.remarks import TableRead, shown
from steward.data.settle import Cells, converted, settle
from steward.project.dictionary import DictionarySpec

_CHUNK = 50_000
_Value = str | int | float | bool | None
_TYPES: Mapping[frozenset[type], pl.DataType] = {
    frozenset({bool}): pl.Boolean(),
    frozenset({int}): pl.Int64(),
    frozenset({float}): pl.Float64(),
    frozenset({str}): pl.String(),
}


class _NoTable(Exception):  # noqa: N818 - it says what a line is
    """What a line says cannot stand in a table; the message tells what it is."""


@dataclass(slots=True)
class _Columns:
    """Columns that grow chunk by chunk; a name first seen later is null in the rows before. Only `known` names have cells."""

    known: Collection[str]
    path: Path
    rows: int = 0
    names: dict[str, None] = field(default_factory=dict)
    parts: dict[str, list[pl.Series]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)


def read_json_lines(data: bytes, dictionary: DictionarySpec, wanted: Sequence[str], path: Path, max_unreadable: float) -> TableRead:
    """Return the wanted columns that the lines have, under their canonical names and in their exact types.

    Args:
        data: the unpacked file.
        dictionary: names, aliases and types.
        wanted: canonical names in the order to return them.
        path: only named in messages.
        max_unreadable: greatest share of rows that may be set apart.

    Raises:
        UsageError: DATA-001 no rows, DATA-004 and DATA-005 the names, DATA-006 no text, DATA-012 values that cannot be
            read, DATA-013 something is too large, DATA-015 a line that no table can hold.
    """
    text = plain_text(data, path)
    if text.data.lstrip().startswith(b"["):
        raise UsageError(Fault("DATA-015", "the file is one JSON array, not an object a line", (f"{path}:1",), fix=_FIX))
    lines = text.data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    header, columns, broken = _parse(lines, _Columns(known_spellings(dictionary), path))
    if not header:
        what = "no line is a JSON object with values"
        raise UsageError(Fault("DATA-015", what, (f"{path}:1   ({shown(lines[0][:80].decode())})",), fix=_FIX))
    places = match_header(header, dictionary, wanted, path)
    given = {name: columns[header[place]] for name, place in places.items()}
    remarks = (*text.remarks, *header_remarks(header, dictionary, places))

    def stand(rows: Sequence[int]) -> tuple[list[int], list[str]]:
        return [row + 1 for row in rows], [lines[row].decode(errors="replace") for row in rows]

    cells = Cells(path, given, stand, "line", broken, remarks=remarks)
    return settle(cells, converted(cells, dictionary), dictionary, max_unreadable)


_FIX = "write one flat JSON object a line, each name once, numbers finite"


def _parse(lines: Sequence[bytes], columns: _Columns) -> tuple[list[str], dict[str, pl.Series], dict[int, str]]:
    """Return the names in the order they were met, their cells, and the rows that are no JSON with the reason."""
    broken: dict[int, str] = {}
    for start in range(0, len(lines), _CHUNK):
        objects: list[dict[str, _Value]] = []
        for row, line in enumerate(lines[start : start + _CHUNK], start):
            found = _object(line, row, columns.path)
            if isinstance(found, str):
                broken[row] = found
                found = {}
            objects.append(found)
        _add(columns, objects)
    return list(columns.names), {name: _whole(columns, name) for name in columns.parts}, broken


def _object(line: bytes, row: int, path: Path) -> dict[str, _Value] | str:
    """Return a line's names and values, or why it is no JSON."""
    try:
        found = _DECODER.decode(line.decode())
    except _NoTable as error:
        raise UsageError(Fault("DATA-015", str(error), (f"{path}:{row + 1}",), fix=_FIX)) from error
    except RecursionError as error:
        raise UsageError(Fault("DATA-015", "values lie in one another without end", (f"{path}:{row + 1}",), fix=_FIX)) from error
    except ValueError as error:
        return f"no JSON: {str(error)[:100]}"
    if not isinstance(found, dict):
        kind = "a JSON array" if isinstance(found, list) else "a single value"
        raise UsageError(Fault("DATA-015", f"the line is {kind}, not an object", (f"{path}:{row + 1}",), fix=_FIX))
    return found


def _flat(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the object of some pairs, if each name comes once and each value is single."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NoTable(f"the name {shown(twice)!r} comes twice in one object")
    for name, value in pairs:
        if isinstance(value, dict | list):
            raise _NoTable(f"column {shown(name)!r} holds nested values")
        if isinstance(value, float) and value in (float("inf"), float("-inf")):
            raise _NoTable(f"column {shown(name)!r} holds a number that is too large")
    return found


def _constant(word: str) -> NoReturn:
    raise _NoTable(f"{word} is no JSON; a missing value is written null")


_DECODER = json.JSONDecoder(object_pairs_hook=_flat, parse_constant=_constant)


def _add(columns: _Columns, objects: Sequence[Mapping[str, _Value]]) -> None:
    names = dict.fromkeys(name for one in objects for name in one)
    columns.names |= names
    if len(columns.names) > MOST_COLUMNS:
        what = f"the lines have more than {MOST_COLUMNS:,} names in all"
        raise UsageError(Fault("DATA-013", what, (str(columns.path),), fix="give every line the same names"))
    for name in filter(lambda name: plain(name) in columns.known, names):
        part = _series(name, [one.get(name) for one in objects])
        before = columns.lengths.get(name, 0)
        gap = [pl.Series(name, [], part.dtype).extend_constant(None, columns.rows - before)] if before < columns.rows else []
        columns.parts.setdefault(name, []).extend([*gap, part])
        columns.lengths[name] = columns.rows + len(objects)
    columns.rows += len(objects)


def _series(name: str, values: Sequence[_Value]) -> pl.Series:
    """Return cells in their own type where they share one that holds them exactly, else as JSON spells them."""
    dtype = _TYPES.get(frozenset(type(value) for value in values if value is not None))
    if dtype is not None:
        try:
            return pl.Series(name, values, dtype=dtype, strict=True)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):  # an integer of more than 64 bits
            pass
    return pl.Series(name, [_spelt(value) for value in values], dtype=pl.String)


def _spelt(value: _Value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


def _whole(columns: _Columns, name: str) -> pl.Series:
    """Return all cells of a column; chunks of different types meet as text."""
    parts = columns.parts[name]
    missing = columns.rows - columns.lengths[name]
    if len({str(part.dtype) for part in parts}) > 1:
        parts = [_as_text(part) for part in parts]
    whole = pl.concat(parts)
    return whole.extend_constant(None, missing) if missing else whole


def _as_text(part: pl.Series) -> pl.Series:
    return part.cast(pl.String)
