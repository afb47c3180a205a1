"""What would a month of green taxi trips look like? Made-up rows in the publisher's own columns and types.

A stand-in for a machine without the data, never evidence: shapes and sizes (rush hours, zones, trip minutes
against distance, the block of nulls, the broken rows) follow the months 2023-01, 2023-03 and 2024-01 as published.
The same period, rows, seed and scenario give the same rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from steward.core.period import Period

SCENARIOS: Mapping[str, str] = {
    "none": "an ordinary month",
    "slow_city": "every trip takes 40 % longer than in an ordinary month",
    "collapse": "a sixth of the trips, longer ones, between other zones, and many more rows with holes",
    "new_zones": "most trips begin and end in zones that ordinary months hardly see",
}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# zone, latitude and longitude of its centre in degrees, pickups and drop-offs per thousand
_ZONES = np.array(
    [
        (74, 40.801, -73.937, 198.9, 51.3), (75, 40.790, -73.946, 140.2, 52.6), (41, 40.804, -73.951, 56.1, 38.4),
        (166, 40.809, -73.962, 55.4, 33.0), (95, 40.721, -73.848, 54.2, 22.9), (42, 40.818, -73.941, 26.0, 34.3),
        (43, 40.782, -73.966, 43.1, 17.2), (82, 40.739, -73.877, 42.9, 14.2), (236, 40.780, -73.957, 6.0, 42.1),
        (7, 40.761, -73.920, 26.7, 15.1), (129, 40.757, -73.885, 21.4, 20.0), (97, 40.691, -73.975, 32.1, 8.8),
        (244, 40.842, -73.941, 25.9, 13.3), (238, 40.792, -73.973, 0.1, 35.2), (65, 40.695, -73.986, 25.1, 3.2),
        (260, 40.744, -73.906, 19.2, 8.6), (130, 40.704, -73.794, 20.4, 5.6), (263, 40.779, -73.951, 1.0, 23.2),
        (116, 40.827, -73.949, 10.1, 14.0), (239, 40.784, -73.979, 0.1, 22.0), (151, 40.798, -73.968, 0.1, 21.4),
        (138, 40.774, -73.874, 0.4, 20.6), (134, 40.708, -73.829, 12.0, 7.6), (152, 40.818, -73.954, 6.3, 11.2),
        (24, 40.802, -73.965, 7.0, 10.0), (223, 40.777, -73.905, 6.5, 9.6), (237, 40.769, -73.966, 0.1, 15.4),
        (33, 40.696, -73.995, 9.8, 4.0), (196, 40.726, -73.863, 6.8, 6.8), (83, 40.738, -73.892, 7.6, 5.7),
        (262, 40.776, -73.947, 0.1, 13.2), (92, 40.761, -73.829, 8.8, 4.1), (181, 40.670, -73.981, 4.2, 8.7),
        (142, 40.774, -73.982, 0.1, 12.8), (66, 40.702, -73.986, 9.9, 2.5), (141, 40.767, -73.960, 0.1, 12.0),
        (226, 40.738, -73.925, 4.2, 7.7), (140, 40.765, -73.955, 0.1, 11.5), (49, 40.688, -73.962, 1.9, 9.1),
        (179, 40.772, -73.928, 4.1, 6.8), (193, 40.760, -73.942, 5.5, 5.3), (25, 40.686, -73.986, 6.7, 3.8),
        (61, 40.674, -73.939, 3.1, 7.4), (243, 40.857, -73.933, 3.1, 6.6), (132, 40.647, -73.787, 0.3, 8.5),
        (210, 40.592, -73.941, 4.0, 3.1), (161, 40.758, -73.978, 0.1, 6.8), (168, 40.807, -73.917, 1.6, 4.7),
        (14, 40.625, -74.030, 0.2, 0.3), (22, 40.612, -73.995, 0.2, 0.3), (26, 40.631, -73.989, 0.2, 0.3),
        (67, 40.620, -74.014, 0.2, 0.3), (51, 40.874, -73.828, 0.2, 0.3), (81, 40.881, -73.837, 0.2, 0.3),
        (86, 40.602, -73.755, 0.1, 0.2), (98, 40.734, -73.777, 0.1, 0.2), (171, 40.768, -73.810, 0.2, 0.3),
        (221, 40.619, -74.074, 0.1, 0.1), (184, 40.868, -73.808, 0.1, 0.2), (58, 40.841, -73.820, 0.1, 0.2),
    ]
)  # fmt: skip
_RARE = np.arange(len(_ZONES)) >= len(_ZONES) - 12
_CONGESTION = (236, 263, 239, 238, 237, 262, 142, 141, 140, 161, 43, 151)  # Manhattan below 96th Street
_JFK = 132
_UNKNOWN_ZONE = 264
_KM_PER_DEGREE = np.array([111.2, 84.3])  # latitude, longitude at 40.75 degrees north

# trips per thousand by hour of a weekday and of a weekend day, and how much slower than on average the city moves
_WEEKDAY = np.array([13, 8, 5, 5, 4, 5, 17, 46, 56, 59, 55, 54, 54, 55, 63, 73, 78, 82, 80, 61, 46, 34, 28, 21], dtype=float)
_WEEKEND = np.array([34, 29, 23, 20, 14, 8, 9, 16, 22, 33, 44, 55, 58, 63, 66, 74, 73, 69, 69, 61, 51, 41, 34, 31], dtype=float)
_SLOWNESS = np.array(
    [.86, .86, .85, .85, .82, .76, .84, 1.0, 1.08, 1.02, 1.0, 1.02, 1.02, 1.03, 1.1, 1.14, 1.12, 1.1, 1.03, .95, .92, .89, .87, .86]
)  # fmt: skip
_DAY = np.array([0.96, 1.05, 1.08, 1.08, 1.08, 0.84, 0.74])  # Monday to Sunday


@dataclass(frozen=True, slots=True)
class _World:
    """What a scenario changes: shares of rows and of holes, minutes, reach in kilometres, zones' weights."""

    rows: float = 1.0
    holes: float = 0.062
    slow: float = 1.0
    reach_km: float = 3.1
    pickups: tuple[float, ...] = tuple(_ZONES[:, 3])
    dropoffs: tuple[float, ...] = tuple(_ZONES[:, 4])


