"""Which keys are there, who made them, and when was each last used?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.journal import append_entry
from steward.adapters.sql.tables import api_keys
from steward.core.clock import Clock
from steward.core.errors import Fault, Refused, UsageError
from steward.serving.keys import Key

_TIMES = ("created_at", "expires_at", "revoked_at", "last_used_at")


class SqlKeyStore:
    """Keys in the database; see `steward.serving.keys.KeyStore`. The journal is told of each, without hash or secret."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def all(self) -> Sequence[Key]:
        """Return all keys, also those that ended, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.prefix))
            return tuple(_key(row) for row in rows)

    @retried
    def add(self, key: Key, *, replaces: Key | None, actor: str) -> None:
        """Keep a new key; with `replaces` that older one, as it stands there, is kept in place of itself.

        Raises:
            Refused: AUTH-015 the older one was revoked or replaced in the meantime; nothing is kept.
        """
        with self._database.write() as connection:
            if replaces is not None:
                _end(connection, replaces)
            connection.execute(insert(api_keys), [_values(key)])
            detail = {"name": key.name, "role": key.role, "expires_at": _text(key.expires_at), "per_minute": key.per_minute}
            self._tell(connection, "key.created", key, detail, actor)
            if replaces is not None:
                detail = {"name": key.name, "until": _text(replaces.expires_at), "by": f"key {key.prefix}"}
                self._tell(connection, "key.replaced", replaces, detail, actor)

    @retried
    def revoke(self, prefix: str, at: datetime, reason: str, *, actor: str) -> Key:
        """Let a key open nothing from now on, for good; one that was revoked before stays as it is.

        Raises:
            UsageError: AUTH-010 there is no such key.
        """
        with self._database.write() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.prefix == prefix)).one_or_none()
            if row is None:
                raise UsageError(Fault("AUTH-010", "there is no such key", fix="see  steward keys list"))
            if row.revoked_at is not None:
                return _key(row)
            revoked = replace(_key(row), revoked_at=at)
            connection.execute(update(api_keys).where(api_keys.c.prefix == prefix).values(revoked_at=_text(at)))
            self._tell(connection, "key.revoked", revoked, {"name": revoked.name, "reason": reason}, actor)
            return revoked

    @retried
    def note_used(self, used: Mapping[str, datetime]) -> None:
        """Keep when keys, by prefix, were last used; an earlier time changes nothing."""
        if not used:
            return
        later = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < bindparam("at"))
        change = update(api_keys).where(api_keys.c.prefix == bindparam("of"), later).values(last_used_at=bindparam("at"))
        with self._database.bulk() as connection:  # nothing else depends on it: it waits for no writer of the journal
            connection.execute(change, [{"of": prefix, "at": _text(at)} for prefix, at in sorted(used.items())])

    def _tell(self, connection: Connection, kind: str, key: Key, detail: Mapping[str, object], actor: str) -> None:
        append_entry(
            connection,
            self._clock,
            kind,
            f"key {key.prefix}",
            detail,
            actor=actor,
            key=f"{kind}:{key.prefix}:{detail.get('by', '')}",
        )


def _end(connection: Connection, key: Key) -> None:
    """Let a key expire, unless it is another one by now: revoked, or replaced already."""
    row = connection.execute(select(api_keys).where(api_keys.c.prefix == key.prefix)).one_or_none()
    ended = _text(key.expires_at)
    if row is None or row.revoked_at is not None or (row.expires_at is not None and ended is not None and row.expires_at < ended):
        fix = "see  steward keys list"
        raise Refused(Fault("AUTH-015", f"somebody else ended the key {key.prefix} in the meantime", fix=fix))
    connection.execute(update(api_keys).where(api_keys.c.prefix == key.prefix).values(expires_at=ended))


def _values(key: Key) -> dict[str, object]:
    return {name: _text(value) if name in _TIMES else value for name, value in asdict(key).items()}


def _text(at: datetime | None) -> str | None:
    # Always with microseconds: texts of one length sort as the times do.
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def _key(row: Row[Any]) -> Key:
    times = [_time(row.created_at), row.created_by, *map(_time, (row.expires_at, row.revoked_at, row.last_used_at))]
    return Key(row.prefix, row.name, row.role, row.digest, row.per_minute, *times)


def _time(text: Any) -> Any:
    return None if text is None else datetime.fromisoformat(text)
