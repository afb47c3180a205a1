"""What does every flow need from outside? One bundle of values, put together by bootstrap."""

from dataclasses import dataclass
from pathlib import Path

from steward.agent.incidents import IncidentStore
from steward.core.clock import Clock
from steward.core.journal import Journal
from steward.core.progress import Progress
from steward.core.runs import RunStore
from steward.core.workspace import Workspace
from steward.monitoring.history import WindowHistory
from steward.registry.tracking import Tracker
from steward.registry.versions import Registry


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of the flows; `actor` names who gave the command."""

    clock: Clock
    workspace: Workspace
    journal: Journal
    runs: RunStore
    registry: Registry
    windows: WindowHistory
    incidents: IncidentStore
    tracker: Tracker
    progress: Progress
    actor: str
    data: Path | None
    offline: bool
