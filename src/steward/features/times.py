"""What does a clock say of a row: its hour and weekday, a holiday, a season, how long it took?

All times are wall clock without a zone. Parts are whole numbers of 64 bits on every engine, so that `hour_of(x) * 60`
does not overflow as the engines' own 8 bits do; a part of a missing time is null.
"""

from functools import lru_cache
from math import tau
from typing import Any, cast

import narwhals as nw

from steward.features.engine import Column, category, choose, engine_of, only_where, recode

TIMES_OF_DAY = {"night": 0, "morning": 1, "afternoon": 2, "evening": 3}
"""Numbers for a model: ``recode(time_of_day(pickup_at), TIMES_OF_DAY)``."""

SEASONS = {"winter": 0, "spring": 1, "summer": 2, "autumn": 3}
"""Numbers for a model: ``recode(season(pickup_at), SEASONS)``."""

_MINUTES_PER_MICROSECOND = 1 / 60_000_000
_SUNDAY, _SATURDAY = 0, 6
_FEBRUARY = 2
_FIRST_YEAR, _LAST_YEAR = 1000, 9999
_DAY_EDGES = (5, 12, 17, 22)


def hour_of(at: Column) -> Column:
    """Return the hour, 0 to 23."""
    return _long(at.dt.hour())


def minute_of(at: Column) -> Column:
    """Return the minute, 0 to 59."""
    return _long(at.dt.minute())


def day_of(at: Column) -> Column:
    """Return the day of the month, 1 to 31."""
    return _long(at.dt.day())


def month_of(at: Column) -> Column:
    """Return the month, 1 to 12."""
    return _long(at.dt.month())


def year_of(at: Column) -> Column:
    """Return the year, with four digits."""
    return _long(at.dt.year())


def weekday_of(at: Column) -> Column:
    """Return the weekday, 0 for Sunday to 6 for Saturday."""
    return _long(at.dt.weekday() % 7)  # Sunday is 7 here and 0 on Spark


def is_weekend(at: Column) -> Column:
    """Return whether it is a Saturday or Sunday."""
    day = weekday_of(at)
    return (day == _SUNDAY) | (day == _SATURDAY)


def is_holiday(at: Column, country: str, *, subdivision: str | None = None, years: tuple[int, int] = (2000, 2050)) -> Column:
    """Return whether the date is a public holiday of a country.

    Args:
        at: times; a date outside of `years` gives null, for nothing was looked up there.
        country: two letters, ISO 3166-1, as the library `holidays` has them: ``US``, ``FR``.
        subdivision: a state or region with holidays of its own: ``NY``.
        years: the first and the last year of interest.

    Raises:
        ValueError: no holidays are known for the country or its subdivision.
    """
    year = year_of(at)
    date = (year * 100 + month_of(at)) * 100 + day_of(at)
    return only_where(year.is_between(*years), date.is_in(list(_holidays(country, subdivision, years))))


def time_of_day(at: Column) -> Column:
    """Return `night` (22 to 5 o'clock), `morning` (5 to 12), `afternoon` (12 to 17) or `evening` (17 to 22)."""
    return category(hour_of(at), _DAY_EDGES, ("night", "morning", "afternoon", "evening", "night"))


def season(at: Column, *, southern: bool = False) -> Column:
    """Return `winter` (December to February), `spring`, `summer` or `autumn`; half a year on in the south."""
    number = (month_of(at) + (6 if southern else 0)) % 12 // 3
    return recode(number, {number: word for word, number in SEASONS.items()})


def minutes_between(start: Column, end: Column) -> Column:
    """Return the minutes from one datetime to another, with their fraction; negative where the end comes first."""
    if engine_of(start) is nw:  # which has no spans of time on Spark
        return (_microseconds(end) - _microseconds(start)) * _MINUTES_PER_MICROSECOND
    return (end - start).dt.total_microseconds() * _MINUTES_PER_MICROSECOND


def sin_cycle(x: Column, period: float) -> Column:
    """Return the sine of a cyclic quantity, -1 to 1: `sin_cycle(hour, 24)` is equal at 0 and 24."""
    return (x * (tau / period)).sin()


def cos_cycle(x: Column, period: float) -> Column:
    """Return the cosine that goes with `sin_cycle`; the two together place x on a circle."""
    return (x * (tau / period)).cos()


def clock_time(year: Column, month: Column, day: Column, hour: Column, minute: Column) -> Column:
    """Return a local time, made of its parts, whole numbers; null where one is null or they make no date."""
    engine = engine_of(year)
    known = year.is_between(_FIRST_YEAR, _LAST_YEAR) & month.is_between(1, 12) & day.is_between(1, _days(year, month))
    known = known & hour.is_between(0, 23) & minute.is_between(0, 59)
    if engine is nw:  # an engine may want two digits of each, and raise where they make no date
        parts = [year.cast(nw.String), *(part.cast(nw.String).str.zfill(2) for part in (month, day, hour, minute))]
        text = nw.concat_str([only_where(known, part) for part in parts], separator="-")
        return text.str.to_datetime("%Y-%m-%d-%H-%M")
    joined: Any = only_where(known, engine.concat_str([year, month, day, hour, minute], separator="-"))
    return cast("Column", joined.str.to_datetime("%Y-%m-%d-%H-%M", time_unit="us", strict=False))


def _microseconds(at: Column) -> Column:
    """Return a time as a number of 64 bits, counted from the beginning of the first year."""
    before = year_of(at) - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + _long(at.dt.ordinal_day())
    seconds = ((days * 24 + hour_of(at)) * 60 + minute_of(at)) * 60 + _long(at.dt.second())
    # Before 1970 the fraction is negative on Spark.
    return seconds * 1_000_000 + (_long(at.dt.microsecond()) + 1_000_000) % 1_000_000


def _days(year: Column, month: Column) -> Column:
    """Return how many days a month has."""
    is_leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    return choose(month == _FEBRUARY, choose(is_leap, 29, 28), choose(month.is_in([4, 6, 9, 11]), 30, 31))


def _long(part: Column) -> Column:
    return part.cast(engine_of(part).Int64)


@lru_cache(maxsize=32)
def _holidays(country: str, subdivision: str | None, years: tuple[int, int]) -> tuple[int, ...]:
    """Return the dates as numbers, 20240704, in their order."""
    import holidays

    first, last = years
    try:
        dates = holidays.country_holidays(country, subdiv=subdivision, years=range(first, last + 1))
    except NotImplementedError as error:
        raise ValueError(str(error)) from error
    return tuple(sorted((date.year * 100 + date.month) * 100 + date.day for date in dates))
