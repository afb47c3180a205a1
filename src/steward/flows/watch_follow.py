"""How does a monitor watch on, window by window, until it is told to stop?

It looks when a window has ended, and once in a while for outcomes that came in late. What is away for a moment - the database,
a disk - is told and waited for: the log keeps the rows, and the next look catches up.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic

from steward.core.errors import EnvironmentFault, Fault, StewardError, UsageError
from steward.flows.ports import Ports
from steward.flows.respond import Response, respond
from steward.flows.watch import Watched
from steward.flows.watch_due import next_end
from steward.flows.watch_log import watch_log
from steward.project.read import Project

POLL_S = 2.0
_LATE_S = 60.0
_IDLE = 20  # times as long as a look for late outcomes took, nobody looks for them again

Tell = Callable[[Sequence[Watched], Response | None], None]


def follow_log(
    project_now: Callable[[], Project],
    where: str,
    ports: Ports,
    *,
    wait: Callable[[float], bool],
    tell: Tell,
    since: datetime | None = None,
) -> None:
    """Watch the log's windows as they end, until told to stop.

    Args:
        project_now: returns the project as the champion of now was trained with it.
        where: the project as the user named it.
        ports: the outside world; its clock says when a window is over, and may jump.
        wait: waits so many seconds, and returns True once it should end.
        tell: told of windows that were judged, and what followed.
        since: windows that begin before this are left out.

    Raises:
        UsageError: WATCH-007 the project names no windows.
        Refused: at the first look there is no champion, or its files are not what was recorded. Whatever goes wrong at a later
            one is told, and the next one tries again.
    """
    project = project_now()
    _refuse_without_windows(project)
    late_at, seen_at, end, looked = 0.0, ports.clock.now(), None, False
    while True:
        now, began = ports.clock.now(), monotonic()
        late, jumped = began >= late_at, now < seen_at
        seen_at = now
        if late or jumped or end is None or now >= end:
            try:
                project = project_now()
                _look(project, where, ports, tell, since, again=late, goes_on=lambda: not wait(0))
                looked = True
            except (StewardError, OSError) as error:
                if not looked and not isinstance(error, EnvironmentFault):
                    raise
                ports.progress.warned(f"{_what(error)}: the next look catches up")
            end = next_end(project.spec.watch, now)
            late_at = monotonic() + max(_LATE_S, _IDLE * (monotonic() - began)) if late else late_at
        if wait(min(POLL_S, _until(end, now))):
            return


def _look(
    project: Project, where: str, ports: Ports, tell: Tell, since: datetime | None, *, again: bool, goes_on: Callable[[], bool]
) -> None:
    watched = watch_log(project, ports, since=since, again=again, goes_on=goes_on)
    response = respond(project, where, watched, ports)
    if any(not one.known for one in watched):
        tell(watched, response)


def _what(error: StewardError | OSError) -> str:
    return error.faults[0].what if isinstance(error, StewardError) else str(error)


def _until(end: datetime | None, now: datetime) -> float:
    return POLL_S if end is None else max(0.0, (end - now) / timedelta(seconds=1))


def _refuse_without_windows(project: Project) -> None:
    if project.spec.watch.every is None and project.spec.watch.count is None:
        fix = "write  watch: {every: 1d}  into the project file, or add  --set watch.every=1d"
        raise UsageError(Fault("WATCH-007", "nothing says how long a window of the log is", ("project.yaml: watch",), fix=fix))
