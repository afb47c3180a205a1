"""Has the error on rows whose outcome is known grown beyond chance, and by how much?

Both samples are summarised as mean and variance of a loss per row, so nothing but three numbers is kept of the
reference, and where its rows have a time how far runs of them lie apart beyond chance. The ratio of the means is compared on the
log scale with a normal approximation, and must pass what both explain.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import exp, inf, log, sqrt
from typing import Any, NamedTuple

import numpy as np

from steward.monitoring.blocks import FloatArray, Quiet, block_means, blocks_of, quiet_at, sizes_of, spread_to_hold
from steward.monitoring.severity import severity_of

TOLERATED = 0.05
"""Share of the reference error by which the error may grow before anybody minds."""

HALF_AT = 0.10
"""Growth beyond that, as a share of the reference error, that is worth a severity of 0.5."""

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


def judge_performance(
    reference: tuple[float, float, int],
    current: FloatArray,
    metric: str,
    *,
    min_rows: int = _FEWEST_ROWS,
    quiet: Sequence[Quiet] = (),
) -> PerformanceVerdict:
    """Return by how much the error has grown, and how bad that is.

    Args:
        reference: `Losses` (mean, variance, rows) of rows the model was not fitted on.
        current: losses of single rows of the window, of the same kind; rows without a known outcome are NaN or left out.
        metric: name of the metric; the losses of ``rmse`` are squared errors, those of others count as they are.
        min_rows: with fewer known outcomes the severity is 0 and the verdict not `enough`.
        quiet: how far runs of the reference's rows lay apart, from `quiet_history`; growth must pass that as well.

    Returns:
        A severity of 0 until the lower bound of the change passes 5 %, 0.5 at 15 %, 0.9 at 38 %.

    Raises:
        ValueError: the reference has no rows or no error at all, or a loss is negative.
    """
    before, now = Losses(*reference), summarise_losses(current)
    _refuse_senseless(before, now)
    change, low = _growth(before, now, root=metric == "rmse", quiet=quiet_at(quiet, now.rows)) if now.rows else (0.0, 0.0)
    enough = now.rows >= min_rows
    return PerformanceVerdict(
        metric=metric,
        reference=_in_unit(before.mean, metric),
        current=_in_unit(now.mean, metric),
        change=change,
        low=low,
        severity=severity_of(low - TOLERATED, half_at=HALF_AT) if enough else 0.0,
        rows=now.rows,
        enough=enough,
    )


def _growth(reference: Losses, current: Losses, *, root: bool, quiet: float) -> tuple[float, float]:
    if current.mean == 0:
        return -1.0, -1.0
    power = 0.5 if root else 1.0
    ratio = log(current.mean / reference.mean)
    error = sqrt(quiet**2 + sum(one.variance / one.rows / one.mean**2 for one in (reference, current)))
    return exp(power * ratio) - 1, exp(power * (ratio - _ONE_SIDED_95 * error)) - 1


def _spread(losses: FloatArray, size: int, whole: Losses) -> float:
    count, means = block_means(losses, blocks_of(len(losses), size))
    sound = means > 0
    return spread_to_hold(np.log(means[sound] / whole.mean), whole.variance / whole.mean**2 / count[sound])


def _in_unit(mean: float, metric: str) -> float:
    return sqrt(mean) if metric == "rmse" else mean


def _refuse_senseless(reference: Losses, current: Losses) -> None:
    if reference.rows < 1 or not 0 < reference.mean < inf or not 0 <= reference.variance < inf:
        raise ValueError(f"nothing can be compared with these reference losses: {reference}")
    if current.mean < 0:
        raise ValueError(f"a loss is never negative, but the mean of these is {current.mean}")
