"""How does the journal grow? One entry a key, numbered without gaps, in the transaction of what it tells."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.tables import journal, journal_head
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.core.journal import GENESIS, Entry, seal


class SqlJournal:
    """The journal in the database; see `steward.core.journal`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @retried
    def append(self, kind: str, subject: str, detail: Mapping[str, object], *, actor: str, key: str) -> Entry:
        """Add an entry, or return the one that already carries `key`."""
        with self._database.write() as connection:
            return append_entry(connection, self._clock, kind, subject, detail, actor=actor, key=key)

    def entries(self) -> Iterable[Entry]:
        """Return all entries by number; one whose detail is no longer JSON carries its text instead."""
        with self._database.read() as connection:
            return tuple(_entry(row) for row in connection.execute(select(journal).order_by(journal.c.number)))

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry, as kept apart from the entries; (0, GENESIS) for none."""
        with self._database.read() as connection:
            row = connection.execute(select(journal_head.c.number, journal_head.c.hash)).one_or_none()
        return (row.number, row.hash) if row else (0, GENESIS)


def append_entry(
    connection: Connection, clock: Clock, kind: str, subject: str, detail: Mapping[str, object], *, actor: str, key: str
) -> Entry:
    """Add an entry inside a transaction that already holds the write lock."""
    known = connection.execute(select(journal).where(journal.c.key == key)).one_or_none()
    if known is not None:
        return _entry(known)
    head = connection.execute(select(journal_head.c.number, journal_head.c.hash)).one_or_none()
    number, previous = (head.number + 1, head.hash) if head else (1, GENESIS)
    entry = seal(number, clock.now().isoformat(), kind, subject, actor, detail, previous)
    row = {**{c.name: getattr(entry, c.name) for c in journal.columns if c.name not in ("key", "detail")}, "key": key}
    connection.execute(insert(journal).values(**row, detail=canonical_json(detail)))
    at_head = {"number": entry.number, "hash": entry.hash}
    connection.execute(update(journal_head).values(**at_head) if head else insert(journal_head).values(id=1, **at_head))
    return entry


def _entry(row: Row[Any]) -> Entry:
    try:
        detail = json.loads(row.detail)
    except ValueError:
        detail = {"unreadable": str(row.detail)}  # its hash cannot match: the chain names this entry
    return Entry(row.number, row.at, row.kind, row.subject, row.actor, detail, row.previous, row.hash)
