"""Spans of time: they meet, none comes twice, and their labels tell the wall clock."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.monitoring.window import EVERY, Every, Window, batches_of, counted_windows, label_of, window_of, windows_between

MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1975 <= moment.year < 2090)
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("every", "start", "end"),
    [
        ("1h", "2026-03-29T13:00+00:00", "2026-03-29T14:00+00:00"),
        ("6h", "2026-03-29T12:00+00:00", "2026-03-29T18:00+00:00"),
        ("1d", "2026-03-29T00:00+00:00", "2026-03-30T00:00+00:00"),
        ("1w", "2026-03-23T00:00+00:00", "2026-03-30T00:00+00:00"),  # a Sunday belongs to the week that began on Monday
        ("1mo", "2026-03-01T00:00+00:00", "2026-04-01T00:00+00:00"),
    ],
)
def test_a_moment_falls_into_the_window_that_the_calendar_says(every: Every, start: str, end: str) -> None:
    assert window_of(at("2026-03-29T13:05+00:00"), every) == Window(at(start), at(end))


def test_december_is_followed_by_january() -> None:
    assert window_of(at("2026-12-31T23:59+00:00"), "1mo").end == at("2027-01-01T00:00+00:00")


@given(MOMENTS, st.sampled_from(EVERY))
def test_windows_hold_their_moment_and_meet(moment: datetime, every: Every) -> None:
    window = window_of(moment, every)
    assert window.start <= moment < window.end
    assert window_of(window.start, every) == window
    assert window_of(window.end, every).start == window.end
    assert window_of(window.start - timedelta(microseconds=1), every).end == window.start


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_each_hour_comes_once_whatever_the_clocks_do(zone: str, day: datetime) -> None:
    windows = list(windows_between(day - timedelta(days=8), day + timedelta(days=8), "1h"))
    assert len(windows) == 16 * 24
    assert all(one.end == two.start for one, two in pairwise(windows))
    assert len({label_of(window, zone, "1h") for window in windows}) == len(windows)


def test_a_label_tells_the_wall_clock_with_its_offset() -> None:
    # In Berlin the clocks go back at three: two o'clock comes twice.
    hours = [label_of(window, "Europe/Berlin", "1h") for window in windows_between(AUTUMN, AUTUMN + timedelta(hours=2), "1h")]
    assert hours == ["2026-10-25 02:00+02:00 1h", "2026-10-25 02:00+01:00 1h"]
    odd = Window(at("2026-01-01T10:00:00.250+00:00"), at("2026-01-01T11:00+00:00"))
    assert label_of(odd, "UTC", "500 rows") == "2026-01-01 10:00:00.250000+00:00 500 rows"


def test_only_windows_that_are_over_are_due_oldest_first() -> None:
    due = list(windows_between(at("2026-01-01T10:30+00:00"), at("2026-01-03T09:00+00:00"), "1d"))
    assert [window.start.day for window in due] == [1, 2]
    assert list(windows_between(at("2026-01-01T10:30+00:00"), at("2026-01-01T23:59+00:00"), "1d")) == []


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 50))
def test_counted_windows_hold_enough_rows_each_once(counts: list[int], rows: int) -> None:
    arrivals = [(SPRING + timedelta(seconds=number), count) for number, count in enumerate(counts)]
    windows = counted_windows(arrivals, rows)
    held = [sum(count for moment, count in arrivals if window.start <= moment < window.end) for window in windows]
    assert all(count >= rows for count in held)
    assert all(one.end == two.start for one, two in pairwise(windows))
    left = sum(counts) - sum(held)
    assert 0 <= left < rows


def test_rows_of_one_moment_stay_together() -> None:
    times = [SPRING + timedelta(minutes=number) for number in range(3)]
    assert counted_windows([(times[0], 3), (times[1], 9), (times[2], 1)], 5) == (Window(times[0], times[2]),)
    assert counted_windows([], 5) == ()


def test_a_window_is_merged_from_hours_or_days() -> None:
    assert [len(batches_of(window_of(SPRING, every))) for every in EVERY] == [1, 6, 1, 7, 31]
    week = batches_of(window_of(SPRING, "1w"))
    assert (len(week), week[0].start, week[-1].end) == (7, at("2026-03-23T00:00+00:00"), at("2026-03-30T00:00+00:00"))
    odd = Window(at("2026-01-01T10:00:01+00:00"), at("2026-01-01T11:00+00:00"))
    assert batches_of(odd) == (odd,)


def test_a_span_needs_zones_and_an_end_behind_its_start() -> None:
    with pytest.raises(ValueError, match="aware"):
        Window(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(ValueError, match="before it starts"):
        Window(SPRING, SPRING)
