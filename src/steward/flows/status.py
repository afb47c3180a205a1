"""How is a project doing? Everything for one screen, collected from what is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steward.agent.approve import Approval
from steward.agent.incidents import Incident
from steward.core.runs import Run
from steward.flows.approve import waiting_approvals
from steward.flows.ports import Ports
from steward.monitoring.history import WatchedWindow
from steward.registry.versions import Champion, Version

_WINDOWS = 5
_RESUMED = frozenset({"RUN-003", "RUN-004"})  # nothing of the project need change before it goes on


@dataclass(frozen=True, slots=True)
class Status:
    """One project's state now."""

    project: str
    champion: Champion | None
    version: Version | None
    versions: int
    last_run: Run | None
    windows: Sequence[WatchedWindow]
    incident: Incident | None
    pending: Sequence[Approval]


def collect_status(project: str, ports: Ports) -> Status:
    """Return the state of one project."""
    champion = ports.registry.champion(project)
    version = ports.registry.version(project, champion.number) if champion else None
    return Status(
        project=project,
        champion=champion,
        version=version,
        versions=len(ports.registry.versions(project)),
        last_run=ports.runs.latest(project),
        windows=ports.windows.windows(project, limit=_WINDOWS),
        incident=ports.incidents.open_incident(project),
        pending=waiting_approvals(project, ports),
    )


def known_projects(ports: Ports) -> Sequence[str]:
    """Return the names of all projects that ever ran in this workspace."""
    return ports.runs.projects()


def first_fault(run: Run) -> Mapping[str, str] | None:
    """Return what stopped a run, as a JSON object; None where it did not fail."""
    faults = run.result.get("faults")
    return faults[0] if run.status == "failed" and isinstance(faults, list) and faults else None


def next_step(status: Status, where: str) -> str:
    """Return the one command that makes most sense now."""
    last = status.last_run
    if last is not None and (last.status == "running" or (first_fault(last) or {}).get("code") in _RESUMED):
        return f"steward resume {where}"
    if status.pending:
        return f"steward approve {where} {status.pending[0].id}"
    if status.champion is None:
        return f"steward run {where}" if not status.versions else f"steward promote {where}"
    if not status.windows:
        return f"steward watch {where} --period YYYY-MM"
    return f"steward serve {where}"
