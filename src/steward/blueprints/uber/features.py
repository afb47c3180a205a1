"""What does a ride look like before it starts?

One function a column: its name is the column, its parameters are the columns it reads.
"""

from steward.features.column import Column, haversine_km

_KM_NORTH = 111.2  # a degree of latitude
_KM_EAST = 84.3  # a degree of longitude at New York


def distance_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Great-circle distance of the ride in km."""
    return haversine_km(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def north_km(pickup_lat: Column, dropoff_lat: Column) -> Column:
    """How far north the ride goes in km; negative for south."""
    return (dropoff_lat - pickup_lat) * _KM_NORTH


def east_km(pickup_lon: Column, dropoff_lon: Column) -> Column:
    """How far east the ride goes in km; negative for west."""
    return (dropoff_lon - pickup_lon) * _KM_EAST


def pickup_hour(pickup_at: Column) -> Column:
    """Local time of pickup in decimal hours, 0 up to 24."""
    return pickup_at.dt.hour() + pickup_at.dt.minute() * (1 / 60)


def pickup_weekday(pickup_at: Column) -> Column:
    """Local weekday of pickup, 0 for Sunday to 6 for Saturday."""
    return pickup_at.dt.weekday() % 7
