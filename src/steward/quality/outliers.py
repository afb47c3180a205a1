"""Beyond which bounds is a value far from the others?

Tukey's fences, *Exploratory Data Analysis* (1977), with quartiles interpolated linearly; standard scores with the
standard deviation of a sample (n - 1). Empty cells - null or NaN - take no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
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
    figures = frame.select(_figures(fence, frame.schema[fence.column]).alias(str(i)) for i, fence in enumerate(fences)).row(0)
    return tuple(_bounds(fence, found) for fence, found in zip(fences, figures, strict=True))


def beyond(column: str, low: float | None, high: float | None) -> pl.Expr:
    """Return a condition that is true outside the bounds; null where a cell is, while NaN lies above everything."""
    sides = [pl.col(column) < low] if low is not None else []
    sides += [pl.col(column) > high] if high is not None else []
    return pl.any_horizontal(sides) if sides else pl.col(column).is_null() & pl.col(column).is_not_null()


def _figures(fence: Fence, dtype: pl.DataType) -> pl.Expr:
    """Return the figures that a fence is built from, as a list: both quartiles, or mean, deviation, least and greatest value."""
    values = pl.col(fence.column).fill_nan(None) if dtype.is_float() else pl.col(fence.column)
    if fence.by == "iqr":
        return values.quantile([0.25, 0.75], "linear")
    told = [values.mean(), values.std(ddof=1), values.min(), values.max()]
    return pl.concat_list(figure.cast(pl.Float64) for figure in told)


def _bounds(fence: Fence, figures: Sequence[float | None]) -> Bounds:
    known = [figure for figure in figures if figure is not None and isfinite(figure)]
    if len(known) < len(figures):
        return Bounds(None, None)
    if fence.by == "iqr":
        first, third = known
        reach = fence.times * (third - first)
        return Bounds(first - reach, third + reach)
    mean, deviation, least, greatest = known
    # The mean of equal values need not be that value to the last digit; they are all near it.
    return Bounds(mean - fence.times * deviation, mean + fence.times * deviation) if least < greatest else Bounds(None, None)
