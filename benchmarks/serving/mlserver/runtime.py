"""MLServer: a runtime of our own, columns in by its pandas codec, as its pages write one."""

import numpy as np
import pandas as pd
from mlserver import MLModel
from mlserver.codecs import decode_args
from trips import Answering


class Minutes(MLModel):
    """Answers trips and logs each."""

    async def load(self) -> bool:
        """Make it ready."""
        self.answer = Answering()
        return True

    @decode_args
    async def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Return minutes, one a row."""
        return np.array(self.answer(rows))
