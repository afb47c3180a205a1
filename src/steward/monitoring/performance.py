"""Has the error on rows whose outcome is known grown beyond chance, and by how much?

Both samples are summarised as mean and variance of a loss per row, so nothing but three numbers is kept of the
reference, and where its rows have a time how far runs of them lie apart beyond chance. The ratio of the means is compared on the
log scale with a normal approximation, and must pass what both explain.

A few rows can make the mean of squared errors whatever they like, and no approximation holds for them. So a growth counts only
where it is also there, at the level that the project's budget leaves, once each loss is capped at the reference's 99th percentile
(winsorised means: Tukey 1962; Dixon 1960), or where more than a tenth of the rows lie beyond that cap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil, exp, inf, log, sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from steward.models.metrics import from_mean_loss
from steward.monitoring.blocks import FloatArray, Quiet, block_means, blocks_of, quiet_at, sizes_of, spread_to_hold
from steward.monitoring.broken import BROKEN_SHARE, surely_more
from steward.monitoring.severity import severity_of

TOLERATED = 0.05
"""Share of the reference error by which the error may grow before anybody minds."""

HALF_AT = 0.10
"""Growth beyond that, as a share of the reference error, that is worth a severity of 0.5."""

_CAPPED_AT = 0.99
_FEW = BROKEN_SHARE  # more rows beyond the cap than that are no few giant errors; a day of bad traffic has up to 8 %
_ONE_SIDED_95 = 1.6448536269514722
_FEWEST_ROWS = 200  # squared errors are so skewed that smaller samples of them raise false alarms


class Losses(NamedTuple):
    """Losses of single rows in three numbers: mean, variance (ddof 1) and count."""

    mean: float
    variance: float
    rows: int


@dataclass(frozen=True, slots=True)
class PerformanceVerdict:
    """Error then and now in the metric's own unit; `change` and its one-sided 95 % lower bound `low` as shares of the former."""

    metric: str
    reference: float
    current: float
    change: float
    low: float
    severity: float
    rows: int
    enough: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return asdict(self)


def summarise_losses(rows: FloatArray) -> Losses:
    """Return the summary of losses of single rows; a loss that is not finite belongs to no known outcome and is left out."""
    known = rows[np.isfinite(rows)]
    variance = float(known.var(ddof=1)) if len(known) > 1 else 0.0
    return Losses(float(known.mean()) if len(known) else 0.0, variance, len(known))


def quiet_history(losses: FloatArray) -> tuple[Quiet, ...]:
    """Return how far runs of rows lie from the mean of all, beyond chance: standard deviations of logarithms, by length.

    Args:
        losses: of single rows in the order of time, shape (rows,), finite.
    """
    whole = summarise_losses(losses)
    return tuple((size, _spread(losses, size, whole)) for size in sizes_of(len(losses))) if whole.mean > 0 else ()


