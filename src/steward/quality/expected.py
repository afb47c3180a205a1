"""What does each check expect of these rows, told so that another engine can be asked the same and compared?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import polars as pl

from steward.project.checks import AllowedCheck, NotNullCheck, NullShareCheck, RangeCheck, SchemaCheck, UniqueCheck
from steward.project.dictionary import ColumnSpec, DictionarySpec
from steward.project.rules import CheckSpec
from steward.quality.conditions import Known, conditions, look_ahead
from steward.quality.fit import refuse_misfits, rule_name
from steward.quality.null_blocks import empty


@dataclass(frozen=True, slots=True)
class Expected:
    """What one check says of the rows: whether it holds, and in how many of them (None: the table is what it is about) not.

    A check of several columns that looks at each by itself is told column by column. `broken` marks the rows; of
    `unique` it marks every row that has an equal, and of `null_share` every empty cell, few or many.
    """

    check: CheckSpec
    name: str
    holds: bool
    rows: int | None
    broken: pl.Series | None


@dataclass(frozen=True, slots=True)
class Expectations:
    """The rows, what was found out about them beforehand, and what each check says."""

    frame: pl.DataFrame
    known: Known
    each: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What another engine says of one check: by which expectation, and whether a column that we computed carries it."""

    expectation: str
    carried: bool
    holds: bool
    rows: int | None


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """The answers in the order they were asked for, and where the suite and its pages were written."""

    answers: tuple[Answer, ...]
    suite: Path
    pages: Path


class SuiteRunner(Protocol):
    """Asks another engine: Great Expectations, or anything that answers in tests."""

    def __call__(self, name: str, expectations: Expectations, folder: Path) -> SuiteRun:
        """Write the suite of a project to a folder, run it on the rows, and write its pages."""
        ...


def expect(frame: pl.DataFrame, checks: Sequence[CheckSpec], *, now: datetime | None = None) -> Expectations:
    """Return what the checks say of the rows, each by itself.

    Args:
        frame: one row at least.
        checks: what is declared.
        now: as in `run_checks`.

    Raises:
        UsageError: as `run_checks`.
    """
    refuse_misfits(frame.schema, checks)
    singles = [single for check in checks for single in _singles(check)]
    known = look_ahead(frame, [check for check, _ in singles], now)
    return Expectations(frame, known, tuple(_expected(check, name, known) for check, name in singles))


def dictionary_checks(dictionary: DictionarySpec) -> tuple[CheckSpec, ...]:
    """Return what the dictionary itself promises of rows: columns and types, bounds, codes; each a warning."""
    types = {name: column.type for name, column in dictionary.columns.items()}
    schema = SchemaCheck(kind="schema", name="dictionary: types", action="warn", columns=types)
    return schema, *(check for name, column in dictionary.columns.items() for check in _promised(name, column))


def _promised(name: str, column: ColumnSpec) -> Iterator[CheckSpec]:
    if column.type in ("integer", "number") and (column.min is not None or column.max is not None):
        yield RangeCheck(
            kind="range", name=f"dictionary: range of {name}", action="warn", column=name, min=column.min, max=column.max
        )
    if column.codes and column.type in ("integer", "text"):
        values = tuple(int(code) for code in column.codes) if column.type == "integer" else tuple(column.codes)
        yield AllowedCheck(kind="allowed", name=f"dictionary: codes of {name}", action="warn", column=name, values=values)


def _singles(check: CheckSpec) -> Iterator[tuple[CheckSpec, str]]:
    """Yield a check as such, or one for each of its columns where it looks at each by itself."""
    if isinstance(check, NotNullCheck) and len(check.columns) > 1:
        for column in check.columns:
            yield check.model_copy(update={"columns": (column,)}), f"{rule_name(check)}: {column}"
    else:
        yield check, rule_name(check)


def _expected(check: CheckSpec, name: str, known: Known) -> Expected:
    found = conditions(check, known)
    if any(condition.whole for condition in found) or check.kind in ("constant", "fresh", "schema"):
        return Expected(check, name, not found, None, None)
    frame = known.frame
    broken = (
        pl.any_horizontal([one.broken.fill_null(value=False) for one in found]) if found else pl.repeat(value=False, n=frame.height)
    )
    holds = not frame.select(broken.any()).item()
    match check:
        case UniqueCheck(columns=columns):
            mask = frame.select(columns).is_duplicated()
        case NullShareCheck(column=column):
            mask = frame.select(empty(frame, column)).to_series()
        case _:
            mask = frame.select(broken.alias("broken")).to_series()
    return Expected(check, name, holds, int(mask.sum()), mask)
