"""Which windows were watched, and what was the verdict on each?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WatchedWindow:
    """The stored verdict on one window.

    `key` is the digest of version and content, so that it counts once; `answered` tells whether an alarm was
    carried on to a decision, so that a kill between the two loses nothing.
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


class WindowHistory(Protocol):
    """Where verdicts are kept: the SQL store, or memory in tests."""

    def find(self, key: str) -> WatchedWindow | None:
        """Return the window that already carries this key."""
        ...

    def add(self, window: WatchedWindow, *, actor: str) -> WatchedWindow:
        """Remember a window, or return the one that already carries its key."""
        ...

    def answer(self, key: str) -> None:
        """Note that the alarm of a window was carried on to a decision."""
        ...

    def windows(self, model: str, *, limit: int) -> Sequence[WatchedWindow]:
        """Return the newest windows of a model, newest first."""
        ...
