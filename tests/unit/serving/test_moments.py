"""The patterns of moments take exactly the days there are."""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.serving.moments import MOMENT, WALL_CLOCK


def exists(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
def test_a_day_is_taken_where_it_exists(year: int, month: int, day: int) -> None:
    text = f"{year:04}-{month:02}-{day:02}T08:15"
    assert bool(re.fullmatch(WALL_CLOCK, text)) is exists(text)
    assert bool(re.fullmatch(MOMENT, f"{text}+01:00")) is (exists(text) and 1000 <= year < 3000)


@pytest.mark.parametrize("year", [4, 96, 100, 400, 1600, 1700, 1900, 2000, 2023, 2024, 2100, 2800, 9996])
def test_leap_days_are_those_of_the_calendar(year: int) -> None:
    text = f"{year:04}-02-29T08:15"
    assert bool(re.fullmatch(WALL_CLOCK, text)) is exists(text)
    assert bool(re.fullmatch(MOMENT, f"{text}Z")) is (exists(text) and 1000 <= year < 3000)


@pytest.mark.parametrize("time", ["08:15", "08:15:00", "23:59:59.9", "00:00:00.123456"])
def test_seconds_and_their_parts_may_be_left_out(time: str) -> None:
    assert re.fullmatch(WALL_CLOCK, f"2024-01-31 {time}")
    assert re.fullmatch(MOMENT, f"2024-01-31T{time}Z")
    assert datetime.fromisoformat(f"2024-01-31T{time}Z").tzinfo is not None


@pytest.mark.parametrize(
    "time", ["24:00", "08:60", "08:15:60", "8:15", "08:15:00.", "08:15:00.1234567", "08", "08:15 ", "\uff10\uff18:15"]
)
def test_what_is_no_time_is_not_taken(time: str) -> None:
    assert re.fullmatch(WALL_CLOCK, f"2024-01-31T{time}") is None
    assert re.fullmatch(MOMENT, f"2024-01-31T{time}Z") is None


@pytest.mark.parametrize("zone", ["", "z", "+1", "+0100", "+24:00", " UTC", "+01:60", "Z\n"])
def test_a_moment_has_a_zone(zone: str) -> None:
    assert re.fullmatch(MOMENT, f"2024-01-31T08:15:00{zone}") is None
