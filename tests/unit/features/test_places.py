from math import cos, pi, radians, sin, sqrt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines import Evaluate, by_polars, by_row

from steward.features.column import (
    EARTH_RADIUS_KM,
    MANHATTAN_GRID_DEG,
    bearing_cos,
    bearing_sin,
    compass_point,
    grid_cell,
    haversine_km,
    is_airport_ride,
    is_airport_trip,
    is_near,
    manhattan_km,
    nearest_place,
)

DEGREE = EARTH_RADIUS_KM * pi / 180  # 111.195 km
NAMES = ("lat1", "lon1", "lat2", "lon2")
cities = st.tuples(st.floats(40, 41), st.floats(-74.5, -73.5), st.floats(40, 41), st.floats(-74.5, -73.5))


def ways(*rows: tuple[float | None, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.Float64), orient="row")


def points(*rows: tuple[float | None, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(("lat", "lon"), pl.Float64), orient="row")


def test_the_way_along_two_axes(evaluate: Evaluate) -> None:
    frame = ways((0, 0, 0.01, 0.01), (60, 0, 60, 0.01), (0, 179.99, 0, -179.99), (1, 1, 1, 1), (1, None, 1, 1))
    # at 60 degrees a degree of longitude is half as long; from 179.99 to -179.99 it is 0.02 degrees
    assert evaluate(frame, manhattan_km).to_list() == pytest.approx([0.02 * DEGREE, 0.005 * DEGREE, 0.02 * DEGREE, 0, None])


def test_along_manhattans_streets_an_avenue_is_straight(evaluate: Evaluate) -> None:
    turn = radians(MANHATTAN_GRID_DEG)
    up_an_avenue = (40.75, -73.98, 40.75 + 0.01 * cos(turn), -73.98 + 0.01 * sin(turn) / cos(radians(40.75 + 0.005 * cos(turn))))
    frame = ways(up_an_avenue)
    assert evaluate(frame, lambda *x: manhattan_km(*x, turned_deg=MANHATTAN_GRID_DEG)).to_list() == pytest.approx([0.01 * DEGREE])
    crooked = evaluate(frame, manhattan_km)[0]
    assert crooked == pytest.approx(0.01 * DEGREE * (cos(turn) + sin(turn)))  # 1.36 times as far along the compass


@given(cities)
def test_two_axes_are_never_shorter_than_the_bird_nor_longer_than_root_two(way: tuple[float, ...]) -> None:
    bird = by_polars(ways(way), haversine_km)[0]
    for turned in (0.0, MANHATTAN_GRID_DEG):
        along = by_polars(ways(way), lambda *x, turned=turned: manhattan_km(*x, turned_deg=turned))[0]
        assert bird * (1 - 1e-3) - 1e-9 <= along <= bird * sqrt(2) * (1 + 1e-3) + 1e-9


COMPASS = [(1, 0, "N"), (1, 1, "NE"), (0, 1, "E"), (-1, 1, "SE"), (-1, 0, "S"), (-1, -1, "SW"), (0, -1, "W"), (1, -1, "NW")]


def test_directions_are_a_circle_and_no_way_has_none(evaluate: Evaluate) -> None:
    frame = ways(*((0, 0, north * 0.01, east * 0.01) for north, east, _ in COMPASS), (5, 5, 5, 5), (None, 0, 1, 1))
    root = sqrt(0.5)
    sines, cosines = [0, root, 1, root, 0, -root, -1, -root], [1, root, 0, -root, -1, -root, 0, root]
    assert evaluate(frame, bearing_sin).to_list() == pytest.approx([*sines, None, None], abs=1e-7)
    assert evaluate(frame, bearing_cos).to_list() == pytest.approx([*cosines, None, None], abs=1e-7)
    assert evaluate(frame, compass_point).to_list() == [*(word for *_, word in COMPASS), None, None]


def test_a_compass_point_reaches_an_eighth_of_a_turn(evaluate: Evaluate) -> None:
    frame = ways(*((0, 0, cos(radians(d)) * 0.01, sin(radians(d)) * 0.01) for d in (22, 23, 67, 68, 202, 203)))
    assert evaluate(frame, compass_point).to_list() == ["N", "NE", "NE", "E", "S", "SW"]


def test_the_bearing_of_a_long_way_is_that_of_its_start(evaluate: Evaluate) -> None:
    # From New York to London the great circle sets out at 51 degrees.
    made = evaluate(ways((40.7, -74.0, 51.5, 0.0)), bearing_sin)[0]
    assert made == pytest.approx(sin(radians(51.2)), abs=2e-3)


def test_squares_of_one_kilometre_are_numbered_eastwards(evaluate: Evaluate) -> None:
    def cell(lat: Any, lon: Any) -> Any:
        return grid_cell(lat, lon, 1.0, at_lat=40.7)

    here, north, east = (40.7, -74.0), (40.7 + 1 / DEGREE, -74.0), (40.7, -74.0 + 1 / DEGREE / cos(radians(40.7)))
    made = evaluate(points(here, north, east, (40.7, None)), cell)
    assert made.dtype == pl.Int64
    first, above, right, nowhere = made.to_list()
    assert (right - first, nowhere) == (1, None)
    assert above - first == 30_349 + 1  # cells around the globe at that latitude: 40,030 km x cos 40.7, rounded up, and one


@pytest.mark.parametrize(("size", "lat"), [(0, 40), (-1, 40), (1, 90)])
def test_squares_without_a_size_are_refused(size: float, lat: float) -> None:
    with pytest.raises(ValueError, match="there are no squares"):
        grid_cell(pl.col("a"), pl.col("b"), size, at_lat=lat)  # type: ignore[arg-type]


def test_the_nearest_of_some_places(evaluate: Evaluate) -> None:
    places = {7: (40.78, -73.97), 3: (40.65, -73.95), 5: (40.78, -73.97)}
    frame = points((40.7, -73.95), (40.77, -73.97), (None, -73.97))
    assert evaluate(frame, lambda lat, lon: nearest_place(lat, lon, places)).to_list() == [3, 7, None]  # 7 comes before its equal


def test_near_is_within_some_kilometres_of_one_of_the_places(evaluate: Evaluate) -> None:
    north = 2 / DEGREE
    frame = points((0.999 * north, 0), (1.001 * north, 0), (10 + 0.999 * north, 10), (0, None))
    assert evaluate(frame, lambda lat, lon: is_near(lat, lon, [(0, 0), (10, 10)], 2.0)).to_list() == [True, False, True, None]


def test_no_place_is_no_place_to_be_near_to() -> None:
    lat, lon = pl.col("a"), pl.col("b")
    for ask in (lambda: is_near(lat, lon, [], 1.0), lambda: nearest_place(lat, lon, {})):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="no place"):
            ask()


def test_airport_trips_by_zones_of_either_end(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"a": [132, 74, 74, None, None], "b": [74, 138, 75, 1, 75]})
    assert evaluate(frame, is_airport_trip).to_list() == [True, True, False, True, None]
    assert evaluate(frame, lambda a, b: is_airport_trip(a, b, [75])).to_list() == [False, False, True, None, True]


def test_airport_rides_by_coordinates_of_either_end(evaluate: Evaluate) -> None:
    jfk, city = (40.645, -73.785), (40.75, -73.98)
    frame = ways((*jfk, *city), (*city, *jfk), (*city, *city), (None, None, *jfk), (None, None, *city))
    assert evaluate(frame, is_airport_ride).to_list() == [True, True, False, True, None]


@given(cities)
def test_the_row_path_has_the_last_digit_of_polars(way: tuple[float, ...]) -> None:
    for function in (haversine_km, manhattan_km, bearing_sin, bearing_cos):
        assert by_row(ways(way), function)[0] == by_polars(ways(way, way), function)[0]
