"""What do the rows look like after mending, and how many did each rule touch?"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import assert_never

import polars as pl

from steward.project.rules import CleaningSpec, Clip, DropDuplicates, FillMissing
from steward.quality.duplicates import repeated_rows
from steward.quality.fit import refuse_misfits, rule_name


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """How many rows one rule dropped or changed."""

    rule: str
    rows: int


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The rows after all rules, in their old order, and what each rule did, in the order of the rules."""

    frame: pl.DataFrame
    touched: tuple[RuleEffect, ...]


def clean(frame: pl.DataFrame, rules: Sequence[CleaningSpec]) -> Cleaned:
    """Mend rows rule by rule; each rule sees what the one before it left.

    A NaN counts as missing for `fill_missing`; `clip` leaves missing cells alone, and keeps an integer column integer.

    Raises:
        UsageError: DATA-052 to DATA-054 a rule does not fit the table.
    """
    refuse_misfits(frame, rules)
    touched: list[RuleEffect] = []
    for rule in rules:
        frame, rows = _apply(rule, frame)
        touched.append(RuleEffect(rule_name(rule), rows))
    return Cleaned(frame, tuple(touched))


def _apply(rule: CleaningSpec, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    match rule:
        case DropDuplicates(columns=columns):
            repeats = repeated_rows(frame, columns or frame.columns)
            rows = int(repeats.sum())
            return (frame.filter(~repeats) if rows else frame), rows
        case FillMissing(column=column, value=value):
            old = frame[column].fill_nan(None) if frame.schema[column].is_float() else frame[column]
            return _replaced(frame, old, old.fill_null(pl.lit(value, old.dtype)))
        case Clip(column=column):
            old = frame[column]
            return _replaced(frame, old, old.clip(*_bounds(rule, old.dtype)))
        case _:
            assert_never(rule)


def _bounds(rule: Clip, dtype: pl.DataType) -> tuple[float | None, float | None]:
    if not dtype.is_integer():
        return rule.min, rule.max
    return (None if rule.min is None else ceil(rule.min)), (None if rule.max is None else floor(rule.max))


def _replaced(frame: pl.DataFrame, old: pl.Series, new: pl.Series) -> tuple[pl.DataFrame, int]:
    rows = int(old.ne_missing(new).sum())
    return (frame.with_columns(new) if rows else frame), rows
