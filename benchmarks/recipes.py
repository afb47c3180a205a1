"""Which projects do the model benchmarks run? Blueprints with a few changes, written into a folder of their own.

Everything here was chosen on training periods or inside folds; what was looked at besides is said in docs/results.md.
"""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from measure import ROOT

BLUEPRINTS = ROOT / "src" / "steward" / "blueprints"

BOOSTED = {"kind": "lightgbm", "num_trees": 2000, "learning_rate": 0.03, "seed": 7}
TAXI_FEATURES = '''

def weekday_off(pickup_at: Column, pickup_weekday: Column) -> Column:
    """Local weekday of pickup, 0 for Sunday to 6 for Saturday; a holiday of the state is a Sunday."""
    return choose(is_holiday(pickup_at, "US", subdivision="NY"), pickup_weekday * 0, pickup_weekday)


def street_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Way along Manhattan's streets and avenues, in km."""
    return manhattan_km(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, turned_deg=MANHATTAN_GRID_DEG)


def north_km(pickup_lat: Column, dropoff_lat: Column) -> Column:
    """How far north the trip goes, in km."""
    return (dropoff_lat - pickup_lat) * 111.2


def east_km(pickup_lon: Column, dropoff_lon: Column) -> Column:
    """How far east the trip goes, in km."""
    return (dropoff_lon - pickup_lon) * 84.3


def heading_sin(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Sine of the direction of the trip, clockwise from north."""
    return bearing_sin(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def heading_cos(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Cosine of the direction of the trip."""
    return bearing_cos(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon)


def same_zone(pickup_zone: Column, dropoff_zone: Column) -> Column:
    """1 where the trip ends in the zone it began in."""
    return choose(pickup_zone == dropoff_zone, 1, 0)


def pickup_borough(pickup_zone: Column) -> Column:
    """Number of the borough of the pickup."""
    return recode(pickup_zone, BOROUGH)


def dropoff_borough(dropoff_zone: Column) -> Column:
    """Number of the borough of the drop-off."""
    return recode(dropoff_zone, BOROUGH)


def pickup_service(pickup_zone: Column) -> Column:
    """Number of the service zone of the pickup: airports, boroughs, Manhattan's yellow zone."""
    return recode(pickup_zone, SERVICE)


def dropoff_service(dropoff_zone: Column) -> Column:
    """Number of the service zone of the drop-off."""
    return recode(dropoff_zone, SERVICE)


def pickup_area(pickup_zone: Column) -> Column:
    """Area of the pickup's zone in square kilometres."""
    return recode(pickup_zone, AREA_KM2)


def dropoff_area(dropoff_zone: Column) -> Column:
    """Area of the drop-off's zone in square kilometres."""
    return recode(dropoff_zone, AREA_KM2)


def month_of_year(pickup_at: Column) -> Column:
    """Month, 1 to 12: for rows of more than a year."""
    return month_of(pickup_at)


def miles_beside_way(distance_miles: Column, street_km: Column) -> Column:
    """Metered distance as a multiple of the way between the centres of the zones, along the streets."""
    return distance_miles / (street_km * 0.6214 + 0.3)
'''
LIBRARY = (
    "Column, MANHATTAN_GRID_DEG, bearing_cos, bearing_sin, choose, haversine_km, is_holiday, manhattan_km, "
    "minutes_between, month_of, recode"
)
TAXI = [
    *("weekday_off", "street_km", "north_km", "east_km", "heading_sin", "heading_cos", "same_zone"),
    *(
        "pickup_borough",
        "dropoff_borough",
        "pickup_service",
        "dropoff_service",
        "pickup_area",
        "dropoff_area",
        "passengers",
        "vendor",
    ),
]
UBER_FEATURES = '''

def months(pickup_at: Column) -> Column:
    """Months since 2009 began, for the tariff and the city change."""
    return (year_of(pickup_at) - 2009) * 12 + month_of(pickup_at)


def street_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Way along Manhattan's streets and avenues, in km."""
    return manhattan_km(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, turned_deg=MANHATTAN_GRID_DEG)
'''
AIRPORT = '''

def {end}_{name}_km({end}_lat: Column, {end}_lon: Column) -> Column:
    """Distance of the {end} to the airport {name}, in km."""
    return haversine_km({end}_lat, {end}_lon, {end}_lat * 0 + {lat}, {end}_lon * 0 + {lon})
'''
AIRPORTS = {"jfk": (40.6413, -73.7781), "lga": (40.7769, -73.8740), "ewr": (40.6895, -74.1745)}


