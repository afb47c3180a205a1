"""An alarm came in: what is it, what should be done, and who must be asked?

Diagnosis and decision are values; carrying the decision out is one match. A retrain that needs nobody's
approval is carried out at once; a question is filed with the action frozen, so that what is approved is
what will run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from steward.agent.approve import Approval, FrozenAction
from steward.agent.decide import AskApproval, Decision, Escalate, Log, Retrain, decide
from steward.agent.diagnose import Diagnosis, diagnose
from steward.agent.incidents import Incident
from steward.core.digest import digest_json
from steward.core.period import is_part_label
from steward.core.runs import Run
from steward.flows.ports import Ports
from steward.flows.retrain import retrain
from steward.flows.watch import Watched
from steward.monitoring.history import WatchedWindow
from steward.project.read import Project

AGENT = "steward agent"


@dataclass(frozen=True, slots=True)
class Response:
    """What followed from an alarm; at most one of `approval` and `run` is there.

    Neither is, where the alarm came from the prediction log alone: it holds no outcomes to learn from.
    """

    incident: Incident
    diagnosis: Diagnosis
    decision: Decision
    approval: Approval | None = None
    run: Run | None = None


def respond(project: Project, where: str, watched: Sequence[Watched], ports: Ports) -> Response | None:
    """Answer the alarms of one look, all by one decision; None where no window raised one, or all were answered before.

    Windows that are judged again raise no second alarm; where one is worse than its open incident, that is decided anew.
    """
    alarms = [one for one in watched if one.verdict is not None and one.window.alarm and _is_news(one.window, ports)]
    if not alarms:
        return None
    for one in alarms:
        window = one.window
        incident = ports.incidents.raise_alarm(window.model, window.version, window.label, window.severity, actor=AGENT)
    worst = max(alarms, key=lambda one: one.window.severity or 0.0)
    assert worst.verdict is not None
    diagnosis = diagnose(worst.verdict)
    # The incident's worst window decides: a milder one after it must not answer for a person who was asked.
    decision = decide(incident.severity, diagnosis, project.spec.policy)
    _tell(ports, incident, worst.window.key, diagnosis, decision)
    if isinstance(decision, Log):
        _answer(alarms, ports)  # before the incident is closed: a kill in between must not open another one
    response = _act(project, where, Response(incident, diagnosis, decision), ports)
    _answer(alarms, ports)
    return response


def _is_news(window: WatchedWindow, ports: Ports) -> bool:
    if not window.answered:
        return True
    incident = ports.incidents.open_incident(window.model)
    return incident is not None and window.label in incident.labels and (window.severity or 0.0) > (incident.severity or 0.0)


def _answer(alarms: Sequence[Watched], ports: Ports) -> None:
    for one in alarms:
        ports.windows.answer(one.window.key)


def _act(project: Project, where: str, response: Response, ports: Ports) -> Response:
    incident, decision = response.incident, response.decision
    match decision:
        case Log():
            ports.incidents.close(incident.id, "noted; nothing was done", actor=AGENT)
            return response
        case Retrain() | AskApproval() | Escalate() if not _periods(incident):
            return response  # the log holds no outcomes to learn from: a month of source rows must be watched first
        case Retrain():
            action = _freeze(project, incident, decision, ports)
            return replace(response, run=retrain(project, where, incident, action, AGENT, ports))
        case AskApproval() | Escalate():
            action = _freeze(project, incident, decision, ports)
            return replace(response, approval=ports.incidents.ask(incident, action))
        case _:
            assert_never(decision)


def _periods(incident: Incident) -> tuple[str, ...]:
    """Return the periods of source rows that the incident's windows lie in; those of the log name none."""
    return tuple(dict.fromkeys(named for label in incident.labels if is_part_label(named := label.partition("/")[0])))


def _freeze(project: Project, incident: Incident, decision: Retrain | AskApproval | Escalate, ports: Ports) -> FrozenAction:
    now = ports.clock.now()
    return FrozenAction(
        kind="retrain",
        model=project.spec.name,
        champion=incident.version,
        periods=_periods(incident),
        overrides=tuple(text for text in project.overrides if not text.startswith("split.")),
        severity=decision.severity,
        reason=decision.reason,
        requested_by=AGENT,
        requested_at=now.isoformat(),
        expires_at=(now + timedelta(days=project.spec.policy.approval_days)).isoformat(),
    )


def _tell(ports: Ports, incident: Incident, window: str, diagnosis: Diagnosis, decision: Decision) -> None:
    subject = f"incident {incident.id}"
    told = {"kind": diagnosis.kind, "text": diagnosis.text, "columns": list(diagnosis.columns)}
    ports.journal.append("diagnosis.made", subject, told, actor=AGENT, key=f"diagnosis.made:{window}")
    decided = {"decision": type(decision).__name__, "severity": decision.severity, "reason": decision.reason}
    ports.journal.append("decision.made", subject, decided, actor=AGENT, key=f"decision.made:{window}:{digest_json(decided)[:12]}")
