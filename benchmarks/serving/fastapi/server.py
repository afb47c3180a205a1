"""FastAPI and scikit-learn: server.py --port PORT."""

import sys
from datetime import datetime
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parents[1]))

import pandas as pd
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from trips import Answering

app = FastAPI()
answer = Answering()


class Trip(BaseModel):
    """What is known before a trip."""

    pickup_at: datetime
    pickup_zone: int
    dropoff_zone: int


class Trips(BaseModel):
    """Many trips."""

    rows: list[Trip]


@app.get("/ready")
def ready() -> dict[str, str]:
    """Say that it runs."""
    return {"status": "ok"}


@app.post("/predict")
def predict(trip: Trip) -> dict[str, float]:
    """Answer one trip."""
    return {"prediction": answer(pd.DataFrame([trip.model_dump()]))[0]}


@app.post("/predict_many")
def predict_many(trips: Trips) -> dict[str, list[float]]:
    """Answer many trips."""
    return {"predictions": answer(pd.DataFrame(trips.model_dump()["rows"]))}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[sys.argv.index("--port") + 1]), log_level="warning")
