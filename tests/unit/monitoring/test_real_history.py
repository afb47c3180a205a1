"""Yellow taxi trips, a sample of each month: are quiet days quiet, and does the calendar stay out of it?"""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.reliability import count_trials

from steward.monitoring.drift import DriftVerdict, judge_drift
from steward.monitoring.feed import judge_feed
from steward.monitoring.reference import Reference, make_reference
from steward.monitoring.season import slots_of
from steward.monitoring.sketch import sketch_like

IMPORTANCE = {"km": 0.8, "hour": 0.1, "dropoff": 0.05, "weekday": 0.03, "pickup": 0.02, "passengers": 0.001}
LEARNED = [*(f"2018-{month:02d}" for month in (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12)), "2019-01", "2019-02", "2019-03"]
QUIET = ["2019-04", "2019-05", "2019-06"]


def trips(data: Path, months: list[str]) -> pl.DataFrame:
    """Return plausible trips by time, with what a model of their duration would answer."""
    folder = data / "taxi" / "yellow"
    files = [pl.read_csv(folder / f"yellow_tripdata_sample_{month}.csv.gz", infer_schema_length=0) for month in months]
    at, km = pl.col("pickup_datetime").str.to_datetime(strict=False), pl.col("trip_distance").cast(pl.Float64) * 1.609
    return (
        pl.concat(files)
        .select(
            at=at,
            km=km,
            hour=at.dt.hour().cast(pl.Float64),
            weekday=at.dt.weekday().cast(pl.Float64),
            pickup=pl.col("pickup_location_id").cast(pl.Float64),
            dropoff=pl.col("dropoff_location_id").cast(pl.Float64),
            passengers=pl.col("passenger_count").cast(pl.Float64),
            prediction=5 + 2.5 * km.clip(0, 40) + 3 * at.dt.hour().is_between(8, 19),
        )
        .filter(pl.col("at").dt.strftime("%Y-%m").is_in(months) & pl.col("km").is_between(0.2, 100))
        .sort("at")
    )


@pytest.fixture(scope="module")
def reference(data: Path) -> Reference:
    learned = trips(data, LEARNED)
    return make_reference(learned.drop("at"), learned["at"], {"pickup", "dropoff"}, IMPORTANCE)


def judge(reference: Reference, rows: pl.DataFrame, span: timedelta | None) -> DriftVerdict:
    current = sketch_like(rows.drop("at"), reference.sketch)
    return judge_drift(reference, current, IMPORTANCE, chance=0.001, min_rows=200, span=span, slots=slots_of(rows["at"]))


def test_days_of_the_next_quarter_are_quiet_and_chance_alone_would_not_have_known(data: Path, reference: Reference) -> None:
    later = trips(data, QUIET)
    by_day = later.with_columns(day=pl.col("at").dt.date()).partition_by("day", include_key=False)
    verdicts = [judge(reference, rows, timedelta(days=1)) for rows in by_day]
    alarms = sum(verdict.enough and verdict.severity >= 0.5 for verdict in verdicts)
    count_trials("S1", "days of yellow taxi trips, April to June 2019, learned before: no alarm", trials=len(by_day), failed=alarms)
    assert len(by_day) == 91
    assert alarms == 0
    assert sum(bool(verdict.moved) for verdict in verdicts) <= 1
    chance_alone = [judge(Reference(reference.sketch), rows, None) for rows in by_day]
    assert all("weekday" in verdict.moved for verdict in chance_alone)


def losses_by_day(data: Path, month: str) -> dict[int, float]:
    """Return how serious it is that rows did not come, by day, as days of a month are watched one after the other."""
    by_day = trips(data, [month]).group_by(pl.col("at").dt.day().alias("day")).len().sort("day")
    quiet: list[int] = []
    found: dict[int, float] = {}
    for day, rows in by_day.iter_rows():
        fault = judge_feed(rows, quiet, chance=0.00005)
        found[day] = 0.0 if fault is None else fault.severity
        quiet += [rows] if found[day] < 0.5 else []
    return found


def test_in_24_months_no_day_lost_its_rows_and_then_the_city_shut_down(data: Path) -> None:
    quiet = [*LEARNED, *QUIET, *(f"2019-{month:02d}" for month in (7, 8, 9, 10, 12)), "2020-01", "2020-02"]
    days = [severity for month in quiet for severity in losses_by_day(data, month).values()]
    alarms = sum(severity >= 0.5 for severity in days)
    count_trials("S1", "days of yellow taxi trips, 2018 to February 2020, by their rows: no alarm", trials=len(days), failed=alarms)
    assert len(days) == 729
    assert alarms == 0
    march = losses_by_day(data, "2020-03")
    assert [day for day, severity in march.items() if severity >= 0.5] == list(range(17, 32))


def test_drawn_at_random_windows_of_real_trips_are_quiet_at_every_size(data: Path) -> None:
    every = trips(data, LEARNED[:6]).drop("at")
    random = np.random.default_rng(1)
    order = random.permutation(every.height)
    reference, rest = (
        Reference(make_reference(every[order[:40_000]], None, {"pickup", "dropoff"}, IMPORTANCE).sketch),
        order[40_000:],
    )
    moved = serious = 0
    sizes = [50, 200, 1000, 5000] * 8
    for rows in sizes:
        picked = every[random.choice(rest, rows, replace=False)]
        current = sketch_like(picked, reference.sketch)
        verdict = judge_drift(reference, current, IMPORTANCE, chance=0.001, min_rows=200)
        moved, serious = moved + bool(verdict.moved), serious + (verdict.severity >= 0.5)
    assert (moved <= 1, serious) == (True, 0)


def test_the_days_when_the_city_shut_down_are_seen_in_a_week(data: Path, reference: Reference) -> None:
    march = trips(data, ["2020-03"])
    week = march.filter(pl.col("at").dt.day().is_between(16, 31))
    verdict = judge(reference, week, timedelta(weeks=1))
    assert verdict.enough
    assert {"pickup", "dropoff"} & set(verdict.moved)
