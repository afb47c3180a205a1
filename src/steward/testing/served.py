"""A model small enough to work out by hand: a ride takes two minutes a kilometre, and one to get in.

The usual ride is of five kilometres, eleven minutes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.serving.answer import Predict, Served
from steward.serving.explanation import Explanation, Moved

_COLUMNS = {
    "pickup_at": ColumnSpec(type="datetime", known_at="request", meaning="start of the ride", example="2024-01-31T08:15:00"),
    "pickup_zone": ColumnSpec(
        type="integer", known_at="request", meaning="taxi zone of the start", aliases=("PULocationID",), min=1, max=265, example=74
    ),
    "distance_km": ColumnSpec(type="number", known_at="request", meaning="length of the way", unit="km", min=0, example=3.5),
    "passengers": ColumnSpec(type="integer", known_at="request", meaning="people in the cab", required=False, example=1),
    "note": ColumnSpec(type="text", known_at="request", meaning="what the rider said", required=False),
    "shared": ColumnSpec(type="boolean", known_at="request", meaning="whether the ride is shared", required=False),
    "vendor": ColumnSpec(type="integer", known_at="request", meaning="maker of the meter", codes={"1": "one", "2": "another"}),
    "dropoff_at": ColumnSpec(type="datetime", known_at="outcome", meaning="end of the ride"),
}
TINY_DICTIONARY = DictionarySpec(columns=_COLUMNS)


def tiny_served(version: int = 1, *, predict: Predict | None = None) -> Served:
    """Return a version that answers ``2 * distance_km + 1`` minutes and says why, or by `predict`; it reads no vendor."""
    inputs = ("pickup_at", "pickup_zone", "distance_km", "passengers", "note", "shared")
    facts = {"metrics": {"rmse": 0.0}, "origin": "simulated"}
    answer = predict or _two_minutes_a_km
    return Served("rides", version, "minutes", "regression", inputs, TINY_DICTIONARY, answer, facts, explain=_why)


def _two_minutes_a_km(frame: pl.DataFrame) -> npt.NDArray[np.float64]:
    return (frame["distance_km"] * 2 + 1).to_numpy()


def _why(row: Mapping[str, Any]) -> Explanation:
    distance_km, passengers = row["distance_km"], row.get("passengers")
    moved = (Moved("distance_km", distance_km, 2 * (distance_km - 5)), Moved("passengers", passengers, 0.0))
    return Explanation("", "minutes", 11.0, 2 * distance_km + 1, moved)
