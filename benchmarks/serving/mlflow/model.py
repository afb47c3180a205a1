"""MLflow: the pipeline as a pyfunc, read from code as its pages advise. model.py FOLDER saves it for `mlflow models serve`."""

import sys
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from trips import Answering

HERE = Path(__file__)


class Minutes(mlflow.pyfunc.PythonModel):
    """Answers trips and logs each."""

    def load_context(self, context: Any) -> None:  # noqa: ARG002 - what MLflow hands over
        """Make it ready."""
        self.answer = Answering()

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[float]:  # noqa: ARG002 - as above
        """Return minutes, one a row."""
        return self.answer(model_input)


if __name__ == "__main__":
    rows = pd.DataFrame({"pickup_at": [pd.Timestamp("2023-03-06 08:30")], "pickup_zone": [74], "dropoff_zone": [42]})
    mlflow.pyfunc.save_model(
        sys.argv[1],
        python_model=str(HERE),
        code_paths=[str(HERE.parents[1] / "trips.py")],
        signature=infer_signature(rows, [12.5]),
        pip_requirements=str(HERE.with_name("requirements.txt")),
    )
else:
    mlflow.models.set_model(Minutes())