def taxi(folder: Path, data: Path, *extra: str, metered: bool = False, **changes: Any) -> Path:
    """Write the taxi project with more columns; `metered` pretends to know the way beforehand."""
    place = _copy("taxi", folder)
    own = (place / "features.py").read_text().replace("Column, haversine_km, minutes_between", LIBRARY, 1)
    (place / "features.py").write_text(own + _zones(data) + TAXI_FEATURES)
    project = yaml.safe_load((place / "project.yaml").read_text())
    more = ["distance_miles", "miles_beside_way"] if metered else []
    project["features"] = [name for name in project["features"] if name != "pickup_weekday"] + [*TAXI, *extra, *more]
    project |= changes
    (place / "project.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    if metered:
        words = yaml.safe_load((place / "dictionary.yaml").read_text())
        words["columns"]["distance_miles"]["known_at"] = "request"
        (place / "dictionary.yaml").write_text(yaml.safe_dump(words, sort_keys=False))
    return place


def changed(name: str, folder: Path, **changes: Any) -> Path:
    """Write a blueprint with some parts of its project file replaced."""
    place = _copy(name, folder)
    project = yaml.safe_load((place / "project.yaml").read_text()) | changes
    (place / "project.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    return place


def uber(folder: Path, **changes: Any) -> Path:
    """Write the fares project with the month, the way along the streets, and how far both ends are from the airports."""
    place = _copy("uber", folder)
    names = "MANHATTAN_GRID_DEG, Column, haversine_km, manhattan_km, month_of, year_of"
    own = (place / "features.py").read_text().replace("Column, haversine_km", names, 1) + UBER_FEATURES
    ends = [(end, name, *AIRPORTS[name]) for end in ("pickup", "dropoff") for name in AIRPORTS]
    own += "".join(AIRPORT.format(end=end, name=name, lat=lat, lon=lon) for end, name, lat, lon in ends)
    (place / "features.py").write_text(own)
    project = yaml.safe_load((place / "project.yaml").read_text()) | changes
    project["features"] += ["months", "street_km", *(f"{end}_{name}_km" for end, name, *_ in ends)]
    (place / "project.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    return place


def template2021(folder: Path, data: Path) -> tuple[Path, Path]:
    """Write the project of the accidents course's data of 2021, and its rows with their target; return both folders."""
    rows, target = (pl.read_csv(data / "accidents" / f"template2021_{part}_train.csv.gz") for part in ("X", "y"))
    files = folder / "rows"
    files.mkdir(parents=True)
    rows.hstack(target).drop("year_acc").write_csv(files / "template2021.csv")
    columns = {
        name: {
            "type": "integer" if dtype.is_integer() else "number",
            "known_at": "request",
            "meaning": "as the course's make_dataset.py names it",
        }
        for name, dtype in rows.drop("year_acc").schema.items()
    }
    columns["grav"] = {"type": "integer", "known_at": "outcome", "meaning": "1: somebody was killed or taken to hospital"}
    project = {
        "name": "template2021",
        "task": "binary",
        "target": "grav",
        "source": {"files": ["{period}.csv"]},
        "split": {"train": ["template2021"]},
        "features": [*(name for name in columns if name != "grav"), "com_severe", "dep_severe"],
        "fitted": {
            "com_severe": {"kind": "target_mean", "by": ["com"], "smoothing": 20},
            "dep_severe": {"kind": "target_mean", "by": ["dep"], "smoothing": 50},
        },
        "candidates": [
            {"kind": "mean"},
            {
                **BOOSTED,
                "learning_rate": 0.03,
                "num_leaves": 24,
                "min_rows_in_leaf": 15,
                "subsample": 0.8,
                "colsample": 0.3,
                "l2": 1.0,
            },
        ],
        "gate": {"metric": "roc_auc"},
        "training": {"threshold": {"metric": "f1"}},
    }
    place = folder / "template2021"
    place.mkdir()
    (place / "project.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    (place / "dictionary.yaml").write_text(yaml.safe_dump({"columns": columns}, sort_keys=False))
    (place / "features.py").write_text('"""No features of its own."""\n')
    return place, files


def _zones(data: Path) -> str:
    """Return what the zones' own tables say, as two dictionaries of a feature file."""
    zones = pl.read_csv(data / "taxi" / "taxi_zone_lookup.csv").join(
        pl.read_csv(data / "taxi" / "taxi_zone_centroids_derived.csv").select("LocationID", "area_km2"), on="LocationID", how="left"
    )
    told = {
        "BOROUGH": pl.col("Borough").rank("dense").cast(pl.Int64),
        "SERVICE": pl.col("service_zone").rank("dense").cast(pl.Int64),
        "AREA_KM2": pl.col("area_km2"),
    }
    tables = {name: dict(zones.select("LocationID", column).drop_nulls().iter_rows()) for name, column in told.items()}
    return "\n\n" + "\n".join(f"{name} = {table}" for name, table in tables.items()) + "\n"


def _copy(name: str, folder: Path) -> Path:
    place = folder / name
    shutil.copytree(BLUEPRINTS / name, place, ignore=shutil.ignore_patterns("__pycache__"))
    return place
