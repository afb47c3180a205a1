"""Where did an answer come from? From the prediction's id back to the row, the version, its run, its data and who let it answer.

All of it was written down when it happened; what decides - the gate's verdict, the promotion, the approval - stands in the
journal, whose chain is checked on the way.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from steward.agent.approve import Approval
from steward.core.errors import StewardError
from steward.core.journal import Entry
from steward.flows.audit import verify_journal
from steward.flows.champion import load_version
from steward.flows.earlier import find_given
from steward.flows.lineage import Lineage, lineage
from steward.flows.ports import Ports
from steward.flows.serve import served
from steward.project.read import Project
from steward.registry.versions import Champion, Version
from steward.serving.explain import explain_given
from steward.serving.explanation import Explanation
from steward.serving.history import Given, Told
from steward.serving.service import Ready

_ACTION = re.compile(r"incident (?P<incident>\S+), action (?P<action>[0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class Promoted:
    """When a version was made champion, by whom and why; `entry` is the journal's number of it."""

    at: str
    by: str
    reason: str
    entry: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """All that led to an answer, and what became of it.

    `promoted` is the last promotion of the version before it answered, None where it was asked by its number alone.
    `approval` belongs to the run that trained it, None where no person was asked. `why` is missing where `unexplained` says
    why. `outcomes` are oldest first: the last one counts.
    """

    given: Given
    lineage: Lineage
    verdict: Mapping[str, Any]
    promoted: Promoted | None
    approval: Approval | None
    outcomes: tuple[Told, ...]
    why: Explanation | None
    unexplained: str
    journal_entries: int
    journal_whole: bool


def provenance(project: Project, prediction: str, ports: Ports) -> Provenance:
    """Return where an answer came from.

    Args:
        project: whose model answered.
        prediction: the answer's `prediction_id`.
        ports: the outside world.

    Raises:
        UsageError: SERVE-101 no prediction of this project has this id, REG-001 its version is not registered here.
    """
    model = project.spec.name
    given = find_given(model, prediction, ports)
    version, traced = ports.registry.version(model, given.version), lineage(ports, model, given.version)
    why, unexplained = _why(project, version, given, ports)
    audited = verify_journal(ports)
    verdict = version.facts.get("verdict")
    return Provenance(
        given=given,
        lineage=traced,
        verdict=verdict if isinstance(verdict, Mapping) else {},
        promoted=promotion_before(tuple(ports.journal.entries()), version, given.at),
        approval=_approval(traced.trigger, ports.incidents.approvals(model)),
        outcomes=tuple(ports.predictions.tellings(prediction)),
        why=why,
        unexplained=unexplained,
        journal_entries=audited.entries,
        journal_whole=not audited.breaks,
    )


def promotion_before(entries: Sequence[Entry], version: Version, at: str) -> Promoted | None:
    """Return the last time a version was made champion up to a moment (ISO 8601 with an offset); None where it never was."""
    moment = datetime.fromisoformat(at)
    found = [
        entry
        for entry in entries
        if entry.kind == "champion.promoted" and entry.subject == str(version) and datetime.fromisoformat(entry.at) <= moment
    ]
    return Promoted(found[-1].at, found[-1].actor, str(found[-1].detail.get("reason", "")), found[-1].number) if found else None


def _approval(trigger: str | None, approvals: Sequence[Approval]) -> Approval | None:
    """Return the approval whose action set off a run."""
    asked = _ACTION.fullmatch(trigger or "")
    if asked is None:
        return None
    same = (one for one in approvals if one.incident == asked["incident"] and one.digest.startswith(asked["action"]))
    return next((one for one in same if one.status == "approved"), None)


def _why(project: Project, version: Version, given: Given, ports: Ports) -> tuple[Explanation | None, str]:
    """Return what moved the answer, or why that cannot be said any more; the rest can."""
    try:
        then = Champion(version.model, version.number, version.created_at, "", 0)
        ready = Ready.of(served(project, load_version(ports.workspace, version), then))
        return explain_given(ready, given).why, ""
    except StewardError as error:
        return None, "; ".join(f"{fault.what}{f' ({fault.why})' if fault.why else ''}" for fault in error.faults)
