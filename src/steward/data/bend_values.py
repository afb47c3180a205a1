"""How do the values of a column bend: moved, scaled, in another unit, lost, or stuck?"""

from datetime import timedelta

import numpy as np
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.bend_amounts import read_duration, read_number, read_share, read_units, unreadable, value_like
from steward.data.bend_time import Floats
from steward.project.bends import Bend


@np.errstate(over="ignore")
def shift(column: pl.Series, bend: Bend, force: Floats, _draw: np.random.Generator) -> pl.Series:
    """Return values that are greater by an amount, in their own unit or in standard deviations; times that are later."""
    if isinstance(column.dtype, pl.Datetime):
        later = np.round(read_duration(bend) / timedelta(microseconds=1) * force).astype(np.int64)
        return (column + pl.Series(later).cast(pl.Duration("us"))).cast(column.dtype)
    values = _numbers(column, bend)
    if bend.amount.endswith("sd"):
        size = read_number(bend, bend.amount.removesuffix("sd")) * float(np.nanstd(values)) if np.isfinite(values).any() else 0.0
    else:
        size = read_number(bend)
    return _in_form(column, values + size * force, bend)


@np.errstate(over="ignore")
def scale(column: pl.Series, bend: Bend, force: Floats, _draw: np.random.Generator) -> pl.Series:
    """Return values times a factor."""
    return _in_form(column, _numbers(column, bend) * (1 + (read_number(bend) - 1) * force), bend)


def change_unit(column: pl.Series, bend: Bend, force: Floats, draw: np.random.Generator) -> pl.Series:
    """Return values as they would be written in another unit; where it is gradual, ever more rows are, each of them wholly."""
    factor, offset = read_units(bend)
    values = _numbers(column, bend)
    return _in_form(column, np.where(draw.random(len(values)) < force, values * factor + offset, values), bend)


def lose(column: pl.Series, bend: Bend, force: Floats, draw: np.random.Generator) -> pl.Series:
    """Return values of which a share is missing."""
    lost = draw.random(len(column)) < read_share(bend) * force
    return column.clear(len(column)).zip_with(pl.Series(lost), column)


def stick(column: pl.Series, bend: Bend, force: Floats, draw: np.random.Generator) -> pl.Series:
    """Return a column that holds one value."""
    stuck = pl.Series(column.name, [value_like(column, bend.amount, str(bend))], column.dtype).new_from_index(0, len(column))
    return stuck.zip_with(pl.Series(draw.random(len(column)) < force), column)


def _numbers(column: pl.Series, bend: Bend) -> Floats:
    if not column.dtype.is_numeric():
        what = f"{bend.kind} needs numbers, and {column.name!r} holds none"
        raise UsageError(Fault("SIM-013", what, (str(bend),), fix="bend another column, or in another way"))
    return column.cast(pl.Float64).to_numpy().astype(np.float64)


def _in_form(column: pl.Series, values: Floats, bend: Bend) -> pl.Series:
    """Return numbers in the column's own type: what counts is rounded; UsageError SIM-014 where one is too large for the type."""
    found = pl.Series(column.name, np.round(values) if column.dtype.is_integer() else values, nan_to_null=True)
    made = found.cast(column.dtype, strict=False)
    if made.null_count() > found.null_count() or _infinite(made) > _infinite(column):
        raise unreadable(bend, bend.amount, f"{column.name!r} holds {column.dtype}, and some values would be too large for that")
    return made


def _infinite(column: pl.Series) -> int:
    return int(column.is_infinite().sum()) if column.dtype.is_float() else 0
