"""How far are predictions from the truth - over all rows, and row by row?

A prediction is a number a row, or a row of probabilities, one for each class; the truth of the latter is the class's code.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from steward.core.errors import Fault, UsageError, unknown_name
from steward.models.resample import BLOCKS, resampled_medians, resampled_sums

Array = npt.NDArray[np.float64]

_LEAST = float(np.finfo(np.float64).eps)  # as scikit-learn: the logarithm of 0 would end every mean
_TWO = 2


def regression_metrics(truth: Array, predicted: Array) -> Mapping[str, float]:
    """Return the error measures of a regression.

    Args:
        truth: shape (rows,), finite.
        predicted: same shape, same rows.

    Returns:
        `rmse`, `mae`, `median_absolute_error` and `bias` (mean of predicted minus true) in the target's unit; `r2`, the
        share of the variance that is explained: 1 at best, 0 for the mean, 0 where the truth does not vary; the
        `pinball_10` and `pinball_90` losses, in which an answer above, or below, the truth costs nine times as much.
        Where no truth is negative `rmsle`, the RMSE of logarithms of one more; where none is 0 `mape`, a share.

    Raises:
        ValueError: no rows, or not one prediction a row.

    >>> regression_metrics(np.array([1.0, 3.0]), np.array([2.0, 3.0]))["mae"]
    0.5
    """
    means = {name: float(from_mean_loss(name, row_losses(name, truth, predicted).mean())) for name in _defined(truth)}
    error = predicted - truth
    squared, variance = float(np.mean(error**2)), float(np.var(truth))
    explained = 1.0 - squared / variance if variance > 0 else float(squared == 0)
    median = float(np.median(np.abs(error)))
    first = {"rmse": means["rmse"], "mae": means["mae"], "r2": explained, "bias": float(np.mean(error))}
    return {**first, "median_absolute_error": median, **means}


def pinball_loss(truth: Array, predicted: Array, level: float) -> float:
    """Return the mean loss of answers that are meant as a quantile of the truth, in the target's unit.

    Koenker and Bassett, *Regression Quantiles* (1978).

    Args:
        truth: shape (rows,), finite.
        predicted: same shape, same rows.
        level: which quantile, between 0 and 1: an answer too low costs `level` a unit, one too high 1 - `level`.

    Raises:
        ValueError: no rows, or not one prediction a row, or no such level.

    >>> round(pinball_loss(np.array([10.0, 10.0]), np.array([8.0, 11.0]), 0.9), 2)
    0.95
    """
    refuse_unless_paired(truth, predicted)
    if not 0 < level < 1:
        raise ValueError(f"a quantile lies between 0 and 1, got {level}")
    return float(_pinball(level)(truth, predicted).mean())


def drawn_regression_metrics(
    truth: Array, predicted: Array, resamples: int, seed: int, *, blocks: int = BLOCKS
) -> Mapping[str, Array]:
    """Return the same measures of samples drawn anew, but for the median; each of shape (resamples,)."""
    names, error = _defined(truth), predicted - truth
    centred = truth - truth.mean()  # so that the variance does not drown in the square of a large mean
    losses = [row_losses(name, truth, predicted) for name in names]
    sums = resampled_sums(
        np.column_stack([np.ones_like(error), error, centred, centred**2, *losses]), resamples, seed, blocks=blocks
    )
    bias, mean, square, *means = (sums[:, 1:] / sums[:, :1]).T
    variance, squared = square - mean**2, means[names.index("rmse")]
    spread = variance > 0
    explained = np.where(spread, 1.0 - squared / np.where(spread, variance, 1.0), (squared == 0).astype(np.float64))
    figures = {name: from_mean_loss(name, loss) for name, loss in zip(names, means, strict=True)}
    return {**figures, "r2": explained, "bias": bias}


def drawn_median_error(truth: Array, predicted: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Mapping[str, Array]:
    """Return the median absolute error of the same samples."""
    return {"median_absolute_error": resampled_medians(np.abs(predicted - truth), resamples, seed, blocks=blocks)}


def row_losses(metric: str, truth: Array, predicted: Array) -> Array:
    """Return what each row adds to a metric.

    The squared error for `rmse` (of logarithms for `rmsle`, where a negative prediction counts as 0), the absolute one
    for `mae` (as a share of the truth for `mape`); of probabilities minus the logarithm of the true class's for
    `log_loss`, and for `brier` the squared distance from 0 or 1: of two classes the last one's, of several their sum.

    Raises:
        ValueError: no rows, or not one prediction a row.
        UsageError: MODEL-001 the metric is not a mean over rows, MODEL-040 it is undefined for some truth.
    """
    add = _known(metric)[0]
    refuse_unless_paired(truth, predicted)
    _refuse_undefined(metric, truth)
    return add(truth, predicted)


def from_mean_loss(metric: str, mean: Array) -> Array:
    """Return the metric for the mean of its row losses; elementwise, for any shape.

    Raises:
        UsageError: MODEL-001 the metric is not a mean over rows.

    >>> float(from_mean_loss("rmse", np.array(9.0)))
    3.0
    """
    return _known(metric)[1](mean)


def defined_rows(metric: str, truth: Array) -> npt.NDArray[np.bool_]:
    """Return for which rows a metric means something, shape (rows,); where the truth is NaN nothing speaks against it.

    >>> defined_rows("mape", np.array([0.0, 2.0])).tolist()
    [False, True]
    """
    if metric not in _UNDEFINED:
        return np.ones(len(truth), dtype=np.bool_)
    return ~_UNDEFINED[metric][0](truth)


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


def _squared_logarithms(truth: Array, predicted: Array) -> Array:
    squares: Array = np.square(np.log1p(np.maximum(predicted, 0.0)) - np.log1p(truth))
    return squares


def _absolute_shares(truth: Array, predicted: Array) -> Array:
    return np.abs((predicted - truth) / truth)


def _pinball(level: float) -> Callable[[Array, Array], Array]:
    def losses(truth: Array, predicted: Array) -> Array:
        missing = truth - predicted
        return np.maximum(level * missing, (level - 1) * missing)

    return losses


def _surprise(truth: Array, predicted: Array) -> Array:
    of_the_true = predicted[np.arange(len(truth)), truth.astype(np.intp)]
    surprise: Array = -np.log(np.maximum(of_the_true, _LEAST))
    return surprise


def _squared_distance(truth: Array, predicted: Array) -> Array:
    classes = predicted.shape[1]
    if classes <= _TWO:
        last: Array = np.square(predicted[:, -1] - (truth == classes - 1))
        return last
    distance: Array = np.square(predicted - (truth[:, None] == np.arange(classes))).sum(axis=1)
    return distance


# What a row adds, and how the mean over rows becomes the metric.
_MEANS: Mapping[str, tuple[Callable[[Array, Array], Array], Callable[[Array], Array]]] = {
    "rmse": (_squared, np.sqrt),
    "mae": (_absolute, np.positive),
    "rmsle": (_squared_logarithms, np.sqrt),
    "mape": (_absolute_shares, np.positive),
    "pinball_10": (_pinball(0.1), np.positive),
    "pinball_90": (_pinball(0.9), np.positive),
    "log_loss": (_surprise, np.positive),
    "brier": (_squared_distance, np.positive),
}

# Where a metric has no meaning: the rows, and what to call them.
_UNDEFINED: Mapping[str, tuple[Callable[[Array], npt.NDArray[np.bool_]], str]] = {
    "rmsle": (lambda truth: truth < 0, "is negative"),
    "mape": (lambda truth: np.abs(truth) < _LEAST, "is 0"),
}
_OF_NUMBERS = ("rmse", "mae", "rmsle", "mape", "pinball_10", "pinball_90")


def _defined(truth: Array) -> list[str]:
    """Return the mean losses of a regression that mean something for such a truth."""
    return [name for name in _OF_NUMBERS if defined_rows(name, truth).all()]


def _refuse_undefined(metric: str, truth: Array) -> None:
    count = int(np.sum(~defined_rows(metric, truth)))
    if count:
        what = f"{metric} cannot be had: the target {_UNDEFINED[metric][1]} in {count:,} of {len(truth):,} rows"
        fix = "let another metric decide, such as  metric: mae,  or set these rows apart with a check"
        raise UsageError(Fault("MODEL-040", what, ("project.yaml: gate.metric",), fix=fix))


def _known(metric: str) -> tuple[Callable[[Array, Array], Array], Callable[[Array], Array]]:
    if metric not in _MEANS:
        raise unknown_name("metric", metric, _MEANS, code="MODEL-001", where=("project.yaml: gate.metric",))
    return _MEANS[metric]
