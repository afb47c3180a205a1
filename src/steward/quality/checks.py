"""Which rows break the project's rules, and may the run go on with the rest?

All conditions are evaluated in one pass over the columns. An empty cell breaks `not_null` and `null_share`
alone; a NaN counts as empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import polars as pl

from steward.core.errors import AnswerIsNo, Fault
from steward.core.period import Period
from steward.data.assemble import PERIOD
from steward.project.rules import AllowedCheck, CheckSpec, InPeriodCheck, NotNullCheck, NullShareCheck, RangeCheck, UniqueCheck
from steward.quality.duplicates import repeated_rows
from steward.quality.findings import Finding, describe
from steward.quality.fit import refuse_misfits, rule_name

REASON = "_reason"


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that may stay, rows set apart with the names of the broken checks in `_reason`, and what was found."""

    kept: pl.DataFrame
    quarantined: pl.DataFrame
    findings: tuple[Finding, ...]

    @property
    def quarantined_share(self) -> float:
        """Share of all rows that were set apart, 0 to 1; 0 where there were none at all."""
        return self.quarantined.height / max(self.quarantined.height + self.kept.height, 1)


def run_checks(frame: pl.DataFrame, checks: Sequence[CheckSpec]) -> Checked:
    """Divide rows into those that hold what the checks demand and those that do not.

    Args:
        frame: the rows; `in_period` also reads their column `period`.
        checks: a check with action `warn` sets no row apart; `quarantine` and `stop` do.

    Returns:
        Both parts in the order of `frame`, and one finding for each check that did not hold, in the order of `checks`.

    Raises:
        UsageError: DATA-052, DATA-053 a check does not fit the table.
    """
    refuse_misfits(frame, checks)
    broken = frame.select(_broken(check, frame).fill_null(value=False).alias(str(i)) for i, check in enumerate(checks))
    counts = broken.sum().row(0) if checks else ()
    failed = [(check, broken[str(i)], rows) for i, (check, rows) in enumerate(zip(checks, counts, strict=True)) if rows]
    kept, quarantined = _divide(frame, [(rule_name(check), mask) for check, mask, _ in failed if check.action != "warn"])
    findings = tuple(describe(check, rule_name(check), frame, mask, rows) for check, mask, rows in failed)
    return Checked(kept, quarantined, findings)


def judge(checked: Checked, max_share: float) -> None:
    """Let a run go on, or say why not.

    Args:
        checked: what the checks found.
        max_share: greatest share of rows that may be set apart, 0 to 1, itself allowed.

    Raises:
        AnswerIsNo: DATA-050 a check with action `stop` did not hold, DATA-051 more rows than allowed are set apart.
    """
    stops = [finding for finding in checked.findings if finding.action == "stop"]
    if stops:
        fix = "mend the rows at their source, or give the check another action in project.yaml"
        raise AnswerIsNo(*(Fault("DATA-050", f"check {f.check!r} stops the run: {f.text}", fix=fix) for f in stops))
    share = checked.quarantined_share
    if share > max_share:
        rows, total = checked.quarantined.height, checked.quarantined.height + checked.kept.height
        what = f"checks set {rows:,} of {total:,} rows apart ({share:.1%}); {max_share:.1%} is allowed"
        by_rule = tuple(f"{f.check}: {f.rows:,}" for f in checked.findings if f.action == "quarantine")
        fix = f"mend the rows at their source, or allow it:  --set quarantine.max_share={-(-rows * 100 // total) / 100:g}"
        raise AnswerIsNo(Fault("DATA-051", what, by_rule, "a model learnt from what is left may not be about your data", fix))


def _broken(check: CheckSpec, frame: pl.DataFrame) -> pl.Expr:
    """Return a condition that is true where a row breaks the check; null means it does not."""
    match check:
        case NotNullCheck(columns=columns):
            return pl.any_horizontal(_empty(frame, name) for name in columns)
        case RangeCheck(column=column):
            return _outside(check) & ~_empty(frame, column)
        case AllowedCheck(column=column, values=values):
            known = pl.Series(values, dtype=frame.schema[column], strict=False).drop_nulls()
            return ~pl.col(column).is_in(known.implode()) & ~_empty(frame, column)
        case InPeriodCheck(column=column):
            return _out_of_period(column, frame[PERIOD].unique().drop_nulls().to_list())
        case UniqueCheck(columns=columns):
            return pl.lit(repeated_rows(frame, columns))
        case NullShareCheck(column=column):
            empty = _empty(frame, column)
            return empty & (empty.mean() > check.max)
        case _:
            assert_never(check)


def _empty(frame: pl.DataFrame, column: str) -> pl.Expr:
    null = pl.col(column).is_null()
    return null | pl.col(column).is_nan().fill_null(value=False) if frame.schema[column].is_float() else null


def _outside(check: RangeCheck) -> pl.Expr:
    column = pl.col(check.column)
    bounds = [column < check.min] if check.min is not None else []
    bounds += [column > check.max] if check.max is not None else []
    return pl.any_horizontal(bounds)


def _out_of_period(column: str, labels: Sequence[str]) -> pl.Expr:
    """Compare with the few months there are: twice as fast as making a month of every row."""
    months = [(label, Period.parse(label)) for label in labels]
    event = pl.col(column)
    late_or_early = [(pl.col(PERIOD) == label) & ~event.is_between(m.start, m.end, closed="left") for label, m in months]
    return pl.any_horizontal(late_or_early) if months else pl.lit(value=False)


def _divide(frame: pl.DataFrame, failed: Sequence[tuple[str, pl.Series]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows to keep and the rows set apart, these with their reasons."""
    if not failed:
        return frame, frame.clear().with_columns(pl.lit(None, pl.String).alias(REASON))
    masks = pl.DataFrame([mask for _, mask in failed])
    apart = masks.select(pl.any_horizontal(pl.all())).to_series()
    hits = masks.filter(apart)
    names = [pl.when(pl.col(mask.name)).then(pl.lit(name)) for name, mask in failed]
    reasons = hits.select(pl.concat_str(names, separator="; ", ignore_nulls=True).alias(REASON))
    return frame.filter(~apart), frame.filter(apart).hstack(reasons)
