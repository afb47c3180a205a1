"""Is one of two models better on the same rows, or is the difference luck? Three classical answers.

DeLong, DeLong and Clarke-Pearson (1988) for two areas under the ROC curve, by the fast algorithm of Sun and Xu (2014);
McNemar (1947) for two shares of right answers, with Edwards' (1948) correction; Nadeau and Bengio (2003) for figures of
folds that share training rows. The paired bootstrap, for any other figure, is in `steward.deploy.paired`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FEW = 25
"""With fewer rows of which only one model is right McNemar's test is exact."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much more the first of two models has of a figure than the second, in that figure's unit.

    `low` and `high` bound the difference at the confidence asked for, half of the doubt on either side; `p_value` is that
    of no difference at all, for both sides.
    """

    difference: float
    low: float
    high: float
    p_value: float
    test: str


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Two areas under the ROC curve, and what each row moves each of them by, shape (rows, 2), columns that sum to 0."""

    areas: Array
    influence: Array

    def covariance(self, hits: Bools) -> Array:
        """Return the covariance of both areas, shape (2, 2); the rows of each class vary by themselves."""
        parts = [self.influence[group] for group in (hits, ~hits)]
        scatter = sum((part.T @ part * (len(part) / max(len(part) - 1, 1)) for part in parts), np.zeros((2, 2)))
        return np.asarray(scatter, dtype=np.float64)


def areas(hits: Bools, first: Array, second: Array) -> Areas:
    """Return the areas of two scores of the same rows.

    Args:
        hits: shape (rows,), whether a row is of the class that is looked for.
        first: shape (rows,), finite; higher ones stand first.
        second: another model's, same rows.

    Raises:
        ValueError: not one score of each a row, or rows of a single class.
    """
    if not len(hits) == len(first) == len(second):
        raise ValueError(f"one score a row is needed of both, got {len(first)} and {len(second)} for {len(hits)} rows")
    if hits.all() or not hits.any():
        raise ValueError("the area under the ROC curve needs rows of both classes")
    placed = np.column_stack([_placements(hits, scores) for scores in (first, second)])
    mean = placed[hits].mean(axis=0)
    sizes = np.where(hits, hits.sum(), (~hits).sum())[:, None]
    return Areas(mean, (placed - mean) / sizes)


def delong(hits: Bools, first: Array, second: Array, *, confidence: float = 0.95) -> Comparison:
    """Compare two areas under the ROC curve of the same rows, which must not depend on one another.

    Args:
        hits: shape (rows,), whether a row is of the class that is looked for.
        first: shape (rows,), the first model's score, finite.
        second: the other's.
        confidence: of the interval.

    Raises:
        ValueError: not one score of each a row, or rows of a single class.
    """
    seen = areas(hits, first, second)
    difference, sign = float(seen.areas[0] - seen.areas[1]), np.array([1.0, -1.0])
    spread = float(np.sqrt(max(sign @ seen.covariance(hits) @ sign, 0.0)))
    half = normal_quantile((1 + confidence) / 2) * spread
    p_value = 2 * normal_tail(abs(difference) / spread) if spread > 0 else float(difference == 0)
    return Comparison(difference, difference - half, difference + half, p_value, "delong")


def mcnemar(first_right: Bools, second_right: Bools, *, confidence: float = 0.95) -> Comparison:
    """Compare two shares of right answers to the same rows; only rows count of which one model alone is right.

    Of these the first model has a share, and 1/2 is no difference. With fewer than `FEW` of them the test and the interval
    are exact (binomial; Clopper and Pearson 1934), with more the test is the chi-squared one corrected for continuity and
    the interval Wilson's with the same correction (Newcombe 1998): each excludes 0 where the test says so.

    Args:
        first_right: shape (rows,), whether the first model's answer is the true one.
        second_right: the other's.
        confidence: of the interval.

    Raises:
        ValueError: no rows, or not one answer of each a row.
    """
    if len(first_right) != len(second_right) or not len(first_right):
        raise ValueError(f"one answer a row is needed of both, got {len(first_right)} and {len(second_right)}")
    first_only, second_only = int(np.sum(first_right & ~second_right)), int(np.sum(~first_right & second_right))
    rows, apart = len(first_right), first_only + second_only
    if not apart:
        return Comparison(0.0, 0.0, 0.0, 1.0, "mcnemar, exact")
    interval = _exact_share if apart < FEW else _corrected_share
    low, high = ((2 * share - 1) * apart / rows for share in interval(first_only, apart, confidence))
    difference = (first_only - second_only) / rows
    if apart < FEW:
        return Comparison(difference, low, high, _sign_test(min(first_only, second_only), apart), "mcnemar, exact")
    distance = max(abs(first_only - second_only) - 1, 0) / np.sqrt(apart)
    return Comparison(difference, low, high, 2 * normal_tail(float(distance)), "mcnemar, chi-squared")


