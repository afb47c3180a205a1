"""Which pairs of models are equally good, and yet never answer alike? Made up, so that the truth about them is known.

Each shape draws a truth and the answers of two models from the same distribution. Most of what makes a row hard is hard for
both, as with real models; so their errors are correlated, and which one looks better is luck.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Pair = tuple[Array, Array, Array]
"""Truth, the candidate's answers, the champion's answers."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Models that are compared: `make` draws a pair of so many rows."""

    metric: str
    task: str
    rows: int
    make: Callable[[np.random.Generator, int], Pair]


def errors(draw: np.random.Generator, rows: int, *, correlation: float = 0.8, gain: float = 0.0) -> Pair:
    """Return a regression whose rows are of uneven difficulty; the candidate's error is smaller by a share `gain`."""
    shared, one, other = draw.normal(size=(3, rows)) * 4 * np.exp(draw.normal(0, 0.5, rows))
    return np.zeros(rows), (1 - gain) * _mixed(shared, one, correlation), _mixed(shared, other, correlation)


def errors_in_stretches(draw: np.random.Generator, rows: int) -> Pair:
    """Return a regression half of whose errors stay the same over stretches of 20 rows, as with weather."""
    short, long = draw.normal(size=(3, rows)), np.repeat(draw.normal(size=(3, rows // 20)), 20, axis=1)
    shared, one, other = 4 * (short + long) / 2**0.5
    return np.zeros(rows), _mixed(shared, one, 0.8), _mixed(shared, other, 0.8)


def probabilities(draw: np.random.Generator, rows: int) -> Pair:
    """Return a choice between two classes, 40 % of the rows positive, area under the curve about 0.8."""
    truth = (draw.random(rows) < 0.4).astype(np.float64)
    shared, one, other = draw.normal(size=(3, rows))
    return truth, *(_two(1.2 * truth - 0.8 + _mixed(shared, own, 0.7)) for own in (one, other))


SHAPES: Mapping[str, Shape] = {
    "RMSE, rows of uneven difficulty": Shape("rmse", "regression", 300, errors),
    "RMSE, neighbours alike": Shape("rmse", "regression", 2000, errors_in_stretches),
    "ROC AUC (DeLong)": Shape("roc_auc", "binary", 400, probabilities),
    "ROC AUC, as few rows as heart has": Shape("roc_auc", "binary", 61, probabilities),
    "F1": Shape("f1", "binary", 400, probabilities),
    "accuracy (McNemar)": Shape("accuracy", "binary", 400, probabilities),
}


def promoted(shape: Shape, ties: int, seed: int) -> int:
    """Return how many of so many ties the gate promotes with what it asks for by default."""
    from steward.deploy.gate import judge_candidate  # noqa: PLC0415
    from steward.project.gate import GateSpec  # noqa: PLC0415

    draw = np.random.default_rng(seed)
    return sum(
        judge_candidate(*shape.make(draw, shape.rows), GateSpec(), shape.metric, seed=tie, task=shape.task).passed  # type: ignore[arg-type]
        for tie in range(ties)
    )


def heart(data: Path) -> tuple[Array, Array]:
    """Return the 303 patients of Cleveland: 13 columns, NaN where missing, and whether an artery is narrowed."""
    rows = np.genfromtxt(data / "heart" / "processed.cleveland.data", delimiter=",", missing_values="?", filling_values=np.nan)
    return rows[:, :-1], (rows[:, -1] > 0).astype(np.float64)


HEART_NAMES = (
    "age_years", "sex", "chest_pain", "resting_bp_mmhg", "cholesterol_mg_dl", "fasting_sugar_high", "resting_ecg",
    "max_heart_rate", "exercise_angina", "st_depression_mm", "st_slope", "vessels", "thallium",
)  # fmt: skip
HEART_CODES = ("chest_pain", "resting_ecg", "st_slope", "thallium")


def _mixed(shared: Array, own: Array, correlation: float) -> Array:
    mixed: Array = correlation**0.5 * shared + (1 - correlation) ** 0.5 * own
    return mixed


def _two(odds: Array) -> Array:
    last = 1 / (1 + np.exp(-odds))
    return np.column_stack([1 - last, last])
