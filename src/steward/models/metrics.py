"""How far are predictions from the truth - over all rows, and row by row?

A prediction is a number a row, or a row of probabilities, one for each class; the truth of the latter is the class's code.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from steward.core.errors import unknown_name
from steward.models.resample import resampled_sums

Array = npt.NDArray[np.float64]

_LEAST = float(np.finfo(np.float64).eps)  # as scikit-learn: the logarithm of 0 would end every mean


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


def drawn_regression_metrics(truth: Array, predicted: Array, resamples: int, seed: int) -> Mapping[str, Array]:
    """Return the same measures of samples drawn anew, each of shape (resamples,)."""
    error = predicted - truth
    centred = truth - truth.mean()  # so that the variance does not drown in the square of a large mean
    columns = np.column_stack([np.ones_like(error), error**2, np.abs(error), error, centred, centred**2])
    sums = resampled_sums(columns, resamples, seed)
    squared, absolute, bias, mean, square = (sums[:, 1:] / sums[:, :1]).T
    variance = square - mean**2
    spread = variance > 0
    explained = np.where(spread, 1.0 - squared / np.where(spread, variance, 1.0), (squared == 0).astype(np.float64))
    return {"rmse": np.sqrt(squared), "mae": absolute, "r2": explained, "bias": bias}


def row_losses(metric: str, truth: Array, predicted: Array) -> Array:
    """Return what each row adds to a metric.

    The squared error for `rmse`, the absolute one for `mae`; of probabilities minus the logarithm of the true class's
    for `log_loss`, and the squared distance of the last class's from 0 or 1 for `brier`.

    Raises:
        ValueError: no rows, or not one prediction a row.
        UsageError: MODEL-001 the metric is not a mean over rows.
    """
    add = _known(metric)[0]
    refuse_unless_paired(truth, predicted)
    return add(truth, predicted)


def from_mean_loss(metric: str, mean: Array) -> Array:
    """Return the metric for the mean of its row losses; elementwise, for any shape.

    Raises:
        UsageError: MODEL-001 the metric is not a mean over rows.

    >>> float(from_mean_loss("rmse", np.array(9.0)))
    3.0
    """
    return _known(metric)[1](mean)


def is_mean_loss(metric: str) -> bool:
    """Tell whether a metric is a mean over rows, so that `row_losses` knows it."""
    return metric in _MEANS


def refuse_unless_paired(truth: Array, predicted: Array) -> None:
    """Raise ValueError unless there are rows and one prediction, or one row of probabilities, for each."""
    if truth.ndim != 1 or predicted.ndim not in (1, 2) or len(truth) != len(predicted) or not truth.size:
        raise ValueError(f"one prediction a row is needed, got {predicted.shape} for a truth of shape {truth.shape}")


def _squared(truth: Array, predicted: Array) -> Array:
    return np.square(predicted - truth)


def _absolute(truth: Array, predicted: Array) -> Array:
    return np.abs(predicted - truth)


def _surprise(truth: Array, predicted: Array) -> Array:
    of_the_true = predicted[np.arange(len(truth)), truth.astype(np.intp)]
    surprise: Array = -np.log(np.maximum(of_the_true, _LEAST))
    return surprise


def _squared_of_last(truth: Array, predicted: Array) -> Array:
    squares: Array = np.square(predicted[:, -1] - (truth == predicted.shape[1] - 1))
    return squares


# What a row adds, and how the mean over rows becomes the metric.
_MEANS: Mapping[str, tuple[Callable[[Array, Array], Array], Callable[[Array], Array]]] = {
    "rmse": (_squared, np.sqrt),
    "mae": (_absolute, np.positive),
    "log_loss": (_surprise, np.positive),
    "brier": (_squared_of_last, np.positive),
}


def _known(metric: str) -> tuple[Callable[[Array, Array], Array], Callable[[Array], Array]]:
    if metric not in _MEANS:
        raise unknown_name("metric", metric, _MEANS, code="MODEL-001", where=("project.yaml: gate.metric",))
    return _MEANS[metric]
