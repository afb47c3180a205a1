"""What does NannyML say of each window, with its defaults, and what does that cost? Run by benchmarks/monitoring.py.

peer.py drift    REFERENCE.parquet WINDOWS.parquet [CATEGORY ...]
peer.py estimate REFERENCE.parquet WINDOWS.parquet regression|binary METRIC [CATEGORY ...]

prints one line of JSON (benchmarks/measure.py). Windows are told apart by the column `_window`; where all have one size
each is a chunk, and the reference's chunks have that size; else chunks are days of the column `_at`. By default a column
has drifted where its Jensen-Shannon distance leaves the mean of the reference's chunks by three standard deviations. An
estimate reads `prediction` (for two classes the probability of the second one) and, in the reference, `truth`.
"""

import os
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml as nml
import pandas as pd
from measure import report_work

BESIDE = ("_window", "_at")


def drift(reference: str, windows: str, categories: list[str]) -> Mapping[str, object]:
    """Judge every window by the univariate calculator."""
    learned, rows, chunks, read = _rows(reference, windows)
    columns = [name for name in learned.columns if name not in BESIDE]
    started = time.perf_counter()
    calculator = nml.UnivariateDriftCalculator(column_names=columns, treat_as_categorical=categories, **chunks)
    found = calculator.fit(learned).calculate(rows).filter(period="analysis").to_df()
    alerts = found.xs("alert", axis=1, level=-1).astype(bool)
    judged = {"moved": alerts.any(axis=1).tolist(), "alarm": (alerts.mean(axis=1) >= 0.5).tolist()}
    return {"read_s": read, "judge_s": time.perf_counter() - started, "windows": len(alerts), **judged}


def estimate(reference: str, windows: str, task: str, metric: str, categories: list[str]) -> Mapping[str, object]:
    """Estimate the metric of every window: CBPE for two classes, DLE for a quantity."""
    learned, rows, chunks, read = _rows(reference, windows)
    for frame in (learned, rows):
        frame[categories] = frame[categories].astype("category")
    started = time.perf_counter()
    if task == "binary":
        for frame in (learned, rows):
            frame["label"] = (frame["prediction"] >= 0.5).astype(int)
        names = {"y_pred_proba": "prediction", "y_pred": "label", "y_true": "truth"}
        estimator = nml.CBPE(problem_type="classification_binary", metrics=[metric], **names, **chunks)
    else:
        features = [name for name in learned.columns if name not in ("prediction", "truth", *BESIDE)]
        estimator = nml.DLE(features, y_pred="prediction", y_true="truth", metrics=[metric], **chunks)
    found = estimator.fit(learned).estimate(rows).filter(period="analysis").to_df()[metric]
    ends = {"low": found["lower_confidence_boundary"].tolist(), "high": found["upper_confidence_boundary"].tolist()}
    return {"read_s": read, "judge_s": time.perf_counter() - started, "value": found["value"].tolist(), **ends}


def _rows(reference: str, windows: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], float]:
    started = time.perf_counter()
    learned, rows = pd.read_parquet(reference), pd.read_parquet(windows)
    sizes = set(rows.groupby("_window").size())
    by_day = {"timestamp_column_name": "_at", "chunk_period": "D"}
    chunks: dict[str, Any] = {"chunk_size": int(sizes.pop())} if len(sizes) == 1 else by_day
    return learned, rows, chunks, time.perf_counter() - started


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    kind, *places = sys.argv[1:]
    if kind == "drift":
        report_work(lambda: drift(places[0], places[1], places[2:]))
    else:
        report_work(lambda: estimate(*places[:4], places[4:]))
