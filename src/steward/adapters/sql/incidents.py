"""How are incidents and approvals kept, so that each question is answered once and by one person?"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.journal import append_entry
from steward.adapters.sql.tables import approvals, incidents
from steward.agent.approve import Approval, ApprovalStatus, FrozenAction, is_expired
from steward.agent.incidents import Incident
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.core.errors import Fault, Refused, UsageError


class SqlIncidentStore:
    """Incidents and approvals in the database; see `steward.agent.incidents.IncidentStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @retried
    def raise_alarm(self, model: str, version: int, label: str, severity: float | None, *, actor: str) -> Incident:
        """Open an incident, or add the window to the open one."""
        with self._database.write() as connection:
            known = _open(connection, model)
            if known is not None and known.version == version:
                return self._join(connection, known, label, severity)
            if known is not None:  # its champion is gone: what was asked about it cannot be answered any more
                self._close(connection, known.id, f"superseded: v{version} is champion now", actor)
            return self._open(connection, model, version, label, severity, actor)

    def open_incident(self, model: str) -> Incident | None:
        """Return the open incident of a model."""
        with self._database.read() as connection:
            return _open(connection, model)

    def incident(self, incident_id: str) -> Incident:
        """Return one incident; UsageError AGENT-010 where there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(incidents).where(incidents.c.id == incident_id)).one_or_none()
        if row is None:
            raise UsageError(Fault("AGENT-010", f"there is no incident {incident_id!r}", fix="see  steward status"))
        return _incident(row)

    @retried
    def close(self, incident_id: str, outcome: str, *, actor: str) -> None:
        """Close an incident with what came of it."""
        with self._database.write() as connection:
            self._close(connection, incident_id, outcome, actor)

    @retried
    def ask(self, incident: Incident, action: FrozenAction) -> Approval:
        """File the question in the place of the incident's pending one; a pending one that asks the same is returned."""
        with self._database.write() as connection:
            same = (approvals.c.incident == incident.id) & (approvals.c.status == "pending")
            pending = connection.execute(select(approvals).where(same)).one_or_none()
            over = pending is not None and is_expired(_approval(pending), self._clock.now())
            if pending is not None and not over and _asks_the_same(_approval(pending), action):
                return _approval(pending)
            connection.execute(update(approvals).where(same).values(status="expired" if over else "superseded"))
            return self._file(connection, incident, action)

    def approval(self, approval_id: str) -> Approval:
        """Return one approval; UsageError AGENT-011 where there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(approvals).where(approvals.c.id == approval_id)).one_or_none()
        if row is None:
            raise UsageError(
                Fault("AGENT-011", f"there is no approval {approval_id!r}", fix="open ones are listed by  steward status")
            )
        return _approval(row)

    def approvals(self, model: str, *, status: str | None = None) -> Sequence[Approval]:
        """Return approvals of a model, newest first."""
        query = select(approvals).where(approvals.c.model == model).order_by(approvals.c.created_at.desc())
        with self._database.read() as connection:
            rows = connection.execute(query if status is None else query.where(approvals.c.status == status))
            return tuple(_approval(row) for row in rows)

    @retried
    def decide(self, approval: Approval, *, approved: bool, by: str, reason: str) -> Approval:
        """Record a decision on a pending approval; Refused AGENT-012 where somebody decided before."""
        status = "approved" if approved else "rejected"
        with self._database.write() as connection:
            values = {"status": status, "decided_by": by, "decided_at": self._clock.now().isoformat(), "reason": reason}
            mine = (approvals.c.id == approval.id) & (approvals.c.status == "pending")
            if connection.execute(update(approvals).where(mine).values(**values)).rowcount != 1:
                now = _approval(connection.execute(select(approvals).where(approvals.c.id == approval.id)).one())
                what = f"approval {approval.id} was {now.status} before"
                raise Refused(Fault("AGENT-012", what, why=f"by {now.decided_by} at {now.decided_at}", fix="see  steward status"))
            detail = {"by": by, "reason": reason, "action": approval.digest}
            self._tell(connection, f"approval.{status}", approval.id, detail, by, approval.id)
            return _approval(connection.execute(select(approvals).where(approvals.c.id == approval.id)).one())

    def _open(self, connection: Connection, model: str, version: int, label: str, severity: float | None, actor: str) -> Incident:
        made = Incident(uuid4().hex[:8], model, version, "open", severity, (label,), None, self._clock.now().isoformat())
        row = {**asdict(made), "labels": canonical_json([label])}
        connection.execute(insert(incidents).values(**row))
        detail = {"model": model, "version": version, "window": label, "severity": severity}
        self._tell(connection, "incident.opened", made.id, detail, actor, made.id)
        return made

    def _close(self, connection: Connection, incident_id: str, outcome: str, actor: str) -> None:
        """Close an open incident together with its question; a closed one keeps its outcome."""
        values = {"status": "closed", "outcome": outcome, "closed_at": self._clock.now().isoformat()}
        mine = (incidents.c.id == incident_id) & (incidents.c.status == "open")
        if connection.execute(update(incidents).where(mine).values(**values)).rowcount == 1:
            asked = (approvals.c.incident == incident_id) & (approvals.c.status == "pending")
            connection.execute(update(approvals).where(asked).values(status="superseded"))
            self._tell(connection, "incident.closed", incident_id, {"outcome": outcome}, actor, incident_id)

    def _join(self, connection: Connection, known: Incident, label: str, severity: float | None) -> Incident:
        labels = known.labels if label in known.labels else (*known.labels, label)
        worst = max((s for s in (known.severity, severity) if s is not None), default=None)
        values = {"labels": canonical_json(list(labels)), "severity": worst}
        connection.execute(update(incidents).where(incidents.c.id == known.id).values(**values))
        return Incident(known.id, known.model, known.version, "open", worst, labels, None, known.opened_at)

    def _file(self, connection: Connection, incident: Incident, action: FrozenAction) -> Approval:
        made = Approval(uuid4().hex[:8], incident.id, action, action.digest, "pending", None, None, None)
        row = {"id": made.id, "incident": incident.id, "model": incident.model, "digest": made.digest, "status": "pending"}
        at = self._clock.now().isoformat()
        connection.execute(insert(approvals).values(**row, action=canonical_json(asdict(action)), created_at=at))
        detail = {"incident": incident.id, "action": asdict(action), "digest": made.digest}
        self._tell(connection, "approval.requested", made.id, detail, action.requested_by, made.id)
        return made

    def _tell(self, connection: Connection, kind: str, subject: str, detail: Mapping[str, object], actor: str, key: str) -> None:
        noun = kind.split(".", maxsplit=1)[0]
        append_entry(connection, self._clock, kind, f"{noun} {subject}", detail, actor=actor, key=f"{kind}:{key}")


def _asks_the_same(pending: Approval, action: FrozenAction) -> bool:
    """Tell whether a question only repeats the one that waits, asked at another time."""
    then = pending.action
    return replace(action, requested_at=then.requested_at, expires_at=then.expires_at).digest == pending.digest


def _open(connection: Connection, model: str) -> Incident | None:
    query = select(incidents).where((incidents.c.model == model) & (incidents.c.status == "open"))
    row = connection.execute(query).one_or_none()
    return _incident(row) if row else None


def _incident(row: Row[Any]) -> Incident:
    labels = tuple(json.loads(row.labels))
    return Incident(row.id, row.model, row.version, row.status, row.severity, labels, row.outcome, row.opened_at)


def _approval(row: Row[Any]) -> Approval:
    fields = json.loads(row.action)
    action = FrozenAction(**{**fields, "periods": tuple(fields["periods"]), "overrides": tuple(fields["overrides"])})
    status = cast("ApprovalStatus", row.status)
    return Approval(row.id, row.incident, action, row.digest, status, row.decided_by, row.decided_at, row.reason)
