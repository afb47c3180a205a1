"""What of a log is not in the database yet? Segments are read on from where the last pass ended.

A cursor says how many bytes of each segment the database has. It is written after the database's commit: a process that
dies between the two offers the same records once more, and the database knows them by their ids. So each record is there
once, whenever the process was killed. A cursor that is lost or damaged costs time, and nothing else.
"""

import fcntl
import json
import os
import re
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steward.core.atomic import write_text_atomically
from steward.serving.log import lines_from, record_of, segments_in

Cursor = Mapping[str, int]
"""By a segment's name, how many of its bytes were kept."""

_BATCH = 4000  # a transaction of so many takes about a tenth of a second; smaller ones cost twice as much a record
_BLOCK = 1 << 20
_ID = re.compile(rb'"prediction_id":"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records that were not kept yet, and where the cursor stands once they are."""

    records: tuple[Mapping[str, Any], ...]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many lines of the log are not in the database, and since when the oldest waits (ISO 8601, UTC)."""

    count: int
    since: str | None


def read_cursor(path: Path) -> Cursor:
    """Return the cursor in a file; an empty one where it is not there or cannot be read."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        return {str(name): int(at) for name, at in found.items()} if isinstance(found, dict) else {}
    return {}


def write_cursor(path: Path, cursor: Cursor) -> None:
    """Keep a cursor, whole or not at all."""
    write_text_atomically(path, json.dumps(cursor))


def unshipped(folder: Path, cursor: Cursor, *, size: int = _BATCH) -> Iterator[Batch]:
    """Return what a folder's segments hold beyond the cursor, at most `size` lines at a time.

    Damaged and forgotten lines are passed over; a line that is being written waits for the next pass.
    """
    segments = segments_in(folder)
    reached = {segment.name: _start(segment, cursor) for segment in segments}
    for segment in segments:
        records: list[Mapping[str, Any]] = []
        lines = 0
        for at, line in lines_from(segment, reached[segment.name]):
            record = record_of(line)
            records += [] if record is None else [record]
            reached[segment.name], lines = at + len(line), lines + 1
            if lines == size:
                yield Batch(tuple(records), dict(reached))
                records, lines = [], 0
        if lines:
            yield Batch(tuple(records), dict(reached))


def is_shipped(segment: Path, cursor: Cursor) -> bool:
    """Tell whether the database has all whole lines of a segment."""
    return next(lines_from(segment, _start(segment, cursor)), None) is None


def among_unshipped(
    folder: Path, cursor: Cursor, wanted: Collection[str], *, max_bytes: int
) -> tuple[Mapping[str, Mapping[str, Any]], bool]:
    """Return those records beyond the cursor that have some prediction ids, by id, and whether all there is was looked through.

    With more than `max_bytes` beyond the cursor the rest is not looked at, nor is it once all ids are found.
    """
    found: dict[str, Mapping[str, Any]] = {}
    missing = {one.encode(errors="replace") for one in wanted}
    seen = 0
    for segment in segments_in(folder):
        for _, line in lines_from(segment, _start(segment, cursor)):
            seen += len(line)
            if seen > max_bytes:
                return found, False
            if missing.isdisjoint(_ID.findall(line)):  # reading a whole line costs many times this
                continue
            record = record_of(line)
            if record is not None and record.get("prediction_id") in wanted:
                found[record["prediction_id"]] = record
                missing.discard(record["prediction_id"].encode())
            if not missing:
                return found, True
    return found, True


@contextmanager
def alone(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Keep other processes from shipping, forgetting and clearing a folder meanwhile; False where another is at it.

    The kernel frees the lock when its holder dies. With `wait` the answer is always True.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(folder / "shipping.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(file)


class Backlog:
    """Counts what waits in a folder; what was counted once is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._counted: dict[str, tuple[int, int, int]] = {}

    def look(self, cursor: Cursor) -> Waiting:
        """Return what waits beyond a cursor."""
        with self._lock:
            segments = segments_in(self._folder)
            self._counted = {segment.name: self._count(segment, _start(segment, cursor)) for segment in segments}
            behind = [(segment, self._counted[segment.name]) for segment in segments if self._counted[segment.name][2]]
        times = [at for segment, (start, _, _) in behind if (at := _time(segment, start)) is not None]
        return Waiting(sum(lines for _, (_, _, lines) in behind), min(times, default=None))

    def _count(self, segment: Path, start: int) -> tuple[int, int, int]:
        """Return the place where counting began, where it ended, and how many lines lie between."""
        begun, end, lines = self._counted.get(segment.name, (start, start, 0))
        if begun != start or end < start:
            end, lines = start, 0
        with suppress(FileNotFoundError), segment.open("rb") as file:
            file.seek(end)
            while block := file.read(_BLOCK):
                end, lines = end + len(block), lines + block.count(b"\n")
        return start, end, lines


def _start(segment: Path, cursor: Cursor) -> int:
    """Return where to read on; from the beginning where the segment is shorter than it was, and so another one."""
    at = cursor.get(segment.name, 0)
    with suppress(FileNotFoundError):
        return at if at <= segment.stat().st_size else 0
    return 0


def _time(segment: Path, offset: int) -> str | None:
    """Return when the first record from a byte on was written."""
    with suppress(FileNotFoundError):
        for _, line in lines_from(segment, offset):
            record = record_of(line)
            if record is not None:
                return str(record.get("received_at", record.get("at")))
    return None
