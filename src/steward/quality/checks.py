"""Which rows break the project's rules, and may the run go on with the rest?

All conditions are evaluated in one pass over the columns. An empty cell breaks only checks that are about empty
cells; a NaN counts as empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from steward.core.errors import AnswerIsNo, Fault
from steward.project.rules import CheckSpec
from steward.quality.conditions import conditions, look_ahead
from steward.quality.findings import Finding, describe
from steward.quality.fit import refuse_misfits

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


def run_checks(frame: pl.DataFrame, checks: Sequence[CheckSpec], *, now: datetime | None = None) -> Checked:
    """Divide rows into those that hold what the checks demand and those that do not.

    Args:
        frame: the rows; `in_period` and `fresh` also read their column `period`.
        checks: a check with action `warn` sets no row apart, nor does one about the table as a whole; with
            `quarantine` and `stop` the others do.
        now: against which moment the newest event is old, wall clock of the data's zone; the end of the newest period
            if absent.

    Returns:
        Both parts in the order of `frame`, and one finding for each check that did not hold, in the order of `checks`;
        `null_together` has one for each group of columns. Of no rows at all nothing is found.

    Raises:
        UsageError: DATA-052, DATA-053, DATA-055, DATA-056 a check does not fit the table.
    """
    refuse_misfits(frame.schema, checks)
    if not frame.height:
        return Checked(frame, _with_reason(frame), ())
    known = look_ahead(frame, checks, now)
    asked = [condition for check in checks for condition in conditions(check, known)]
    broken = frame.select(condition.broken.fill_null(value=False).alias(str(i)) for i, condition in enumerate(asked))
    counts = broken.sum().row(0) if asked else ()
    failed = [(condition, broken[str(i)], rows) for i, (condition, rows) in enumerate(zip(asked, counts, strict=True)) if rows]
    apart = [(one.name, mask) for one, mask, _ in failed if one.check.action != "warn" and not one.whole]
    kept, quarantined = _divide(frame, apart)
    return Checked(kept, quarantined, tuple(describe(condition, frame, mask, rows) for condition, mask, rows in failed))


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


def _divide(frame: pl.DataFrame, failed: Sequence[tuple[str, pl.Series]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows to keep and the rows set apart, these with their reasons."""
    if not failed:
        return frame, _with_reason(frame)
    masks = pl.DataFrame([mask for _, mask in failed])
    apart = masks.select(pl.any_horizontal(pl.all())).to_series()
    hits = masks.filter(apart)
    names = [pl.when(pl.col(mask.name)).then(pl.lit(name)) for name, mask in failed]
    reasons = hits.select(pl.concat_str(names, separator="; ", ignore_nulls=True).alias(REASON))
    return frame.filter(~apart), frame.filter(apart).hstack(reasons)


def _with_reason(frame: pl.DataFrame) -> pl.DataFrame:
    """Return no rows at all, with a column for reasons."""
    return frame.clear().with_columns(pl.lit(None, pl.String).alias(REASON))
