"""When is the model wrong, and in which direction?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.models.metrics import from_mean_loss, row_losses

Array = npt.NDArray[np.float64]

_MOST_DAYS = 92


@dataclass(frozen=True, slots=True)
class ErrorGroups:
    """Error and bias (mean of predicted minus actual) of rows that belong together, in the target's unit."""

    metric: str
    labels: tuple[str, ...]
    error: tuple[float, ...]
    bias: tuple[float, ...]
    rows: tuple[int, ...]

    @property
    def worst(self) -> int:
        """The place of the greatest error."""
        return int(np.argmax(self.error))

    @property
    def best(self) -> int:
        """The place of the smallest error."""
        return int(np.argmin(self.error))


def error_by_hour(metric: str, at: pl.Series, actual: Array, predicted: Array) -> ErrorGroups:
    """Return the error for each hour of the day that has rows, by the wall clock of `at`.

    >>> at = pl.Series(["2023-03-01 07:10", "2023-03-02 07:50"]).str.to_datetime()
    >>> error_by_hour("mae", at, np.array([1.0, 1.0]), np.array([2.0, 4.0])).error
    (2.0,)
    """
    return _grouped(metric, at.dt.hour(), "{:02d}", actual, predicted)


def error_over_time(metric: str, at: pl.Series, actual: Array, predicted: Array) -> ErrorGroups:
    """Return the error day by day, or month by month where the rows span more than a quarter."""
    first, last = at.dt.date().min(), at.dt.date().max()
    days = (last - first).days  # type: ignore[operator, union-attr] # dates: the column is of times and not empty
    return _grouped(metric, at.dt.strftime("%Y-%m-%d" if days <= _MOST_DAYS else "%Y-%m"), "{}", actual, predicted)


def _grouped(metric: str, key: pl.Series, label: str, actual: Array, predicted: Array) -> ErrorGroups:
    rows = pl.DataFrame({"key": key, "loss": row_losses(metric, actual, predicted), "bias": predicted - actual})
    groups = rows.drop_nulls("key").group_by("key").agg(pl.col("loss", "bias").mean(), pl.len().alias("rows")).sort("key")
    return ErrorGroups(
        metric=metric,
        labels=tuple(label.format(value) for value in groups["key"]),
        error=tuple(from_mean_loss(metric, groups["loss"].to_numpy()).tolist()),
        bias=tuple(groups["bias"].to_list()),
        rows=tuple(groups["rows"].to_list()),
    )
