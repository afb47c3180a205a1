"""How good is the champion beside what plain tools give on the same months?

Train on 2023-01, test on 2023-03: green taxis, trips of 1 to 60 minutes. The plain LightGBM sees the zones,
the distance of their centroids, hour and weekday; the linear one sees hour, weekday and the metered distance,
which nobody knows before the trip.
"""

import json
import sys
import tempfile
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
from measure import cpu_seconds, data_folder, keep, print_table
from sklearn.linear_model import LinearRegression

STEWARD = Path(sys.executable).with_name("steward")
TRAIN, TEST = "2023-01", "2023-03"
EARTH_KM = 6371.0088


def main() -> None:
    """Measure the three and print their errors."""
    data = data_folder()
    if data is None:
        return
    train, test = (_trips(data, month) for month in (TRAIN, TEST))
    errors = {
        "steward run taxi": _champion(data),
        "plain LightGBM": _lightgbm(train, test),
        "linear, raw distance": _linear(train, test),
    }
    print(f"\nTrip minutes, trained on {TRAIN}, tested on {TEST} ({test.height:,} trips)")
    print_table(("model", "RMSE min"), [[name, error] for name, error in errors.items()])
    print("aim: at most 5.25 for the champion")
    keep("model", errors)


def _champion(data: Path) -> float:
    """Return the test error of the model that the product itself chooses, from its own JSON."""
    months = ["--set", f"split.train=[{TRAIN}]", "--set", f"split.test=[{TEST}]"]
    with tempfile.TemporaryDirectory() as folder:
        env = {"STEWARD_HOME": f"{folder}/workspace", "STEWARD_DATA": str(data), "STEWARD_OFFLINE": "true"}
        output = cpu_seconds([STEWARD, "run", "taxi", "--json", *months], env)[2]
    rmse = json.loads(output)["metrics"]["rmse"]
    return float(rmse["value"] if isinstance(rmse, dict) else rmse)


def _trips(data: Path, month: str) -> pl.DataFrame:
    zones = pl.read_csv(data / "taxi" / "taxi_zone_centroids_derived.csv").select("LocationID", "lon", "lat")
    zones = zones.with_columns(pl.col("LocationID").cast(pl.Int64), pl.col("lon", "lat").radians())
    pickup, dropoff = pl.col("lpep_pickup_datetime"), pl.col("lpep_dropoff_datetime")
    half = ((pl.col("lat_to") - pl.col("lat")) / 2).sin() ** 2
    half += pl.col("lat").cos() * pl.col("lat_to").cos() * ((pl.col("lon_to") - pl.col("lon")) / 2).sin() ** 2
    return (
        pl.read_parquet(data / "taxi" / "green" / f"green_tripdata_{month}.parquet")
        .with_columns(pl.col("PULocationID", "DOLocationID").cast(pl.Int64), minutes=(dropoff - pickup).dt.total_seconds() / 60)
        .filter(pl.col("minutes").is_between(1, 60), pickup.dt.strftime("%Y-%m") == month)
        .join(zones, left_on="PULocationID", right_on="LocationID", how="left")
        .join(zones, left_on="DOLocationID", right_on="LocationID", how="left", suffix="_to")
        .with_columns(hour=pickup.dt.hour(), weekday=pickup.dt.weekday(), centroid_km=2 * EARTH_KM * half.sqrt().arcsin())
    )


def _lightgbm(train: pl.DataFrame, test: pl.DataFrame) -> float:
    columns = ["PULocationID", "DOLocationID", "centroid_km", "hour", "weekday"]
    model = lightgbm.LGBMRegressor(n_estimators=400, learning_rate=0.05, num_leaves=63, min_child_samples=40, verbose=-1)
    model.fit(train.select(columns).to_numpy(), train["minutes"].to_numpy(), categorical_feature=[0, 1])
    return _rmse(test, model.booster_.predict(test.select(columns).to_numpy()))


def _linear(train: pl.DataFrame, test: pl.DataFrame) -> float:
    columns = ["trip_distance", "hour", "weekday"]
    model = LinearRegression().fit(train.select(columns).to_numpy(), train["minutes"].to_numpy())
    return _rmse(test, model.predict(test.select(columns).to_numpy()))


def _rmse(test: pl.DataFrame, predicted: np.ndarray) -> float:
    return float(np.sqrt(np.mean((test["minutes"].to_numpy() - predicted) ** 2)))


if __name__ == "__main__":
    main()
