import inspect
from datetime import datetime, timedelta
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines import Evaluate, by_narwhals, by_polars, by_row

from steward.features import column
from steward.features.column import (
    EARTH_RADIUS_KM,
    category,
    choose,
    coalesce,
    cos_cycle,
    greatest,
    haversine_km,
    integer,
    minutes_between,
    only_where,
    recode,
    sin_cycle,
    smallest,
    whole_number,
)

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
pairs = st.lists(st.tuples(latitudes, longitudes, latitudes, longitudes), min_size=1, max_size=20)
NAMES = ("lat1", "lon1", "lat2", "lon2")


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
    made = by_polars(_points(list(points)), haversine_km).to_numpy()
    # Next to the antipode one last digit of the sine is a whole 0.1 m of distance.
    np.testing.assert_allclose(made, _exactly(*np.array(points).T), rtol=1e-12, atol=1e-3)


@settings(max_examples=30)
@given(st.tuples(st.floats(-85, 85), longitudes), st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=20))
def test_without_an_arcsine_a_city_and_a_state_are_as_exact(start: tuple[float, float], steps: list[tuple[float, float]]) -> None:
    frame = _points([(*start, start[0] + north, start[1] + east) for north, east in steps])
    exact = _exactly(*frame.to_numpy().T)
    np.testing.assert_allclose(by_polars(frame, haversine_km).to_numpy(), exact, rtol=0, atol=1e-11)
    np.testing.assert_allclose(by_narwhals(frame, haversine_km).to_numpy(), exact, rtol=0, atol=1e-11)


@settings(max_examples=30)
@given(pairs)
def test_without_an_arcsine_the_globe_is_exact_to_forty_metres(points: list[tuple[float, ...]]) -> None:
    made = by_narwhals(_points(list(points)), haversine_km).to_numpy()
    np.testing.assert_allclose(made, _exactly(*np.array(points).T), rtol=0, atol=0.04)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_minutes_have_their_fraction_and_their_sign(evaluate: Evaluate, unit: Any) -> None:
    if evaluate is by_row and unit != "us":
        pytest.skip("the row path knows microseconds only, which is what tables hold")
    start = datetime(2023, 1, 1, 23, 59, 30)  # noqa: DTZ001 - wall clock
    ends = [start + timedelta(seconds=90), start - timedelta(minutes=2), start + timedelta(milliseconds=300), None]
    frame = pl.DataFrame({"start": [start] * 4, "end": ends}).cast(pl.Datetime(unit))
    assert evaluate(frame, minutes_between).to_list() == [1.5, -2.0, pytest.approx(0.005), None]


def test_a_cycle_ends_where_it_began(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"hour": [0.0, 6.0, 12.0, 24.0, None]})
    assert evaluate(frame, lambda hour: sin_cycle(hour, 24)).to_list() == pytest.approx([0, 1, 0, 0, None], abs=1e-15)
    assert evaluate(frame, lambda hour: cos_cycle(hour, 24)).to_list() == pytest.approx([1, 0, -1, 1, None], abs=1e-15)


def test_codes_get_their_meaning_and_unknown_ones_none(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"code": [1, 3, 2, None, 9]})
    words = ["light", "dark", None, None, None]
    assert evaluate(frame, lambda code: recode(code, {1: "light", 3: "dark"})).to_list() == words


def test_a_choice_falls_to_the_other_column_where_the_condition_is_open(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"old": [True, False, None], "a": [1, 2, 3], "b": [10, 20, 30]})
    assert evaluate(frame, choose).to_list() == [1, 20, 30]
    assert evaluate(frame, lambda old, a, b: choose(old, "yes", "no")).to_list() == ["yes", "no", "no"]  # noqa: ARG005
    assert evaluate(frame, lambda old, a, b: only_where(old, a + b)).to_list() == [11, None, None]
    assert evaluate(frame, lambda old, a, b: choose(old, None, 2.5) + b * 0 + a * 0).to_list() == [None, 2.5, 2.5]


def test_the_first_known_value_the_smallest_and_the_greatest(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"a": [None, 3, None], "b": [7, 1, None]}, schema={"a": pl.Int64, "b": pl.Int64})
    assert evaluate(frame, lambda a, b: coalesce(a, b, 0)).to_list() == [7, 3, 0]
    assert evaluate(frame, lambda a, b: smallest([a, b])).to_list() == [7, 1, None]
    assert evaluate(frame, lambda a, b: greatest([a, b])).to_list() == [7, 3, None]


def test_a_number_on_an_edge_is_of_the_class_above_and_a_missing_one_of_none(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"x": [-5.0, 0.999, 1.0, 9.999, 10.0, 1e9, None]})
    made = evaluate(frame, lambda x: category(x, (1, 10), ("few", "some", "many")))
    assert made.to_list() == ["few", "few", "some", "some", "many", "many", None]


def test_classes_without_order_or_words_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the edges \[2, 1\] do not rise"):
        category(pl.col("x"), (2, 1), ("a", "b", "c"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 edges make 3 classes, and there are 2 words"):
        category(pl.col("x"), (1, 2), ("a", "b"))  # type: ignore[arg-type]


def test_whole_numbers_are_rounded_down_and_stay_nullable_of_64_bits(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"x": [1.9, -1.1, 0.0, 1e300, None]})
    made = evaluate(frame, integer)
    assert (made.to_list(), made.dtype) == ([1, -2, 0, None, None], pl.Int64)


def test_text_becomes_a_whole_number_where_it_is_one(evaluate: Evaluate) -> None:
    texts = ["12", "+5", "-3", "007", " 7", "7 ", "1.0", "1e3", "", "abc", "9" * 15, "9" * 16, "0" * 20 + "7", None]
    numbers = [12, 5, -3, 7, None, None, None, None, None, None, 10**15 - 1, None, 7, None]
    made = evaluate(pl.DataFrame({"x": texts}), whole_number)
    assert (made.to_list(), made.dtype) == (numbers, pl.Int64)


def test_every_function_of_the_library_has_a_docstring_and_is_in_the_file_that_calls_them_all() -> None:
    functions = [value for name in column.__all__ if inspect.isfunction(value := getattr(column, name))]
    assert [function.__name__ for function in functions if not function.__doc__] == []
    called = (Path(__file__).parents[2] / "every_function.py").read_text()
    assert [function.__name__ for function in functions if f" {function.__name__}(" not in called] == []


def test_the_page_lists_every_function() -> None:
    page = (Path(__file__).parents[3] / "docs" / "features.md").read_text()
    functions = [name for name in column.__all__ if inspect.isfunction(getattr(column, name))]
    assert [name for name in functions if f"`{name}(" not in page] == []
