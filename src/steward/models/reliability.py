"""Does what is said to happen in 30 of 100 cases happen in 30 of them?

The expected calibration error of Naeini, Cooper and Hauskrecht (2015): rows are put into bins by what was said of them,
and the distance between the mean of that and the share that came true is averaged over rows. Bins hold equally many rows
(Nguyen and O'Connor 2015), which biases the error least (Roelofs et al. 2022): at most 15, as Guo et al. (2017), and at
least 25 rows each. Of two classes the last one's probability is looked at, of several that of the most likely one.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from steward.models.metrics import refuse_unless_paired
from steward.models.resample import BLOCKS, resampled_sums

Array = npt.NDArray[np.float64]

_MOST_BINS = 15
_ROWS_IN_BIN = 25
_TWO = 2
_TRIES = 2000


def calibration_error(truth: Array, predicted: Array, *, bins: int | None = None) -> float:
    """Return how far probabilities are from what came true, on average; 0 at best, 1 at worst.

    Args:
        truth: shape (rows,), codes 0 to classes - 1.
        predicted: shape (rows, classes), probabilities that sum to 1.
        bins: how many; by default as many as the rows allow.

    Raises:
        ValueError: no rows, or not one row of probabilities for each.

    >>> truth, positive = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.2, 0.2, 0.7, 0.7])
    >>> round(calibration_error(truth, np.column_stack([1 - positive, positive]), bins=2), 2)
    0.25
    """
    refuse_unless_paired(truth, predicted)
    said, came = _said_and_came(truth, predicted)
    return float(np.abs(_in_bins(said, bins).T @ (said - came)).sum() / len(truth))


def drawn_calibration_error(
    truth: Array, predicted: Array, resamples: int, seed: int, *, blocks: int = BLOCKS
) -> Mapping[str, Array]:
    """Return the error of samples drawn anew, in the bins of all rows, shape (resamples,).

    A sample of a sample is uneven twice, which no bin forgives: the samples are moved so that their mean is the error.
    """
    refuse_unless_paired(truth, predicted)
    said, came = _said_and_came(truth, predicted)
    gaps = _in_bins(said, None) * (said - came)[:, None]
    sums = resampled_sums(np.column_stack([np.ones_like(said), gaps]), resamples, seed, blocks=blocks)
    drawn = np.abs(sums[:, 1:]).sum(axis=1) / sums[:, 0]
    excess = drawn.mean() - np.abs(gaps.sum(axis=0)).sum() / len(said)
    return {"calibration_error": np.maximum(drawn - excess, 0.0)}


def calibration_error_by_luck(predicted: Array, *, confidence: float, seed: int) -> float:
    """Return the error that probabilities which are exactly right stay below, with this confidence.

    Few rows make bins uneven by luck alone. Outcomes are drawn from the probabilities themselves (Bröcker and Smith 2007),
    a bin's sum of them from its normal limit.

    Args:
        predicted: shape (rows, classes), probabilities that sum to 1.
        confidence: which share of such draws lies below.
        seed: the same seed gives the same bound.
    """
    said = _said(predicted)
    spread = np.sqrt(_in_bins(said, None).T @ (said * (1 - said)))
    gaps = np.abs(np.random.default_rng(seed).normal(size=(_TRIES, len(spread)))) @ spread
    return float(np.quantile(gaps, confidence) / len(said))


def _said(predicted: Array) -> Array:
    said: Array = predicted[:, -1] if predicted.shape[1] <= _TWO else predicted.max(axis=1)
    return said


def _said_and_came(truth: Array, predicted: Array) -> tuple[Array, Array]:
    looked_at = predicted.shape[1] - 1 if predicted.shape[1] <= _TWO else predicted.argmax(axis=1)
    return _said(predicted), (truth == looked_at).astype(np.float64)


def _in_bins(said: Array, bins: int | None) -> Array:
    """Return which bin each row is in, shape (rows, bins), as 0 and 1; rows of which the same was said stay together."""
    rows = len(said)
    count = bins or min(_MOST_BINS, max(rows // _ROWS_IN_BIN, 1))
    below = np.searchsorted(np.sort(said), said, side="left")
    return np.asarray((below * count // rows)[:, None] == np.arange(count), dtype=np.float64)
