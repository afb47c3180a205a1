"""What does a report on the quality of rows hold, and are these fit to learn from? Values only, the verdict among them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from steward.quality.clean import RuleEffect
from steward.quality.compare import GOING_EMPTY, Change, PeriodChange
from steward.quality.figures import TableProfile
from steward.quality.findings import Finding
from steward.reporting.contents import SourceFile

Level = Literal["fit", "fit with care", "not fit"]

MASK = "•••"
"""Stands where a cell must not be shown."""

_OFTEN_EMPTY = 0.2
_MUCH_APART = 0.5  # of what the project allows


@dataclass(frozen=True, slots=True)
class Drill:
    """Some of the rows behind a finding, as text; `rows` is how many there are, `marked` which columns the finding is about."""

    reason: str
    rows: int
    columns: tuple[str, ...]
    marked: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows as they came, against those of another period."""

    earlier: str
    later: str
    earlier_rows: int
    later_rows: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Fitness:
    """Whether a model may learn from the rows, and what speaks against it, worst first."""

    level: Level
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualityContents:
    """Everything on one page about the rows of one run, or of one period.

    `about` names the periods, `run` is empty where they were read afresh. `raw` are the rows as they were read, `clean` those
    a model may learn from; `dropped` were removed by cleaning rules. `stopped` says why a run could not go on with these rows,
    and is empty where it could. `digests` name the snapshots that hold them, `commands` make the page again.
    """

    project: str
    title: str
    target: str
    about: str
    run: str
    origin: str | None
    sources: tuple[SourceFile, ...]
    digests: tuple[tuple[str, str], ...]
    raw: TableProfile
    clean: TableProfile
    findings: tuple[Finding, ...]
    rules: tuple[RuleEffect, ...]
    unreadable: int
    quarantined: int
    allowed: float
    stopped: str
    features: tuple[str, ...]
    cleaning_changes: tuple[Change, ...]
    period_changes: tuple[PeriodChange, ...]
    comparison: Comparison | None
    drills: tuple[Drill, ...]
    commands: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Whether the rows were made up."""
        return self.origin == "simulated"

    @property
    def quarantined_share(self) -> float:
        """Share of the read rows that checks set apart, 0 to 1."""
        return self.quarantined / max(self.raw.rows, 1)

    @property
    def dropped(self) -> int:
        """How many rows cleaning rules removed."""
        return self.raw.rows - self.quarantined - self.clean.rows

    @property
    def worst(self) -> Finding | None:
        """The finding with most rows."""
        return max(self.findings, key=lambda finding: finding.rows, default=None)

    def drill(self, reason: str) -> Drill | None:
        """Return the rows behind one finding."""
        return next((drill for drill in self.drills if drill.reason == reason), None)


def judge_fitness(contents: QualityContents) -> Fitness:
    """Say whether a model may learn from the rows that are left.

    Not fit: the run had to stop, no row is left, or the target is always the same. With care: a column the model reads is
    empty in a fifth of the rows or going empty, or more than half as many rows are set apart as may be.
    """
    against = tuple(_forbids(contents))
    if against:
        return Fitness("not fit", against)
    cares = tuple(_asks_for_care(contents))
    return Fitness("fit with care" if cares else "fit", cares)


def answer(contents: QualityContents) -> str:
    """Return the one sentence a reader needs if it is all they read."""
    fitness = judge_fitness(contents)
    parts = [f"The {contents.project} rows of {contents.about} are {fitness.level.upper()} to learn from", _fate(contents)]
    wrong = fitness.reasons or tuple(_most_wrong(contents))
    parts.append(f"most wrong: {', and '.join(wrong[:2])}" if wrong else "no check found anything")
    if contents.simulated:
        parts.append("but ALL OF IT IS SIMULATED: nothing here is about the world")
    return "; ".join(parts) + "."


def finding_words(finding: Finding) -> str:
    """Return what was found, without the examples.

    >>> from steward.quality.findings import Finding
    >>> finding_words(Finding("c", "range", ("x",), "warn", 2, 0.1, ("7", "8"), "x is above 6, for example 7, 8"))
    'x is above 6'
    """
    return finding.text.replace(f", for example {', '.join(finding.examples)}", "", 1)


def _fate(contents: QualityContents) -> str:
    left = contents.clean.rows
    share = f" ({left / contents.raw.rows:.1%})" if contents.raw.rows else ""
    lost = [(contents.unreadable, "could not be read"), (contents.quarantined, "set apart")]
    lost += [(contents.dropped, "dropped by cleaning")]
    told = [f"{rows:,} {what}" for rows, what in lost if rows]
    return f"{left:,} of {contents.raw.rows:,} rows are left{share}{', ' * bool(told)}{', '.join(told)}"


def _forbids(contents: QualityContents) -> Iterator[str]:
    if contents.stopped:
        yield contents.stopped
    if not contents.clean.rows:
        yield "no row is left"
        return
    target = contents.clean.column(contents.target)
    if target is not None and target.always_null:
        yield f"the target {target.name} is always empty"
    elif target is not None and target.constant:
        yield f"the target {target.name} is always the same"


def _most_wrong(contents: QualityContents) -> Iterator[str]:
    if contents.comparison:
        for where, change in _going_empty(contents):
            yield f"{change.column} is {change.text} ({where})"
    if contents.worst:
        yield finding_words(contents.worst)


def _asks_for_care(contents: QualityContents) -> Iterator[str]:
    told = set()
    for where, change in _going_empty(contents):
        if change.column in contents.features:
            told.add(change.column)
            yield f"{change.column} is {change.text} ({where})"
    empty = [(column.cells.null_share, column.name) for column in contents.clean.columns if column.name in contents.features]
    for share, name in sorted(empty, reverse=True):
        if share >= _OFTEN_EMPTY and name not in told:
            yield f"{name} is empty in {share:.1%} of the rows that are left"
    if contents.quarantined_share > _MUCH_APART * contents.allowed:
        yield f"{contents.quarantined_share:.1%} of the rows are set apart, {contents.allowed:.1%} may be"


def _going_empty(contents: QualityContents) -> Iterator[tuple[str, Change]]:
    """Give what goes empty between periods, each column once, the worst first; a comparison that was asked for before all."""
    one = contents.comparison
    found = [(f"{one.earlier} to {one.later}", change) for change in one.changes] if one else []
    found += [(f"{change.earlier} to {change.later}", change.change) for change in contents.period_changes]
    seen: set[str] = set()
    for where, change in found:
        rise = (change.after or 0.0) - (change.before or 0.0)
        if change.kind == "emptier" and rise >= GOING_EMPTY and change.column not in seen:
            seen.add(change.column)
            yield where, change
