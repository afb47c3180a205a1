"""Which candidates were tried in each run, and what did they reach?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Part = Literal["validation", "test"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a candidate reached on one part of the rows; `value` in the metric's unit, None where it failed."""

    candidate: str
    part: Part
    metric: str
    value: float | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Experiment:
    """A result with the run it comes from and when it was kept (ISO 8601, UTC)."""

    project: str
    run: str
    tried: Tried
    at: str


class ExperimentStore(Protocol):
    """Where results are kept over time: the SQL store, or memory in tests."""

    def keep(self, project: str, run: str, results: Sequence[Tried]) -> None:
        """Keep the results of a run; those it kept before are replaced."""
        ...

    def experiments(self, project: str, *, limit: int) -> Sequence[Experiment]:
        """Return the newest results of a project, newest run first."""
        ...
