"""Is the challenger better, or only lucky so far - asked again and again while outcomes come in?

An asymptotic confidence sequence with a normal mixture: at every look at once, and so also at the one at which somebody stops,
the truth lies between its ends with probability 1 - alpha. After t units with standard deviation s the ends lie

    s * sqrt(2 (t r^2 + 1) / (t^2 r^2) * log(sqrt(t r^2 + 1) / alpha))

from the mean. Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, *Time-uniform central limit theory and asymptotic confidence
sequences*, Annals of Statistics 52(6), 2024: theorem 2.2 for one mean, section 3 for two arms; r as they choose it, for the
ends to be nearest after `TUNED_AT` units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Word = Literal["better", "worse", "cannot tell", "too few"]

ALPHA = 0.05
"""How often, at most, a challenger that differs in nothing is ever called better or worse."""

BURN_IN = 100
"""So many units - of each arm, where they are two - are waited for: before, the theory does not hold well enough."""

TUNED_AT = 2000
_FEWEST = 2  # units of an arm in a stratum: of one alone there is no spread


@dataclass(frozen=True, slots=True)
class Losses:
    """What rows of one arm cost: a loss each, and the unit each belongs to, from 0 (rows of one unit depend on each other)."""

    losses: Array
    units: Codes


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look saw: by how much less the challenger's rows cost on average, and between which ends that lies.

    `units` count what stands for itself: entities, or rows where there are none.
    """

    word: Word
    gain: float
    low: float
    high: float
    units: int


NOTHING = Looked("too few", 0.0, -float("inf"), float("inf"), 0)


def paired(differences: Losses) -> Looked:
    """Look at rows that both answered: `losses` are the champion's less the challenger's, shape (rows,)."""
    if not differences.losses.size:
        return NOTHING
    mean, variance, units = _mean(differences)
    return _look(mean, variance, units, enough=units >= BURN_IN)


def independent(strata: Sequence[tuple[Losses, Losses]]) -> Looked:
    """Look at rows that either the champion (first of a pair) or the challenger answered.

    Args:
        strata: a pair for each share the challenger had: rows are compared with those of the same time only, so that a world
            that grew harder meanwhile harms neither. Strata with less than two units of an arm are left out.
    """
    kept = [pair for pair in strata if all(_count(arm) >= _FEWEST for arm in pair)]
    if not kept:
        return NOTHING
    rows = [sum(arm.losses.size for arm in pair) for pair in kept]
    gain = variance = 0.0
    counts = [0, 0]
    for pair, weight in zip(kept, np.array(rows) / sum(rows), strict=True):
        told = [_mean(arm, at_least=_spread(pair)) for arm in pair]
        gain += weight * (told[0][0] - told[1][0])
        variance += weight**2 * (told[0][1] + told[1][1])
        counts = [before + one[2] for before, one in zip(counts, told, strict=True)]
    return _look(gain, variance, sum(counts), enough=min(counts) >= BURN_IN)


def one_mean(arm: Losses) -> tuple[float, float, float]:
    """Return the mean loss of an arm, and between which ends it lies at every look at once; needs a row."""
    mean, variance, units = _mean(arm)
    wide = half_width(sqrt(units * variance), units)
    return mean, mean - wide, mean + wide


def half_width(deviation: float, units: int, *, alpha: float = ALPHA) -> float:
    """Return how far the ends lie from the mean of `units` things with this standard deviation.

    >>> round(half_width(1.0, 2000), 3), round(half_width(2.0, 2000), 3)
    (0.068, 0.136)
    """
    doubt = -2 * log(alpha)
    scaled = units * (doubt + log(doubt + 1)) / TUNED_AT
    return deviation * sqrt(2 * (scaled + 1) / (units * scaled) * log(sqrt(scaled + 1) / alpha))


def _look(gain: float, variance: float, units: int, *, enough: bool) -> Looked:
    wide = half_width(sqrt(units * variance), units)
    low, high = gain - wide, gain + wide
    word: Word = "too few" if not enough else "better" if low > 0 else "worse" if high < 0 else "cannot tell"
    return Looked(word, gain, low, high, units)


def _mean(arm: Losses, *, at_least: float = 0.0) -> tuple[float, float, int]:
    """Return the mean over rows, its variance, not below what a spread `at_least` of single rows makes of it, and the units."""
    mean, rows, count = float(arm.losses.mean()), arm.losses.size, _count(arm)
    off = np.bincount(arm.units, weights=arm.losses - mean)
    variance = float(off @ off) / rows**2 * count / max(count - 1, 1)
    return mean, max(variance, at_least / rows), count


def _count(arm: Losses) -> int:
    return int(np.count_nonzero(np.bincount(arm.units)))


def _spread(pair: tuple[Losses, Losses]) -> float:
    """Return the variance of single rows within the arms.

    A small arm that by chance has none of the rare large losses has a mean too low and a spread too small, and would be called
    the better one for that; the other arm knows how far losses spread.
    """
    off = np.concatenate([arm.losses - arm.losses.mean() for arm in pair])
    return float(off @ off) / max(off.size - len(pair), 1)
