from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from steward.monitoring.batches import SEASONAL, Calendar, batches_of, calendar, count_by_hour, count_by_slot
from steward.monitoring.season import SLOTS, Season, pack, slots_of, unpack

MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 - wall clock


def hourly(hours: int, per_hour: int, start: datetime = MONDAY) -> pl.Series:
    return pl.Series([start + timedelta(hours=hour) for hour in range(hours) for _ in range(per_hour)])


def known(at: pl.Series) -> Calendar:
    when = calendar(at)
    assert when is not None
    return when


def season(rows: int = 100) -> Season:
    # Two places; at slot 0 all rows lie in the first, at slot 1 in the second, elsewhere half and half.
    counts = np.full((SLOTS, 2), rows // 2, dtype=np.int32)
    counts[0], counts[1] = (rows, 0), (0, rows)
    return Season((rows,) * SLOTS, {"x": pack(counts)})


def test_slots_are_hours_of_the_week_from_monday() -> None:
    assert slots_of(hourly(25, 2)) == dict.fromkeys(range(25), 2)
    sunday = pl.Series([datetime(2024, 1, 7, 23, 59), None])  # noqa: DTZ001 - wall clock
    assert slots_of(sunday) == {167: 1}
    assert slots_of(pl.Series([date(2024, 1, 2)])) == {24: 1}
    assert slots_of(pl.Series([], dtype=pl.Datetime)) == {}


def test_counts_survive_packing() -> None:
    counts = np.arange(SLOTS * 3, dtype=np.int32).reshape(SLOTS, 3)
    assert (unpack(pack(counts)) == counts).all()


def test_a_window_is_compared_with_its_own_hours_in_its_own_proportions() -> None:
    mixture = season().mixture("x", {0: 30, 1: 10})
    assert mixture is not None
    assert mixture.shares == pytest.approx([0.75, 0.25])
    # 1 / (0.75² / 100 + 0.25² / 100)
    assert mixture.rows == pytest.approx(160)


def test_where_too_little_is_known_of_its_hours_there_is_no_season() -> None:
    assert season(19).mixture("x", {0: 5}) is None
    assert season().mixture("x", {0: 101}) is None, "more rows than the reference has of them"
    assert season().mixture("x", {}) is None
    assert season().mixture("unheard of", {0: 5}) is None
    assert season().mixture("x", {0: 5, 1: 0}) is not None


def test_hours_days_weeks_and_months_are_told_apart() -> None:
    when = known(hourly(24 * 45, 1, datetime(2023, 12, 30)))  # noqa: DTZ001 - a Saturday, wall clock
    counts = {span: len(np.unique(batches)) for span, batches in when.spans()}
    assert counts == {"1h": 1080, "6h": 180, "1d": 45, "1w": 8, "1mo": 3}
    assert (when.slots[0], when.slots[48]) == (120, 0)


def test_times_that_are_missing_or_only_dates_or_none_at_all() -> None:
    at = pl.Series([None, MONDAY, MONDAY + timedelta(hours=1)])
    assert known(at).row_hours.tolist() == [-1, 0, 1]
    days = known(pl.Series([date(2024, 1, 1), date(2024, 1, 2)]))
    assert [span for span, _ in days.spans()] == ["1d", "1w", "1mo"]
    assert calendar(pl.Series([1, 2, 3])) is None
    assert calendar(pl.Series([None, None], dtype=pl.Datetime)) is None
    aware = hourly(3, 1).dt.replace_time_zone("America/New_York")
    assert known(aware).hours.tolist() == known(hourly(3, 1)).hours.tolist()


def test_a_batch_is_compared_with_all_others() -> None:
    when = known(hourly(24 * 3, 40))
    places = np.repeat([0, 1, 1], 24 * 40).astype(np.int32)
    by_hour = count_by_hour(places, 2, when)
    [compared] = [one for span, one in batches_of(by_hour, when, season=False) if span == "1d"]
    assert compared.counts.tolist() == [[960, 0], [0, 960], [0, 960]]
    assert compared.expected.tolist() == [[0, 1], [0.5, 0.5], [0.5, 0.5]]
    assert compared.held.tolist() == [1920] * 3


def test_a_seasonal_batch_is_compared_with_the_same_hours_of_other_weeks() -> None:
    when = known(hourly(24 * 21, 4))
    weekend = when.row_hours % 168 >= 120
    by_hour = count_by_hour(weekend.astype(np.int32), 2, when)
    found = dict(batches_of(by_hour, when, season=True))
    plain, same = found["1d"], found[SEASONAL + "1d"]
    assert (plain.counts == same.counts).all()
    assert np.abs(same.counts / 96 - same.expected).max() < 1e-9
    assert np.abs(plain.counts / 96 - plain.expected).max() > 0.7
    assert same.held == pytest.approx(np.full(21, 192)), "two other weeks of 96 rows"
    assert SEASONAL + "1w" not in found


def test_short_spans_and_broken_weeks_are_left_out() -> None:
    when = known(hourly(24 * 25, 4))
    found = dict(batches_of(count_by_hour(np.zeros(2400, dtype=np.int32), 1, when), when, season=False))
    assert "1h" not in found, "four rows are noise"
    assert len(found["1w"].counts) == 3, "the last four days are no week"


def test_slots_add_up_all_weeks() -> None:
    when = known(hourly(24 * 14, 1))
    table = count_by_slot(count_by_hour(np.zeros(336, dtype=np.int32), 1, when), when.slots)
    assert table.tolist() == [[2.0]] * SLOTS
