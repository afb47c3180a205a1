"""How far are predictions from the truth - over all rows, and row by row?"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from steward.core.errors import unknown_name

Array = npt.NDArray[np.float64]


def regression_metrics(truth: Array, predicted: Array) -> Mapping[str, float]:
    """Return the error measures of a regression.

    Args:
        truth: shape (rows,), finite.
        predicted: same shape, same rows.

    Returns:
        `rmse`, `mae` and `bias` (mean of predicted minus true) in the target's unit, and `r2`, the share
        of the variance that is explained: 1 at best, 0 for the mean, 0 where the truth does not vary.

    Raises:
        ValueError: no rows, or not one prediction a row.

    >>> regression_metrics(np.array([1.0, 3.0]), np.array([2.0, 3.0]))["mae"]
    0.5
    """
    refuse_unless_paired(truth, predicted)
    error = predicted - truth
    squared = float(np.mean(error**2))
    variance = float(np.var(truth))
    explained = 1.0 - squared / variance if variance > 0 else float(squared == 0)
    return {
        "rmse": float(np.sqrt(squared)),
        "mae": float(np.mean(np.abs(error))),
        "r2": explained,
        "bias": float(np.mean(error)),
    }


def row_losses(metric: str, truth: Array, predicted: Array) -> Array:
    """Return what each row adds to a metric: the squared error for `rmse`, the absolute one for `mae`.

    Raises:
        ValueError: no rows, or not one prediction a row.
        UsageError: MODEL-001 the metric is not a mean over rows.
    """
    refuse_unless_paired(truth, predicted)
    return _known(metric)[0](predicted - truth)


def from_mean_loss(metric: str, mean: Array) -> Array:
    """Return the metric for the mean of its row losses; elementwise, for any shape.

    Raises:
        UsageError: MODEL-001 the metric is not a mean over rows.

    >>> float(from_mean_loss("rmse", np.array(9.0)))
    3.0
    """
    return _known(metric)[1](mean)


def refuse_unless_paired(truth: Array, predicted: Array) -> None:
    """Raise ValueError unless there are rows and one prediction for each."""
    if truth.ndim != 1 or truth.shape != predicted.shape or not truth.size:
        raise ValueError(f"one prediction a row is needed, got {predicted.shape} for a truth of shape {truth.shape}")


# What a row adds, and how the mean over rows becomes the metric.
_MEANS: Mapping[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "rmse": (np.square, np.sqrt),
    "mae": (np.abs, np.positive),
}


def _known(metric: str) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    if metric not in _MEANS:
        raise unknown_name("metric", metric, _MEANS, code="MODEL-001", where=("project.yaml: gate.metric",))
    return _MEANS[metric]
