"""Where does a row lie, and how far is it from there to there?

Points are latitude and longitude in degrees, north and east positive; distances are km on a sphere.
"""

from collections.abc import Collection, Mapping, Sequence
from math import ceil, cos, pi, radians, sin, tan
from typing import Any, TypeAlias, cast

import narwhals as nw

from steward.features.engine import Column, choose, engine_of, integer, only_where, smallest

Point: TypeAlias = tuple[float, float]
"""Latitude and longitude in degrees."""

EARTH_RADIUS_KM = 6371.0088  # mean radius of the GRS 80 ellipsoid (IUGG)
MANHATTAN_GRID_DEG = 29.0
"""How far Manhattan's avenues are turned from north to east."""

NYC_AIRPORT_ZONES = (1, 132, 138)
"""The TLC's taxi zones of Newark, JFK and LaGuardia."""

NYC_AIRPORTS: Sequence[Point] = ((40.6895, -74.1745), (40.6413, -73.7781), (40.7769, -73.8740))
"""Newark, JFK and LaGuardia."""

_RADIANS_PER_DEGREE = pi / 180
_KM_PER_DEGREE = EARTH_RADIUS_KM * _RADIANS_PER_DEGREE
_SIXTEENTH = tan(pi / 8)  # half of one of eight sectors


def haversine_km(lat1: Column, lon1: Column, lat2: Column, lon2: Column) -> Column:
    """Return the great-circle distance in km between two points given in degrees; null where one is null.

    Polars takes the arcsine itself. Elsewhere it is a series after halving the angle twice, which
    agrees to 1e-11 km within 500 km and to 40 m at the antipodes.
    """
    return _arcsine_of_root(_squared_sine(lat1, lon1, lat2, lon2)) * (2 * EARTH_RADIUS_KM)


def manhattan_km(lat1: Column, lon1: Column, lat2: Column, lon2: Column, *, turned_deg: float = 0.0) -> Column:
    """Return the distance in km along two axes at right angles, at the latitude half-way; null where a point is.

    Args:
        lat1: in degrees, as the three others.
        lon1: the shorter way round the globe is taken.
        lat2: for cities, not for continents: the earth is taken as flat.
        lon2: as `lon1`.
        turned_deg: how far the axes are turned from north to east: `MANHATTAN_GRID_DEG` for its streets and avenues.
    """
    north = (lat2 - lat1) * _KM_PER_DEGREE
    turn = lon2 - lon1
    east = (turn - ((turn + 180.0) * (1 / 360)).floor() * 360.0) * _cosine((lat1 + lat2) * 0.5) * _KM_PER_DEGREE
    if not turned_deg:
        return north.abs() + east.abs()
    up, across = cos(radians(turned_deg)), sin(radians(turned_deg))
    return (north * up + east * across).abs() + (east * up - north * across).abs()


def bearing_sin(lat1: Column, lon1: Column, lat2: Column, lon2: Column) -> Column:
    """Return the sine of the direction at the start, clockwise from north: 1 is due east; null where there is no way.

    Degrees would jump from 359 to 0; sine and cosine do not, and every engine has them.
    """
    north, east = _heading(lat1, lon1, lat2, lon2)
    length = (north * north + east * east).sqrt()
    return only_where(length > 0, east / length)


def bearing_cos(lat1: Column, lon1: Column, lat2: Column, lon2: Column) -> Column:
    """Return the cosine that goes with `bearing_sin`: 1 is due north, -1 due south."""
    north, east = _heading(lat1, lon1, lat2, lon2)
    length = (north * north + east * east).sqrt()
    return only_where(length > 0, north / length)


def compass_point(lat1: Column, lon1: Column, lat2: Column, lon2: Column) -> Column:
    """Return the direction at the start as one of N, NE, E, SE, S, SW, W and NW; null where there is no way."""
    north, east = _heading(lat1, lon1, lat2, lon2)
    is_up, is_right = north > 0, east > 0
    diagonal = choose(is_up, choose(is_right, "NE", "NW"), choose(is_right, "SE", "SW"))
    upright = choose(east.abs() <= north.abs() * _SIXTEENTH, choose(is_up, "N", "S"), diagonal)
    point = choose(north.abs() <= east.abs() * _SIXTEENTH, choose(is_right, "E", "W"), upright)
    return only_where(north.abs() + east.abs() > 0, point)


