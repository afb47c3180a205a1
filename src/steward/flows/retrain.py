"""How is a decision to retrain carried out? A run of its own on the months of the incident.

The latest part of those months judges the new candidate against the champion on the same rows; only
evidence makes it champion, whoever asked for it.
"""

from steward.agent.approve import FrozenAction
from steward.agent.incidents import Incident
from steward.core.runs import Run
from steward.flows.ports import Ports
from steward.flows.run import RunOptions, resume, run
from steward.project.read import Project

_LOOK_BACK = 100  # runs of one project among which the one of an action is sought


def retrain(project: Project, where: str, incident: Incident, action: FrozenAction, actor: str, ports: Ports) -> Run:
    """Train on the months the action names, and close the incident with what came of it."""
    subject = f"incident {incident.id}"
    ports.journal.append("action.started", subject, {"action": action.digest}, actor=actor, key=f"action.started:{action.digest}")
    overrides = (
        *action.overrides,
        f"split.train=[{', '.join(action.periods)}]",
        "split.test=[]",
        f"split.test_share={project.spec.policy.retrain_test_share}",
    )
    options = RunOptions(where, overrides, trigger=_trigger(incident, action))
    finished = _carry_out(options, begun_run(incident, action, ports), ports)
    outcome = _outcome(finished)
    detail = {"action": action.digest, "run": finished.id, "outcome": outcome}
    ports.journal.append("action.finished", subject, detail, actor=actor, key=f"action.finished:{action.digest}:{finished.id}")
    ports.incidents.close(incident.id, outcome, actor=actor)
    return finished


def begun_run(incident: Incident, action: FrozenAction, ports: Ports) -> Run | None:
    """Return the run that this action already set off, if a kill came between."""
    runs = ports.runs.runs(action.model, limit=_LOOK_BACK)
    return next((found for found in runs if found.trigger == _trigger(incident, action)), None)


def _carry_out(options: RunOptions, begun: Run | None, ports: Ports) -> Run:
    if begun is None:
        return run(options, ports)
    if begun.status == "finished":
        return begun
    latest = ports.runs.latest(begun.project)
    return resume(options, ports) if latest is not None and latest.id == begun.id else run(options, ports)


def _trigger(incident: Incident, action: FrozenAction) -> str:
    return f"incident {incident.id}, action {action.digest[:8]}"


def _outcome(finished: Run) -> str:
    version = finished.result.get("version")
    if finished.result.get("promoted"):
        return f"retrained; v{version} is champion now"
    return f"retrained; v{version} did not pass its gate, the champion stays"
