"""Which column functions can a project's features use on every engine?

A feature is written once against the calls that Polars and narwhals share, and runs on expressions of
either. What the two do not share stands here, once: narwhals knows no arcsine, and the same minute
count must come out of a clock of any resolution.

The pitfalls measured between engines: weekday is 7 on Sunday here and 0 on Spark (take `% 7`), a cast
from float to integer truncates here and rounds on DuckDB (take `.floor()` first), the hour is an 8-bit
integer (`* 60` overflows), and `/ 60` multiplies by 1/60 here and divides elsewhere, which may differ in
the last digit (write `* (1 / 60)`, which is one thing everywhere).
"""

from collections.abc import Mapping
from math import pi, tau
from typing import Any, TypeAlias, cast

import narwhals as nw
import polars as pl

Column: TypeAlias = nw.Expr
"""A column expression: narwhals' to the type checker, Polars' or narwhals' at run time."""

EARTH_RADIUS_KM = 6371.0088  # mean radius of the GRS 80 ellipsoid (IUGG)
_MINUTES_PER_MICROSECOND = 1 / 60_000_000
_RADIANS_PER_DEGREE = pi / 180


def haversine_km(lat1: Column, lon1: Column, lat2: Column, lon2: Column) -> Column:
    """Return the great-circle distance in km between two points given in degrees; null where one is null.

    Polars takes the arcsine itself. Elsewhere it is a series after halving the angle twice, which
    agrees to 1e-11 km within 500 km and to 40 m at the antipodes.
    """
    half_lat = (lat2 - lat1) * (_RADIANS_PER_DEGREE / 2)
    half_lon = (lon2 - lon1) * (_RADIANS_PER_DEGREE / 2)
    cosines = (lat1 * _RADIANS_PER_DEGREE).cos() * (lat2 * _RADIANS_PER_DEGREE).cos()
    squared_sine = half_lat.sin() ** 2 + cosines * half_lon.sin() ** 2
    return _arcsine_of_root(squared_sine) * (2 * EARTH_RADIUS_KM)


def minutes_between(start: Column, end: Column) -> Column:
    """Return the minutes from one datetime to another, with their fraction; negative where the end comes first."""
    return (end - start).dt.total_microseconds() * _MINUTES_PER_MICROSECOND


def sin_cycle(x: Column, period: float) -> Column:
    """Return the sine of a cyclic quantity, -1 to 1: `sin_cycle(hour, 24)` is equal at 0 and 24."""
    return (x * (tau / period)).sin()


def cos_cycle(x: Column, period: float) -> Column:
    """Return the cosine that goes with `sin_cycle`; the two together place x on a circle."""
    return (x * (tau / period)).cos()


def choose(condition: Column, then: Column, otherwise: Column) -> Column:
    """Return one column where a condition holds and another where it does not or is null."""
    return cast("Column", _engine(condition).when(condition).then(then).otherwise(otherwise))


def recode(column: Column, meanings: Mapping[int, float] | Mapping[int, str] | Mapping[str, float] | Mapping[str, str]) -> Column:
    """Return the meaning of each code; null for a code that has none.

    A chain of comparisons, for that is what every engine has; meant for tens of codes, not for thousands.
    """
    engine = _engine(column)
    meaning = engine.lit(None)
    for code, word in meanings.items():
        meaning = engine.when(column == code).then(engine.lit(word)).otherwise(meaning)
    return cast("Column", meaning)


def whole_number(column: Column) -> Column:
    """Return text as a whole number, null where it is none."""
    if isinstance(column, pl.Expr):
        return cast("Column", column.cast(pl.Int64, strict=False))
    return column.cast(nw.Int64)


def clock_time(year: Column, month: Column, day: Column, hour: Column, minute: Column) -> Column:
    """Return a local time, made of its parts; null where one is null or they make no date."""
    engine = _engine(year)
    text = engine.concat_str([year, month, day, hour, minute], separator="-")
    if isinstance(year, pl.Expr):
        return cast("Column", text.str.to_datetime("%Y-%m-%d-%H-%M", time_unit="us", strict=False))
    return cast("Column", text.str.to_datetime("%Y-%m-%d-%H-%M"))


def _engine(column: Column) -> Any:
    return pl if isinstance(column, pl.Expr) else nw


def _arcsine_of_root(squared_sine: Column) -> Column:
    if isinstance(squared_sine, pl.Expr):
        # Rounding may carry a hair above 1, where the arcsine is NaN.
        return cast("Column", squared_sine.clip(0.0, 1.0).sqrt().arcsin())
    eighth = _halve(_halve(squared_sine))
    series = 1 + eighth * (1 / 6 + eighth * (3 / 40 + eighth * (15 / 336 + eighth * (105 / 3456))))
    return 4 * (eighth**0.5 * series)


def _halve(squared_sine: Column) -> Column:
    """Squared sine of an angle -> squared sine of half of it, without subtracting near-equal numbers."""
    # abs: rounding may carry the squared sine a hair above 1.
    return squared_sine / (2 * (1 + (1 - squared_sine).abs().sqrt()))
