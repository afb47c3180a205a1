"""Who is working on this project now? One process at a time; the kernel frees the lock when it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from steward.core.errors import Fault, Refused


@contextmanager
def only_one(folder: Path, project: str) -> Iterator[None]:
    """Hold the project's lock, or raise Refused RUN-001 naming the process that holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{project}.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            what = f"another run of {project} is under way (process {owner})"
            raise Refused(Fault("RUN-001", what, fix="wait for it, or stop that process; nothing needs cleaning up")) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
