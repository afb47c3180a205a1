"""The taxi blueprint's features: by hand, one row like a batch, and every engine like Polars."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal

import steward
from steward.features.program import Lookup, Program, load_features

FEATURES = load_features(Path(steward.__file__).parent / "blueprints" / "taxi" / "features.py")
ZONES = pl.DataFrame(
    {"LocationID": [1, 4, 132, 138], "lon": [-74.174, -73.977, -73.786, -73.873], "lat": [40.692, 40.724, 40.647, 40.774]}
)
LOOKUPS = [
    Lookup(side, ZONES, ("LocationID",), (f"{side}_zone",), {f"{side}_lon": "lon", f"{side}_lat": "lat"})
    for side in ("pickup", "dropoff")
]
RAW = {"pickup_at": pl.Datetime("us"), "dropoff_at": pl.Datetime("us"), "pickup_zone": pl.Int64, "dropoff_zone": pl.Int64}
INPUTS = (
    "pickup_zone",
    "dropoff_zone",
    "pickup_lon",
    "pickup_lat",
    "dropoff_lon",
    "dropoff_lat",
    "centroid_km",
    "pickup_hour",
    "pickup_weekday",
)
PROGRAM = Program.build(FEATURES, [*INPUTS, "duration_min"], tuple(RAW), LOOKUPS)
SERVED = Program.build(FEATURES, INPUTS, tuple(RAW), LOOKUPS)

times = st.none() | st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001 - wall clock
zones = st.none() | st.sampled_from([1, 4, 132, 138]) | st.integers(-5, 300)
rows = st.lists(st.tuples(times, times, zones, zones), min_size=1, max_size=12)


def _frame(cells: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(cells, schema=RAW, orient="row")


def test_a_trip_worked_out_by_hand() -> None:
    start = datetime(2023, 1, 1, 14, 30)  # noqa: DTZ001 - wall clock; a Sunday
    made = PROGRAM.matrix(_frame([(start, start + timedelta(minutes=18, seconds=45), 132, 138)])).row(0, named=True)
    assert (made["pickup_hour"], made["pickup_weekday"], made["duration_min"]) == (14.5, 0.0, 18.75)
    # 0.127 degrees north is 14.12 km; 0.087 degrees west at 40.71 north is 7.33 km
    assert made["centroid_km"] == pytest.approx((14.12**2 + 7.33**2) ** 0.5, abs=0.01)


def test_weekdays_run_from_sunday_to_saturday() -> None:
    week = [(datetime(2023, 1, day), None, None, None) for day in range(1, 8)]  # noqa: DTZ001 - wall clock
    assert PROGRAM.matrix(_frame(week))["pickup_weekday"].to_list() == [0, 1, 2, 3, 4, 5, 6]


def test_a_zone_that_is_not_on_the_map_has_no_distance_and_no_place() -> None:
    made = SERVED.matrix(_frame([(None, None, 264, 1), (None, None, None, 1)]))
    assert made["centroid_km"].to_list() == [None, None]
    assert made["pickup_lon"].to_list() == [None, None]
    assert made["dropoff_lat"].to_list() == [40.692, 40.692]


def test_the_models_inputs_need_nothing_of_the_outcome() -> None:
    assert SERVED.inputs == ("pickup_zone", "dropoff_zone", "pickup_at")
    assert PROGRAM.lineage("duration_min") == {"pickup_at", "dropoff_at"}
    assert SERVED.lineage("centroid_km") == {"pickup_zone", "dropoff_zone"}


@settings(max_examples=25)
@given(rows)
def test_one_row_at_a_time_gives_exactly_what_the_batch_gives(cells: list[tuple[Any, ...]]) -> None:
    frame = _frame(cells)
    assert pl.concat([PROGRAM.matrix(row) for row in frame.iter_slices(1)]).equals(PROGRAM.matrix(frame))


@settings(max_examples=25)
@given(rows)
def test_a_long_frame_gives_exactly_what_a_short_one_gives(cells: list[tuple[Any, ...]]) -> None:
    frame = _frame(cells)
    long = pl.concat([frame] * 2000)  # many rows go through another method of Polars
    assert PROGRAM.matrix(long).tail(frame.height).equals(PROGRAM.matrix(frame))


def _assert_alike(made: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert made.columns == [*RAW, *(name for stage in PROGRAM.stages for name in stage)]
    numbers = made.select(PROGRAM.wanted).cast(pl.Float64)
    exact = pl.exclude("centroid_km")  # the one place where the engines' formulas differ
    assert numbers.select(exact).equals(expected.select(exact))
    assert_series_equal(numbers["centroid_km"], expected["centroid_km"], rel_tol=1e-12, abs_tol=1e-12)


@settings(max_examples=25)
@given(rows)
def test_narwhals_on_polars_gives_what_polars_gives(cells: list[tuple[Any, ...]]) -> None:
    frame = _frame(cells)
    expected = PROGRAM.matrix(frame)
    _assert_alike(PROGRAM.run_narwhals(nw.from_native(frame)).to_native(), expected)
    _assert_alike(PROGRAM.run_narwhals(nw.from_native(frame.lazy())).to_native().collect(), expected)


@settings(max_examples=25)
@given(rows)
def test_narwhals_on_pyarrow_gives_what_polars_gives(cells: list[tuple[Any, ...]]) -> None:
    frame = _frame(cells)
    made = PROGRAM.run_narwhals(nw.from_native(frame.to_arrow())).to_native()
    _assert_alike(pl.DataFrame(pl.from_arrow(made)), PROGRAM.matrix(frame))


def test_the_real_months_get_a_place_a_distance_and_a_duration(data: Path) -> None:
    trips = pl.read_parquet(data / "taxi" / "green" / "green_tripdata_2023-01.parquet").select(
        pl.col("lpep_pickup_datetime").cast(pl.Datetime("us")).alias("pickup_at"),
        pl.col("lpep_dropoff_datetime").cast(pl.Datetime("us")).alias("dropoff_at"),
        pl.col("PULocationID").cast(pl.Int64).alias("pickup_zone"),
        pl.col("DOLocationID").cast(pl.Int64).alias("dropoff_zone"),
    )
    table = pl.read_csv(data / "taxi" / "taxi_zone_centroids_derived.csv")
    lookups = [replace(lookup, table=table) for lookup in LOOKUPS]
    made = Program.build(FEATURES, PROGRAM.wanted, tuple(RAW), lookups).matrix(trips)
    assert made["centroid_km"].null_count() / made.height < 0.02  # the map lacks zones 264 and 265
    assert made["centroid_km"].max() < 60  # type: ignore[operator] - New York is smaller
    assert 9 < made["duration_min"].median() < 13  # type: ignore[operator]
    assert made["pickup_hour"].is_between(0, 24, closed="left").all()
