"""Which windows were watched, what was the verdict on each, and which sketches of batches are there to merge?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WatchedWindow:
    """The stored verdict on one window.

    `key` is the digest of version and window, so that it counts once; `answered` tells whether an alarm was carried on to a
    decision, so that a kill between the two loses nothing. `start` and `end` are the half-open span of a window by time or
    count (ISO 8601, UTC); `content` is the digest of the rows and outcomes that were judged, where these may still change.
    """

    key: str
    model: str
    version: int
    label: str
    severity: float | None
    alarm: bool
    answered: bool
    verdict: Mapping[str, object]
    created_at: str
    start: str | None = None
    end: str | None = None
    content: str | None = None

    @property
    def status(self) -> str:
        """What the verdict says in a word or two: ok, alarm, not enough data, no data."""
        return str(self.verdict.get("status", "alarm" if self.alarm else "ok"))


@dataclass(frozen=True, slots=True)
class ListedWindow:
    """A window as one line of a list: all but the verdict's details, so that thousands are had at once."""

    key: str
    model: str
    version: int
    label: str
    status: str
    severity: float | None
    alarm: bool
    answered: bool
    created_at: str
    start: str | None
    end: str | None
    content: str | None


@dataclass(frozen=True, slots=True)
class StoredSketch:
    """The sketch of one batch of rows, packed; `key` names bundle, source and span, `content` the rows behind it.

    `source` is "log" or "rows"; `start` and `end` the half-open span, ISO 8601.
    """

    key: str
    model: str
    version: int
    source: str
    start: str
    end: str
    rows: int
    content: str
    packed: bytes


class WindowHistory(Protocol):
    """Where verdicts are kept: the SQL store, or memory in tests."""

    def find(self, key: str) -> WatchedWindow | None:
        """Return the window that already carries this key."""
        ...

    def add(self, window: WatchedWindow, *, actor: str) -> WatchedWindow:
        """Remember a window, or return the one that already carries its key."""
        ...

    def revise(self, window: WatchedWindow, *, actor: str) -> WatchedWindow:
        """Put another verdict in the place of the one that carries the key, unless that was made of the same content.

        When it was watched first stays, and so does an alarm that was answered.
        """
        ...

    def answer(self, key: str) -> None:
        """Note that the alarm of a window was carried on to a decision."""
        ...

    def windows(self, model: str, *, limit: int) -> Sequence[WatchedWindow]:
        """Return the newest windows of a model, newest first."""
        ...

    def listed(self, model: str, *, limit: int) -> Sequence[ListedWindow]:
        """Return the newest windows of a model without the details of their verdicts, newest first."""
        ...

    def of_version(self, model: str, version: int) -> Sequence[ListedWindow]:
        """Return the windows with a span that were watched with one version, by their start."""
        ...


class SketchStore(Protocol):
    """Where sketches of batches are kept: the SQL store, or memory in tests."""

    def find(self, keys: Collection[str]) -> Mapping[str, StoredSketch]:
        """Return those of the sketches that are kept, by their keys."""
        ...

    def keep(self, sketches: Sequence[StoredSketch]) -> None:
        """Keep sketches, each in the place of one that carries its key."""
        ...
