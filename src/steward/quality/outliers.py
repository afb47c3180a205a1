"""Beyond which bounds is a value far from the others?

Tukey's fences, *Exploratory Data Analysis* (1977), with quartiles interpolated linearly; standard scores with the
standard deviation of a sample (n - 1). Empty cells - null or NaN - take no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

import polars as pl


@dataclass(frozen=True, slots=True)
class Fence:
    """How to tell what is far: so many quartile distances (iqr) or standard deviations (zscore)."""

    column: str
    by: Literal["iqr", "zscore"]
    times: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """The nearest values that are not far, both included; None where no value can be far."""

    low: float | None
    high: float | None


def bounds(frame: pl.DataFrame, fences: Sequence[Fence]) -> tuple[Bounds, ...]:
    """Return the bounds of all fences, computed together.

    A column of one value, or with fewer than two, has no bounds by standard deviation.

    >>> frame = pl.DataFrame({"x": [10, 11, 12, 13, 100]})
    >>> bounds(frame, [Fence("x", "iqr", 1.5)])
    (Bounds(low=8.0, high=16.0),)
    """
    if not fences:
        return ()
    made = frame.select(
        figure.alias(f"{number} {end}")
        for number, fence in enumerate(fences)
        for end, figure in zip(("low", "high"), _ends(fence, frame.schema[fence.column]), strict=True)
    ).row(0)
    # Infinite values may leave no number for a bound.
    known = [None if end is None or isnan(end) else end for end in made]
    return tuple(Bounds(*known[2 * number : 2 * number + 2]) for number in range(len(fences)))


def beyond(column: str, low: float | None, high: float | None) -> pl.Expr:
    """Return a condition that is true outside the bounds; null where a cell is, while NaN lies above everything."""
    sides = [pl.col(column) < low] if low is not None else []
    sides += [pl.col(column) > high] if high is not None else []
    return pl.any_horizontal(sides) if sides else pl.col(column).is_null() & pl.col(column).is_not_null()


def _ends(fence: Fence, dtype: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    values = pl.col(fence.column).fill_nan(None) if dtype.is_float() else pl.col(fence.column)
    if fence.by == "iqr":
        first, third = values.quantile(0.25, "linear"), values.quantile(0.75, "linear")
        reach = fence.times * (third - first)
        return first - reach, third + reach
    # The mean of equal values need not be that value to the last digit; they are all near it.
    reach = pl.when(values.min() < values.max()).then(fence.times * values.std(ddof=1))
    return values.mean() - reach, values.mean() + reach
