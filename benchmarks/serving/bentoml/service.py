"""BentoML: a service class with a typed body, as its pages write one."""

from datetime import datetime

import bentoml
import pandas as pd
from pydantic import BaseModel
from trips import Answering


class Trip(BaseModel):
    """What is known before a trip."""

    pickup_at: datetime
    pickup_zone: int
    dropoff_zone: int


@bentoml.service(workers=1)
class Minutes:
    """Answers trips and logs each."""

    def __init__(self) -> None:
        self.answer = Answering()

    @bentoml.api
    def predict(self, trip: Trip) -> float:
        """Answer one trip."""
        return self.answer(pd.DataFrame([trip.model_dump()]))[0]

    @bentoml.api
    def predict_many(self, rows: list[Trip]) -> list[float]:
        """Answer many trips."""
        return self.answer(pd.DataFrame([row.model_dump() for row in rows]))
