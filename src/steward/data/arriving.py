"""How does a file from elsewhere get its name: once, whole, or not at all?

Written beside under a passing name, by one process at a time, then renamed; a full disk says how much room was missing.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from steward.core.errors import EnvironmentFault, Fault

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def arriving(path: Path, needed: int | None = None) -> Iterator[Path]:
    """Give a path to write to; at the end what stands there gets the name, and after any error nothing is left.

    Args:
        path: the final name; a file already there is replaced.
        needed: bytes that will be written, where known.

    Raises:
        EnvironmentFault: DATA-090 no room, DATA-091 the folder cannot be written to.
    """
    with alone(path), enough_room(path, needed):
        beside = path.with_name(f".{path.name}.tmp")
        try:
            yield beside
            sync(beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes from bringing the same file meanwhile; they wait. The kernel frees the lock of one that dies."""
    with enough_room(path, None):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.lock").open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def enough_room(path: Path, needed: int | None) -> Iterator[None]:
    """Refuse to begin what will not fit, and say what is missing where the disk fills up on the way.

    Raises:
        EnvironmentFault: DATA-090 no room, DATA-091 the folder cannot be written to.
    """
    if needed is not None and needed > _free(path):
        raise _no_room(path, needed, "that is not begun")
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _no_room(path, needed, os.strerror(error.errno)) from error
        if error.errno in _CLOSED:
            fix = "make the folder writable, or name another workspace:  export STEWARD_HOME=..."
            what = "the folder for fetched files cannot be written to"
            raise EnvironmentFault(Fault("DATA-091", what, (str(path.parent),), os.strerror(error.errno), fix)) from error
        raise


def sync(path: Path) -> None:
    """See that a file's bytes are on the disk before its name is."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _free(path: Path) -> int:
    """Return the free bytes of the disk a path lies on, or will lie on."""
    there = next(folder for folder in path.absolute().parents if folder.is_dir())
    return shutil.disk_usage(there).free


def _no_room(path: Path, needed: int | None, why: str) -> EnvironmentFault:
    size = f"{needed:,} bytes are needed" if needed is not None else "its size is not known beforehand"
    what = f"no room for {path.name}: {size}, {_free(path):,} are free"
    fix = "free some room, or name a workspace on another disk:  export STEWARD_HOME=...; then give the same command again"
    return EnvironmentFault(Fault("DATA-090", what, (str(path),), why, fix))
