"""An alarm came in: what is it, what should be done, and who must be asked?

Diagnosis and decision are values; carrying the decision out is one match. A retrain that needs nobody's
approval is carried out at once; a question is filed with the action frozen, so that what is approved is
what will run. An incident that waits for nobody ends when a later window is quiet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from steward.agent.approve import Approval, FrozenAction, is_expired
from steward.agent.decide import AskApproval, Decision, Escalate, Log, Retrain, decide
from steward.agent.diagnose import Diagnosis, DiagnosisKind, diagnose
from steward.agent.incidents import Incident
from steward.core.digest import digest_json
from steward.core.period import is_part_label
from steward.core.runs import Run
from steward.flows.approve import waiting_approvals
from steward.flows.ports import Ports
from steward.flows.retrain import retrain
from steward.flows.watch import Watched
from steward.monitoring.history import ListedWindow, WatchedWindow
from steward.monitoring.watch import WindowVerdict
from steward.project.read import Project
from steward.reporting.recorded import mapping, read_as

AGENT = "steward agent"
_LOOK_BACK = 10_000  # windows of a model among which those of its incident are sought


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

    Windows that are judged again raise no second alarm; where one is worse than its open incident, or what was asked about
    that ran out, it is decided anew.
    """
    open_ = ports.incidents.open_incident(project.spec.name)
    news = [one for one in watched if _is_news(one.window, open_, ports)]
    alarms = [(one.window, verdict) for one in news if (verdict := one.verdict or _read(one.window)) is not None]
    if not alarms:
        if open_ is not None:
            _close_where_quiet(open_, [one.window for one in watched], ports)
        return None
    for window, _ in alarms:
        incident = ports.incidents.raise_alarm(window.model, window.version, window.label, window.severity, actor=AGENT)
    worst, verdict = max(alarms, key=lambda one: one[0].severity or 0.0)
    diagnosis = diagnose(verdict)
    # All of the incident's windows are learned from. So its worst one decides - a milder one after it must not answer for a person
    # who was asked - and broken data in any of them count.
    broken = [label for label in _broken(incident, ports) if label != worst.label] if _periods(incident) else []
    decision = decide(incident.severity, diagnosis, project.spec.policy, broken=broken)
    _tell(ports, incident, worst.key, diagnosis, decision)
    answered = [window for window, _ in alarms]
    if isinstance(decision, Log):
        _answer(answered, ports)  # before the incident is closed: a kill in between must not open another one
    response = _act(project, where, Response(incident, diagnosis, decision), ports)
    _answer(answered, ports)
    return response


def _is_news(window: WatchedWindow, incident: Incident | None, ports: Ports) -> bool:
    if not window.alarm or not window.answered:
        return window.alarm
    if incident is None or window.label not in incident.labels:
        return False
    return (window.severity or 0.0) > (incident.severity or 0.0) or _ran_out(incident, ports)


def _ran_out(incident: Incident, ports: Ports) -> bool:
    """Tell whether nobody answered the incident's question while it could be."""
    now, asked = ports.clock.now(), ports.incidents.approvals(incident.model, status="pending")
    return any(is_expired(one, now) for one in asked if one.incident == incident.id)


def _read(window: WatchedWindow) -> WindowVerdict | None:
    return read_as(WindowVerdict, window.verdict)


def _broken(incident: Incident, ports: Ports) -> list[str]:
    """Return the incident's windows whose data look broken; what an older Steward judged may be, and a person looks."""
    return [one.label for one in _windows_of(incident, ports) if one.alarm and _kind_of(one, ports) in ("data_fault", None)]


def _kind_of(line: ListedWindow, ports: Ports) -> DiagnosisKind | None:
    window = ports.windows.find(line.key)
    verdict = None if window is None else _read(window)
    return None if verdict is None else diagnose(verdict).kind


def _windows_of(incident: Incident, ports: Ports) -> Sequence[ListedWindow]:
    """Return the windows of an incident as they were judged last: a source that was mended makes another one of the same label."""
    labels = frozenset(incident.labels)
    mine = [line for line in ports.windows.listed(incident.model, limit=_LOOK_BACK) if line.label in labels]
    return [*{line.label: line for line in reversed(mine) if line.version == incident.version}.values()]


def _close_where_quiet(incident: Incident, watched: Sequence[WatchedWindow], ports: Ports) -> None:
    """Close an incident that waits for nobody, once a window of the same kind that began after all of its own is quiet."""
    alarms = _windows_of(incident, ports)
    if waiting_approvals(incident.model, ports) or any(line.alarm and not line.answered for line in alarms):
        return
    last = max((line.end or line.created_at for line in alarms), default="")
    later = [window for window in watched if _is_later(window, incident) and (window.start or window.created_at) >= last]
    told = [window for window in later if mapping(window.verdict.get("performance")).get("enough")]
    # Inputs tell by themselves that they are as before; an error that has grown is known to be gone by outcomes only.
    by_error = bool(later) and any(_kind_of(line, ports) in ("concept", "performance", None) for line in alarms)
    seen = told if by_error else later
    if seen:
        outcome = f"quiet again since {seen[0].label}"
        ports.incidents.close(incident.id, outcome, actor=AGENT)
        ports.progress.noted(f"incident {incident.id} is closed: {outcome}")


def _is_later(window: WatchedWindow, incident: Incident) -> bool:
    """Tell whether a window is quiet, was first judged after the incident was opened, and is of the rows or the log as it is."""
    kinds = {_period_of(label) is None for label in incident.labels}
    fits = window.version == incident.version and kinds == {_period_of(window.label) is None}
    return fits and window.status == "ok" and window.created_at > incident.opened_at


def _answer(windows: Iterable[WatchedWindow], ports: Ports) -> None:
    for window in windows:
        ports.windows.answer(window.key)


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
    return tuple(dict.fromkeys(period for label in incident.labels if (period := _period_of(label)) is not None))


def _period_of(label: str) -> str | None:
    """Return the period of source rows that a window lies in; None of one of the log."""
    period = label.partition("/")[0]
    return period if is_part_label(period) else None


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
