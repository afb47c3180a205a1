"""Which answers of a job are not part of a log yet, and is anybody still at them?

A job writes to a hidden folder beside the log's segments, and holds a lock on it, which the kernel frees when the process ends: a
folder that nobody holds is what a killed job left, and holds rows of people where nobody would look for them.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from steward.serving.log import segments_in

_PREFIX = ".score-"


def hidden_folder(folder: Path, job: str) -> Path:
    """Return where the answers of a job wait until they become part of the log in `folder`."""
    return folder / f"{_PREFIX}{job}"


@contextmanager
def holding(hidden: Path) -> Iterator[bool]:
    """Keep a hidden folder, made where it is missing, for this process; False where another one has it."""
    held = _hold(hidden)
    try:
        yield held is not None
    finally:
        if held is not None:
            os.close(held)


def clear_unfinished(folder: Path) -> tuple[int, list[Path]]:
    """Remove what killed jobs left beside a log; return how many segments, and the folders of jobs that are still at work."""
    removed, at_work = 0, []
    for hidden in sorted(folder.glob(f"{_PREFIX}*")):
        with holding(hidden) as mine:
            if mine:
                removed += len(segments_in(hidden))
                rmtree(hidden)
            else:
                at_work.append(hidden)
    return removed, at_work


def _hold(hidden: Path) -> int | None:
    while True:
        hidden.mkdir(mode=0o700, exist_ok=True)
        file = os.open(hidden, os.O_RDONLY)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), hidden.stat()):
                return file
        os.close(file)  # whoever had it before has removed it: under its name there is another one now, or none
