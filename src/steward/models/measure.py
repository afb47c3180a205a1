"""Which figures judge the answers to a task? One row a task: its figures once, and of samples drawn anew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from steward.core.tasks import TaskKind
from steward.models.classification import (
    Figures,
    binary_metrics,
    drawn_binary_counts,
    drawn_binary_ranks,
    drawn_class_areas,
    drawn_class_counts,
    multiclass_metrics,
)
from steward.models.metrics import drawn_median_error, drawn_regression_metrics, regression_metrics
from steward.models.reliability import drawn_calibration_error
from steward.models.resample import BLOCKS

Array = npt.NDArray[np.float64]


class Draw(Protocol):
    """How figures of samples drawn anew are had."""

    def __call__(self, truth: Array, predicted: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Figures:
        """Return them by name, each of shape (resamples,)."""
        ...


@dataclass(frozen=True, slots=True)
class Measure:
    """The figures of truth and predictions: `once` over all rows; `drawn` has functions by the figures they give.

    What costs more is apart from what costs less, so that one figure can be had without the others. Two figures of a
    regression are left out where the truth does not allow them: see `regression_metrics`.
    """

    once: Callable[[Array, Array], Mapping[str, float]]
    drawn: Mapping[tuple[str, ...], Draw]


_OF_ERRORS = ("rmse", "mae", "r2", "bias", "rmsle", "mape", "pinball_10", "pinball_90")
_OF_TWO = ("log_loss", "brier", "accuracy", "f1", "precision", "recall", "balanced_accuracy")
_OF_SEVERAL = ("macro_f1", "macro_precision", "macro_recall", "log_loss", "brier", "accuracy", "balanced_accuracy")

MEASURES: Mapping[TaskKind, Measure] = {
    "regression": Measure(
        regression_metrics, {_OF_ERRORS: drawn_regression_metrics, ("median_absolute_error",): drawn_median_error}
    ),
    "binary": Measure(
        binary_metrics,
        {
            ("average_precision", "roc_auc"): drawn_binary_ranks,
            _OF_TWO: drawn_binary_counts,
            ("calibration_error",): drawn_calibration_error,
        },
    ),
    "multiclass": Measure(
        multiclass_metrics,
        {
            ("roc_auc",): drawn_class_areas,
            _OF_SEVERAL: drawn_class_counts,
            ("calibration_error",): drawn_calibration_error,
        },
    ),
}


def redraw(
    task: TaskKind,
    truth: Array,
    predicted: Array,
    *,
    metric: str | None = None,
    resamples: int,
    seed: int,
    blocks: int = BLOCKS,
) -> Figures:
    """Return figures of samples drawn with replacement, each of shape (resamples,); NaN where a sample leaves it undefined.

    Args:
        task: which figures.
        truth: shape (rows,), rows in the order of time; the codes of classes.
        predicted: shape (rows,), or probabilities of shape (rows, classes).
        metric: give this one at least; all by default.
        resamples: how many samples.
        seed: the same seed draws the same samples of as many rows, whatever is predicted.
        blocks: neighbouring rows are drawn together, in at most so many blocks.
    """
    wanted = [draw for names, draw in MEASURES[task].drawn.items() if metric is None or metric in names]
    drawn = [draw(truth, predicted, resamples, seed, blocks=blocks) for draw in wanted]
    return {name: values for figures in drawn for name, values in figures.items()}
