"""What is a run, what is a step of it, and where are they remembered?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

RunStatus = Literal["running", "finished", "failed"]


@dataclass(frozen=True, slots=True)
class Run:
    """One pass of the loop; `options` and `frozen` (the project as it was) are JSON objects."""

    id: str
    project: str
    status: RunStatus
    trigger: str
    options: Mapping[str, object]
    frozen: Mapping[str, object]
    result: Mapping[str, object]
    started_at: str
    finished_at: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run; `key` is the digest of all it depends on, `output` a JSON object, `at` when it ended (ISO 8601, UTC)."""

    run: str
    name: str
    key: str
    status: RunStatus
    reused: bool
    output: Mapping[str, Any]
    at: str | None = None


class RunStore(Protocol):
    """Where runs and steps are remembered: the SQL store, or memory in tests."""

    def start(self, run: Run, *, actor: str) -> None:
        """Remember a new run and say so in the journal."""
        ...

    def latest(self, project: str) -> Run | None:
        """Return the newest run of a project."""
        ...

    def runs(self, project: str, *, limit: int) -> Sequence[Run]:
        """Return the newest runs of a project, newest first."""
        ...

    def projects(self) -> Sequence[str]:
        """Return the names of all projects that ever ran, sorted."""
        ...

    def steps(self, run: str) -> Sequence[Step]:
        """Return a run's steps in the order they began."""
        ...

    def done_before(self, key: str) -> Step | None:
        """Return a finished step with this key, of any run."""
        ...

    def begin_step(self, run: str, name: str, key: str) -> None:
        """Write down the intent to do a step."""
        ...

    def finish_step(self, step: Step, *, kind: str, detail: Mapping[str, object], actor: str) -> None:
        """Write down a step's output together with its entry in the journal."""
        ...

    def finish(self, run: str, status: RunStatus, result: Mapping[str, object], *, actor: str) -> None:
        """Close a run."""
        ...
