"""A features.py that calls every function of the library once. Its rows are `tests.random_rows.SCHEMA`."""

from steward.features.column import (
    MANHATTAN_GRID_DEG,
    SEASONS,
    TIMES_OF_DAY,
    Column,
    bearing_cos,
    bearing_sin,
    category,
    choose,
    clock_time,
    coalesce,
    compass_point,
    cos_cycle,
    day_of,
    distance_category,
    greatest,
    grid_cell,
    haversine_km,
    hour_of,
    integer,
    is_airport_ride,
    is_airport_trip,
    is_holiday,
    is_near,
    is_weekend,
    log1p,
    manhattan_km,
    minute_of,
    minutes_between,
    month_of,
    nearest_place,
    only_where,
    price_per_mile,
    ratio,
    recode,
    season,
    sin_cycle,
    smallest,
    speed_kmh,
    time_of_day,
    weekday_of,
    whole_number,
    year_of,
)


def f_hour(pickup_at: Column) -> Column:
    return hour_of(pickup_at)


def f_minute(pickup_at: Column) -> Column:
    return minute_of(pickup_at)


def f_minute_of_day(f_hour: Column, f_minute: Column) -> Column:
    return f_hour * 60 + f_minute


def f_day(pickup_at: Column) -> Column:
    return day_of(pickup_at)


def f_month(pickup_at: Column) -> Column:
    return month_of(pickup_at)


def f_year(pickup_at: Column) -> Column:
    return year_of(pickup_at)


def f_weekday(pickup_at: Column) -> Column:
    return weekday_of(pickup_at)


def f_weekend(pickup_at: Column) -> Column:
    return is_weekend(pickup_at)


def f_holiday(pickup_at: Column) -> Column:
    return is_holiday(pickup_at, "US", subdivision="NY", years=(2009, 2026))


def f_part(pickup_at: Column) -> Column:
    return time_of_day(pickup_at)


def f_part_number(f_part: Column) -> Column:
    return recode(f_part, TIMES_OF_DAY)


def f_season(pickup_at: Column) -> Column:
    return season(pickup_at)


def f_season_south(pickup_at: Column) -> Column:
    return recode(season(pickup_at, southern=True), SEASONS)


def f_minutes(pickup_at: Column, dropoff_at: Column) -> Column:
    return minutes_between(pickup_at, dropoff_at)


def f_sin(f_minute_of_day: Column) -> Column:
    return sin_cycle(f_minute_of_day, 1440)


def f_cos(f_minute_of_day: Column) -> Column:
    return cos_cycle(f_minute_of_day, 1440)


def f_clock(year: Column, month: Column, day: Column, hour: Column, minute: Column) -> Column:
    return clock_time(year, month, day, hour, minute)


def f_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    return haversine_km(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def f_axes_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    return manhattan_km(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def f_streets_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    return manhattan_km(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, turned_deg=MANHATTAN_GRID_DEG)


def f_bearing_sin(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    return bearing_sin(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def f_bearing_cos(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    return bearing_cos(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def f_compass(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    return compass_point(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def f_cell(pickup_lat: Column, pickup_lon: Column) -> Column:
    return grid_cell(pickup_lat, pickup_lon, 1.0, at_lat=40.7)


def f_borough(pickup_lat: Column, pickup_lon: Column) -> Column:
    return nearest_place(pickup_lat, pickup_lon, {1: (40.78, -73.97), 2: (40.65, -73.95), 3: (40.73, -73.79), 4: (40.85, -73.87)})


def f_at_jfk(pickup_lat: Column, pickup_lon: Column) -> Column:
    return is_near(pickup_lat, pickup_lon, [(40.6413, -73.7781)], within_km=3.0)


def f_airport_trip(pickup_zone: Column, dropoff_zone: Column) -> Column:
    return is_airport_trip(pickup_zone, dropoff_zone)


def f_airport_ride(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    return is_airport_ride(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def f_speed(f_km: Column, f_minutes: Column) -> Column:
    return speed_kmh(f_km, f_minutes)


def f_price(total_usd: Column, miles: Column) -> Column:
    return price_per_mile(total_usd, miles)


def f_ratio(total_usd: Column, passengers: Column) -> Column:
    return ratio(total_usd, passengers)


def f_ratio_at_zero(total_usd: Column, passengers: Column) -> Column:
    return ratio(total_usd, passengers, at_zero=0.0)


def f_class(miles: Column) -> Column:
    return distance_category(miles)


def f_crowd(passengers: Column) -> Column:
    return category(passengers, (2, 5), ("alone", "some", "many"))


def f_log(total_usd: Column) -> Column:
    return log1p(total_usd)


def f_whole_miles(miles: Column) -> Column:
    return integer(miles)


def f_number(word: Column) -> Column:
    return whole_number(word)


def f_fallback(passengers: Column, f_number: Column) -> Column:
    return coalesce(passengers, f_number, 0)


def f_least(passengers: Column, pickup_zone: Column) -> Column:
    return smallest([passengers, pickup_zone])


def f_most(passengers: Column, pickup_zone: Column) -> Column:
    return greatest([passengers, pickup_zone])


def f_choice(passengers: Column, miles: Column) -> Column:
    return choose(passengers > 2, miles, 0.0)


def f_known(passengers: Column) -> Column:
    return only_where(passengers > 0, passengers)


def f_same(passengers: Column) -> Column:
    return passengers * 1


def f_meaning(passengers: Column) -> Column:
    return recode(passengers, {1: "one", 2: "two", 7: "bus"})
