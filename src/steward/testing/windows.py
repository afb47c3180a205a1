"""Which windows would have been watched? Kept in memory, with the same promises as those in the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from steward.monitoring.history import ListedWindow, StoredSketch, WatchedWindow


class MemoryWindowHistory:
    """Windows without a database; `journal` names what was told of each, in order."""

    def __init__(self) -> None:
        self.journal: list[tuple[str, str]] = []
        self._windows: dict[str, WatchedWindow] = {}

    def find(self, key: str) -> WatchedWindow | None:
        """Return the window that already carries this key."""
        return self._windows.get(key)

    def add(self, window: WatchedWindow, *, actor: str) -> WatchedWindow:  # noqa: ARG002 - the journal here names nobody
        """Remember a window, or return the one that already carries its key."""
        if window.key not in self._windows:
            self._windows[window.key] = window
            self._tell("window.watched", window)
        return self._windows[window.key]

    def revise(self, window: WatchedWindow, *, actor: str) -> WatchedWindow:  # noqa: ARG002 - as above
        """Put another verdict in the place of the one that carries the key; an alarm that was answered before stays so."""
        known = self._windows.get(window.key)
        if known is None or known.content == window.content:
            return known or window
        self._windows[window.key] = replace(window, answered=known.answered, created_at=known.created_at)
        self._tell("window.revised", window)
        return self._windows[window.key]

    def answer(self, key: str) -> None:
        """Note that the alarm of a window was carried on to a decision."""
        if key in self._windows:
            self._windows[key] = replace(self._windows[key], answered=True)

    def windows(self, model: str, *, limit: int) -> Sequence[WatchedWindow]:
        """Return the newest windows of a model, those that ended last first; one ends no later than it was judged."""
        mine = [one for one in self._windows.values() if one.model == model]
        return tuple(sorted(mine, key=_by_end, reverse=True)[:limit])

    def listed(self, model: str, *, limit: int) -> Sequence[ListedWindow]:
        """Return the same windows in the same order, without the details of their verdicts."""
        return tuple(_line(one) for one in self.windows(model, limit=limit))

    def of_version(self, model: str, version: int) -> Sequence[ListedWindow]:
        """Return the windows with a span that were watched with one version, by their start."""
        mine = [one for one in self._windows.values() if (one.model, one.version) == (model, version) and one.start is not None]
        return tuple(_line(one) for one in sorted(mine, key=lambda one: str(one.start)))

    def _tell(self, kind: str, window: WatchedWindow) -> None:
        self.journal.append((kind, window.label))
        if window.alarm and ("alarm.raised", window.label) not in self.journal:
            self.journal.append(("alarm.raised", window.label))


class MemorySketchStore:
    """Sketches without a database."""

    def __init__(self) -> None:
        self._sketches: dict[str, StoredSketch] = {}

    def find(self, keys: Collection[str]) -> Mapping[str, StoredSketch]:
        """Return those of the sketches that are kept, by their keys."""
        return {key: self._sketches[key] for key in keys if key in self._sketches}

    def keep(self, sketches: Sequence[StoredSketch]) -> None:
        """Keep sketches, each in the place of one that carries its key."""
        self._sketches |= {one.key: one for one in sketches}


def _by_end(one: WatchedWindow) -> tuple[str, str, str]:
    return min(one.end or one.created_at, one.created_at), one.created_at, one.start or ""


def _line(one: WatchedWindow) -> ListedWindow:
    said = (one.status, one.severity, one.alarm, one.answered, one.created_at, one.start, one.end, one.content)
    return ListedWindow(one.key, one.model, one.version, one.label, *said)
