from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines import ENGINES, Evaluate

from steward.features.column import (
    SEASONS,
    clock_time,
    day_of,
    hour_of,
    is_holiday,
    is_weekend,
    minute_of,
    month_of,
    recode,
    season,
    time_of_day,
    weekday_of,
    year_of,
)


def times(*texts: str | None) -> pl.DataFrame:
    return pl.DataFrame({"at": [t and datetime.fromisoformat(t) for t in texts]}, schema={"at": pl.Datetime("us")})


def test_parts_of_a_time_are_whole_numbers_that_do_not_overflow(evaluate: Evaluate) -> None:
    frame = times("2023-03-12T23:59:01", None)
    parts = {hour_of: 23, minute_of: 59, day_of: 12, month_of: 3, year_of: 2023}
    for part, value in parts.items():
        made = evaluate(frame, part)
        assert (made.to_list(), made.dtype) == ([value, None], pl.Int64)
    assert evaluate(frame, lambda at: hour_of(at) * 60 + minute_of(at)).to_list() == [1439, None]


def test_a_week_begins_with_sunday_and_ends_with_the_other_day_of_the_weekend(evaluate: Evaluate) -> None:
    frame = times(*(f"2023-01-{day:02}T12:00:00" for day in range(1, 9)))  # the first was a Sunday
    assert evaluate(frame, weekday_of).to_list() == [0, 1, 2, 3, 4, 5, 6, 0]
    assert evaluate(frame, is_weekend).to_list() == [True, *[False] * 5, True, True]


@pytest.mark.parametrize(
    ("country", "subdivision", "day", "holiday"),
    [
        ("US", None, "2023-07-04", True),
        ("US", None, "2023-07-05", False),
        ("US", None, "2023-01-02", True),  # New Year's Day fell on a Sunday
        ("US", "NY", "2023-02-13", True),  # Lincoln's birthday, observed, of that state
        ("US", None, "2023-02-13", False),
        ("FR", None, "2023-07-14", True),
        ("FR", None, "2023-04-10", True),  # Easter Monday
        ("US", None, "1999-07-04", None),  # outside the years of interest
        ("US", None, "2031-07-04", None),
    ],
)
def test_holidays_of_a_country_and_of_its_parts(
    evaluate: Evaluate, country: str, subdivision: str | None, day: str, *, holiday: bool | None
) -> None:
    frame = times(f"{day}T00:00:00", f"{day}T23:59:59", None)
    made = evaluate(frame, lambda at: is_holiday(at, country, subdivision=subdivision, years=(2000, 2030)))
    assert made.to_list() == [holiday, holiday, None]


def test_a_country_without_holidays_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="Atlantis"):
        is_holiday(pl.col("at"), "Atlantis")  # type: ignore[arg-type]


def test_times_of_day_change_on_the_hour(evaluate: Evaluate) -> None:
    clocks = {"00:00": "night", "04:59": "night", "05:00": "morning", "11:59": "morning", "12:00": "afternoon"}
    clocks |= {"16:59": "afternoon", "17:00": "evening", "21:59": "evening", "22:00": "night"}
    frame = times(*(f"2023-01-01T{clock}:00" for clock in clocks), None)
    assert evaluate(frame, time_of_day).to_list() == [*clocks.values(), None]


def test_seasons_change_with_the_month_and_are_turned_round_in_the_south(evaluate: Evaluate) -> None:
    frame = times(*(f"2023-{month:02}-15T12:00:00" for month in range(1, 13)), None)
    year = ["winter"] * 2 + ["spring"] * 3 + ["summer"] * 3 + ["autumn"] * 3 + ["winter"]
    assert evaluate(frame, season).to_list() == [*year, None]
    assert evaluate(frame, lambda at: season(at, southern=True)).to_list() == [*year[6:], *year[:6], None]
    assert evaluate(frame, lambda at: recode(season(at), SEASONS)).to_list() == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0, None]


PARTS = ("year", "month", "day", "hour", "minute")


@pytest.mark.parametrize("name", ENGINES)
@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1990, 2030), *(st.none() | st.integers(low, high) for low, high in ((0, 14), (0, 33), (-1, 25), (-1, 61)))
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_clock_time_is_made_of_parts_that_make_a_date(name: str, rows: list[tuple[int, ...]]) -> None:
    def exactly(*parts: Any) -> datetime | None:
        try:
            return datetime(*parts)  # noqa: DTZ001 - wall clock
        except (ValueError, TypeError):
            return None

    made = ENGINES[name](pl.DataFrame(rows, schema=dict.fromkeys(PARTS, pl.Int64), orient="row"), clock_time)
    assert made.to_list() == [exactly(*row) for row in rows]


def test_the_last_of_february_is_known(evaluate: Evaluate) -> None:
    frame = pl.DataFrame([(y, 2, 29, 0, 0) for y in (1900, 2000, 2023, 2024)], schema=dict.fromkeys(PARTS, pl.Int64), orient="row")
    made = evaluate(frame, clock_time).to_list()
    assert [time and time.date() for time in made] == [None, date(2000, 2, 29), None, date(2024, 2, 29)]
