"""How near do estimates of the error come, before any outcome is known, to what the error turns out to be?

DLE: green taxis, a champion of 2023-01; estimators learn from 2023-03 and estimate windows of 2024-01, in the order of
time. CBPE: the heart question of a telephone survey (BRFSS 2020), a champion of its first 60,000 people; estimators learn
from 30,000 others and estimate windows of the rest, in the order of the file. Both sides learn from the same rows, see the
same windows, and are held against the same outcomes.
"""

import argparse
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from judged import installed, run_peer
from measure import cpu_seconds, data_folder, print_table
from sklearn.metrics import roc_auc_score
from trained import BESIDE, STEWARD, Trained, train

from steward.core.tasks import TaskKind
from steward.models.classes import encode
from steward.monitoring.estimate import Answered, estimate_performance, fit_estimator

SIZES = (200, 500, 1000, 2000)
SURVEY = (60_000, 30_000)  # people the champion learns from, and then the estimators
MOST_WINDOWS = 100

Rows = list[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is estimated: rows to learn from and rows of later windows, each with `prediction` and `truth`."""

    name: str
    task: TaskKind
    metric: str
    categories: tuple[str, ...]
    learned: pl.DataFrame
    later: pl.DataFrame
    threshold: float | None = None


def estimates(asked: argparse.Namespace, folder: Path) -> Rows:
    """Estimate the windows of both questions by both sides."""
    data = data_folder()
    if data is None:
        return []
    rows: Rows = []
    for ask in (_taxis, _survey):
        question = ask(folder, data)
        for size in (500,) if asked.small else SIZES:
            rows += _one(question, size, folder / f"{question.task}-{size}")
    head = ("question", "rows a window", "side", "windows", "outcome inside", "or not trusted", "mean error", "mean realised")
    print_table(head, rows)
    return rows


def _taxis(folder: Path, data: Path) -> Asked:
    trained = train("taxi", folder / "taxi", data)
    learned, later = (trained.rows([month]).sort("_at") for month in ("2023-03", "2024-01"))
    return _asked("DLE, rmse: green 2024-01", "regression", "rmse", trained, learned, later)


def _survey(folder: Path, data: Path) -> Asked:
    packed = (data / "heart" / "brfss2020_heart_train.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8-sig").splitlines()
    # Its makers quoted a line once more where a value of it is quoted.
    whole = [line[1:-1].replace('""', '"') if line.startswith('"') else line for line in lines]
    places = folder / "survey", folder / "later"
    for place, part in zip(places, (whole[1 : SURVEY[0] + 1], whole[SURVEY[0] + 1 :]), strict=True):
        place.mkdir()
        (place / "survey.csv").write_text("\n".join([whole[0], *part]) + "\n")
    cpu_seconds([STEWARD, "init", places[0] / "survey.csv", "--target", "HeartDisease", "--into", folder / "project"])
    trained = train(folder / "project", folder / "survey-run", places[0], "gate.metric=roc_auc", later=places[1])
    rows = trained.rows(trained.project.spec.split.train)
    return _asked("CBPE, ROC AUC: survey", "binary", "roc_auc", trained, rows[: SURVEY[1]], rows[SURVEY[1] :])


def _asked(name: str, task: TaskKind, metric: str, trained: Trained, learned: pl.DataFrame, later: pl.DataFrame) -> Asked:
    bundle = trained.loaded.bundle
    parts = [part.with_columns(_codes(part["truth"], bundle.classes)) for part in (learned, later)]
    return Asked(name, task, metric, tuple(bundle.categories), *parts)


def _codes(truth: pl.Series, classes: Sequence[Any]) -> pl.Series:
    return pl.Series("truth", encode(truth, classes) if classes else truth.cast(pl.Float64).to_numpy())


def _one(asked: Asked, size: int, folder: Path) -> Rows:
    count = min(MOST_WINDOWS, asked.later.height // size)
    # Evenly over all of the time that is there, each window of rows that follow each other.
    starts = np.linspace(0, asked.later.height - size, count).astype(int).tolist()
    windows = [asked.later[start : start + size] for start in starts]
    realised = np.array([_realised(asked, window) for window in windows])
    rows = [_ours(asked, size, windows, realised)]
    return [*rows, _nannyml(asked, size, windows, realised, folder)] if installed("nannyml") else rows


def _realised(asked: Asked, window: pl.DataFrame) -> float:
    truth, predicted = window["truth"].to_numpy(), window["prediction"].to_numpy()
    if asked.task == "regression":
        return float(np.sqrt(np.mean((truth - predicted) ** 2)))
    return float(roc_auc_score(truth, predicted))


def _ours(asked: Asked, size: int, windows: Sequence[pl.DataFrame], realised: np.ndarray) -> tuple[object, ...]:
    features = _features(asked.learned)
    estimator = fit_estimator(
        asked.task,
        asked.metric,
        _answered(asked, asked.learned),
        learned=features,
        categories=asked.categories,
        watched=features.columns,
        threshold=asked.threshold,
    )
    assert estimator is not None
    hidden = [window.with_columns(truth=pl.lit(None, pl.Float64)) for window in windows]
    told = [estimate_performance(estimator, _answered(asked, window)) for window in hidden]
    ends = np.array([(one.value, one.low, one.high) if one else (np.nan,) * 3 for one in told]).T
    doubted = np.array([one is None or not one.trusted for one in told])
    return _row(asked, size, "Steward", ends, doubted, realised)


def _features(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.exclude("prediction", *BESIDE).cast(pl.Float64))


def _answered(asked: Asked, rows: pl.DataFrame) -> Answered:
    predicted, truth = rows["prediction"].to_numpy(), rows["truth"].to_numpy().astype(np.float64)
    answers = predicted if asked.task == "regression" else np.column_stack([1 - predicted, predicted])
    return Answered(_features(rows), answers, truth)


def _nannyml(asked: Asked, size: int, windows: Sequence[pl.DataFrame], realised: np.ndarray, folder: Path) -> tuple[object, ...]:
    folder.mkdir(parents=True)
    asked.learned.drop("_at", "_period").write_parquet(folder / "reference.parquet")
    parts = [window.drop("_at", "_period", "truth").with_columns(_window=pl.lit(i)) for i, window in enumerate(windows)]
    pl.concat(parts).write_parquet(folder / "windows.parquet")
    places = [folder / "reference.parquet", folder / "windows.parquet"]
    facts: Any = run_peer("nannyml", ["estimate", *places, asked.task, asked.metric, *asked.categories]).facts
    ends = np.array([facts["value"], facts["low"], facts["high"]])
    return _row(asked, size, "NannyML", ends, np.zeros(len(windows), dtype=bool), realised)


def _row(asked: Asked, size: int, side: str, ends: np.ndarray, doubted: np.ndarray, realised: np.ndarray) -> tuple[object, ...]:
    value, low, high = ends
    inside = (low <= realised) & (realised <= high)
    error = float(np.nanmean(np.abs(value - realised)))
    shares = f"{inside.mean():.0%}", f"{(inside | doubted).mean():.0%}"
    return asked.name, size, side, len(realised), *shares, f"{error:.4f}", f"{realised.mean():.4f}"
