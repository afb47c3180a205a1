"""A person decided: is the decision still about what was asked, and is it carried out once?"""

from dataclasses import dataclass, replace

from steward.agent.approve import Approval, is_expired, refuse_unless_valid
from steward.core.errors import Fault, UsageError
from steward.core.runs import Run
from steward.flows.ports import Ports
from steward.flows.retrain import begun_run, retrain
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
        return _of_model(ports.incidents.approval(approval_id), model)
    waiting = waiting_approvals(model, ports)
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
    _of_model(approval, project.spec.name)
    if approval.status == "approved" and incident.status == "open":  # given before; a kill came between
        if begun_run(incident, approval.action, ports) is None:
            _refuse_unless_valid(replace(approval, status="pending"), approval.decided_by or by, ports)
        return Decided(approval, retrain(project, where, incident, approval.action, approval.decided_by or by, ports))
    _refuse_unless_valid(approval, by, ports)
    approval = ports.incidents.decide(approval, approved=True, by=by, reason=reason)
    return Decided(approval, retrain(project, where, incident, approval.action, by, ports))


def waiting_approvals(model: str, ports: Ports) -> list[Approval]:
    """Return approvals that wait for a person and may still be given, and those that were and whose action a kill interrupted."""
    incident = ports.incidents.open_incident(model)
    given = ports.incidents.approvals(model, status="approved")
    interrupted = [one for one in given if incident is not None and one.incident == incident.id]
    now = ports.clock.now()
    return [*(one for one in ports.incidents.approvals(model, status="pending") if not is_expired(one, now)), *interrupted]


def _of_model(approval: Approval, model: str) -> Approval:
    if approval.action.model != model:
        what = f"approval {approval.id} is about {approval.action.model}, not about {model}"
        raise UsageError(Fault("AGENT-014", what, fix=f"steward approve {approval.action.model} {approval.id}"))
    return approval


def _refuse_unless_valid(approval: Approval, by: str, ports: Ports) -> None:
    champion = ports.registry.champion(approval.action.model)
    refuse_unless_valid(approval, by=by, now=ports.clock.now(), champion_now=champion.number if champion else None)


def reject(approval: Approval, *, by: str, reason: str, ports: Ports) -> Decided:
    """Reject: nothing is done, the incident is closed with the reason."""
    decided = ports.incidents.decide(approval, approved=False, by=by, reason=reason)
    ports.incidents.close(approval.incident, f"rejected by {by}: {reason}", actor=by)
    return Decided(decided, None)
