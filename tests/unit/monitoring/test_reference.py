import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from steward.core.digest import canonical_json
from steward.monitoring.distance import Sample, shares
from steward.monitoring.drift import DriftVerdict, judge_drift
from steward.monitoring.places import places_of
from steward.monitoring.reference import Reference, make_reference
from steward.monitoring.season import slots_of
from steward.monitoring.sketch import sketch_like, sketch_reference

DAY = timedelta(days=1)
IMPORTANCE = {"km": 0.64, "zone": 0.16, "hour": 0.01}


def world(days: int, *, seed: int, weekend: float = 0.0, wobble: float = 0.0, first: int = 0) -> tuple[pl.DataFrame, pl.Series]:
    """Make 600 trips a day; they are longer on weekends, and by day for no reason at all."""
    random = np.random.default_rng(seed)
    hours = np.sort(random.uniform(0, 24 * days, 600 * days)) + 24 * first
    day = (hours // 24).astype(int)
    moody = random.normal(size=days)[day - first] * wobble
    km = random.normal(5, 1, len(hours)) + weekend * (day % 7 >= 5) + moody
    zone = random.integers(1, 9, len(hours)).astype(float)
    frame = pl.DataFrame({"km": km, "zone": zone, "hour": np.floor(hours % 24), "prediction": 3 * km})
    at = pl.Series(np.datetime64("2024-01-01", "us") + (hours * 3.6e9).astype("timedelta64[us]"))  # a Monday
    return frame, at


def made(days: int = 56, **habits: float) -> Reference:
    frame, at = world(days, seed=1, **habits)  # type: ignore[arg-type]
    return make_reference(frame, at, {"zone"}, IMPORTANCE)


def watch(reference: Reference, frame: pl.DataFrame, at: pl.Series | None, span: timedelta | None = DAY) -> DriftVerdict:
    current = sketch_like(frame, reference.sketch)
    slots = None if at is None else slots_of(at)
    return judge_drift(reference, current, IMPORTANCE, chance=0.01, min_rows=200, span=span, slots=slots)


def days_after(reference: Reference, count: int, shift: float = 0.0, *, season: bool = True, **habits: float) -> list[DriftVerdict]:
    frame, at = world(count, seed=2, first=56, **habits)  # type: ignore[arg-type]
    frame = frame.with_columns(pl.col("km") + shift, pl.col("prediction") + 3 * shift)
    parts = [slice(600 * day, 600 * day + 600) for day in range(count)]
    return [watch(reference, frame[part], at[part] if season else None) for part in parts]


def test_places_are_those_that_shares_count() -> None:
    values = [0.5, 1.0, 2.0, None, float("inf"), 99.0]
    frame = pl.DataFrame({"x": values, "z": ["a", "b", None, "new", "a", "b"]})
    like = sketch_reference(pl.DataFrame({"x": [1.0, 2.0, 3.0], "z": ["b", "a", "a"]}), (), pairs=[("x", "z")])
    current = sketch_like(frame, like)
    for name in ("x", "z"):
        places, count = places_of(frame, like, name)
        counted = np.bincount(places, minlength=count) / 6
        assert counted == pytest.approx(shares(Sample(3, like.columns[name]), Sample(6, current.columns[name]))[1])
    places, count = places_of(frame, like, "x x z")
    assert np.bincount(places, minlength=count)[:-2].tolist() == list(current.pairs[0].counts)
    assert places_of(frame.drop("z"), like, "z")[0].tolist() == [3] * 6


def test_where_days_are_alike_nothing_is_usual_and_a_shift_is_seen() -> None:
    reference = made()
    assert "km" not in reference.usual.get("1d", {})
    assert not any(verdict.moved for verdict in days_after(reference, 14))
    assert all("km" in verdict.moved for verdict in days_after(reference, 4, shift=0.5))


def test_days_that_always_strayed_are_usual() -> None:
    reference = made(wobble=0.15)
    usual = reference.usual_distance("km", DAY, seasonal=False, chance=0.001)
    assert usual > 0.1
    verdicts = days_after(reference, 21, wobble=0.15)
    assert not any(verdict.moved for verdict in verdicts)
    column = next(column for column in verdicts[0].columns if column.name == "km")
    assert column.usual > column.critical > 0
    without = Reference(reference.sketch)
    assert any("km" in verdict.moved for verdict in days_after(without, 21, wobble=0.15)), "chance alone would have called it"
    assert all("km" in verdict.moved for verdict in days_after(reference, 4, shift=1.5, wobble=0.15))


def test_a_weekend_is_no_drift_and_compared_with_weekends_a_small_shift_shows() -> None:
    reference = made(weekend=1.0)
    assert not any(verdict.moved for verdict in days_after(reference, 14, weekend=1.0))
    with_season = days_after(reference, 14, 0.5, weekend=1.0)
    without = days_after(reference, 14, 0.5, weekend=1.0, season=False)
    assert all("km" in verdict.moved for verdict in with_season)
    assert sum("km" in verdict.moved for verdict in without) < 7


def test_the_usual_of_a_span_is_that_of_the_longest_known_one_within_it() -> None:
    reference = made(wobble=0.15)
    known = {hours: reference.usual_distance("km", timedelta(hours=hours), seasonal=False, chance=0.01) for hours in (24, 30, 6)}
    assert known[24] == known[30] > 0
    assert reference.usual_distance("km", None, seasonal=False, chance=0.01) == 0
    assert reference.usual_distance("km", timedelta(days=28), seasonal=False, chance=0.01) == 0, "two months are no history"
    assert reference.usual_distance("km", timedelta(days=365), seasonal=False, chance=0.01) == 0
    assert reference.usual_distance("unheard of", DAY, seasonal=False, chance=0.01) == 0


def test_a_window_of_a_week_or_without_a_span_has_no_season() -> None:
    reference = made(weekend=1.0)
    frame, at = world(7, seed=3, weekend=1.0, first=56)
    saturday, its_times = frame[5 * 600 : 6 * 600], at[5 * 600 : 6 * 600]
    assert "km" in watch(reference, saturday, its_times, None).moved
    assert "km" not in watch(reference, saturday, its_times, DAY).moved
    assert not watch(reference, frame, at, timedelta(weeks=1)).moved


@pytest.mark.parametrize("season", [True, False])
def test_a_reference_survives_json(season: bool) -> None:  # noqa: FBT001 - a parameter of the test
    frame, at = world(35, seed=1, weekend=1.0)
    reference = make_reference(frame, at, {"zone"}, IMPORTANCE, season=season)
    assert (reference.seasons is not None) == season
    value = json.loads(canonical_json({**reference.as_dict(), "losses": {}}))
    assert Reference.from_dict(value) == reference
    before = watch(reference, frame[:600], at[:600])
    assert watch(Reference.from_dict(value), frame[:600], at[:600]) == before


def test_rows_without_times_have_neither_season_nor_history() -> None:
    frame, _ = world(10, seed=1)
    for at in (None, pl.Series([None] * frame.height, dtype=pl.Datetime)):
        assert make_reference(frame, at, {"zone"}, IMPORTANCE) == Reference(
            sketch_reference(frame, {"zone"}, pairs=[("km", "zone"), ("km", "hour"), ("zone", "hour")])
        )
    assert make_reference(frame.clear(), pl.Series([], dtype=pl.Datetime), (), {}).sketch.rows == 0


def test_what_holds_no_sketch_is_no_reference() -> None:
    with pytest.raises(ValueError, match="Sketch"):
        Reference.from_dict({"losses": {}})


def test_a_pair_that_came_apart_is_drift_though_neither_column_moved() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=4000)
    frame = pl.DataFrame({"a": x, "b": x + random.normal(0, 0.3, 4000), "prediction": x})
    reference = make_reference(frame, None, (), {"a": 0.64, "b": 0.16})
    apart = frame[:1000].with_columns(pl.col("b").shuffle(seed=1))
    verdict = judge_drift(reference, sketch_like(apart, reference.sketch), {"a": 0.64, "b": 0.16}, chance=0.01, min_rows=200)
    assert verdict.moved == ("a x b",)
    [pair] = [column for column in verdict.columns if column.kind == "pair"]
    assert (pair.weight, verdict.severity) == (0.5, pytest.approx(0.5, abs=0.01))
    same = judge_drift(reference, sketch_like(frame[:1000], reference.sketch), {"a": 0.64}, chance=0.01, min_rows=200)
    assert same.moved == ()


def test_a_pair_is_not_told_of_where_a_column_of_it_moved() -> None:
    frame, _ = world(5, seed=1)
    reference = make_reference(frame, None, {"zone"}, IMPORTANCE)
    verdict = watch(reference, frame[:600].with_columns(pl.col("km") + 3), None)
    assert verdict.moved == ("km",)
    assert {column.name for column in verdict.columns if column.kind == "pair"} == {"zone x hour"}


@pytest.mark.parametrize(("days", "known"), [(27, False), (28, True)])
def test_four_whole_weeks_are_enough_for_a_season(days: int, known: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert (made(days=days).seasons is not None) == known


def test_of_very_many_rows_the_history_is_that_of_a_million() -> None:
    hours = np.sort(np.arange(1_200_000) % (24 * 30))
    at = pl.Series(np.datetime64("2024-01-01", "us") + hours.astype("timedelta64[h]"))
    reference = make_reference(pl.DataFrame({"km": hours.astype(float)}), at, (), {"km": 1.0})
    assert reference.sketch.rows == 1_200_000
    assert reference.seasons is not None
    assert sum(reference.seasons.rows) == 1_000_000
