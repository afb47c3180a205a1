"""The work of blueprint taxi up to the features, written plainly in pandas; arguments: DATA_FOLDER.

What a careful script would do: declared types where the files allow it, whole columns everywhere, no loop
over rows. It leaves what the product leaves: the raw, quarantined and clean rows and the features as Parquet.
In its favour: it hashes and records nothing, and the zones' centroids come from a ready-made table instead
of the shapefile.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from measure import report_work

NAMES = {
    "VendorID": "vendor",
    "lpep_pickup_datetime": "pickup_at",
    "lpep_dropoff_datetime": "dropoff_at",
    "store_and_fwd_flag": "store_and_fwd",
    "RatecodeID": "rate_code",
    "PULocationID": "pickup_zone",
    "DOLocationID": "dropoff_zone",
    "passenger_count": "passengers",
    "trip_distance": "distance_miles",
    "fare_amount": "fare_usd",
    "extra": "extra_usd",
    "mta_tax": "mta_tax_usd",
    "tip_amount": "tip_usd",
    "tolls_amount": "tolls_usd",
    "ehail_fee": "ehail_fee_usd",
    "improvement_surcharge": "improvement_usd",
    "total_amount": "total_usd",
    "payment_type": "payment_type",
    "trip_type": "trip_type",
    "congestion_surcharge": "congestion_usd",
}
INTEGERS = ("vendor", "rate_code", "pickup_zone", "dropoff_zone", "passengers", "payment_type", "trip_type")
TYPES = dict.fromkeys(INTEGERS, "Int64") | {name: "float64" for name in NAMES.values() if name.endswith(("_usd", "_miles"))}
NEEDED = ["pickup_at", "dropoff_at", "pickup_zone", "dropoff_zone"]
KEY = [*NEEDED, "total_usd"]
PLACES = ["pickup_lon", "pickup_lat", "dropoff_lon", "dropoff_lat"]
FEATURES = ["pickup_zone", "dropoff_zone", *PLACES, "centroid_km", "hour", "weekday", "period", "pickup_at", "duration_min"]
EARTH_KM = 6371.0088


def read_month(path: Path) -> pd.DataFrame:
    """Read one month with our names and types; `period` says which month it was delivered as."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    else:
        times = ["lpep_pickup_datetime", "lpep_dropoff_datetime"]
        frame = pd.read_csv(path, parse_dates=times, date_format="%Y-%m-%d %H:%M:%S", dtype={"store_and_fwd_flag": "string"})
    frame = frame.rename(columns=NAMES)[list(NAMES.values())].astype({**TYPES, "store_and_fwd": "string"})
    return frame.assign(period=path.name.removeprefix("green_tripdata_")[:7])


def check(frame: pd.DataFrame) -> tuple[pd.Series, dict[str, int]]:
    """Return why each row is broken, empty text where it is not, and how many rows each rule found."""
    rules = {
        "missing": frame[NEEDED].isna().any(axis=1),
        "month": frame["pickup_at"].dt.to_period("M").astype(str) != frame["period"],
        "pickup zone": ~frame["pickup_zone"].between(1, 265).fillna(value=False),
        "dropoff zone": ~frame["dropoff_zone"].between(1, 265).fillna(value=False),
        "duration": ~frame["duration_min"].between(1, 60),
    }
    warnings = {"passengers missing": frame["passengers"].isna(), "not unique": frame.duplicated(KEY, keep=False)}
    reason = np.select([mask.to_numpy(dtype=bool) for mask in rules.values()], list(rules), default="")
    return pd.Series(reason, index=frame.index), {name: int(mask.sum()) for name, mask in {**rules, **warnings}.items()}


def haversine_km(lat1: pd.Series, lon1: pd.Series, lat2: pd.Series, lon2: pd.Series) -> pd.Series:
    """Return the great-circle distance."""
    lat1, lon1, lat2, lon2 = (np.radians(part) for part in (lat1, lon1, lat2, lon2))
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(half))


def add_features(frame: pd.DataFrame, centroids: pd.DataFrame) -> pd.DataFrame:
    """Add the calendar and the distance between the two zones' centroids."""
    for end in ("pickup", "dropoff"):
        places = centroids.rename(columns={"LocationID": f"{end}_zone", "lon": f"{end}_lon", "lat": f"{end}_lat"})
        frame = frame.merge(places, on=f"{end}_zone", how="left")
    return frame.assign(
        weekday=frame["pickup_at"].dt.day_of_week,
        hour=frame["pickup_at"].dt.hour,
        centroid_km=haversine_km(frame["pickup_lat"], frame["pickup_lon"], frame["dropoff_lat"], frame["dropoff_lon"]),
    )


def work(data: Path, out: Path) -> Mapping[str, object]:
    """Do all of it."""
    trips = pd.concat([read_month(path) for path in sorted((data / "taxi" / "green").iterdir())], ignore_index=True)
    trips.to_parquet(out / "raw.parquet", index=False)
    trips["duration_min"] = (trips["dropoff_at"] - trips["pickup_at"]).dt.total_seconds() / 60

    reason, found = check(trips)
    broken = trips[reason != ""].assign(reason=reason[reason != ""])
    broken.to_parquet(out / "quarantine.parquet", index=False)

    clean = trips[reason == ""].drop_duplicates()
    clean.to_parquet(out / "clean.parquet", index=False)
    centroids = pd.read_csv(data / "taxi" / "taxi_zone_centroids_derived.csv", usecols=["LocationID", "lon", "lat"])
    features = add_features(clean, centroids.astype({"LocationID": "Int64"}))
    features[FEATURES].to_parquet(out / "features.parquet", index=False)
    return {"rows": len(trips), "quarantined": len(broken), "kept": len(clean), "found": found}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        report_work(lambda: work(Path(sys.argv[1]), Path(folder)))
