"""What does an experiment tracker get to know about a version, and what does it answer?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that a tracker is told of one version; `key` makes telling it twice the same as once."""

    model: str
    version: int
    key: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Path


@dataclass(frozen=True, slots=True)
class Tracked:
    """Where the tracker keeps it: its own run id and its own version number."""

    run_id: str
    version: str


class Tracker(Protocol):
    """MLflow, or memory in tests."""

    def log(self, experiment: Experiment) -> Tracked:
        """Record a version once; the same key again returns what is there."""
        ...

    def point(self, model: str, alias: str, tracked: Tracked) -> None:
        """Let an alias (champion, challenger) follow Steward's own pointer."""
        ...
