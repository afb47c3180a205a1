"""What is going wrong with a model now, what was asked, and who decided?

One incident is open a model at most: a second alarm joins it. A question asked anew replaces the
pending one, so that an approval always belongs to the facts it was asked with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from steward.agent.approve import Approval, FrozenAction


@dataclass(frozen=True, slots=True)
class Incident:
    """Alarms of one model that belong together; `labels` names their windows, oldest first."""

    id: str
    model: str
    version: int
    status: Literal["open", "closed"]
    severity: float | None
    labels: tuple[str, ...]
    outcome: str | None
    opened_at: str


class IncidentStore(Protocol):
    """Where incidents and approvals are kept: the SQL store, or memory in tests."""

    def raise_alarm(self, model: str, version: int, label: str, severity: float | None, *, actor: str) -> Incident:
        """Open an incident, or add the window to the open one."""
        ...

    def open_incident(self, model: str) -> Incident | None:
        """Return the open incident of a model."""
        ...

    def incident(self, incident_id: str) -> Incident:
        """Return one incident; UsageError AGENT-010 where there is none."""
        ...

    def close(self, incident_id: str, outcome: str, *, actor: str) -> None:
        """Close an incident with what came of it."""
        ...

    def ask(self, incident: Incident, action: FrozenAction) -> Approval:
        """File the question in the place of the incident's pending one; a pending one that asks the same is returned."""
        ...

    def approval(self, approval_id: str) -> Approval:
        """Return one approval; UsageError AGENT-011 where there is none."""
        ...

    def approvals(self, model: str, *, status: str | None = None) -> Sequence[Approval]:
        """Return approvals of a model, newest first."""
        ...

    def decide(self, approval: Approval, *, approved: bool, by: str, reason: str) -> Approval:
        """Record a decision on a pending approval; Refused AGENT-012 where somebody decided before."""
        ...
