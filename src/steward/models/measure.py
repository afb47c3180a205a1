"""Which figures judge the answers to a task? One row a task: its figures once, and of samples drawn anew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
from steward.models.metrics import drawn_regression_metrics, regression_metrics

Array = npt.NDArray[np.float64]
Draw = Callable[[Array, Array, int, int], Figures]


@dataclass(frozen=True, slots=True)
class Measure:
    """The figures of truth and predictions: `once` over all rows; `drawn` has functions by the figures they give.

    What costs more is apart from what costs less, so that one figure can be had without the others.
    """

    once: Callable[[Array, Array], Mapping[str, float]]
    drawn: Mapping[tuple[str, ...], Draw]


MEASURES: Mapping[TaskKind, Measure] = {
    "regression": Measure(regression_metrics, {("rmse", "mae", "r2", "bias"): drawn_regression_metrics}),
    "binary": Measure(
        binary_metrics,
        {
            ("average_precision", "roc_auc"): drawn_binary_ranks,
            ("log_loss", "brier", "accuracy", "f1", "precision", "recall"): drawn_binary_counts,
        },
    ),
    "multiclass": Measure(
        multiclass_metrics, {("roc_auc",): drawn_class_areas, ("macro_f1", "log_loss", "accuracy"): drawn_class_counts}
    ),
}


def redraw(task: TaskKind, truth: Array, predicted: Array, *, metric: str | None = None, resamples: int, seed: int) -> Figures:
    """Return figures of samples drawn with replacement, each of shape (resamples,); NaN where a sample leaves it undefined.

    Args:
        task: which figures.
        truth: shape (rows,), rows in the order of time; the codes of classes.
        predicted: shape (rows,), or probabilities of shape (rows, classes).
        metric: give this one at least; all by default.
        resamples: how many samples.
        seed: the same seed draws the same samples of as many rows, whatever is predicted.
    """
    drawn = MEASURES[task].drawn
    wanted = [draw for names, draw in drawn.items() if metric is None or metric in names]
    return {name: values for draw in wanted for name, values in draw(truth, predicted, resamples, seed).items()}
