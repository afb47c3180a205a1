"""What does a taxi trip look like before it starts - and how long did it take?

One function a column: its name is the column, its parameters are the columns it reads.
"""

from steward.features.column import Column, haversine_km, minutes_between


def pickup_hour(pickup_at: Column) -> Column:
    """Local time of pickup in decimal hours, 0 up to 24: half past two in the afternoon is 14.5."""
    return pickup_at.dt.hour() + pickup_at.dt.minute() * (1 / 60)


def pickup_weekday(pickup_at: Column) -> Column:
    """Local weekday of pickup, 0 for Sunday to 6 for Saturday."""
    return pickup_at.dt.weekday() % 7


def centroid_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Great-circle distance between the centres of the two zones, in km; null where a zone has no centre."""
    return haversine_km(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def duration_min(pickup_at: Column, dropoff_at: Column) -> Column:
    """The target: minutes from pickup to drop-off, negative where the clocks are wrong."""
    return minutes_between(pickup_at, dropoff_at)
