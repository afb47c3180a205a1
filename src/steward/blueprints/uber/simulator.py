"""What would a year of rides look like? Made-up rows in the publisher's own columns and types.

A stand-in for a machine without the data, never evidence: places, lengths and fares follow the rides of 2009 to 2014
as published, with the tariff of New York's taxis.
"""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from steward.core.period import Period

SCENARIOS: Mapping[str, str] = {
    "none": "an ordinary period, with the tariff of its time",
    "dear": "every ride costs a quarter more than the tariff says",
    "airports": "two of three rides go to an airport",
}

Floats = NDArray[np.float64]

_MIDTOWN = (40.754, -73.984)
_AIRPORTS = np.array([(40.645, -73.785), (40.774, -73.874), (40.690, -74.178)])  # JFK, LaGuardia, Newark
_KM_NORTH, _KM_EAST = 111.2, 84.3  # a degree at New York
_NEW_TARIFF = Period(2012, 9)
_LOST, _FREE = 0.019, 0.0005  # shares of rides without a place, and without a fare
_HOURS = np.array([10, 8, 6, 4, 3, 3, 6, 9, 12, 12, 11, 12, 13, 14, 13, 12, 11, 13, 16, 17, 16, 15, 14, 13], dtype=float)


def simulate(period: Period, rows: int, seed: int, scenario: str) -> pl.DataFrame:
    """Return some rides of a month or a year."""
    luck = np.random.default_rng([seed, period.year, period.month])
    days = (period.end - period.start).days
    hour = luck.choice(24, rows, p=_HOURS / _HOURS.sum())
    minutes = luck.integers(0, days, rows) * 1440 + hour * 60 + luck.integers(0, 60, rows)
    start = _around(luck, np.tile(_MIDTOWN, (rows, 1)), 2.6)
    flies = luck.random(rows) < (0.66 if scenario == "airports" else 0.04)
    end = np.where(flies[:, None], _AIRPORTS[luck.integers(0, 3, rows)], _around(luck, start, 2.0))
    km = np.hypot((end - start)[:, 0] * _KM_NORTH, (end - start)[:, 1] * _KM_EAST)
    fare = _fare(luck, km, dearer=period >= _NEW_TARIFF) * (1.25 if scenario == "dear" else 1.0)
    lost = luck.random(rows) < _LOST
    table = pl.DataFrame(
        {
            "fare_amount": np.where(luck.random(rows) < _FREE, 0.0, fare.round(1)),
            "pickup_longitude": np.where(lost, 0.0, start[:, 1].round(6)),
            "pickup_latitude": np.where(lost, 0.0, start[:, 0].round(6)),
            "dropoff_longitude": np.where(lost, 0.0, end[:, 1].round(6)),
            "dropoff_latitude": np.where(lost, 0.0, end[:, 0].round(6)),
            "passenger_count": luck.choice([0, 1, 2, 3, 4, 5, 6], rows, p=[0.004, 0.693, 0.147, 0.044, 0.022, 0.07, 0.02]),
        }
    )
    at = pl.Series("at", [period.start], dtype=pl.Datetime("us")).new_from_index(0, rows) + pl.Series(minutes) * timedelta(
        minutes=1
    )
    text = at.dt.strftime("%Y-%m-%d %H:%M:%S")
    key = text + "." + pl.Series(np.arange(rows)).cast(pl.String).str.zfill(7)
    return table.with_columns(key.alias("key"), (text + " UTC").alias("pickup_datetime"))


def _around(luck: np.random.Generator, centres: Floats, spread_km: float) -> Floats:
    """Return a place near each centre, in degrees; far ones are rare and near ones common."""
    reach = luck.gamma(1.6, spread_km / 1.6, len(centres))
    angle = luck.uniform(0, 2 * np.pi, len(centres))
    return centres + np.column_stack([reach * np.sin(angle) / _KM_NORTH, reach * np.cos(angle) / _KM_EAST])


def _fare(luck: np.random.Generator, km: Floats, *, dearer: bool) -> Floats:
    """Return fares by New York's tariff: flag drop, a price a kilometre driven, time in traffic."""
    driven = km * luck.normal(1.35, 0.12, len(km)).clip(1.05, 2.0)
    flag, per_km = (3.0, 1.85) if dearer else (2.9, 1.50)
    fares: Floats = np.maximum(flag + driven * per_km + luck.gamma(2.0, 0.6, len(km)), 2.5)
    return fares