def corrected_resampled_t(differences: Sequence[float], *, test_to_train: float, confidence: float = 0.95) -> Comparison:
    """Compare figures of the same folds, of which the training rows overlap.

    The plain t-test takes folds for independent and finds differences where there are none; the variance of the mean is
    (1/folds + test rows/training rows) times that of the folds.

    Args:
        differences: the first model's figure minus the second's, of each fold; at least two.
        test_to_train: test rows of a fold for each training row: 1/9 in ten folds.
        confidence: of the interval.

    Raises:
        ValueError: fewer than two folds, or a figure that is not finite.
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2 or not np.isfinite(values).all():  # noqa: PLR2004 - one fold has no spread
        raise ValueError("finite figures of at least two folds are needed")
    from scipy.special import stdtr, stdtrit

    mean, free = float(values.mean()), len(values) - 1
    spread = float(np.sqrt((1 / len(values) + test_to_train) * values.var(ddof=1)))
    half = float(stdtrit(free, (1 + confidence) / 2)) * spread
    p_value = 2 * float(stdtr(free, -abs(mean) / spread)) if spread > 0 else float(mean == 0)
    return Comparison(mean, mean - half, mean + half, p_value, "corrected resampled t")


def normal_quantile(share: float) -> float:
    """Return below which standard normal value this share lies."""
    from scipy.special import ndtri

    return float(ndtri(share))


def normal_tail(value: float) -> float:
    """Return the share of standard normal values above one."""
    from scipy.special import ndtr

    return float(ndtr(-value))


def _placements(hits: Bools, scores: Array) -> Array:
    """Return for each hit the share of misses below it, for each miss the share of hits above it; equals count half."""
    found, missed = hits.sum(), (~hits).sum()
    ranks, of_hits, of_misses = _middle_ranks(scores), _middle_ranks(scores[hits]), _middle_ranks(scores[~hits])
    placed = np.empty(len(scores))
    placed[hits] = (ranks[hits] - of_hits) / missed
    placed[~hits] = 1 - (ranks[~hits] - of_misses) / found
    return placed


def _middle_ranks(values: Array) -> Array:
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right") + 1) / 2


def _sign_test(fewer: int, apart: int) -> float:
    from scipy.special import bdtr

    return min(2 * float(bdtr(fewer, apart, 0.5)), 1.0)


def _exact_share(part: int, whole: int, confidence: float) -> tuple[float, float]:
    from scipy.special import betaincinv

    doubt = (1 - confidence) / 2
    low = float(betaincinv(part, whole - part + 1, doubt)) if part else 0.0
    high = float(betaincinv(part + 1, whole - part, 1 - doubt)) if part < whole else 1.0
    return low, high


def _corrected_share(part: int, whole: int, confidence: float) -> tuple[float, float]:
    return _wilson(part, whole, confidence), 1 - _wilson(whole - part, whole, confidence)


def _wilson(part: int, whole: int, confidence: float) -> float:
    """Return the lower bound of a share."""
    z, share = normal_quantile((1 + confidence) / 2), part / whole
    root = max(z**2 - 2 - 1 / whole + 4 * share * (whole * (1 - share) + 1), 0.0)
    return max((2 * part + z**2 - 1 - z * float(np.sqrt(root))) / (2 * (whole + z**2)), 0.0) if part else 0.0
