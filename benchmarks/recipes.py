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

def along_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Way along the avenues of Manhattan, 29 degrees east of north, in km."""
    return (dropoff_lat - pickup_lat) * (111.2 * 0.8746) + (dropoff_lon - pickup_lon) * (84.4 * 0.4848)


def across_km(pickup_lat: Column, pickup_lon: Column, dropoff_lat: Column, dropoff_lon: Column) -> Column:
    """Way across the avenues, in km; negative towards the west."""
    return (dropoff_lon - pickup_lon) * (84.4 * 0.8746) - (dropoff_lat - pickup_lat) * (111.2 * 0.4848)


def week_hour(pickup_hour: Column, pickup_weekday: Column) -> Column:
    """Hours since Sunday began, 0 up to 168."""
    return pickup_weekday * 24 + pickup_hour
'''
TAXI = {
    "features": ["along_km", "across_km", "week_hour", "passengers", "vendor", "usual_miles", "pair_min"],
    "fitted": {
        "usual_miles": {"kind": "typical", "of": "distance_miles", "by": ["pickup_zone", "dropoff_zone"], "smoothing": 5},
        "pair_min": {"kind": "target_mean", "by": ["pickup_zone", "dropoff_zone"], "smoothing": 20},
    },
}


def taxi(folder: Path, *extra: str, metered: bool = False, **changes: Any) -> Path:
    """Write the taxi project with what is known of pairs of zones; `metered` pretends to know the way beforehand."""
    place = _copy("taxi", folder)
    (place / "features.py").write_text((place / "features.py").read_text() + TAXI_FEATURES)
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
        "features": [name for name in columns if name != "grav"],
        "candidates": [
            {"kind": "mean"},
            {
                **BOOSTED,
                "learning_rate": 0.02,
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
