"""Rows full of nulls, codes nobody has seen, clocks that were put forward and back, and numbers at the end of their range."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf, nan
from typing import Any

import numpy as np
import polars as pl

TIME = pl.Datetime("us")
SCHEMA: Mapping[str, pl.DataType] = {
    "pickup_at": TIME,
    "dropoff_at": TIME,
    **dict.fromkeys(("pickup_lat", "pickup_lon", "dropoff_lat", "dropoff_lon", "total_usd", "miles"), pl.Float64()),
    **dict.fromkeys(("pickup_zone", "dropoff_zone", "passengers", "year", "month", "day", "hour", "minute"), pl.Int64()),
    "word": pl.String(),
    "yes": pl.Boolean(),
}
_ORDINARY = {"lat": (40.4, 41.1), "lon": (-74.3, -73.6)}
_WHOLE = (0, 1, 2, 3, 5, 7, 10, 12, 13, 23, 24, 28, 29, 30, 31, 59, 60, 99, 132, 138, 265, 266, 999, 2003, 2016, 2020, -1, -9)
_HUGE = (2**31, -(2**31) - 1, 2**53 + 1, 2**62, 2**63 - 1, -(2**63))
_NUMBERS = (0.0, -0.0, 0.5, 1.0, 2.0, 2.5, 5.0, 14.999999999999998, 15.0, 1e-12, -1.0, -1.5, 99.0, 1e6)
_EXTREME = (1e300, -1e300, 5e-324, inf, -inf, nan, 90.0, -90.0, 180.0, -180.0)
_WORDS = (
    "7",
    "-3",
    "+5",
    "007",
    "1445",
    "14:45",
    "12x",
    " 5 ",
    "",
    "2A",
    "590",
    "Überall",
    "9" * 18,
    "9" * 19,
    "9" * 30,
    "1e3",
    "1.0",
)


def wall_clocks() -> list[datetime]:
    """Wall-clock times of New York and Paris around both changes of 2023, one that no clock showed, and the ends of years."""
    changes = [datetime(2023, *day, tzinfo=UTC) for day in ((3, 12, 7), (11, 5, 6), (3, 26, 1), (10, 29, 1))]
    utc = pl.Series([change + timedelta(minutes=15 * step) for change in changes for step in range(-8, 9)]).cast(
        pl.Datetime("us", "UTC")
    )
    shown = [
        time for zone in ("America/New_York", "Europe/Paris") for time in utc.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    ]
    odd = ("2023-03-12T02:30:00", "2023-03-26T02:30:00", "2024-02-29T23:59:59.999999", "2024-07-04T00:00:00", "2023-12-31T23:59:59")
    return [
        *shown,
        *map(datetime.fromisoformat, (*odd, "2009-01-01T00:00:00", "2051-07-04T12:00:00", "1969-12-31T12:00:00.000001")),
    ]


def random_rows(
    schema: Mapping[str, pl.DataType], count: int, *, seed: int, extreme: bool, codes: Mapping[str, Sequence[int]] | None = None
) -> pl.DataFrame:
    """Return rows of any schema; `extreme` ones hold what wraps, overflows, or is not a number; `codes` are known to lookups."""
    draw = np.random.default_rng(seed)
    known = codes or {}
    return pl.DataFrame(
        [_column(draw, name, dtype, count, extreme=extreme, codes=known.get(name, ())) for name, dtype in schema.items()]
    )


def _column(
    draw: np.random.Generator, name: str, dtype: pl.DataType, count: int, *, extreme: bool, codes: Sequence[int]
) -> pl.Series:
    pool = _pool(dtype, extreme=extreme, codes=codes)
    values: list[Any] = [pool[pick] for pick in draw.integers(0, len(pool), count)]
    if dtype == pl.Float64:
        low, high = _ORDINARY.get(name[-3:], (0.0, 50.0))
        share = 0.3 if extreme or low == 0 else 0  # a degree without a city comes among the extremes only
        values = [
            x if odd else float(low + (high - low) * u)
            for x, odd, u in zip(values, draw.random(count) < share, draw.random(count), strict=True)
        ]
    if dtype == TIME:
        seconds = draw.integers(-(10**6), 10**6, count)
        values = [
            x + timedelta(seconds=int(s)) if moved else x
            for x, s, moved in zip(values, seconds, draw.random(count) < 0.5, strict=True)
        ]
    return pl.Series(name, [None if hole else x for hole, x in zip(draw.random(count) < 0.08, values, strict=True)], dtype)


def _pool(dtype: pl.DataType, *, extreme: bool, codes: Sequence[int]) -> Sequence[Any]:
    if dtype == TIME:
        return wall_clocks()
    if dtype == pl.Int64:
        return (*_WHOLE, *codes, *codes, *(_HUGE if extreme else ()))
    if dtype == pl.Float64:
        return (*_NUMBERS, *(_EXTREME if extreme else ()))
    return (True, False) if dtype == pl.Boolean else _WORDS
