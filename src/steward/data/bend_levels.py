"""How do the levels of a column bend: swapped, never seen before, spelt anew, or the wrong label?"""

from typing import Any

import numpy as np
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.bend_amounts import read_share, unreadable, value_like
from steward.data.bend_time import Floats
from steward.project.bends import BENDS, Bend

_UNHEARD = "never seen before"
_MOST_LABELS = 50


def swap(column: pl.Series, bend: Bend, force: Floats, draw: np.random.Generator) -> pl.Series:
    """Return a column in which two levels have changed places."""
    first, equals, second = (part.strip() for part in bend.amount.partition("="))
    if not equals:
        raise unreadable(bend, bend.amount)
    one, other = (value_like(column, text, str(bend)) for text in (first, second))
    for value in (one, other):
        if not (column == value).any():
            raise UsageError(Fault("SIM-014", f"no row has {column.name}={value}", (str(bend),), fix=f"write  {BENDS['swap']}"))
    return column.replace({one: other, other: one}).zip_with(pl.Series(draw.random(len(column)) < force), column)


def new_level(column: pl.Series, bend: Bend, force: Floats, draw: np.random.Generator) -> pl.Series:
    """Return a column with a share of its values replaced by a level it never held."""
    named, _, amount = bend.amount.rpartition("=")
    share = read_share(bend, amount)
    value = value_like(column, named, str(bend)) if named else _beyond(column, bend)
    level = pl.Series(column.name, [value], column.dtype).new_from_index(0, len(column))
    return level.zip_with(pl.Series(draw.random(len(column)) < share * force), column)


def new_vocabulary(column: pl.Series, bend: Bend, force: Floats, draw: np.random.Generator) -> pl.Series:
    """Return a column in which a share of the rows spells every level in a way that never was."""
    share = read_share(bend)
    if column.dtype == pl.String:
        renamed = ("new-" + column).alias(column.name)
    elif column.dtype.is_integer():
        low, high = column.min(), column.max()
        renamed = column + (int(high) - int(low) + 1 if isinstance(low, int) and isinstance(high, int) else 0)
    else:
        raise _unfit(column, bend, "levels in text or whole numbers")
    return renamed.zip_with(pl.Series(draw.random(len(column)) < share * force), column)


def flip(column: pl.Series, bend: Bend, force: Floats, draw: np.random.Generator) -> pl.Series:
    """Return labels of which a share is the next one in their order: of two, the other."""
    share = read_share(bend)
    labels = column.drop_nulls().unique().sort()
    if not 1 < len(labels) <= _MOST_LABELS:
        raise _unfit(column, bend, f"2 to {_MOST_LABELS} labels")
    following = labels.to_list()
    wrong = column.replace_strict(following, [*following[1:], following[0]], default=None, return_dtype=column.dtype)
    return wrong.zip_with(pl.Series(draw.random(len(column)) < share * force), column)


def _beyond(column: pl.Series, bend: Bend) -> Any:
    if column.dtype == pl.String:
        return _UNHEARD
    greatest = column.max()
    if not column.dtype.is_numeric() or not isinstance(greatest, int | float):
        raise _unfit(column, bend, "text or numbers")
    return greatest + 1


def _unfit(column: pl.Series, bend: Bend, needed: str) -> UsageError:
    what = f"{bend.kind} needs {needed}, and {column.name!r} holds something else"
    return UsageError(Fault("SIM-013", what, (str(bend),), fix="bend another column, or in another way"))
