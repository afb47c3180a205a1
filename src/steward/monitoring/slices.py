"""For whom did the model get worse first?

Rows are parted by the columns the model leans on: the levels of categories, the quarters of numbers. Of each part the mean loss
is compared with that of the reference's rows of the same part, on the log scale as in `steward.monitoring.performance`. With so
many parts one of them always looks bad: the certainty of 95 % is shared out over all of them (Bonferroni; Dunn 1961).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import exp, log, sqrt
from typing import Any

import numpy as np
import polars as pl

from steward.monitoring.blocks import FloatArray, Places
from steward.monitoring.performance import TOLERATED, Losses, in_unit, summarise_losses

COLUMNS = 8
"""So many of the most important columns part the rows."""

FEWEST_ROWS = 100
"""Parts with fewer rows, then or now, are not judged: the logarithm of a mean of skewed losses is far from normal there."""

MISSING, OTHERS = "missing", "all other values"
_LEVELS = 12
_CHANCE = 0.05


@dataclass(frozen=True, slots=True)
class SliceVerdict:
    """The error on the rows of one value of a column, in the metric's own unit: on the reference's rows, and now.

    `rows` are the window's with that value and a known outcome. `change` is the relative growth of the error, `low` its lower
    bound at a certainty that holds for all slices together; `worse` where that bound says that it grew more than is tolerated.
    """

    column: str
    value: str
    rows: int
    before: float
    now: float
    change: float
    low: float
    worse: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Parts:
    """How a column parts rows, and the reference's losses of each part.

    `points` are levels (of a category) or edges between quarters; `losses` has one entry a level or quarter, one for all other
    values of a category, and one for missing ones.
    """

    column: str
    category: bool
    points: tuple[float, ...]
    losses: tuple[Losses, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What each part is called."""
        words = [f"{point:.6g}" for point in self.points]
        if self.category:
            return (*words, OTHERS, MISSING)
        if not words:
            return ("any", MISSING)
        between = [f"{low} to {high}" for low, high in pairwise(words)]
        return (f"up to {words[0]}", *between, f"above {words[-1]}", MISSING)

    def of_rows(self, values: FloatArray) -> Places:
        """Return the number of each row's part, shape (rows,)."""
        return _places(np.array(self.points), values, category=self.category)

    def as_dict(self) -> dict[str, Any]:
        """Return the parts as a JSON object."""
        return asdict(self)

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "Parts":
        """Return the parts that `as_dict` wrote; KeyError, TypeError or ValueError where the object is something else."""
        losses = tuple(Losses(float(mean), float(variance), int(rows)) for mean, variance, rows in value["losses"])
        points = tuple(float(point) for point in value["points"])
        return Parts(str(value["column"]), bool(value["category"]), points, losses)


def part_rows(
    features: pl.DataFrame, losses: FloatArray, importance: Mapping[str, float], categories: Collection[str]
) -> tuple[Parts, ...]:
    """Return how the most important columns part the reference's rows, and the losses of each part.

    Args:
        features: Float64 columns, null or NaN where missing.
        losses: of the same rows, shape (rows,).
        importance: of each feature; those of none part nothing.
        categories: features whose numbers are codes.
    """
    ordered = sorted((name for name in features.columns if importance.get(name, 0) > 0), key=lambda name: -importance[name])
    return tuple(_part(name, _numbers(features[name]), losses, category=name in categories) for name in ordered[:COLUMNS])


def judge_slices(parts: Sequence[Parts], features: pl.DataFrame, losses: FloatArray, metric: str) -> tuple[SliceVerdict, ...]:
    """Return how the error changed for each part of the rows that can be judged, the surest growth first.

    Args:
        parts: of the reference.
        features: of the window's rows.
        losses: of the same rows, of the same kind; NaN where the outcome is not known.
        metric: name of the metric, a mean over rows; those of ``rmse`` and ``rmsle`` are squared errors.

    Returns:
        Parts with 100 rows at least, then and now, and an error then.
    """
    found = [
        pair for one in parts if one.column in features.columns for pair in _pairs(one, _numbers(features[one.column]), losses)
    ]
    sure = _one_sided(_CHANCE / max(len(found), 1))
    judged = (_verdict(column, value, before, now, metric, sure) for column, value, before, now in found)
    return tuple(sorted(judged, key=lambda one: (not one.worse, -one.low, one.column, one.value)))


def _pairs(parts: Parts, values: FloatArray, losses: FloatArray) -> Iterator[tuple[str, str, Losses, Losses]]:
    place = parts.of_rows(values)
    for number, (name, before) in enumerate(zip(parts.names, parts.losses, strict=True)):
        now = summarise_losses(losses[place == number])
        if min(before.rows, now.rows) >= FEWEST_ROWS and before.mean > 0:
            yield parts.column, name, before, now


def _verdict(column: str, value: str, before: Losses, now: Losses, metric: str, sure: float) -> SliceVerdict:
    change = low = -1.0
    if now.mean > 0:
        ratio = log(now.mean / before.mean)
        error = sqrt(sum(one.variance / one.rows / one.mean**2 for one in (before, now)))
        change, low = in_unit(exp(ratio), metric) - 1, in_unit(exp(ratio - sure * error), metric) - 1
    figures = in_unit(before.mean, metric), in_unit(now.mean, metric)
    return SliceVerdict(column, value, now.rows, *figures, change, low, low > TOLERATED)


def _part(column: str, values: FloatArray, losses: FloatArray, *, category: bool) -> Parts:
    known = values[np.isfinite(values)]
    if category:
        levels, rows = np.unique(known, return_counts=True)
        points = np.sort(levels[np.argsort(-rows, kind="stable")[:_LEVELS]])
    else:
        points = np.unique(np.quantile(known, [0.25, 0.5, 0.75], method="lower")) if len(known) else known
    place, count = _places(points, values, category=category), len(points) + 2
    return Parts(
        column, category, tuple(points.tolist()), tuple(summarise_losses(losses[place == number]) for number in range(count))
    )


def _places(points: FloatArray, values: FloatArray, *, category: bool) -> Places:
    last = len(points) + 1  # missing ones
    if category and len(points):
        near = np.minimum(np.searchsorted(points, values), len(points) - 1)
        place = np.where(points[near] == values, near, len(points))
    else:
        place = np.searchsorted(points, values, side="left")
    return np.where(np.isnan(values), last, place)


def _numbers(column: pl.Series) -> FloatArray:
    return column.cast(pl.Float64).to_numpy()


def _one_sided(chance: float) -> float:
    from scipy.special import ndtri

    return float(-ndtri(chance))
