"""Which stretch of time is a window, and which windows are over?

All arithmetic is in UTC, where every hour comes once: whatever the clocks of a zone do in spring and autumn, windows meet
without a gap and none comes twice. Only labels tell the wall clock of a project's zone, with its offset.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Every = Literal["1h", "6h", "1d", "1w", "1mo"]
EVERY: tuple[Every, ...] = get_args(Every)

_HOURS: dict[Every, int] = {"1h": 1, "6h": 6, "1d": 24, "1w": 168}
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_DECEMBER = 12
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Half-open span of time, ``start <= t < end``, both ends aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse a span that is none, or that nobody could place.

        Raises:
            ValueError: an end has no zone, or the span ends before it starts.
        """
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a Window needs aware datetimes; attach a zone where they are parsed")
        if self.start >= self.end:
            raise ValueError(f"window ends before it starts: {self.start} >= {self.end}")

    @property
    def span(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    @property
    def texts(self) -> tuple[str, str]:
        """Both ends as the stores keep them: ISO 8601 in UTC."""
        return self.start.astimezone(UTC).isoformat(), self.end.astimezone(UTC).isoformat()


def window_of(moment: datetime, every: Every) -> Window:
    """Return the window a moment falls into: hours and days of UTC, weeks from Monday, calendar months.

    >>> window_of(datetime(2026, 3, 29, 13, 5, tzinfo=UTC), "6h").start.isoformat()
    '2026-03-29T12:00:00+00:00'
    """
    at = moment.astimezone(UTC)
    if every == "1mo":
        first = datetime(at.year, at.month, 1, tzinfo=UTC)
        last = at.month == _DECEMBER
        return Window(first, datetime(at.year + last, 1 if last else at.month + 1, 1, tzinfo=UTC))
    length = timedelta(hours=_HOURS[every])
    start = _MONDAY + (at - _MONDAY) // length * length
    return Window(start, start + length)


def windows_between(first: datetime, until: datetime, every: Every) -> Iterator[Window]:
    """Return the windows from the one that holds `first` to the last that has ended by `until`, oldest first."""
    window = window_of(first, every)
    while window.end <= until:
        yield window
        window = window_of(window.end, every)


def counted_windows(arrivals: Sequence[tuple[datetime, int]], rows: int) -> tuple[Window, ...]:
    """Return the windows of at least `rows` rows each, oldest first; what is left over at the end waits for more.

    Args:
        arrivals: when rows came and how many then, in ascending order, each time once.
        rows: so many a window at least; rows of one moment stay together.
    """
    bounds, held = [arrivals[0][0]] if arrivals else [], 0
    for at, count in arrivals:
        if held >= rows:
            bounds.append(at)
            held = 0
        held += count
    if held >= rows:  # the last one is full: it ends right behind its last row
        bounds.append(arrivals[-1][0] + timedelta(microseconds=1))
    return tuple(Window(start, end) for start, end in pairwise(bounds))


def batches_of(window: Window) -> tuple[Window, ...]:
    """Return the days or, of a window shorter than a day, the hours that it is merged from; a ragged one is a batch of its own."""
    every: Every = "1h" if window.span < _DAY else "1d"
    if any(window_of(end, every).start != end for end in (window.start, window.end)):
        return (window,)
    return tuple(windows_between(window.start, window.end, every))


def label_of(window: Window, zone: str, length: str) -> str:
    """Return what a window is called: its start on the zone's wall clock, and how long or how large it is.

    >>> label_of(window_of(datetime(2026, 3, 29, 13, tzinfo=UTC), "1d"), "Europe/Berlin", "1d")
    '2026-03-29 01:00+01:00 1d'
    """
    start = window.start.astimezone(ZoneInfo(zone))
    seconds = "minutes" if start.second == start.microsecond == 0 else "microseconds"
    return f"{start.isoformat(' ', timespec=seconds)} {length}"
