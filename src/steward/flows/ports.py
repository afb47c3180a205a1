"""What does every flow need from outside? One bundle of values, put together by bootstrap."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from steward.agent.incidents import IncidentStore
from steward.core.clock import Clock
from steward.core.journal import Journal
from steward.core.progress import Progress
from steward.core.runs import RunStore
from steward.core.workspace import Workspace
from steward.data.tables import RowTables
from steward.models.history import ExperimentStore
from steward.models.tune_trials import StudyStore
from steward.monitoring.history import SketchStore, WindowHistory
from steward.project.sources import QuerySpec
from steward.quality.history import QualityStore
from steward.registry.tracking import Tracker
from steward.registry.versions import Registry
from steward.serving.challenge import ChallengeStore
from steward.serving.history import PredictionStore
from steward.serving.keys import KeyStore

Query = Callable[[QuerySpec, str, Path], Path]
"""Asks a database for one period's rows and returns the file they are in now, below a cache folder."""


class Helper(Protocol):
    """A process that works on the same study as this one."""

    def terminate(self) -> None:
        """Ask it to give back what it is at, and to end."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; subprocess.TimeoutExpired when it has not by then."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of the flows.

    `actor` names who gave the command; with `refresh` a publisher is asked whether a file fetched before is another one by now.
    """

    clock: Clock
    workspace: Workspace
    journal: Journal
    runs: RunStore
    registry: Registry
    windows: WindowHistory
    sketches: SketchStore
    incidents: IncidentStore
    quality: QualityStore
    experiments: ExperimentStore
    studies: StudyStore
    predictions: PredictionStore
    challenges: ChallengeStore
    keys: KeyStore
    tables: RowTables
    tracker: Tracker
    query: Query
    start_helper: Callable[[Path], Helper]
    progress: Progress
    actor: str
    data: Path | None
    offline: bool
    refresh: bool = False
