"""Is an answer that was given ever lost? It is written down before it is sent.

Each worker appends to segments of its own. A line is ``crc32 length json``: the checksum and the length
(bytes, both as eight hex digits) tell a whole record from one that a crash cut, and one damaged line
costs only itself. The files are plain text and can be read without Steward.
"""

import fcntl
import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic_core import from_json, to_json

from steward.core.errors import EnvironmentFault, Fault

_PREFIX = len("00000000 00000000 ")
_SUFFIX = ".segment"
# What stands in the place of a record that was forgotten; blanks fill it up, so that nothing behind it moves.
_FORGOTTEN = b'{"forgotten":true}'


class PredictionLog(Protocol):
    """Where answers are kept: segments on disk, or memory in tests."""

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep some records, JSON objects with a `prediction_id`; all are kept when it returns, or it raises."""
        ...

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Return what was kept, in the order it was appended by each worker."""
        ...


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that is not a whole record: where it begins, in bytes, and its length."""

    segment: Path
    offset: int
    length: int


class SegmentLog:
    """Appends records to segments in `folder`, of which only this worker writes its own.

    Args:
        folder: made on the first append.
        worker: tells the writers apart; a process id or a pod's name. One that was used before is no
            danger: a segment that exists is never opened for writing again.
        sync: wait for the disk at each append. Without it a killed process loses nothing, a machine
            that loses power may lose the last seconds.
        segment_bytes: when to begin another segment.
        as_kept: makes of a record's `row` what may be written down.

    While it writes a segment it holds a lock on it, which the kernel frees when the process ends: whoever gets the lock
    knows that nobody will write there any more.
    """

    def __init__(
        self,
        folder: Path,
        worker: str,
        *,
        sync: bool = False,
        segment_bytes: int = 64 << 20,
        as_kept: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> None:
        self._folder = folder
        self._worker = worker
        self._sync = sync
        self._as_kept = as_kept
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._file: int | None = None
        self._segment: Path | None = None
        self._begun = 0
        self._size = 0

    def prove_writable(self) -> None:
        """Make the folder where it is missing, and a segment in it that is removed again; called before the first append.

        Raises:
            EnvironmentFault: SERVE-013 nothing can be written there.
        """
        with self._lock:
            try:
                self._begin()
                self._take_back()
            except OSError as error:
                fix = "make the folder writable for whoever runs the server, or name another workspace:  export STEWARD_HOME=..."
                what = "no answer could be written to the log"
                raise EnvironmentFault(Fault("SERVE-013", what, (str(self._folder),), str(error), fix)) from error

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write some records by one call, whole or not at all.

        Raises:
            EnvironmentFault: SERVE-011 they could not be written; nothing of them is in the log.
        """
        kept = records if self._as_kept is None else [{**record, "row": self._as_kept(record["row"])} for record in records]
        content = b"".join(_encode(record) for record in kept)
        with self._lock:
            try:
                self._write(content)
            except OSError as error:
                # This goes to whoever asked: it names no place on this machine.
                fix = "make room for the workspace's folder `predictions`, or make it writable, and ask again"
                what = "the prediction could not be written to the log, so it is not given"
                raise EnvironmentFault(Fault("SERVE-011", what, why=error.strerror or str(error), fix=fix)) from error

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Return what all workers have written to the folder."""
        return read_segments(self._folder)

    def close(self) -> None:
        """Finish the segment; a later append begins another."""
        with self._lock:
            self._finish()

    def _write(self, content: bytes) -> None:
        if self._size >= self._segment_bytes:
            self._finish()
        file, is_new = self._file, self._file is None
        if file is None:
            file = self._begin()
        try:
            _write_whole(file, content)
            if self._sync:
                os.fsync(file)
            if self._sync and is_new:
                _sync_names(self._folder)
        except OSError:
            self._take_back()
            raise
        self._size += len(content)

    def _begin(self) -> int:
        self._file, self._segment, self._begun = _create_segment(self._folder, self._worker, self._begun)
        return self._file

    def _take_back(self) -> None:
        """Cut off what a failed append left; the next one begins a segment, clear of any rest.

        A segment that holds nothing else goes: a full disk would fill with them. Its name is not used again, as a reader may
        have seen the rest under it.
        """
        if self._file is not None:
            try:
                os.ftruncate(self._file, self._size)
                if self._size == 0 and self._segment is not None:
                    self._segment.unlink()
            finally:
                self._finish()

    def _finish(self) -> None:
        file, self._file, self._size = self._file, None, 0
        if file is not None:
            os.close(file)


def read_segments(folder: Path, *, on_damage: Callable[[Damage], None] | None = None) -> Iterator[Mapping[str, Any]]:
    """Return every whole record in a folder's segments, in the order of their names; none where there is no folder.

    A line that a crash cut, or that was changed since, is skipped and told to `on_damage`. A segment that is
    being written is read as far as it goes.
    """
    for segment in segments_in(folder):
        yield from _read_segment(segment, on_damage)


def segments_in(folder: Path) -> list[Path]:
    """Return a folder's segments in the order of their names; none where there is no folder."""
    return sorted(folder.glob(f"*{_SUFFIX}"))


