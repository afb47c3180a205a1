"""What do the rows look like after mending, and how many did each rule touch?"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import assert_never

import polars as pl

from steward.core.errors import AnswerIsNo, Fault
from steward.data.convert import DTYPES, convert
from steward.project.cleaning import Cast, Clip, DropDuplicates, DropRows, FillMissing, Outliers, Replace
from steward.project.dictionary import ColumnSpec
from steward.project.rules import CleaningSpec
from steward.quality.duplicates import repeated_rows
from steward.quality.expression import condition
from steward.quality.fit import old_values, refuse_misfits, rule_name
from steward.quality.null_blocks import empty
from steward.quality.outliers import Bounds, Fence, beyond, bounds

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """How many rows one rule dropped, changed or flagged."""

    rule: str
    rows: int


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The rows after all rules, in their old order, and what each rule did, in the order of the rules."""

    frame: pl.DataFrame
    touched: tuple[RuleEffect, ...]


def clean(frame: pl.DataFrame, rules: Sequence[CleaningSpec]) -> Cleaned:
    """Mend rows rule by rule; each rule sees what the one before it left.

    A NaN counts as missing for `fill_missing`; other rules leave missing cells alone. An integer column stays one:
    bounds and figures that are put into it are rounded, bounds inwards.

    Raises:
        UsageError: DATA-052 to DATA-057 a rule does not fit the table.
        AnswerIsNo: DATA-058 `cast` met values that are not of the new type.
    """
    refuse_misfits(frame.schema, rules)
    touched: list[RuleEffect] = []
    for rule in rules:
        frame, rows = _apply(rule, frame)
        touched.append(RuleEffect(rule_name(rule), rows))
    return Cleaned(frame, tuple(touched))


def _apply(rule: CleaningSpec, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:  # noqa: PLR0911 - one return a kind
    match rule:
        case DropDuplicates(columns=columns):
            return _without(frame, repeated_rows(frame, columns or frame.columns))
        case DropRows(where=where):
            return _without(frame, frame.select(condition(where, frame.schema).fill_null(value=False)).to_series())
        case FillMissing(column=column):
            old = frame[column].fill_nan(None) if frame.schema[column].is_float() else frame[column]
            return _replaced(frame, old, old.fill_null(pl.lit(_filling(rule, old), old.dtype)))
        case Replace(column=column):
            return _replaced(frame, frame[column], _other_values(rule, frame))
        case Cast(column=column):
            return _cast(rule, frame)
        case Clip(column=column):
            old = frame[column]
            return _replaced(frame, old, _clipped(old, Bounds(rule.min, rule.max)))
        case Outliers():
            return _far_out(rule, frame)
        case _:
            assert_never(rule)


def _filling(rule: FillMissing, values: pl.Series) -> object:
    """Return what to put into empty cells; None where a figure of a column without values is wanted."""
    if rule.statistic is None:
        return rule.value
    if rule.statistic == "mode":
        return values.drop_nulls().mode().min()  # the first in order of those that are equally frequent
    figure = values.median() if rule.statistic == "median" else values.mean()
    assert isinstance(figure, float | None)
    return round(figure) if figure is not None and values.dtype.is_integer() else figure


def _other_values(rule: Replace, frame: pl.DataFrame) -> pl.Series:
    old = frame[rule.column]
    before, after = old_values(list(rule.values), old.dtype), pl.Series(list(rule.values.values()), dtype=old.dtype)
    new = old.replace(before, after)
    if rule.where is None:
        return new
    return new.zip_with(frame.select(condition(rule.where, frame.schema).fill_null(value=False)).to_series(), old)


def _cast(rule: Cast, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Convert a column as a file's would be; counted are the cells that hold a value, none where the type was right."""
    old = frame[rule.column]
    spec = ColumnSpec(type=rule.to, meaning=rule.kind, known_at="outcome", format=rule.format)
    made = convert(old, spec)
    if made.unreadable is not None and rule.unreadable == "refuse":
        raise AnswerIsNo(_not_of_type(rule, old.filter(made.unreadable)))
    touched = 0 if old.dtype == DTYPES[rule.to] else len(old) - old.null_count()
    return frame.with_columns(made.values), touched


def _not_of_type(rule: Cast, cells: pl.Series) -> Fault:
    examples = ", ".join(repr(value) for value in cells.head(1000).unique(maintain_order=True).head(_EXAMPLES).to_list())
    return Fault(
        "DATA-058",
        f"column {rule.column!r} holds what is no {rule.to} in {len(cells):,} rows, for example {examples}",
        why="a value that cannot be read would be lost",
        fix="mend it before with  kind: replace,  or empty such cells:  unreadable: empty",
    )


def _far_out(rule: Outliers, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    near = _near(rule, frame)
    column = frame[rule.column]
    if rule.method == "clip":
        return _replaced(frame, column, _clipped(column, near))
    far = frame.select((beyond(rule.column, near.low, near.high) & ~empty(frame, rule.column)).fill_null(value=False)).to_series()
    if rule.method == "drop":
        return _without(frame, far)
    return frame.with_columns(far.alias(rule.flag)), int(far.sum())


def _near(rule: Outliers, frame: pl.DataFrame) -> Bounds:
    if rule.by == "range":
        return Bounds(rule.min, rule.max)
    return bounds(frame, [Fence(rule.column, rule.by, rule.factor if rule.by == "iqr" else rule.limit)])[0]


def _clipped(values: pl.Series, near: Bounds) -> pl.Series:
    if not values.dtype.is_integer():
        return values.clip(near.low, near.high)
    low, high = (None if near.low is None else ceil(near.low)), (None if near.high is None else floor(near.high))
    return values.clip(low, high)


def _without(frame: pl.DataFrame, leave_out: pl.Series) -> tuple[pl.DataFrame, int]:
    rows = int(leave_out.sum())
    return (frame.filter(~leave_out) if rows else frame), rows


def _replaced(frame: pl.DataFrame, old: pl.Series, new: pl.Series) -> tuple[pl.DataFrame, int]:
    rows = int(old.ne_missing(new).sum())
    return (frame.with_columns(new) if rows else frame), rows