@dataclass(frozen=True, slots=True)
class Capped:
    """The reference's losses, each counted as `cap` at most, and how far runs of them lie apart beyond chance."""

    cap: float
    losses: Losses
    quiet: tuple[Quiet, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON object; `from_dict` turns it back."""
        return {"cap": self.cap, "losses": list(self.losses), "quiet": [list(one) for one in self.quiet]}

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "Capped":
        """Return what `as_dict` wrote; KeyError, TypeError or ValueError where the object is something else."""
        mean, variance, rows = value["losses"]
        quiet = tuple((int(size), float(spread)) for size, spread in value["quiet"])
        return Capped(float(value["cap"]), Losses(float(mean), float(variance), int(rows)), quiet)


def cap_losses(losses: FloatArray, *, in_time: bool) -> Capped | None:
    """Return what capped losses of later windows are compared with; None where the cap would leave nothing.

    Args:
        losses: of single rows the model was not fitted on, shape (rows,), finite.
        in_time: whether they stand in the order of time, so that runs of them tell what is usual.
    """
    cap = float(np.quantile(losses, _CAPPED_AT)) if len(losses) else 0.0
    if cap <= 0:
        return None
    capped = np.minimum(losses, cap)
    return Capped(cap, summarise_losses(capped), quiet_history(capped) if in_time else ())


def in_unit(mean: float, metric: str) -> float:
    """Return the figure that a mean loss makes: its root for the metrics of squares, itself for others."""
    return float(from_mean_loss(metric, np.array(mean)))


def judge_performance(
    reference: tuple[float, float, int],
    current: FloatArray,
    metric: str,
    *,
    min_rows: int = _FEWEST_ROWS,
    quiet: Sequence[Quiet] = (),
    capped: Capped | None = None,
    chance: float = 0.05,
) -> PerformanceVerdict:
    """Return by how much the error has grown, and how bad that is.

    Args:
        reference: `Losses` (mean, variance, rows) of rows the model was not fitted on.
        current: losses of single rows of the window, of the same kind; rows without a known outcome are NaN or left out.
        metric: name of the metric, a mean over rows; those of ``rmse`` and ``rmsle`` are squared errors.
        min_rows: with fewer known outcomes the severity is 0 and the verdict not `enough`.
        quiet: how far runs of the reference's rows lay apart, from `quiet_history`; growth must pass that as well.
        capped: the reference's losses without their extremes, from `cap_losses`.
        chance: probability, in (0, 0.5], that a window whose capped losses are as before has a severity.

    Returns:
        A severity of 0 until the lower bound of the change passes 5 %, 0.5 at 15 %, 0.9 at 38 %; and 0 where capped losses grew
        no more than chance brings.

    Raises:
        ValueError: the reference has no rows or no error at all, or a loss is negative.
    """
    before, now = Losses(*reference), summarise_losses(current)
    _refuse_senseless(before, now)
    change, low = _growth(before, now, metric, quiet_at(quiet, now.rows)) if now.rows else (0.0, 0.0)
    enough = now.rows >= min_rows
    counts = enough and (capped is None or _grew(capped, current, chance))
    return PerformanceVerdict(
        metric=metric,
        reference=in_unit(before.mean, metric),
        current=in_unit(now.mean, metric),
        change=change,
        low=low,
        severity=severity_of(low - TOLERATED, half_at=HALF_AT) if counts else 0.0,
        rows=now.rows,
        enough=enough,
    )


def _grew(capped: Capped, current: FloatArray, chance: float) -> bool:
    """Tell whether losses grew without their extremes, or there are far too many extremes to call them so."""
    known = current[np.isfinite(current)]
    beyond, ordinary = int((known > capped.cap).sum()), ceil((1 - _CAPPED_AT) * capped.losses.rows)
    if beyond > _FEW * len(known) and surely_more(beyond, len(known), ordinary, capped.losses.rows, chance=chance / 2):
        return True
    now = summarise_losses(np.minimum(known, capped.cap))
    if now.mean == 0:
        return False
    ratio, error = _log_ratio(capped.losses, now, quiet_at(capped.quiet, now.rows))
    return ratio > NormalDist().inv_cdf(1 - chance / 2) * error


def _log_ratio(reference: Losses, current: Losses, quiet: float) -> tuple[float, float]:
    """Return the logarithm of the ratio of two means and its standard error."""
    error = sqrt(quiet**2 + sum(one.variance / one.rows / one.mean**2 for one in (reference, current)))
    return log(current.mean / reference.mean), error


def _growth(reference: Losses, current: Losses, metric: str, quiet: float) -> tuple[float, float]:
    if current.mean == 0:
        return -1.0, -1.0
    ratio, error = _log_ratio(reference, current, quiet)
    # A figure is its mean loss or the root of it: so the ratio of two figures is the figure of the ratio.
    return in_unit(exp(ratio), metric) - 1, in_unit(exp(ratio - _ONE_SIDED_95 * error), metric) - 1


def _spread(losses: FloatArray, size: int, whole: Losses) -> float:
    count, means = block_means(losses, blocks_of(len(losses), size))
    sound = means > 0
    return spread_to_hold(np.log(means[sound] / whole.mean), whole.variance / whole.mean**2 / count[sound])


def _refuse_senseless(reference: Losses, current: Losses) -> None:
    if reference.rows < 1 or not 0 < reference.mean < inf or not 0 <= reference.variance < inf:
        raise ValueError(f"nothing can be compared with these reference losses: {reference}")
    if current.mean < 0:
        raise ValueError(f"a loss is never negative, but the mean of these is {current.mean}")
