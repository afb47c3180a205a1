"""Which process works on a trial, and does it still live?

On the same machine the kernel knows. Of a process elsewhere only its heartbeat is seen: where that stands still for a
minute of our own clock, the process is taken for dead. No two clocks are ever compared.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from steward.core.errors import EnvironmentFault
from steward.models.tune_trials import FREE, Trial

BEAT_S = 10.0
SILENT_S = 60.0

_STATE, _STARTED = 0, 19  # of the words of /proc/PID/stat behind the program's name


def own_name() -> str:
    """Return the name of this process among all that may share a database: machine, process, when it started."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_started(pid) or ''}"[:128]


class Watch:
    """Remembers since when a trial's heartbeat has not changed, by the clock it is given (seconds that only go up)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[int, tuple[str, int, float]] = {}

    def is_orphan(self, trial: Trial) -> bool:
        """Tell whether nobody works on a running trial any more."""
        if trial.owner == FREE:
            return True
        machine, _, process = trial.owner.partition(":")
        if machine == _machine():
            pid, _, started = process.partition(":")
            return not pid.isdecimal() or _started(int(pid)) != (started or None)
        return self._is_silent(trial)

    def _is_silent(self, trial: Trial) -> bool:
        now = self._clock()
        owner, beat, since = self._seen.get(trial.number, ("", -1, now))
        if (owner, beat) != (trial.owner, trial.beat):
            self._seen[trial.number] = (trial.owner, trial.beat, now)
            return False
        return now - since > SILENT_S


@contextmanager
def beating(beat: Callable[[int], object], every_s: float = BEAT_S) -> Iterator[None]:
    """Call `beat` with 1, 2, ... in a thread of its own for as long as the body lasts."""
    over = threading.Event()

    def go_on() -> None:
        number = 0
        while not over.wait(every_s):
            number += 1
            # A beat that the database did not take is followed by another; the trial's end is what must not be lost.
            with suppress(EnvironmentFault):
                beat(number)

    thread = threading.Thread(target=go_on, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _machine() -> str:
    """Return a name for this machine; a container, and the same machine after a restart, are others."""
    parts = [socket.gethostname().replace(":", "-")[:64]]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8])
    with suppress(OSError):
        parts.append(Path("/proc/self/ns/pid").readlink().name.strip("pid:[]"))
    return "/".join(parts)


def _started(pid: int) -> str | None:
    """Return when a process of this machine started, in ticks, or 0 where only its life is known; None where it is none."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        return _alive(pid) if not Path("/proc/self/stat").exists() else None
    except OSError:
        return None
    return None if words[_STATE] in "ZX" else words[_STARTED]


def _alive(pid: int) -> str | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return "0"
    return "0"
