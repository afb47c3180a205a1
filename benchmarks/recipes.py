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


def week_hour(pickup_hour: Column, weekday_off: Column) -> Column:
    """Hours since Sunday began, 0 up to 168."""
    return weekday_off * 24 + pickup_hour


def street_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Way along Manhattan's streets and avenues, in km."""
    return manhattan_km(pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, turned_deg=MANHATTAN_GRID_DEG)


def north_km(pickup_lat: Column, dropoff_lat: Column) -> Column:
    """How far north the trip goes, in km."""
    return (dropoff_lat - pickup_lat) * 111.2


def east_km(pickup_lon: Column, dropoff_lon: Column) -> Column:
    """How far east the trip goes, in km."""
    return (dropoff_lon - pickup_lon) * 84.3


def month_of_year(pickup_at: Column) -> Column:
    """Month, 1 to 12: for rows of more than a year."""
    return month_of(pickup_at)
'''
LIBRARY = "Column, MANHATTAN_GRID_DEG, choose, haversine_km, is_holiday, manhattan_km, minutes_between, month_of"
TAXI = {
    "features": ["weekday_off", "week_hour", "street_km", "north_km", "east_km", "passengers", "vendor", "usual_miles"],
    "fitted": {"usual_miles": {"kind": "typical", "of": "distance_miles", "by": ["pickup_zone", "dropoff_zone"], "smoothing": 5}},
}


def taxi(folder: Path, *extra: str, metered: bool = False, **changes: Any) -> Path:
    """Write the taxi project with what is known of pairs of zones; `metered` pretends to know the way beforehand."""
    place = _copy("taxi", folder)
    own = (place / "features.py").read_text()
    (place / "features.py").write_text(own.replace("Column, haversine_km, minutes_between", LIBRARY, 1) + TAXI_FEATURES)
    project = yaml.safe_load((place / "project.yaml").read_text())
    more = ["distance_miles"] if metered else []
    project["features"] += [*TAXI["features"], *extra, *more]
    project |= {"fitted": TAXI["fitted"], **changes}
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


def _copy(name: str, folder: Path) -> Path:
    place = folder / name
    shutil.copytree(BLUEPRINTS / name, place, ignore=shutil.ignore_patterns("__pycache__"))
    return place
