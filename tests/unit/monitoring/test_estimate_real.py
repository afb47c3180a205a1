"""Estimates of real errors: windows of a real model's later rows, whose outcomes are known but not shown."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.reliability import count_trials

from steward.models.boosted import fit_boosted
from steward.monitoring.estimate import Answered, Estimator, fit_estimator, judge_known
from steward.project.candidates import LightGbmSpec

SIZES = (200, 500, 1000, 2000)
SPEC = LightGbmSpec(kind="lightgbm", num_trees=100, learning_rate=0.1, num_leaves=31, seed=7)


@cache
def trips(folder: Path, month: str) -> tuple[pl.DataFrame, np.ndarray]:
    """Return features and minutes of every other trip of a month of green taxis, in the order of time."""
    rows = pl.read_parquet(folder / "taxi" / "green" / f"green_tripdata_{month}.parquet")
    start, minutes = (
        pl.col("lpep_pickup_datetime"),
        (pl.col("lpep_dropoff_datetime") - pl.col("lpep_pickup_datetime")).dt.total_seconds() / 60,
    )
    rows = rows.with_columns(minutes=minutes).filter(pl.col("minutes").is_between(1, 180), start.dt.strftime("%Y-%m") == month)
    numbers = {"from": pl.col("PULocationID"), "to": pl.col("DOLocationID"), "hour": start.dt.hour(), "day": start.dt.weekday()}
    rows = rows.sort("lpep_pickup_datetime", maintain_order=True).gather_every(2)
    return rows.select(pl.col("trip_distance").alias("miles"), **numbers).cast(pl.Float64), rows["minutes"].to_numpy()


@cache
def people(folder: Path) -> tuple[pl.DataFrame, np.ndarray]:
    """Return features of people asked about their health in 2020, in the order of the file, and who has heart disease."""
    rows = pl.read_csv(folder / "heart" / "brfss2020_heart_train.csv.gz")
    coded = [
        pl.col(name).rank("dense") if rows[name].dtype == pl.String else pl.col(name)
        for name in rows.columns
        if name != "HeartDisease"
    ]
    return rows.select(coded).cast(pl.Float64), (rows["HeartDisease"] == "Yes").cast(pl.Float64).to_numpy()


def windows(rows: Answered, count: int) -> Iterator[Answered]:
    """Yield windows of each size, neighbouring rows each, from all over the rows."""
    for size in SIZES:
        for start in np.linspace(0, len(rows.truth) - size, count // len(SIZES)).astype(int).tolist():
            part = slice(start, start + size)
            yield Answered(rows.features[part], rows.predicted[part], rows.truth[part])


def judged(estimator: Estimator, rows: Answered, count: int) -> tuple[float, float, float]:
    """Return the share of windows whose interval holds the real figure, the mean error of the estimate and of the reference's."""
    found = [one for one in (judge_known(estimator, window) for window in windows(rows, count)) if one is not None]
    assert len(found) > 0.9 * count
    held = float(np.mean([one.low <= one.realised <= one.high for one in found]))
    return held, *(
        float(np.mean([abs(told - one.realised) for one in found for told in [value or one.value]]))
        for value in (0.0, estimator.reference)
    )


@pytest.mark.parametrize("count", [40, pytest.param(800, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_the_error_of_taxi_trips_is_estimated_a_year_ahead(data: Path, metric: str, count: int) -> None:
    features, minutes = trips(data, "2023-01")
    names = tuple(features.columns)
    model = fit_boosted(SPEC, features.to_numpy(order="c"), minutes, names=names, validation=None)

    def answered(month: str) -> Answered:
        rows, truth = trips(data, month)
        return Answered(rows, model.predict(rows.to_numpy(order="c")), truth)

    estimator = fit_estimator("regression", metric, answered("2023-03"), learned=features, categories=("from", "to"), watched=names)
    assert estimator is not None
    held, wrong, naive = judged(estimator, answered("2024-01"), count)
    figures = {"held": f"{held:.1%}", "mean error": f"{wrong:.3f} min", "error of the reference's own figure": f"{naive:.3f} min"}
    what = f"Real taxi trips of 2024-01: the estimated interval of {metric} holds what came out"
    count_trials("S5", what, trials=count, failed=round((1 - held) * count), figures=figures)
    assert held >= 0.9
    assert wrong < naive


@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "f1"])
def test_figures_of_classes_are_estimated_on_real_people(data: Path, metric: str, count: int) -> None:
    features, ill = people(data)
    matrix, names, taught, known = features.to_numpy(order="c"), tuple(features.columns), 20_000, 40_000
    model = fit_boosted(SPEC, matrix[:taught], ill[:taught], names=names, validation=None, classes=2)
    rows = Answered(features, model.predict(matrix), ill)
    parts = [Answered(rows.features[part], rows.predicted[part], ill[part]) for part in (slice(taught, known), slice(known, None))]
    estimator = fit_estimator("binary", metric, parts[0], learned=features[:taught], categories=(), watched=names)
    assert estimator is not None
    held, wrong, naive = judged(estimator, parts[1], count)
    figures = {"held": f"{held:.1%}", "mean error": f"{wrong:.4f}", "error of the reference's own figure": f"{naive:.4f}"}
    count_trials(
        "S5",
        f"Real answers about health: the estimated interval of {metric} holds what came out",
        trials=count,
        failed=round((1 - held) * count),
        figures=figures,
    )
    assert held >= 0.9
    assert wrong < 1.1 * naive
