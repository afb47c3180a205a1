"""How good was the data of each run, and what did its checks find?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # commands that only look need not wait for what computes findings
    from steward.quality.findings import Finding

Stage = Literal["raw", "clean"]


@dataclass(frozen=True, slots=True)
class QualityMetric:
    """One figure about one column before or after cleaning; `column` is empty for the rows as a whole, `value` None for none."""

    stage: Stage
    column: str
    metric: str
    value: float | None


@dataclass(frozen=True, slots=True)
class KeptMetric:
    """A figure with the run it comes from and when it was kept (ISO 8601, UTC)."""

    project: str
    run: str
    figure: QualityMetric
    at: str


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding with the run it comes from and when it was kept (ISO 8601, UTC); examples are not kept, they are rows."""

    project: str
    run: str
    finding: "Finding"
    at: str


class QualityStore(Protocol):
    """Where figures and findings are kept over time: the SQL store, or memory in tests."""

    def keep_metrics(self, project: str, run: str, figures: Sequence[QualityMetric]) -> None:
        """Keep the figures of a run; those it kept before are replaced."""
        ...

    def keep_findings(self, project: str, run: str, found: "Sequence[Finding]") -> None:
        """Keep the findings of a run; those it kept before are replaced."""
        ...

    def metrics(self, project: str, metric: str) -> Sequence[KeptMetric]:
        """Return one figure of a project's columns over time, oldest first."""
        ...

    def findings(self, project: str, *, limit: int) -> Sequence[KeptFinding]:
        """Return the newest findings of a project, newest run first, in the order of the checks."""
        ...
