from pathlib import Path

import polars as pl
import pytest

import steward
from steward.core.period import Period
from steward.data.simulate import Simulator, load_simulator

JANUARY = Period(2023, 1)
ROWS = 20_000


@pytest.fixture(scope="module")
def taxi_months() -> dict[str, pl.DataFrame]:
    return {scenario: trips(scenario) for scenario in taxi_simulator().scenarios}


def taxi_simulator() -> Simulator:
    return load_simulator(Path(steward.__file__).parent / "blueprints/taxi/simulator.py")


def trips(scenario: str, *, seed: int = 7, period: Period = JANUARY) -> pl.DataFrame:
    made = taxi_simulator().simulate(period, ROWS, seed, scenario)
    span = pl.col("lpep_dropoff_datetime") - pl.col("lpep_pickup_datetime")
    return made.with_columns((span.dt.total_seconds() / 60).alias("minutes"))


def median_minutes(frame: pl.DataFrame) -> float:
    return float(frame.filter(pl.col("minutes").is_between(1, 60))["minutes"].median() or 0)  # type: ignore[arg-type]


def test_the_scenarios_are_these() -> None:
    assert set(taxi_simulator().scenarios) == {"none", "slow_city", "collapse", "new_zones"}


def test_the_same_choice_gives_the_same_rows_and_another_one_others() -> None:
    assert trips("none").equals(trips("none"))
    assert not trips("none").equals(trips("none", seed=8))
    assert not trips("none").equals(trips("none", period=JANUARY.next()))


def test_columns_and_types_are_those_of_the_published_file(data: Path, taxi_months: dict[str, pl.DataFrame]) -> None:
    published = pl.read_parquet_schema(data / "taxi/green/green_tripdata_2024-01.parquet")
    assert list(taxi_months["none"].drop("minutes").schema.items()) == list(published.items())


def test_an_ordinary_month_looks_like_a_published_one(taxi_months: dict[str, pl.DataFrame]) -> None:
    month = taxi_months["none"]
    assert month.height == ROWS
    assert 10 < median_minutes(month) < 13  # 11.6 in 2023 and 2024
    assert month["trip_distance"].median() == pytest.approx(1.85, abs=0.25)
    hollow = month.filter(pl.col("payment_type").is_null())
    assert hollow.height / ROWS == pytest.approx(0.062, abs=0.001)
    together = ("store_and_fwd_flag", "RatecodeID", "passenger_count", "trip_type", "congestion_surcharge")
    assert all(hollow[name].null_count() == hollow.height == month[name].null_count() for name in together)
    assert month["ehail_fee"].null_count() == ROWS
    pickups = month["lpep_pickup_datetime"]
    assert (pickups.dt.year() == 2009).sum() == 1
    assert pickups.is_between(JANUARY.start, JANUARY.end, closed="left").sum() == ROWS - 1
    assert 20 < (month["fare_amount"] < 0).sum() < 120
    assert 20 < (month["minutes"] > 1000).sum() < 120


def test_rush_hours_and_weekdays_show(taxi_months: dict[str, pl.DataFrame]) -> None:
    month = taxi_months["none"].with_columns(
        pl.col("lpep_pickup_datetime").dt.hour().alias("hour"), pl.col("lpep_pickup_datetime").dt.weekday().alias("day")
    )
    hours = dict(month.filter(pl.col("day") < 6).group_by("hour").len().iter_rows())
    assert hours[8] > 3 * hours[5]
    assert hours[17] > hours[12] > hours[3]
    days = dict(month.group_by("day").len().iter_rows())
    assert days[3] / 4 > days[7] / 5  # four Wednesdays and five Sundays


def test_minutes_grow_with_miles(taxi_months: dict[str, pl.DataFrame]) -> None:
    usual = taxi_months["none"].filter(pl.col("minutes").is_between(1, 60), pl.col("trip_distance").is_between(0.1, 50))
    assert usual.select(pl.corr("minutes", "trip_distance", method="spearman")).item() > 0.8


def test_each_scenario_changes_what_its_sentence_says(taxi_months: dict[str, pl.DataFrame]) -> None:
    usual = median_minutes(taxi_months["none"])
    assert median_minutes(taxi_months["slow_city"]) == pytest.approx(1.4 * usual, rel=0.02)
    collapse = taxi_months["collapse"]
    assert collapse.height == 3200
    assert median_minutes(collapse) > 1.2 * usual
    assert collapse["payment_type"].null_count() / 3200 == pytest.approx(0.31, abs=0.01)
    rare = (14, 22, 26, 51, 58, 67, 81, 86, 98, 171, 184, 221)
    assert taxi_months["new_zones"]["PULocationID"].is_in(rare).mean() == pytest.approx(0.62, abs=0.03)
    assert (taxi_months["none"]["PULocationID"].is_in(rare).mean() or 0) < 0.01
