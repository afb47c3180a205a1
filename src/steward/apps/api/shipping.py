"""Who carries the log to the database while the server answers? A thread of its own, which no answer waits for."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from steward.core.errors import StewardError
from steward.flows.ports import Ports
from steward.flows.retain import clear_old
from steward.flows.ship import backlog, has_lost_all, look_up, ship
from steward.project.read import Project
from steward.serving.log import SegmentLog
from steward.serving.outcomes import OutcomeDesk, Status
from steward.serving.ship import Waiting

_DAY_S = 86_400
_STOP_S = 5
_PATIENCE_S = 5
_MAX_CHARS = 300


@dataclass(frozen=True, slots=True)
class LogState:
    """How many records are not in the database yet, since when the oldest waits (ISO 8601, UTC), and why, if that is known."""

    waiting: int
    since: str | None
    last_error: str | None


class LogKeeper:
    """Ships what was logged every second, and once a day clears what is too old.

    Args:
        ship: brings over what waits; told whether it is the first time. It may raise: nothing is lost, the next second tries again.
        clear: removes what is too old; it may raise too.
        look: says what of predictions and of outcomes waits.
        every_s: seconds between two passes.
    """

    def __init__(
        self,
        ship: Callable[[bool], object],
        clear: Callable[[], object],
        look: Callable[[], Sequence[Waiting]],
        *,
        every_s: float = 1.0,
    ) -> None:
        self._ship = ship
        self._clear = clear
        self._look = look
        self._every_s = every_s
        self._first = True
        self._clear_at = 0.0
        self._error: str | None = None
        self._began: float | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ok(self) -> bool:
        """Whether the last pass went well, and this one does not hang: then the database may be asked."""
        began = self._began
        return self._error is None and (began is None or time.monotonic() - began < _PATIENCE_S)

    def state(self) -> LogState:
        """Return what waits now."""
        found = self._look()
        since = min((one.since for one in found if one.since is not None), default=None)
        return LogState(sum(one.count for one in found), since, self._error)

    def start(self) -> None:
        """Begin, or begin again after `stop`."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stopping,), name="steward-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Bring over what the last requests left and end; a database that does not answer is waited for a few seconds only."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def _run(self, stopping: threading.Event) -> None:
        last = False
        while not last:
            last = stopping.wait(self._every_s)
            self.work()

    def work(self) -> None:
        """Make one pass; what went wrong shows in `state`."""
        self._began = time.monotonic()
        try:
            self._ship(self._first)
            self._first = False
            if time.monotonic() >= self._clear_at:
                self._clear()
                self._clear_at = time.monotonic() + _DAY_S
        except Exception as error:  # noqa: BLE001 - whatever the database or the disk does, the server goes on answering
            self._error = _in_short(error)
        else:
            self._error = None
        finally:
            self._began = None


def log_keeper(project: Project, ports: Ports, logs: Sequence[SegmentLog]) -> LogKeeper:
    """Return the keeper of a server's logs; `logs` are those it writes itself, whose segments it ends before it clears.

    Raises:
        EnvironmentFault: SERVE-013 nothing can be written to one of `logs`: then no answer could be given.
    """
    name = project.spec.name
    for log in logs:
        log.prove_writable()

    def pass_on(first: bool) -> None:  # noqa: FBT001 - the keeper calls it so
        ship(name, ports, again=first and has_lost_all(name, ports), wait=False)

    def clear() -> None:
        if project.spec.serving.retention_days is not None:
            for log in logs:
                log.close()
            clear_old(project, ports)

    return LogKeeper(pass_on, clear, backlog(name, ports))


def outcome_desk(project: Project, ports: Ports, log: SegmentLog, keeper: LogKeeper) -> OutcomeDesk:
    """Return what takes outcomes for a project; the database is asked for ids only while the keeper gets through to it."""
    name = project.spec.name

    def known(ids: Collection[str]) -> Mapping[str, Status]:
        return look_up(name, ports, ids, ask_database=keeper.ok)

    return OutcomeDesk(name, project.spec.task, log, ports.clock, known)


def _in_short(error: Exception) -> str:
    if isinstance(error, StewardError):
        return "; ".join(f"{fault.code}: {fault.what}" for fault in error.faults)[:_MAX_CHARS]
    return f"{type(error).__name__}: {error}"[:_MAX_CHARS]
