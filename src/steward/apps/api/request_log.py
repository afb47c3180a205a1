"""What was asked of the server, and how did it go? One JSON line a request, in a file that does not grow for ever.

A line says when, by which method, which route (its template, never the path or query that was sent), the status, how long
it took, whose key (its prefix), and the request's id. It holds no row, no header and no secret.
"""

import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic_core import to_json

Tell = Callable[[Mapping[str, object]], None]

_MAX_BYTES = 16_000_000


def tell_nobody(_event: Mapping[str, object]) -> None:
    """Tell nobody."""


def tell_stderr(event: Mapping[str, object]) -> None:
    """Write a line to the process's own output, for whoever collects that."""
    sys.stderr.write(_line(event).decode())
    sys.stderr.flush()


class LineFile:
    """Appends lines to a file, only for its owner to read; the one before is kept beside it, older ones are not.

    What is no plain file - a terminal, a pipe, /dev/null - is written to and never put aside.

    A line that cannot be written is lost and counted: the request it tells of was answered all the same.
    """

    def __init__(self, path: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._file: int | None = None
        self._size = 0
        self._is_plain = False
        self.lost = 0

    def __call__(self, event: Mapping[str, object]) -> None:
        """Write one line."""
        line = _line(event)
        try:
            self._size += os.write(self._opened(), line)
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Close the file; a later line opens it again."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _opened(self) -> int:
        if self._file is not None and self._is_plain and self._size >= self._max_bytes:
            self.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            about = os.fstat(self._file)
            self._size, self._is_plain = about.st_size, stat.S_ISREG(about.st_mode)
        return self._file


def _line(event: Mapping[str, object]) -> bytes:
    return to_json(event) + b"\n"
