"""Who looks after several processes of one server? A parent, which answers nothing itself, and so has little that can fail.

It holds the port and starts the workers - afresh, not as copies of itself: threads do not survive that - and puts another in the
place of one that died. The others answer meanwhile: each listens on a socket of its own, which goes with it. After one that died
at once the next waits, longer each time. SIGTERM or SIGINT ends them all, after they answered what they had accepted.

``steward serve --workers N`` becomes this process, by which it gets rid of all it had loaded until then.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from steward.apps.api.listening import request_log
from steward.apps.api.orders import Orders
from steward.apps.api.request_log import Tell
from steward.apps.api.shared_folder import ANSWERS, has_begun, shared_folder, tidy
from steward.core.clock import SystemClock

_LOOK_S = 0.1
_TIDY_S = 60.0
_SHORT_LIFE_S = 10.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_END_S = 15.0
_OURS = range(1, 5)
"""Exit codes that a worker chooses: it says why it cannot serve."""


@dataclass(slots=True)
class _Place:
    """A worker's place: who is there since when, or when the next one comes."""

    orders: Orders
    process: subprocess.Popen[bytes] | None = None
    began_s: float = 0.0
    pause_s: float = 0.0
    start_at_s: float = 0.0


def main(text: str, server: str) -> int:
    """Run the workers of a server in a folder of its own; return the exit code."""
    orders = Orders.of_text(text)
    folder = Path(orders.folder)
    with shared_folder(folder, server) as shared:
        return run_workers(replace(orders, folder=str(shared)), request_log(orders.requests, folder, server))


def run_workers(orders: Orders, tell: Tell) -> int:
    """Keep `orders.of` workers running until told to stop.

    Args:
        orders: of each worker, but for its number.
        tell: is told of each that began or died.

    Returns:
        0, or the exit code of a worker that could not begin when none had begun yet.
    """
    folder = Path(orders.folder)
    places = [_Place(replace(orders, number=number)) for number in range(1, orders.of + 1)]
    tidy_at_s = time.monotonic() + _TIDY_S
    with _noticing_signals() as noticed:
        try:
            while not noticed:
                now_s = time.monotonic()
                codes = [_look_after(place, now_s, tell) for place in places]
                failed = [code for code in codes if code in _OURS]
                if failed and not has_begun(folder):
                    return failed[0] or 1
                if now_s > tidy_at_s:
                    tidy(folder / ANSWERS, time.time())
                    tidy_at_s = now_s + _TIDY_S
                time.sleep(_LOOK_S)
        finally:
            _end(places)
    return 0


def pause_after(pause_s: float, lived_s: float) -> float:
    """Return for how long the next one waits, after a worker lived that long and the pause before it was `pause_s`.

    >>> pause_after(0.0, 3600.0), pause_after(0.0, 1.0), pause_after(0.5, 1.0), pause_after(20.0, 1.0)
    (0.0, 0.5, 1.0, 30.0)
    """
    return 0.0 if lived_s >= _SHORT_LIFE_S else min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, 2 * pause_s))


def _look_after(place: _Place, now_s: float, tell: Tell) -> int | None:
    """Start a worker where its time has come; return the exit code of one that died."""
    if place.process is None:
        if now_s >= place.start_at_s:
            place.process, place.began_s = _start(place.orders), now_s
            _tell(tell, "worker.started", place, pid=place.process.pid)
        return None
    code = place.process.poll()
    if code is not None:
        pid, place.process = place.process.pid, None
        place.orders = replace(place.orders, after=(pid, code))
        place.pause_s = pause_after(place.pause_s, now_s - place.began_s)
        place.start_at_s = now_s + place.pause_s
        _tell(tell, "worker.died", place, pid=pid, exit=code, again_in_s=place.pause_s)
    return code


def _tell(tell: Tell, event: str, place: _Place, **about: float) -> None:
    tell({"at": SystemClock().now().isoformat(), "event": event, "worker": place.orders.number, **about})


def _start(orders: Orders) -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C in a terminal reaches the parent alone, which then ends the workers.
    command = [sys.executable, "-m", "steward.apps.api.worker", orders.as_text()]
    return subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(orders.socket,), process_group=0)  # noqa: S603 - ourselves


def _end(places: list[_Place]) -> None:
    """Ask all to end, wait, and end those that did not."""
    running = [place.process for place in places if place.process is not None]
    for process in running:
        process.terminate()
    deadline_s = time.monotonic() + _END_S
    for process in running:
        try:
            process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _noticing_signals() -> Iterator[list[int]]:
    """Yield a list to which SIGTERM and SIGINT are added instead of ending the process."""
    noticed: list[int] = []

    def notice(number: int, _frame: FrameType | None) -> None:
        noticed.append(number)

    before = {number: signal.signal(number, notice) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield noticed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
