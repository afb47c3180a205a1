"""Where do versions and the champion pointer live, and who wins when two promote at once?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.journal import append_entry
from steward.adapters.sql.tables import champions, versions
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.core.errors import Fault, Refused, UsageError
from steward.registry.versions import Champion, Draft, Promotion, Version


class SqlRegistry:
    """Versions and the pointer in the database; see `steward.registry.versions.Registry`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @retried
    def register(self, draft: Draft, *, actor: str) -> Version:
        """Add a version with the next number, or return the one that already carries the draft's key."""
        with self._database.write() as connection:
            same = (versions.c.model == draft.model) & (versions.c.key == draft.key)
            row = connection.execute(select(versions).where(same)).one_or_none()
            return _version(row) if row else self._insert(connection, draft, actor)

    def version(self, model: str, number: int) -> Version:
        """Return one version; UsageError REG-001 where there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(versions).where(_is(model, number))).one_or_none()
        if row is None:
            known = ", ".join(f"v{v.number}" for v in self.versions(model)) or "none yet"
            fix = f"known: {known}; train one with  steward run {model}"
            raise UsageError(Fault("REG-001", f"{model} has no version {number}", fix=fix))
        return _version(row)

    def versions(self, model: str) -> Sequence[Version]:
        """Return all versions of a model by number."""
        with self._database.read() as connection:
            rows = connection.execute(select(versions).where(versions.c.model == model).order_by(versions.c.number))
            return tuple(_version(row) for row in rows)

    def champion(self, model: str) -> Champion | None:
        """Return the pointer, or None before the first promotion."""
        with self._database.read() as connection:
            return _champion(connection, model)

    @retried
    def swap_champion(self, promotion: Promotion) -> Champion:
        """Move the pointer if it still is where it was seen; Refused GATE-003 names who was first."""
        with self._database.write() as connection:
            current = _champion(connection, promotion.model)
            if (current.number if current else None) != promotion.expected:
                raise Refused(_lost_race(promotion, current))
            return self._move(connection, promotion, current)

    @retried
    def note(self, model: str, number: int, facts: Mapping[str, object]) -> None:
        """Add facts to a version."""
        with self._database.write() as connection:
            _note(connection, model, number, facts)

    def _insert(self, connection: Connection, draft: Draft, actor: str) -> Version:
        number = 1 + connection.execute(select(func.count()).where(versions.c.model == draft.model)).scalar_one()
        at = self._clock.now().isoformat()
        row = {"model": draft.model, "number": number, "run": draft.run, "digest": draft.digest, "created_at": at}
        texts = {"files": canonical_json(draft.files), "facts": canonical_json(draft.facts)}
        connection.execute(insert(versions).values(**row, **texts, key=draft.key))
        detail = {"number": number, "run": draft.run, "bundle": draft.digest, "files": draft.files}
        key = f"version.registered:{draft.model}:{draft.key}"
        append_entry(connection, self._clock, "version.registered", f"{draft.model} v{number}", detail, actor=actor, key=key)
        return Version(draft.model, number, draft.run, draft.digest, draft.files, draft.facts, at)

    def _move(self, connection: Connection, promotion: Promotion, current: Champion | None) -> Champion:
        sequence = current.sequence + 1 if current else 1
        new = Champion(promotion.model, promotion.number, self._clock.now().isoformat(), promotion.actor, sequence)
        values = {"number": new.number, "since": new.since, "actor": new.actor, "sequence": sequence}
        if current is None:
            connection.execute(insert(champions).values(model=new.model, **values))
        else:
            connection.execute(update(champions).where(champions.c.model == new.model).values(**values))
        _note(connection, new.model, new.number, {"was_champion": True})
        detail = {"from": promotion.expected, "to": new.number, "reason": promotion.reason, "sequence": sequence}
        key = f"champion.promoted:{new.model}:{sequence}"
        append_entry(connection, self._clock, "champion.promoted", f"{new.model} v{new.number}", detail, actor=new.actor, key=key)
        return new


def _lost_race(promotion: Promotion, current: Champion | None) -> Fault:
    now = f"v{current.number}" if current else "nobody"
    what = f"{promotion.model} v{promotion.number} was not promoted: the champion is now {now}"
    why = f"{current.actor} promoted it at {current.since}, after this command had looked" if current else ""
    return Fault("GATE-003", what, why=why, fix=f"look again:  steward status {promotion.model}")


def _is(model: str, number: int) -> Any:
    return (versions.c.model == model) & (versions.c.number == number)


def _note(connection: Connection, model: str, number: int, facts: Mapping[str, object]) -> None:
    known = connection.execute(select(versions.c.facts).where(_is(model, number))).scalar_one()
    merged = canonical_json({**json.loads(known), **facts})
    connection.execute(update(versions).where(_is(model, number)).values(facts=merged))


def _champion(connection: Connection, model: str) -> Champion | None:
    row = connection.execute(select(champions).where(champions.c.model == model)).one_or_none()
    return Champion(row.model, row.number, row.since, row.actor, row.sequence) if row else None


def _version(row: Row[Any]) -> Version:
    return Version(row.model, row.number, row.run, row.digest, json.loads(row.files), json.loads(row.facts), row.created_at)