def grid_cell(lat: Column, lon: Column, size_km: float = 1.0, *, at_lat: float) -> Column:
    """Return the number of the square that a point lies in: a zone, where nobody has drawn any.

    Args:
        lat: in degrees.
        lon: in degrees.
        size_km: how wide and high a square is.
        at_lat: where the squares are square, such as the city's latitude: elsewhere they are wider or narrower.

    Returns:
        A code of 64 bits; east of a cell n lies n + 1. Null where a coordinate is missing.

    Raises:
        ValueError: the size is not positive, or `at_lat` is a pole.
    """
    east_per_degree = _KM_PER_DEGREE * cos(radians(at_lat)) / size_km if size_km > 0 else 0.0
    if abs(at_lat) >= 90 or east_per_degree <= 0:  # noqa: PLR2004 - the poles
        raise ValueError(f"there are no squares of {size_km} km at latitude {at_lat}")
    row = ((lat + 90.0) * (_KM_PER_DEGREE / size_km)).floor()
    column = ((lon + 180.0) * east_per_degree).floor()
    return integer(row * float(ceil(360 * east_per_degree) + 1) + column)


def nearest_place(lat: Column, lon: Column, places: Mapping[int, Point]) -> Column:
    """Return the key of the nearest of some places, the first of equals; null where a coordinate is missing.

    For up to some tens of places: each is compared with the nearest of all.

    Raises:
        ValueError: there is no place.
    """
    if not places:
        raise ValueError("there is no place to be near to")
    away = {key: _squared_sine(lat, lon, *place) for key, place in places.items()}
    least = smallest(list(away.values()))
    nearest: Any = None
    for key, squared_sine in reversed(away.items()):
        nearest = choose(squared_sine == least, key, nearest)
    return cast("Column", nearest)


def is_near(lat: Column, lon: Column, places: Collection[Point], within_km: float) -> Column:
    """Return whether a point lies within some km of one of the places; null where a coordinate is missing.

    Raises:
        ValueError: there is no place.
    """
    if not places:
        raise ValueError("there is no place to be near to")
    limit = sin(within_km / (2 * EARTH_RADIUS_KM)) ** 2
    first, *others = (_squared_sine(lat, lon, *place) <= limit for place in places)
    for other in others:
        first = first | other
    return first


def is_airport_trip(pickup_zone: Column, dropoff_zone: Column, zones: Collection[int] = NYC_AIRPORT_ZONES) -> Column:
    """Return whether a trip starts or ends in one of the airports' zones; null where that hangs on an unknown zone."""
    return pickup_zone.is_in(list(zones)) | dropoff_zone.is_in(list(zones))


def is_airport_ride(
    lat1: Column, lon1: Column, lat2: Column, lon2: Column, airports: Collection[Point] = NYC_AIRPORTS, within_km: float = 2.0
) -> Column:
    """Return whether a ride starts or ends within some km of an airport; null where that hangs on an unknown point."""
    return is_near(lat1, lon1, airports, within_km) | is_near(lat2, lon2, airports, within_km)


def _squared_sine(lat1: Column, lon1: Column, lat2: Column | float, lon2: Column | float) -> Column:
    """Return the squared sine of half the angle between two points: it grows with the distance, and needs no arcsine."""
    half_lat = (lat2 - lat1) * (_RADIANS_PER_DEGREE / 2)
    half_lon = (lon2 - lon1) * (_RADIANS_PER_DEGREE / 2)
    across = cos(radians(lat2)) if isinstance(lat2, float | int) else _cosine(lat2)
    return half_lat.sin() ** 2 + _cosine(lat1) * across * half_lon.sin() ** 2


def _heading(lat1: Column, lon1: Column, lat2: Column, lon2: Column) -> tuple[Column, Column]:
    """Return how far north and east the way sets out, in no unit; without subtracting near-equal numbers."""
    turn = (lon2 - lon1) * _RADIANS_PER_DEGREE
    bend = (lat1 * _RADIANS_PER_DEGREE).sin() * _cosine(lat2) * (turn * 0.5).sin() ** 2 * 2.0
    return ((lat2 - lat1) * _RADIANS_PER_DEGREE).sin() + bend, turn.sin() * _cosine(lat2)


def _cosine(degrees: Column) -> Column:
    return (degrees * _RADIANS_PER_DEGREE).cos()


def _arcsine_of_root(squared_sine: Column) -> Column:
    if engine_of(squared_sine) is not nw:
        # Rounding may carry a hair above 1, where the arcsine is NaN.
        return cast("Column", cast("Any", squared_sine).clip(0.0, 1.0).sqrt().arcsin())
    eighth = _halve(_halve(squared_sine))
    series = 1 + eighth * (1 / 6 + eighth * (3 / 40 + eighth * (15 / 336 + eighth * (105 / 3456))))
    return 4 * (eighth**0.5 * series)


def _halve(squared_sine: Column) -> Column:
    """Squared sine of an angle -> squared sine of half of it, without subtracting near-equal numbers."""
    # abs: rounding may carry the squared sine a hair above 1.
    return squared_sine / (2 * (1 + (1 - squared_sine).abs().sqrt()))
