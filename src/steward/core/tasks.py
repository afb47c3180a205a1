"""Which kind of question does a model answer, and which metric decides? Differences are rows here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

TaskKind = Literal["regression", "binary", "multiclass"]

Label = str | int | bool
"""A class as the target's column holds it."""


@dataclass(frozen=True, slots=True)
class TaskRules:
    """What a task is judged by.

    `metric` decides unless the project names another of `metrics`; `loss` is the mean over rows by which later windows
    are compared where the deciding metric is none. Further figures are reported and decide nothing.
    """

    metric: str
    loss: str
    metrics: tuple[str, ...]


RULES: Mapping[TaskKind, TaskRules] = {
    "regression": TaskRules("rmse", "rmse", ("rmse", "mae", "rmsle", "mape", "pinball_10", "pinball_90")),
    "binary": TaskRules(
        "average_precision",
        "log_loss",
        ("average_precision", "roc_auc", "log_loss", "brier", "accuracy", "f1", "precision", "recall", "balanced_accuracy"),
    ),
    "multiclass": TaskRules(
        "macro_f1",
        "log_loss",
        ("macro_f1", "roc_auc", "log_loss", "brier", "accuracy", "balanced_accuracy", "macro_precision", "macro_recall"),
    ),
}

_ERRORS = frozenset(
    {"rmse", "mae", "rmsle", "mape", "median_absolute_error", "pinball_10", "pinball_90", "log_loss", "brier", "calibration_error"}
)


def higher_is_better(metric: str) -> bool:
    """Tell whether more of a metric is better: true for shares of what could be right, whose best is 1."""
    return metric not in _ERRORS
