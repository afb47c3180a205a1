"""A clock that stands still until it is told to go on."""

from datetime import UTC, datetime, timedelta


class FrozenClock:
    """Shows the same time until `advance` is called."""

    def __init__(self, at: datetime | None = None) -> None:
        self._at = at or datetime(2026, 1, 1, tzinfo=UTC)
        if self._at.tzinfo is None:
            raise ValueError("a clock shows aware times; attach a zone")

    def now(self) -> datetime:
        """Return the time it shows."""
        return self._at

    def advance(self, span: timedelta) -> None:
        """Move the hands on."""
        self._at += span
