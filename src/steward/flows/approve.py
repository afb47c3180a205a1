"""A person decided: is the decision still about what was asked, and is it carried out once?"""

from dataclasses import dataclass

from steward.agent.approve import Approval, refuse_unless_valid
from steward.core.errors import Fault, UsageError
from steward.core.runs import Run
from steward.flows.ports import Ports
from steward.flows.retrain import retrain
from steward.project.read import Project


@dataclass(frozen=True, slots=True)
class Decided:
    """The approval as it stands now, and the run it led to (None when rejected)."""

    approval: Approval
    run: Run | None


def pick_approval(model: str, approval_id: str | None, ports: Ports) -> Approval:
    """Return the approval named, or the only one that waits.

    Raises:
        UsageError: AGENT-011 there is none of this name, AGENT-013 none or several wait.
    """
    if approval_id is not None:
        return ports.incidents.approval(approval_id)
    waiting = [*ports.incidents.approvals(model, status="pending"), *_interrupted(model, ports)]
    if len(waiting) != 1:
        what = f"{len(waiting)} approvals wait for a decision" if waiting else "nothing waits for a decision"
        fix = f"name one: {', '.join(one.id for one in waiting)}" if waiting else f"see  steward status {model}"
        raise UsageError(Fault("AGENT-013", what, fix=fix))
    return waiting[0]


def approve(project: Project, where: str, approval: Approval, *, by: str, reason: str, ports: Ports) -> Decided:
    """Approve and carry out; an approved action that was interrupted is gone on with.

    Raises:
        Refused: it was decided before, expired, the champion changed, or asker and approver are one.
    """
    incident = ports.incidents.incident(approval.incident)
    interrupted = approval.status == "approved" and incident.status == "open"
    if not interrupted:
        champion = ports.registry.champion(project.spec.name)
        refuse_unless_valid(approval, by=by, now=ports.clock.now(), champion_now=champion.number if champion else None)
        approval = ports.incidents.decide(approval, approved=True, by=by, reason=reason)
    return Decided(approval, retrain(project, where, incident, approval.action, by, ports))


def _interrupted(model: str, ports: Ports) -> list[Approval]:
    """Return approvals that were given and whose action did not end: a kill came between."""
    incident = ports.incidents.open_incident(model)
    given = ports.incidents.approvals(model, status="approved")
    return [one for one in given if incident is not None and one.incident == incident.id]


def reject(approval: Approval, *, by: str, reason: str, ports: Ports) -> Decided:
    """Reject: nothing is done, the incident is closed with the reason."""
    decided = ports.incidents.decide(approval, approved=False, by=by, reason=reason)
    ports.incidents.close(approval.incident, f"rejected by {by}: {reason}", actor=by)
    return Decided(decided, None)