def lines_from(segment: Path, offset: int) -> Iterator[tuple[int, bytes]]:
    """Return the whole lines of a segment from a byte on, each with the place where it begins; a cut end is left out.

    A segment that has gone has none: a worker takes back one in which nothing could be written.
    """
    with suppress(FileNotFoundError), segment.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield offset, line
            offset += len(line)


def record_of(line: bytes) -> Mapping[str, Any] | None:
    """Return the record in a line; None where it is damaged, or was forgotten."""
    return None if _is_forgotten(line) else _decode(line)


def forget_line(segment: Path, offset: int, length: int) -> None:
    """Put a line that holds nothing in the place of one, of the same length: a worker may go on writing behind it."""
    body = _FORGOTTEN.ljust(length - _PREFIX - 1)
    file = os.open(segment, os.O_WRONLY)
    try:
        before = os.fstat(file)
        os.pwrite(file, _sealed(body), offset)
        os.fsync(file)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # a segment is as old as its newest record
    finally:
        os.close(file)


def is_being_written(segment: Path) -> bool:
    """Tell whether a worker may still append to a segment."""
    file = os.open(segment, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _read_segment(segment: Path, on_damage: Callable[[Damage], None] | None) -> Iterator[Mapping[str, Any]]:
    offset = 0
    with suppress(FileNotFoundError), segment.open("rb") as file:
        for line in file:
            record = record_of(line)
            if record is not None:
                yield record
            elif on_damage is not None and not _is_forgotten(line):
                on_damage(Damage(segment, offset, len(line)))
            offset += len(line)


def _write_whole(file: int, content: bytes) -> None:
    written = os.write(file, content)
    if written != len(content):
        raise OSError(f"only {written} of {len(content)} bytes could be written")


def _sync_names(folder: Path) -> None:
    """Let the names of new segments outlive a machine that loses power, as their content does."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _create_segment(folder: Path, worker: str, after: int) -> tuple[int, Path, int]:
    """Return a new segment, open and locked, its path, and its number, which is larger than `after`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = after or len(list(folder.glob(f"{worker}-*{_SUFFIX}")))
    while True:
        number += 1
        segment = folder / f"{worker}-{number:06d}{_SUFFIX}"
        try:
            # Requests hold what people sent: nobody else on the machine reads them.
            file = os.open(segment, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            continue
        fcntl.flock(file, fcntl.LOCK_EX)
        return file, segment, number


def _encode(record: Mapping[str, Any]) -> bytes:
    body = to_json(record)
    if b"NaN" in body or b"Infinity" in body:  # a number that JSON has not, which is refused; or a text that says so
        body = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return _sealed(body)


def _sealed(body: bytes) -> bytes:
    return b"%08x %08x %b\n" % (zlib.crc32(body), len(body), body)


def _is_forgotten(line: bytes) -> bool:
    return line.startswith(_FORGOTTEN, _PREFIX)


def _decode(line: bytes) -> Mapping[str, Any] | None:
    body = line[_PREFIX:-1]
    if not line.endswith(b"\n") or line[:_PREFIX] != b"%08x %08x " % (zlib.crc32(body), len(body)):
        return None
    record: Mapping[str, Any] = from_json(body)
    return record
