"""Where does what the workers of one server share lie? In a folder that is gone with the server, however it ended."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path

COUNTERS = "counters"
ANSWERS = "answers"
STATES = "worker-*.json"
LASTS_S = 3600.0
MAX_ANSWERS = 10_000
MAX_BYTES_KEPT = 32_000_000
_YOUNG_S = 60.0


@contextmanager
def shared_folder(parent: Path, name: str) -> Iterator[Path]:
    """Yield a new folder that is there for as long as this process; those of processes that were killed are removed too."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in parent.iterdir():
        _remove_if_left(left)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    file = os.open(folder, os.O_RDONLY)
    fcntl.flock(file, fcntl.LOCK_EX)
    for part in (COUNTERS, ANSWERS):
        (folder / part).mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(file)


def has_begun(folder: Path) -> bool:
    """Tell whether some worker ever got so far that it could answer."""
    return any(folder.glob(STATES))


def tidy(folder: Path, now_s: float) -> None:
    """Remove answers older than an hour, and the oldest beyond 10,000 or 32 MB.

    Args:
        folder: of the answers, a file each.
        now_s: as files tell it (epoch).
    """
    found = []
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            found.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
    newest_first = sorted(found, reverse=True)
    sizes = accumulate(size for _, size, _ in newest_first)
    for rank, ((at_s, size, path), total) in enumerate(zip(newest_first, sizes, strict=True)):
        # What is empty was just begun, or left by a worker that died.
        if now_s - at_s > LASTS_S or (size and (rank >= MAX_ANSWERS or total > MAX_BYTES_KEPT)):
            Path(path).unlink(missing_ok=True)


def _remove_if_left(folder: Path) -> None:
    try:
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.time() - os.fstat(file).st_ctime > _YOUNG_S:  # another server may have made it a moment ago
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(file)
