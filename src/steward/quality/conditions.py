"""What does a declared check look for in these rows? Each becomes conditions that one pass over the columns answers.

Figures that a check compares with - fences, the end of the newest period - are found first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.period import Period
from steward.data.assemble import PERIOD
from steward.data.spelling import odd_spellings
from steward.project.checks import (
    ConflictCheck,
    ConstantCheck,
    FreshCheck,
    InPeriodCheck,
    IqrCheck,
    NullTogetherCheck,
    SchemaCheck,
    SpellingCheck,
    UniqueCheck,
    ZscoreCheck,
)
from steward.project.rules import CheckSpec, ComparedCheck, TableCheck
from steward.quality.cells import broken_cells
from steward.quality.duplicates import conflicting_rows, repeated_rows
from steward.quality.fit import rule_name
from steward.quality.null_blocks import empty, null_blocks
from steward.quality.outliers import Bounds, Fence, beyond, bounds
from steward.quality.table import constant_fault, fresh_fault, schema_fault

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """What one check looks for, and how to say that it was found.

    `broken` is true where a row breaks the check, null or false where not. `fault` names what is wrong there,
    `shown` are the columns whose values are examples (none: row numbers) and `note` follows them. `whole` says
    that the table is at fault and no row of it more than another.
    """

    check: CheckSpec
    name: str
    columns: tuple[str, ...]
    broken: pl.Expr
    fault: str
    shown: tuple[str, ...] = ()
    note: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is found out about the rows before their conditions: bounds of outliers, periods, and the moment to be fresh at."""

    frame: pl.DataFrame
    near: dict[CheckSpec, Bounds]
    labels: tuple[str, ...]
    now: datetime | None


def look_ahead(frame: pl.DataFrame, checks: Sequence[CheckSpec], now: datetime | None) -> Known:
    """Find the figures that checks compare with.

    Args:
        frame: the rows.
        checks: what will be asked.
        now: wall clock of the data's zone; the end of the newest period if absent.

    Raises:
        UsageError: DATA-055 a check needs periods of the calendar, and the rows have none.
    """
    fences = {check: fence for check in checks if (fence := _fence(check)) is not None}
    near = dict(zip(fences, bounds(frame, list(fences.values())), strict=True))
    dated = [check for check in checks if isinstance(check, InPeriodCheck) or (isinstance(check, FreshCheck) and now is None)]
    labels = tuple(sorted(frame[PERIOD].drop_nulls().unique().to_list())) if dated and PERIOD in frame.columns else ()
    odd = [label for label in labels if not Period.is_label(label)]
    lost = [check for check in dated if odd or (isinstance(check, FreshCheck) and not labels)]
    if lost:
        raise UsageError(*(_no_calendar(check, odd) for check in lost))
    newest = max((Period.parse(label).end for label in labels), default=None)
    return Known(frame, near, labels, now or newest)


def conditions(check: CheckSpec, known: Known) -> list[Condition]:
    """Return what a check looks for; nothing where it is already known to hold."""
    match check:
        case ConstantCheck() | FreshCheck() | SchemaCheck():
            return _of_table(check, known)
        case UniqueCheck() | ConflictCheck() | IqrCheck() | ZscoreCheck() | SpellingCheck() | NullTogetherCheck():
            return _of_rows_together(check, known)
        case _:
            found = broken_cells(check, known.frame, known.labels)
            return [Condition(check, rule_name(check), check.reads(), found.where, found.fault, found.shown)]


def _of_rows_together(check: ComparedCheck, known: Known) -> list[Condition]:
    frame = known.frame
    found = Condition(check, rule_name(check), check.reads(), pl.lit(value=False), "")
    match check:
        case UniqueCheck(columns=columns):
            fault = f"{', '.join(columns)} repeat an earlier row"
            return [replace(found, broken=pl.lit(repeated_rows(frame, columns)), fault=fault)]
        case ConflictCheck(key=key, column=column):
            fault = f"rows of the same {', '.join(key)} differ in {column}"
            return [replace(found, broken=pl.lit(conflicting_rows(frame, key, column)), fault=fault, shown=found.columns)]
        case IqrCheck(column=column) | ZscoreCheck(column=column):
            near = known.near[check]
            far = beyond(column, near.low, near.high) & ~empty(frame, column)
            return [replace(found, broken=far, fault=f"{column} lies {_far(check, near)}", shown=(column,))]
        case SpellingCheck(column=column):
            return _of_spellings(found, column, frame)
        case NullTogetherCheck():
            return _of_blocks(found, check, frame)
        case _:
            assert_never(check)


def _of_spellings(found: Condition, column: str, frame: pl.DataFrame) -> list[Condition]:
    odd = odd_spellings(frame[column])
    # Written out, or look-alike and invisible characters would not be seen.
    pairs = [f"{value!a} for {usual!a}" for value, usual in odd.select("value", "usual").head(_NAMED).rows()]
    fault = f"{column} spells a value in another way ({', '.join(pairs)})"
    return [replace(found, broken=pl.col(column).is_in(odd["value"].implode()), fault=fault)] if pairs else []


def _of_blocks(found: Condition, check: NullTogetherCheck, frame: pl.DataFrame) -> list[Condition]:
    blocks = null_blocks(frame, check.columns or frame.columns, check.min_share, check.overlap)
    note = f"; always empty, and part of no group: {', '.join(blocks.always)}" if blocks.always else ""
    return [
        replace(
            found,
            columns=block.columns,
            broken=pl.all_horizontal(empty(frame, name) for name in block.columns),
            fault=f"{', '.join(block.columns[:-1])} and {block.columns[-1]} are empty together",
            note=note,
        )
        for block in blocks.blocks
    ]


def _of_table(check: TableCheck, known: Known) -> list[Condition]:
    match check:
        case ConstantCheck():
            fault = constant_fault(check, known.frame)
        case FreshCheck():
            fault = fresh_fault(check, known.frame, known.now) if known.now else ""
        case SchemaCheck():
            fault = schema_fault(check, known.frame)
        case _:
            assert_never(check)
    everywhere = pl.repeat(value=True, n=known.frame.height, dtype=pl.Boolean)
    return [Condition(check, rule_name(check), check.reads(), everywhere, fault, whole=True)] if fault else []


def _fence(check: CheckSpec) -> Fence | None:
    match check:
        case IqrCheck(column=column, factor=factor):
            return Fence(column, "iqr", factor)
        case ZscoreCheck(column=column, limit=limit):
            return Fence(column, "zscore", limit)
        case _:
            return None


def _no_calendar(check: CheckSpec, odd: Sequence[str]) -> Fault:
    given = f"the period {odd[0]!r}" if odd else "no period"
    what = f"rule {rule_name(check)!r} needs months or years, and the rows have {given}"
    return Fault("DATA-055", what, fix="remove the rule from project.yaml: these rows have no calendar")


def _far(check: IqrCheck | ZscoreCheck, near: Bounds) -> str:
    low, high = ("" if end is None else f"{end:.6g}" for end in (near.low, near.high))
    if isinstance(check, IqrCheck):
        return f"beyond {low} to {high}, {check.factor:g} quartile distances from the middle half,"
    return f"beyond {low} to {high}, {check.limit:g} standard deviations from the mean,"