_ORDINARY = _World()
_WORLDS: Mapping[str, _World] = {
    "none": _ORDINARY,
    "slow_city": replace(_ORDINARY, slow=1.4),
    "collapse": _World(
        rows=0.16, holes=0.31, slow=1.08, reach_km=5.5, pickups=tuple(_ZONES[:, 3] ** 0.55), dropoffs=tuple(_ZONES[:, 4] ** 0.7)
    ),
    "new_zones": replace(
        _ORDINARY, pickups=tuple(np.where(_RARE, 140.0, _ZONES[:, 3])), dropoffs=tuple(np.where(_RARE, 120.0, _ZONES[:, 4]))
    ),
}


@dataclass(frozen=True, slots=True)
class _Trips:
    """Where and when: places in `_ZONES`, pickup in seconds since the month began, miles, minutes."""

    pickup: Ints
    dropoff: Ints
    second: Ints
    hour: Ints
    weekday: Ints
    miles: Floats
    minutes: Floats


def simulate(period: Period, rows: int, seed: int, scenario: str) -> pl.DataFrame:
    """Return one month of made-up trips.

    Args:
        period: the month; its weekdays are those of the calendar.
        rows: of an ordinary month; `collapse` has a sixth of them.
        seed: another seed, another month of the same world.
        scenario: a key of `SCENARIOS`.

    Returns:
        The 20 columns of the publisher's green trip files, in their types; ordinary trips by time of pickup, then those with holes.

    Raises:
        KeyError: no such scenario.
    """
    world = _WORLDS[scenario]
    rng = np.random.default_rng([seed, period.year, period.month])
    count = max(1, round(rows * world.rows))
    trips = _trips(period, count, world, rng)
    frame = _money(_frame(period, trips, rng), trips, rng)
    return _spoil(frame, round(count * world.holes), rng)


