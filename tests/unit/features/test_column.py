from collections.abc import Callable
from datetime import datetime, timedelta
from math import pi
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.features.column import EARTH_RADIUS_KM, choose, cos_cycle, haversine_km, minutes_between, recode, sin_cycle

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
pairs = st.lists(st.tuples(latitudes, longitudes, latitudes, longitudes), min_size=1, max_size=20)
NAMES = ("lat1", "lon1", "lat2", "lon2")
Evaluate = Callable[[pl.DataFrame, Callable[..., Any]], pl.Series]


def _by_polars(frame: pl.DataFrame, function: Callable[..., Any]) -> pl.Series:
    return frame.select(function(*map(pl.col, frame.columns)).alias("made"))["made"]


def _by_narwhals(frame: pl.DataFrame, function: Callable[..., Any]) -> pl.Series:
    return nw.from_native(frame).select(function(*map(nw.col, frame.columns)).alias("made")).to_native()["made"]


def _by_arrow(frame: pl.DataFrame, function: Callable[..., Any]) -> pl.Series:
    made = nw.from_native(frame.to_arrow()).select(function(*map(nw.col, frame.columns)).alias("made"))
    return pl.Series("made", made["made"].to_list(), strict=False)


@pytest.fixture(params=[_by_polars, _by_narwhals, _by_arrow], ids=["polars", "narwhals", "pyarrow"])
def evaluate(request: pytest.FixtureRequest) -> Evaluate:
    function: Evaluate = request.param
    return function


def _exactly(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    lat1, lon1, lat2, lon2 = (np.radians(angle) for angle in (lat1, lon1, lat2, lon2))
    squared = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(squared, 1)))


def _points(rows: list[tuple[float | None, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.Float64), orient="row")


@pytest.mark.parametrize(
    ("points", "km"),
    [
        ((0.0, 0.0, 0.0, 1.0), EARTH_RADIUS_KM * pi / 180),  # one degree of the equator, 111.195 km
        ((0.0, 0.0, 90.0, 0.0), EARTH_RADIUS_KM * pi / 2),  # a quarter of a meridian
        ((60.0, 0.0, 60.0, 0.0), 0.0),
        ((40.6413, -73.7781, 40.7769, -73.8740), 17.11),  # JFK to LaGuardia
    ],
)
def test_distances_that_are_known(evaluate: Evaluate, points: tuple[float, ...], km: float) -> None:
    assert evaluate(_points([points]), haversine_km)[0] == pytest.approx(km, abs=0.005)


def test_opposite_points_are_half_the_way_round(evaluate: Evaluate) -> None:
    frame = _points([(0.0, 0.0, 0.0, 180.0), (37.0, 11.0, -37.0, -169.0), (90.0, 0.0, -90.0, 0.0)])
    assert evaluate(frame, haversine_km).to_list() == pytest.approx([pi * EARTH_RADIUS_KM] * 3, abs=0.04)


def test_a_point_that_is_not_known_has_no_distance(evaluate: Evaluate) -> None:
    frame = _points([(1.0, 2.0, None, 4.0), (1.0, 2.0, 1.0, 2.0)])
    assert evaluate(frame, haversine_km).to_list() == [None, 0.0]


@given(pairs)
def test_polars_agrees_with_the_arcsine_formula(points: list[tuple[float, ...]]) -> None:
    made = _by_polars(_points(list(points)), haversine_km).to_numpy()
    # Next to the antipode one last digit of the sine is a whole 0.1 m of distance.
    np.testing.assert_allclose(made, _exactly(*np.array(points).T), rtol=1e-12, atol=1e-3)


@settings(max_examples=30)
@given(st.tuples(st.floats(-85, 85), longitudes), st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=20))
def test_without_an_arcsine_a_city_and_a_state_are_as_exact(start: tuple[float, float], steps: list[tuple[float, float]]) -> None:
    frame = _points([(*start, start[0] + north, start[1] + east) for north, east in steps])
    exact = _exactly(*frame.to_numpy().T)
    np.testing.assert_allclose(_by_polars(frame, haversine_km).to_numpy(), exact, rtol=0, atol=1e-11)
    np.testing.assert_allclose(_by_narwhals(frame, haversine_km).to_numpy(), exact, rtol=0, atol=1e-11)


@settings(max_examples=30)
@given(pairs)
def test_without_an_arcsine_the_globe_is_exact_to_forty_metres(points: list[tuple[float, ...]]) -> None:
    made = _by_narwhals(_points(list(points)), haversine_km).to_numpy()
    np.testing.assert_allclose(made, _exactly(*np.array(points).T), rtol=0, atol=0.04)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_minutes_have_their_fraction_and_their_sign(evaluate: Evaluate, unit: Any) -> None:
    start = datetime(2023, 1, 1, 23, 59, 30)  # noqa: DTZ001 - wall clock
    ends = [start + timedelta(seconds=90), start - timedelta(minutes=2), start + timedelta(milliseconds=300), None]
    frame = pl.DataFrame({"start": [start] * 4, "end": ends}).cast(pl.Datetime(unit))
    assert evaluate(frame, minutes_between).to_list() == [1.5, -2.0, pytest.approx(0.005), None]


def test_a_cycle_ends_where_it_began(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"hour": [0.0, 6.0, 12.0, 24.0, None]})
    assert evaluate(frame, lambda hour: sin_cycle(hour, 24)).to_list() == pytest.approx([0, 1, 0, 0, None], abs=1e-15)
    assert evaluate(frame, lambda hour: cos_cycle(hour, 24)).to_list() == pytest.approx([1, 0, -1, 1, None], abs=1e-15)


def test_codes_get_their_meaning_and_unknown_ones_none() -> None:
    frame = pl.DataFrame({"code": [1, 3, 2, None, 9]})
    words = ["light", "dark", None, None, None]
    assert frame.select(recode(pl.col("code"), {1: "light", 3: "dark"})).to_series().to_list() == words
    narwhals = nw.from_native(frame).select(recode(nw.col("code"), {1: "light", 3: "dark"}).alias("x"))
    assert narwhals.to_native()["x"].to_list() == words


def test_a_choice_falls_to_the_other_column_where_the_condition_is_open() -> None:
    frame = pl.DataFrame({"old": [True, False, None], "a": [1, 2, 3], "b": [10, 20, 30]})
    assert frame.select(choose(pl.col("old"), pl.col("a"), pl.col("b"))).to_series().to_list() == [1, 20, 30]
    chosen = nw.from_native(frame).select(choose(nw.col("old"), nw.col("a"), nw.col("b")).alias("x"))
    assert chosen.to_native()["x"].to_list() == [1, 20, 30]
