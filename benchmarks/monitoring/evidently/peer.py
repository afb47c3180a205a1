"""What does Evidently say of each window, with its defaults, and what does that cost? Run by benchmarks/monitoring.py.

peer.py REFERENCE.parquet WINDOWS.parquet [CATEGORY ...] prints one line of JSON (benchmarks/measure.py). Windows are told
apart by the column `_window`. By default a column has drifted by a test that follows from the number of rows
(Kolmogorov-Smirnov, chi squared and Z at 0.05 up to 1,000 rows of the reference, Wasserstein and Jensen-Shannon distances
of 0.1 beyond), and the data where half of the columns have.
"""

import os
import sys
import time
import warnings
from collections.abc import Mapping

os.environ["DO_NOT_TRACK"] = "1"

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from measure import report_work

HALF = 0.5


def work(reference: str, windows: str, categories: list[str]) -> Mapping[str, object]:
    """Judge all windows, one report each."""
    started = time.perf_counter()
    learned, rows = pd.read_parquet(reference), pd.read_parquet(windows)
    read = time.perf_counter() - started
    learned = learned.drop(columns="_at", errors="ignore")
    numbers = [name for name in learned.columns if name not in categories]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    then = Dataset.from_pandas(learned, data_definition=definition)
    parts = [part[list(learned.columns)] for _, part in rows.groupby("_window")]
    started = time.perf_counter()
    drifted = [_drifted(Dataset.from_pandas(part, data_definition=definition), then) for part in parts]
    share = [count / len(learned.columns) for count in drifted]
    judged = {"moved": [count > 0 for count in drifted], "alarm": [one >= HALF for one in share]}
    return {"read_s": read, "judge_s": time.perf_counter() - started, "windows": len(parts), **judged}


def _drifted(now: Dataset, then: Dataset) -> int:
    found = Report([DataDriftPreset()]).run(now, then).dict()["metrics"]
    return round(next(one for one in found if one["metric_name"].startswith("DriftedColumnsCount"))["value"]["count"])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    report_work(lambda: work(sys.argv[1], sys.argv[2], sys.argv[3:]))
