"""Which column functions can a project's features use on every engine?

A feature is written once against the calls that Polars and narwhals share, and runs on expressions of
either, and for one row on the row path. The functions are the library that features are built from; docs/features.md lists them.

The pitfalls measured between engines: weekday is 7 on Sunday here and 0 on Spark (take `weekday_of`, or `% 7`), a cast
from float to integer truncates here and rounds on DuckDB (take `integer`), the engine's own hour is an 8-bit
integer (`* 60` overflows; `hour_of` has 64), and `/ 60` multiplies by 1/60 here and divides elsewhere, which may differ in
the last digit (write `* (1 / 60)`, which is one thing everywhere).
"""

from steward.features.amounts import KM_PER_MILE, distance_category, log1p, price_per_mile, ratio, speed_kmh
from steward.features.engine import (
    Column,
    category,
    choose,
    coalesce,
    greatest,
    integer,
    only_where,
    recode,
    smallest,
    whole_number,
)
from steward.features.places import (
    EARTH_RADIUS_KM,
    MANHATTAN_GRID_DEG,
    NYC_AIRPORT_ZONES,
    NYC_AIRPORTS,
    bearing_cos,
    bearing_sin,
    compass_point,
    grid_cell,
    haversine_km,
    is_airport_ride,
    is_airport_trip,
    is_near,
    manhattan_km,
    nearest_place,
)
from steward.features.times import (
    SEASONS,
    TIMES_OF_DAY,
    clock_time,
    cos_cycle,
    day_of,
    hour_of,
    is_holiday,
    is_weekend,
    minute_of,
    minutes_between,
    month_of,
    season,
    sin_cycle,
    time_of_day,
    weekday_of,
    year_of,
)

__all__ = [
    "EARTH_RADIUS_KM",
    "KM_PER_MILE",
    "MANHATTAN_GRID_DEG",
    "NYC_AIRPORTS",
    "NYC_AIRPORT_ZONES",
    "SEASONS",
    "TIMES_OF_DAY",
    "Column",
    "bearing_cos",
    "bearing_sin",
    "category",
    "choose",
    "clock_time",
    "coalesce",
    "compass_point",
    "cos_cycle",
    "day_of",
    "distance_category",
    "greatest",
    "grid_cell",
    "haversine_km",
    "hour_of",
    "integer",
    "is_airport_ride",
    "is_airport_trip",
    "is_holiday",
    "is_near",
    "is_weekend",
    "log1p",
    "manhattan_km",
    "minute_of",
    "minutes_between",
    "month_of",
    "nearest_place",
    "only_where",
    "price_per_mile",
    "ratio",
    "recode",
    "season",
    "sin_cycle",
    "smallest",
    "speed_kmh",
    "time_of_day",
    "weekday_of",
    "whole_number",
    "year_of",
]
