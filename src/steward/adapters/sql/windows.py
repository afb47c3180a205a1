"""How is the history of watched windows kept, each window once?"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, case, insert, select, update

from steward.adapters.sql.database import Database
from steward.adapters.sql.faults import retried
from steward.adapters.sql.journal import append_entry
from steward.adapters.sql.tables import windows
from steward.core.clock import Clock
from steward.core.digest import canonical_json, digest_bytes
from steward.monitoring.history import ListedWindow, WatchedWindow


class SqlWindowHistory:
    """Verdicts in the database; see `steward.monitoring.history.WindowHistory`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(self, key: str) -> WatchedWindow | None:
        """Return the window that already carries this key."""
        with self._database.read() as connection:
            return _find(connection, key)

    @retried
    def add(self, window: WatchedWindow, *, actor: str) -> WatchedWindow:
        """Remember a window, or return the one that already carries its key."""
        with self._database.write() as connection:
            known = _find(connection, window.key)
            if known is not None:
                return known
            plain = {"id": window.key, "model": window.model, "version": window.version, "label": window.label}
            span = {"start_at": window.start, "end_at": window.end, "answered": window.answered}
            connection.execute(insert(windows).values(**plain, **span, **_judged(window), created_at=window.created_at))
            self._tell(connection, "window.watched", window, window.key, actor)
        return window

    @retried
    def revise(self, window: WatchedWindow, *, actor: str) -> WatchedWindow:
        """Put another verdict in the place of the one that carries the key; an alarm that was answered before stays so."""
        with self._database.write() as connection:
            known = _find(connection, window.key)
            if known is None or known.content == window.content:
                return known or window
            connection.execute(update(windows).where(windows.c.id == window.key).values(**_judged(window)))
            self._tell(
                connection, "window.revised", window, f"{window.key}:{digest_bytes((window.content or '').encode())[:16]}", actor
            )
        return replace(window, answered=known.answered, created_at=known.created_at)

    @retried
    def answer(self, key: str) -> None:
        """Note that the alarm of a window was carried on to a decision."""
        with self._database.write() as connection:
            connection.execute(update(windows).where(windows.c.id == key).values(answered=True))

    def windows(self, model: str, *, limit: int) -> Sequence[WatchedWindow]:
        """Return the newest windows of a model, those that ended last first; one ends no later than it was judged."""
        # Which ones they are is told by an index: thousands are put in order without their verdicts.
        newest = select(windows.c.id).where(windows.c.model == model).order_by(*_NEWEST).limit(limit).subquery()
        query = select(windows).join(newest, windows.c.id == newest.c.id).order_by(*_NEWEST)
        with self._database.read() as connection:
            return tuple(_window(row) for row in connection.execute(query))

    def listed(self, model: str, *, limit: int) -> Sequence[ListedWindow]:
        """Return the same windows in the same order, without the details of their verdicts."""
        query = select(*_LISTED).where(windows.c.model == model).order_by(*_NEWEST).limit(limit)
        with self._database.read() as connection:
            return tuple(_line(row) for row in connection.execute(query))

    def of_version(self, model: str, version: int) -> Sequence[ListedWindow]:
        """Return the windows with a span that were watched with one version, by their start."""
        mine = (windows.c.model == model) & (windows.c.version == version) & windows.c.start_at.is_not(None)
        with self._database.read() as connection:
            return tuple(_line(row) for row in connection.execute(select(*_LISTED).where(mine).order_by(windows.c.start_at)))

    def _tell(self, connection: Connection, kind: str, window: WatchedWindow, key: str, actor: str) -> None:
        """Let the journal keep a verdict, and an alarm once a window."""
        detail = {"version": window.version, "severity": window.severity, "alarm": window.alarm}
        subject = f"{window.model} {window.label}"
        append_entry(connection, self._clock, kind, subject, detail, actor=actor, key=f"{kind}:{key}")
        if window.alarm:
            alarm = f"alarm.raised:{window.key}"
            append_entry(connection, self._clock, "alarm.raised", subject, detail, actor=actor, key=alarm)


_ENDED = case((windows.c.end_at < windows.c.created_at, windows.c.end_at), else_=windows.c.created_at)
_NEWEST = (_ENDED.desc(), windows.c.created_at.desc(), windows.c.start_at.desc())
_LISTED = tuple(windows.c[name] for name in windows.columns.keys() if name != "verdict")  # noqa: SIM118 - no mapping


def _find(connection: Connection, key: str) -> WatchedWindow | None:
    row = connection.execute(select(windows).where(windows.c.id == key)).one_or_none()
    return None if row is None else _window(row)


def _judged(window: WatchedWindow) -> dict[str, object]:
    said = {"severity": window.severity, "alarm": window.alarm, "status": window.status, "content": window.content}
    return {**said, "verdict": canonical_json(window.verdict)}


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
        start=row.start_at,
        end=row.end_at,
        content=row.content,
    )


def _line(row: Row[Any]) -> ListedWindow:
    # An older Steward kept no status of its own.
    status = row.status or ("alarm" if row.alarm else "not enough data" if row.severity is None else "ok")
    said = (status, row.severity, row.alarm, row.answered, row.created_at, row.start_at, row.end_at, row.content)
    return ListedWindow(row.id, row.model, row.version, row.label, *said)
