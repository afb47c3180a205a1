"""Which rows break a check by what stands in their own cells?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import polars as pl

from steward.core.period import Period
from steward.data.assemble import PERIOD
from steward.project.checks import AllowedCheck, InPeriodCheck, MatchesCheck, NotNullCheck, NullShareCheck, RangeCheck, RuleCheck
from steward.project.rules import CellCheck
from steward.quality.expression import condition
from steward.quality.null_blocks import empty
from steward.quality.outliers import beyond


@dataclass(frozen=True, slots=True)
class Broken:
    """Where cells break a check (null: they do not), what is wrong there, and which columns show it."""

    where: pl.Expr
    fault: str
    shown: tuple[str, ...] = ()


def broken_cells(check: CellCheck, frame: pl.DataFrame, labels: Sequence[str]) -> Broken:  # noqa: PLR0911 - one return a kind
    """Return where a check is broken.

    Args:
        check: what is demanded of each row.
        frame: the rows.
        labels: all periods of the rows, months or years; for `in_period` alone.
    """
    match check:
        case NotNullCheck(columns=columns):
            return Broken(pl.any_horizontal(empty(frame, name) for name in columns), f"{' or '.join(columns)} is empty")
        case RangeCheck(column=column):
            outside = beyond(column, check.min, check.max) & ~empty(frame, column)
            return Broken(outside, f"{column} is {_bounds_text(check)}", (column,))
        case AllowedCheck(column=column, values=values):
            known = pl.Series(values, dtype=frame.schema[column], strict=False).drop_nulls()
            unknown = ~pl.col(column).is_in(known.implode()) & ~empty(frame, column)
            return Broken(unknown, f"{column} is none of {', '.join(map(str, values))}", (column,))
        case MatchesCheck(column=column, pattern=pattern):
            return Broken(~pl.col(column).str.contains(rf"\A(?:{pattern})\z"), f"{column} has not the form {pattern}", (column,))
        case InPeriodCheck(column=column):
            span = "month" if all(Period.parse(label).month for label in labels) else "period"
            return Broken(_out_of_period(column, labels), f"{column} lies outside the {span} of its file", (column,))
        case RuleCheck(rule=rule):
            return Broken(~condition(rule, frame.schema), f"{rule} does not hold", check.reads())
        case NullShareCheck(column=column, max=most):
            cells = empty(frame, column)
            return Broken(cells & (cells.mean() > most), f"{column} may be empty in {most:.0%} of the rows and is")
        case _:
            assert_never(check)


def _out_of_period(column: str, labels: Sequence[str]) -> pl.Expr:
    """Compare with the few periods there are: twice as fast as making a period of every row."""
    periods = [(label, Period.parse(label)) for label in labels]
    event = pl.col(column)
    late_or_early = [(pl.col(PERIOD) == label) & ~event.is_between(p.start, p.end, closed="left") for label, p in periods]
    return pl.any_horizontal(late_or_early) if periods else event.is_null() & event.is_not_null()


def _bounds_text(check: RangeCheck) -> str:
    texts = [f"below {check.min:g}"] if check.min is not None else []
    texts += [f"above {check.max:g}"] if check.max is not None else []
    return " or ".join(texts)
