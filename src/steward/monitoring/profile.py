"""What did a sample look like, in a few kilobytes that outlive its rows?

A number is kept as up to 512 quantiles, so that its distribution function is known to one part in a thousand; a
category as counts of its levels. Both are independent of row order, and both travel as JSON in the bundle.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.tasks import Label
from steward.models.classes import name_of
from steward.models.classification import most_likely

PREDICTION = "prediction"
"""Name of the column that holds what the model answered; it is watched like a feature."""

_QUANTILES = 512
_LEVELS = 300
_TWO = 2


@dataclass(frozen=True, slots=True)
class NumberProfile:
    """A column of numbers: how many are missing (null, NaN or infinite), and the quantiles of the others, ascending."""

    missing: int
    quantiles: tuple[float, ...]
    kind: Literal["number"] = "number"


@dataclass(frozen=True, slots=True)
class CategoryProfile:
    """A column of levels: rows per level, rows of all levels not named, missing rows."""

    missing: int
    counts: Mapping[str, int]
    other: int
    kind: Literal["category"] = "category"


ColumnProfile = NumberProfile | CategoryProfile


@dataclass(frozen=True, slots=True)
class Profile:
    """A sample of `rows` rows, column by column."""

    rows: int
    columns: Mapping[str, ColumnProfile]

    def as_dict(self) -> dict[str, Any]:
        """Return the profile as a JSON object; `from_dict` turns it back."""
        return {"rows": self.rows, "columns": {name: asdict(column) for name, column in self.columns.items()}}

    @classmethod
    def from_dict(cls, value: object) -> "Profile":
        """Return the profile that `as_dict` wrote.

        Raises:
            ValueError: the value is not a profile; pydantic says where.
        """
        read: Profile = _reader().validate_python(value)
        return read


def profile(frame: pl.DataFrame, categories: Collection[str], *, like: Profile | None = None) -> Profile:
    """Return the summary of every column of a frame.

    Args:
        frame: features as the model reads them, and `PREDICTION`; text columns count as categories.
        categories: further columns whose numbers are codes, such as zones.
        like: a profile to compare with later. Its columns decide what is a number and which levels are named, so that
            the levels counted as "other" are the same ones on both sides; columns it does not have are left out.
    """
    if like is None:
        return Profile(frame.height, {column.name: _summary(column, column.name in categories) for column in frame})
    wanted = [name for name in like.columns if name in frame.columns]
    return Profile(frame.height, {name: _summary_like(frame[name], like.columns[name]) for name in wanted})


def prediction_column(predicted: npt.NDArray[np.float64], classes: Sequence[Label]) -> pl.Series:
    """Return what is watched of a model's answers, one value a row.

    Args:
        predicted: shape (rows,), or probabilities of shape (rows, classes).
        classes: the labels; none for a quantity.

    Returns:
        The quantity, the probability of the positive one of two classes, or the name of the most likely of several.
    """
    if not classes:
        return pl.Series(PREDICTION, predicted)
    if len(classes) == _TWO:
        return pl.Series(PREDICTION, predicted[:, 1])
    return pl.Series(PREDICTION, [name_of(label) for label in classes], dtype=pl.String).gather(most_likely(predicted))


def _summary(column: pl.Series, is_category: bool) -> ColumnProfile:  # noqa: FBT001 - private, called twice above
    if is_category or column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return _category(column, None)
    return _number(column)


def _summary_like(column: pl.Series, like: ColumnProfile) -> ColumnProfile:
    return _category(column, frozenset(like.counts)) if isinstance(like, CategoryProfile) else _number(column)


def _number(column: pl.Series) -> NumberProfile:
    values = column.to_physical().cast(pl.Float64, strict=False)
    present = np.sort(values.filter(values.is_finite().fill_null(value=False)).to_numpy())
    count = min(len(present), _QUANTILES)
    # The middle of each of `count` equal slices: all values themselves when there are few, and never an invented value.
    middles = np.ceil((np.arange(count) + 0.5) * len(present) / max(count, 1)).astype(np.int64) - 1
    return NumberProfile(len(column) - len(present), tuple(present[middles].tolist()))


def _category(column: pl.Series, named: frozenset[str] | None) -> CategoryProfile:
    levels = _as_text(column).drop_nulls()
    # By name where counts tie, so that the same rows in another order give the same profile.
    found = levels.value_counts().sort([pl.col("count"), pl.col(levels.name)], descending=[True, False]).rows()
    kept = {level: rows for level, rows in found if level in named} if named is not None else dict(found[:_LEVELS])
    return CategoryProfile(len(column) - len(levels), kept, len(levels) - sum(kept.values()))


def _as_text(column: pl.Series) -> pl.Series:
    # One spelling for one code: a model matrix holds 74.0 and true as 1.0 where the raw column holds 74 and true.
    if column.dtype == pl.Boolean:
        return column.cast(pl.Int8).cast(pl.String).alias("level")
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        text = pl.when(column == column.floor()).then(whole.cast(pl.String)).otherwise(column.fill_nan(None).cast(pl.String))
        return pl.select(level=text).to_series()
    return column.cast(pl.String).alias("level")


@cache
def _reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Profile)
