"""How is the history of watched windows kept, each window once?"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.journal import append_entry
from steward.adapters.sql.tables import windows
from steward.core.clock import Clock
from steward.core.digest import canonical_json
from steward.monitoring.history import WatchedWindow


class SqlWindowHistory:
    """Verdicts in the database; see `steward.monitoring.history.WindowHistory`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(self, key: str) -> WatchedWindow | None:
        """Return the window that already carries this key."""
        with self._database.read() as connection:
            row = connection.execute(select(windows).where(windows.c.id == key)).one_or_none()
        return _window(row) if row else None

    @retried
    def add(self, window: WatchedWindow, *, actor: str) -> WatchedWindow:
        """Remember a window, or return the one that already carries its key."""
        with self._database.write() as connection:
            row = connection.execute(select(windows).where(windows.c.id == window.key)).one_or_none()
            if row is not None:
                return _window(row)
            values = {"id": window.key, "model": window.model, "version": window.version, "label": window.label}
            judged = {"severity": window.severity, "alarm": window.alarm, "answered": window.answered}
            stored = {**values, **judged, "verdict": canonical_json(window.verdict), "created_at": window.created_at}
            connection.execute(insert(windows).values(**stored))
            detail = {"version": window.version, "severity": window.severity, "alarm": window.alarm}
            subject = f"{window.model} {window.label}"
            for kind in ("window.watched", "alarm.raised")[: 1 + window.alarm]:
                append_entry(connection, self._clock, kind, subject, detail, actor=actor, key=f"{kind}:{window.key}")
        return window

    @retried
    def answer(self, key: str) -> None:
        """Note that the alarm of a window was carried on to a decision."""
        with self._database.write() as connection:
            connection.execute(update(windows).where(windows.c.id == key).values(answered=True))

    def windows(self, model: str, *, limit: int) -> Sequence[WatchedWindow]:
        """Return the newest windows of a model, newest first."""
        query = select(windows).where(windows.c.model == model).order_by(windows.c.created_at.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(_window(row) for row in connection.execute(query))


def _window(row: Row[Any]) -> WatchedWindow:
    return WatchedWindow(
        key=row.id,
        model=row.model,
        version=row.version,
        label=row.label,
        severity=row.severity,
        alarm=row.alarm,
        answered=row.answered,
        verdict=json.loads(row.verdict),
        created_at=row.created_at,
    )
