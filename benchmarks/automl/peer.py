"""What does another AutoML library reach on the same rows in the same time? Run by benchmarks/automl.py.

peer.py LIBRARY SECONDS TARGET TRAIN.parquet TEST.parquet prints one line of JSON: the error on the test rows and what it took.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Searched = tuple[Callable[[pd.DataFrame], Any], str]


def flaml(train: pd.DataFrame, target: str, seconds: float) -> Searched:
    """Search with FLAML: the last part of the rows, in the order of time, judges."""
    from flaml import AutoML  # noqa: PLC0415 - one of both is needed

    model = AutoML()
    x, y = train.drop(columns=target), train[target]
    settings = {"split_type": "time", "eval_method": "holdout", "split_ratio": 0.15, "n_jobs": 2, "seed": 7, "verbose": 0}
    model.fit(x, y, task="regression", metric="rmse", time_budget=seconds, **settings)
    return model.predict, str(model.best_estimator)


def autogluon(train: pd.DataFrame, target: str, seconds: float) -> Searched:
    """Search with AutoGluon, its models and its ensemble, at the quality it calls best."""
    from autogluon.tabular import TabularPredictor  # noqa: PLC0415 - one of both is needed

    folder = tempfile.mkdtemp()
    predictor = TabularPredictor(target, problem_type="regression", eval_metric="rmse", path=folder, verbosity=0)
    predictor.fit(train, time_limit=seconds, presets="best_quality", num_cpus=2, dynamic_stacking=False)
    return predictor.predict, str(predictor.model_best)


def main() -> None:
    """Fit, answer, measure."""
    library, seconds, target, train, test = sys.argv[1:]
    learn, judge = pd.read_parquet(train), pd.read_parquet(test)
    began = time.perf_counter()
    predict, best = {"flaml": flaml, "autogluon": autogluon}[library](learn, target, float(seconds))
    took = time.perf_counter() - began
    error = float(np.sqrt(np.mean((np.asarray(predict(judge.drop(columns=target))) - judge[target].to_numpy()) ** 2)))
    print(json.dumps({"rmse": error, "seconds": took, "best": best}))


if __name__ == "__main__":
    main()
