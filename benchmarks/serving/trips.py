"""How would somebody without Steward put the same booster behind a trip? A scikit-learn pipeline from raw rows to minutes.

Shared by the other servers of benchmarks/serving.py. It makes the features of the taxi blueprint with pandas and NumPy, column
by column; rows up to `MANY` are given to one thread, as two would only wait for each other. A line of JSON a prediction goes to a
file through `logging`.
"""

import json
import logging
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

COLUMNS = ["pickup_at", "pickup_zone", "dropoff_zone"]
EARTH_KM = 6371.0088
MANY = 64
ZONES = 265


class Boosted(RegressorMixin, BaseEstimator):
    """A trained booster as an estimator."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.booster_ = lightgbm.Booster(model_file=path)

    def fit(self, rows: Any, target: Any = None) -> "Boosted":  # noqa: ARG002 - what a pipeline asks of its steps
        """Return itself: the booster is trained."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Say that it may predict."""
        return True

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Return minutes, one a row."""
        return self.booster_.predict(matrix, num_threads=1 if len(matrix) < MANY else 0)


class Features:
    """Rows of `COLUMNS` to the booster's matrix; zones without a centre have NaN."""

    def __init__(self, bundle: Path) -> None:
        self._centres = {side: _centres(bundle / "lookups" / f"zones_{side}.json") for side in ("pickup", "dropoff")}

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        """Return a matrix of shape (rows, 9)."""
        at = pd.to_datetime(rows["pickup_at"]).dt
        from_lon, from_lat = self._centres["pickup"][rows["pickup_zone"].to_numpy(int)].T
        to_lon, to_lat = self._centres["dropoff"][rows["dropoff_zone"].to_numpy(int)].T
        columns = [
            rows["pickup_zone"].to_numpy(np.float64),
            rows["dropoff_zone"].to_numpy(np.float64),
            from_lon,
            from_lat,
            to_lon,
            to_lat,
            _haversine_km(from_lat, from_lon, to_lat, to_lon),
            (at.hour + at.minute / 60).to_numpy(np.float64),
            ((at.dayofweek + 1) % 7).to_numpy(np.float64),
        ]
        return np.column_stack(columns)


def pipeline(bundle: Path) -> Pipeline:
    """Return the pipeline around a bundle's booster and tables."""
    return Pipeline([("features", FunctionTransformer(Features(bundle))), ("model", Boosted(str(bundle / "model.txt")))])


def prediction_log(path: Path) -> logging.Logger:
    """Return a logger that writes bare lines to a file."""
    log = logging.getLogger("predictions")
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    return log


class Answering:
    """Predict rows by the bundle in BUNDLE and log each in the file PREDICTIONS, two variables of the environment."""

    def __init__(self) -> None:
        self._model = pipeline(Path(os.environ["BUNDLE"]))
        self._log = prediction_log(Path(os.environ["PREDICTIONS"]))

    def __call__(self, rows: pd.DataFrame) -> list[float]:
        """Return minutes, one a row of `COLUMNS`."""
        minutes = self._model.predict(rows).tolist()
        at = datetime.now(UTC).isoformat()
        for row, one in zip(rows.to_dict("records"), minutes, strict=True):
            self._log.info(json.dumps({"prediction_id": uuid.uuid4().hex, "at": at, "row": row, "prediction": one}, default=str))
        return minutes


def _centres(path: Path) -> np.ndarray:
    """Return longitude and latitude by a zone's number."""
    found = {column["name"]: column["values"] for column in json.loads(path.read_text())["table"]}
    centres = np.full((ZONES + 1, 2), np.nan)
    centres[found["LocationID"]] = np.column_stack([found["lon"], found["lat"]])
    return centres


def _haversine_km(lat1: np.ndarray, lon1: np.ndarray, lat2: np.ndarray, lon2: np.ndarray) -> np.ndarray:
    lat1, lon1, lat2, lon2 = map(np.radians, (lat1, lon1, lat2, lon2))
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(half))
