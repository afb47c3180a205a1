"""Is a table as a whole what it should be: its columns and types, its age, whether a column says anything at all?"""

from datetime import datetime, timedelta

import polars as pl

from steward.data.assemble import PERIOD
from steward.data.convert import DTYPES
from steward.project.checks import ConstantCheck, FreshCheck, SchemaCheck
from steward.quality.null_blocks import empty


def constant_fault(check: ConstantCheck, frame: pl.DataFrame) -> str:
    """Return what is wrong, or nothing: a column holds one value in all rows that have any; there is a row at least."""
    values = frame.filter(~empty(frame, check.column))[check.column]
    low, high = values.min(), values.max()
    if low is None:
        return f"{check.column} is empty in every row"
    return "" if low != high else f"{check.column} is always {low!s}"


def fresh_fault(check: FreshCheck, frame: pl.DataFrame, now: datetime) -> str:
    """Return what is wrong, or nothing: the newest event is too old.

    Args:
        check: what is demanded.
        frame: the rows.
        now: wall clock of the data's zone; events from then on are mistakes and make nothing fresh.
    """
    events = frame[check.column]
    newest = events.filter(events < now).max()
    if not isinstance(newest, datetime):
        return f"no {check.column} lies before {now}"
    days = (now - newest) / timedelta(days=1)
    if days <= check.max_age_days:
        return ""
    return f"the newest {check.column} is {newest}, {days:.1f} days before {now}; {check.max_age_days:g} are allowed"


def schema_fault(check: SchemaCheck, frame: pl.DataFrame) -> str:
    """Return what is wrong, or nothing; any width of a type will do, and a column of nothing but nulls is of each."""
    faults = [f"column {name} is missing" for name in check.columns if name not in frame.columns]
    faults += [
        f"column {name} holds {frame.schema[name]} and not {kind}"
        for name, kind in check.columns.items()
        if name in frame.columns and not is_of_kind(frame.schema[name], kind)
    ]
    extra = [] if check.others else [name for name in frame.columns if name not in check.columns and name != PERIOD]
    faults += [f"not declared: {', '.join(extra)}"] if extra else []
    return "; ".join(faults)


def is_of_kind(given: pl.DataType, kind: str) -> bool:
    """Tell whether a column type is one of the dictionary's kinds: integer, number, text, datetime, boolean."""
    if given == pl.Null:
        return True
    if kind == "integer":
        return given.is_integer()
    if kind == "number":
        return given.is_float() or given.is_decimal()
    return isinstance(given, pl.Datetime) if kind == "datetime" else given == DTYPES[kind]