def _trips(period: Period, count: int, world: _World, rng: np.random.Generator) -> _Trips:
    second, hour, weekday = _clock(period, count, rng)
    pickup, dropoff = _places(count, world, rng)
    gap = (_ZONES[pickup, 1:3] - _ZONES[dropoff, 1:3]) * _KM_PER_DEGREE
    straight = 0.6214 * 1.27 * np.hypot(gap[:, 0], gap[:, 1])
    within = np.exp(rng.normal(np.log(0.75), 0.45, count))
    miles = np.where(pickup == dropoff, within, straight * np.exp(rng.normal(0, 0.12, count)))
    season = 1 + 0.02 * np.sin(2 * np.pi * (period.month - 4) / 12)
    pace = _SLOWNESS[hour] * np.where(weekday >= 5, 0.94, 1.02) * season * world.slow
    minutes = 7.2 * miles**0.68 * pace * np.exp(rng.normal(0, 0.24, count))
    return _Trips(pickup, dropoff, second, hour, weekday, miles, minutes)


def _clock(period: Period, count: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Return second of the month, hour of the day and weekday (Monday 0) of each pickup, in order."""
    hours = np.arange((period.end - period.start).days * 24)
    weekday = (period.start.weekday() + hours // 24) % 7
    weight = _DAY[weekday] * np.where(weekday >= 5, _WEEKEND[hours % 24], _WEEKDAY[hours % 24])
    drawn = _draw(np.cumsum(weight / weight.sum()), rng.random(count))
    second = np.sort(drawn * 3600 + rng.integers(0, 3600, count))
    return second, second // 3600 % 24, weekday[second // 3600]


def _places(count: int, world: _World, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return pickup and drop-off: popular zones more often, near ones more often, the same one now and then."""
    weight = np.array(world.pickups)
    pickup = _draw(np.cumsum(weight / weight.sum()), rng.random(count))
    gap = (_ZONES[:, None, 1:3] - _ZONES[None, :, 1:3]) * _KM_PER_DEGREE
    pull = np.array(world.dropoffs) * np.exp(-np.hypot(gap[..., 0], gap[..., 1]) / world.reach_km)
    np.fill_diagonal(pull, 0.15 * pull.sum(axis=1))
    reached = np.cumsum(pull / pull.sum(axis=1, keepdims=True), axis=1)
    # Each row's own distribution is searched at once: row r covers the numbers from r to r + 1.
    flat = (reached + np.arange(len(_ZONES), dtype=np.float64)[:, None]).ravel()
    return pickup, _draw(flat, pickup + rng.random(count)) - pickup * len(_ZONES)


def _happens(chance: float, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    return rng.random(count) < chance


def _draw(cumulative: Floats, uniform: Floats) -> Ints:
    return np.minimum(np.searchsorted(cumulative, uniform), len(cumulative) - 1).astype(np.int64)


def _frame(period: Period, trips: _Trips, rng: np.random.Generator) -> pl.DataFrame:
    """Return the columns that are not money."""
    count = len(trips.pickup)
    street_hail = ~_happens(0.028, count, rng)
    jfk = _ZONES[trips.dropoff, 0] == _JFK
    moments = {
        "lpep_pickup_datetime": trips.second,
        "lpep_dropoff_datetime": trips.second + np.rint(trips.minutes * 60).astype(int),
    }
    return pl.DataFrame(
        {
            "VendorID": np.where(_happens(0.866, count, rng), 2, 1),
            **moments,
            "store_and_fwd_flag": np.where(_happens(0.0036, count, rng), "Y", "N"),
            "RatecodeID": np.where(street_hail, np.where(jfk, 2, 1), 5),
            "PULocationID": _ZONES[trips.pickup, 0].astype(int),
            "DOLocationID": _ZONES[trips.dropoff, 0].astype(int),
            "passenger_count": rng.choice([1, 2, 5, 6, 3, 0, 4], count, p=[0.849, 0.084, 0.026, 0.016, 0.013, 0.007, 0.005]),
            "trip_distance": np.round(trips.miles, 2),
            "payment_type": rng.choice([1, 2, 3, 4], count, p=[0.652, 0.338, 0.008, 0.002]),
            "trip_type": np.where(street_hail, 1, 2),
        }
    ).with_columns(
        (pl.lit(period.start, pl.Datetime("us")) + pl.duration(seconds=pl.col(*moments))).name.keep(),
        pl.col("VendorID", "PULocationID", "DOLocationID").cast(pl.Int32),
    )


def _money(frame: pl.DataFrame, trips: _Trips, rng: np.random.Generator) -> pl.DataFrame:
    """Add fare, surcharges, tip and total (US dollars) and bring the columns into the publisher's order."""
    count = frame.height
    fare = np.round(3 + 2.6 * trips.miles + 0.5 * trips.minutes, 1)
    rush = (trips.weekday < 5) & (trips.hour >= 16) & (trips.hour < 20)
    night = (trips.hour >= 20) | (trips.hour < 6)
    inner = np.isin(_ZONES[trips.dropoff, 0], _CONGESTION) | np.isin(_ZONES[trips.pickup, 0], _CONGESTION)
    card = frame["payment_type"].to_numpy() == 1
    parts = {
        "fare_amount": fare,
        "extra": np.where(rush, 2.5, np.where(night, 1.0, 0.0)),
        "mta_tax": np.where(frame["trip_type"].to_numpy() == 1, 0.5, 0.0),
        "tip_amount": np.round(np.where(card & _happens(0.87, count, rng), fare * rng.normal(0.23, 0.05, count).clip(0), 0), 2),
        "tolls_amount": np.where(_happens(0.027, count, rng), 6.55, 0.0),
        "improvement_surcharge": np.ones(count),
        "congestion_surcharge": np.where(inner, 2.75, 0.0),
    }
    money = pl.DataFrame({**parts, "total_amount": np.round(np.sum(list(parts.values()), axis=0), 2)})
    return frame.hstack(money).with_columns(pl.lit(None, pl.Float64).alias("ehail_fee")).select(_COLUMNS)


def _spoil(frame: pl.DataFrame, holes: int, rng: np.random.Generator) -> pl.DataFrame:
    """Break a few rows the way the published ones are broken; `holes` of them come last, with a block of nulls."""
    count = frame.height
    drawn = pl.DataFrame({"chance": rng.random(count), "order": rng.permutation(count)})
    rough = frame.hstack(drawn).with_columns(**_ROUGH).with_columns(_CLOCK_LOST)
    whole, hollow = rough.filter(pl.col("order") >= holes), rough.filter(pl.col("order") < holes)
    hollow = hollow.with_columns(
        *(pl.lit(None, frame.schema[name]).alias(name) for name in _HOLLOW),
        pl.col(_MOMENTS).dt.truncate("1m"),
        pl.when(pl.col("chance") > 0.98).then(pl.col("trip_distance") * 9000).otherwise("trip_distance").alias("trip_distance"),
    )
    return pl.concat([whole, hollow]).select(_COLUMNS)


_COLUMNS = (
    "VendorID", "lpep_pickup_datetime", "lpep_dropoff_datetime", "store_and_fwd_flag", "RatecodeID", "PULocationID",
    "DOLocationID", "passenger_count", "trip_distance", "fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount",
    "ehail_fee", "improvement_surcharge", "total_amount", "payment_type", "trip_type", "congestion_surcharge",
)  # fmt: skip
_MOMENTS = ("lpep_pickup_datetime", "lpep_dropoff_datetime")
_HOLLOW = ("store_and_fwd_flag", "RatecodeID", "passenger_count", "payment_type", "trip_type", "congestion_surcharge")
_REFUNDED = ("fare_amount", "extra", "mta_tax", "improvement_surcharge", "total_amount")


def _within(low: float, high: float) -> pl.Expr:
    return pl.col("chance").is_between(low, high, closed="left")


_ROUGH: Mapping[str, pl.Expr] = {
    **{name: pl.when(_within(0, 0.003)).then(-pl.col(name)).otherwise(name) for name in _REFUNDED},
    "trip_distance": pl.when(_within(0.003, 0.046)).then(0.0).otherwise("trip_distance"),
    "lpep_dropoff_datetime": pl.when(_within(0.046, 0.0486))  # the meter was left on until the next day
    .then(pl.col("lpep_pickup_datetime") + pl.duration(minutes=1432))
    .when(_within(0.0486, 0.06))  # started and stopped at once
    .then(pl.col("lpep_pickup_datetime") + pl.duration(seconds=9))
    .otherwise("lpep_dropoff_datetime"),
    "DOLocationID": pl.when(_within(0.06, 0.066)).then(_UNKNOWN_ZONE).otherwise("DOLocationID").cast(pl.Int32),
}
_CLOCK_LOST = (
    pl.when(pl.col("order") == pl.len() - 1)
    .then(pl.col(_MOMENTS).dt.replace(year=2009, month=1, day=1))
    .otherwise(pl.col(_MOMENTS))
)
