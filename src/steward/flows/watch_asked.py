"""What was asked to be watched: a period of source rows, its parts, or the log?"""

from dataclasses import dataclass

from steward.core.errors import Fault, UsageError
from steward.flows.ports import Ports
from steward.flows.watch import Watched
from steward.flows.watch_log import read_since, watch_log
from steward.flows.watch_rows import Part, watch_parts, watch_period
from steward.project.read import Project


@dataclass(frozen=True, slots=True)
class Asked:
    """A period of source rows, by day or week or as a whole, or the log, as a whole or since a time."""

    period: str | None = None
    by: Part | None = None
    log: bool = False
    since: str | None = None

    def __post_init__(self) -> None:
        """Refuse what does not fit together.

        Raises:
            UsageError: WATCH-001 neither or both of period and log, WATCH-006 a word that belongs to the other one.
        """
        if self.log == (self.period is not None):
            fix = "name a month:  --period 2024-01   or watch what was answered:  --log"
            raise UsageError(Fault("WATCH-001", "what should be watched: a month, or the log?", fix=fix))
        if (self.by is not None and self.log) or (self.since is not None and not self.log):
            fix = "write  --period 2024-01 --by day   or  --log --since 2024-01-01T00:00Z"
            raise UsageError(Fault("WATCH-006", "--by belongs to --period, and --since to --log", fix=fix))


def watch_asked(project: Project, asked: Asked, ports: Ports) -> tuple[Watched, ...]:
    """Watch what was asked for and return the windows, oldest first; none where no window of the log is over yet.

    Raises:
        UsageError: WATCH-002 the period is none, WATCH-004 its rows have no time, WATCH-005 `since` names no moment.
    """
    if asked.period is None:
        return watch_log(project, ports, since=None if asked.since is None else read_since(asked.since))
    if asked.by is not None:
        return watch_parts(project, asked.period, asked.by, ports)
    return (watch_period(project, asked.period, ports),)
