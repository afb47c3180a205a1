"""What did a check find? One value for people, reports and machines alike."""

from dataclasses import dataclass
from typing import assert_never

import polars as pl

from steward.project.rules import (
    Action,
    AllowedCheck,
    CheckSpec,
    InPeriodCheck,
    NotNullCheck,
    NullShareCheck,
    RangeCheck,
    UniqueCheck,
)

_EXAMPLES = 3
_LOOKED_AT = 1000  # values among which different examples are sought


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that did not hold: which, on what, how often, and what happens to the rows.

    `rows` counts the rows that break the check and `share` is their share of all rows, 0 to 1;
    `examples` are up to three different values, or row numbers from 1 where there is no value to show.
    """

    check: str
    kind: str
    columns: tuple[str, ...]
    action: Action
    rows: int
    share: float
    examples: tuple[str, ...]
    text: str

    def as_dict(self) -> dict[str, object]:
        """Return the finding as a JSON object."""
        return {
            "check": self.check,
            "kind": self.kind,
            "columns": list(self.columns),
            "action": self.action,
            "rows": self.rows,
            "share": self.share,
            "examples": list(self.examples),
            "text": self.text,
        }


def describe(check: CheckSpec, name: str, frame: pl.DataFrame, broken: pl.Series, rows: int) -> Finding:
    """Return the finding of a check that did not hold.

    Args:
        check: the rule.
        name: what it is called.
        frame: all rows, at least one.
        broken: true where a row breaks the rule; as long as the frame.
        rows: how many of these are true.
    """
    share = rows / frame.height
    examples = _examples(check, frame, broken)
    text = f"{_fault(check)} in {rows:,} of {frame.height:,} rows ({share:.2%}), for example {', '.join(examples)}"
    return Finding(name, check.kind, check.reads(), check.action, rows, share, examples, text)


def _fault(check: CheckSpec) -> str:
    match check:
        case NotNullCheck(columns=columns):
            return f"{' or '.join(columns)} is empty"
        case RangeCheck(column=column, min=low, max=high):
            bounds = [f"below {low:g}"] if low is not None else []
            bounds += [f"above {high:g}"] if high is not None else []
            return f"{column} is {' or '.join(bounds)}"
        case AllowedCheck(column=column, values=values):
            return f"{column} is none of {', '.join(map(str, values))}"
        case InPeriodCheck(column=column):
            return f"{column} lies outside the month of its file"
        case UniqueCheck(columns=columns):
            return f"{', '.join(columns)} repeat an earlier row"
        case NullShareCheck(column=column, max=most):
            return f"{column} may be empty in {most:.0%} of the rows and is"
        case _:
            assert_never(check)


def _examples(check: CheckSpec, frame: pl.DataFrame, broken: pl.Series) -> tuple[str, ...]:
    if isinstance(check, RangeCheck | AllowedCheck | InPeriodCheck):
        values = frame[check.column].filter(broken).head(_LOOKED_AT).unique(maintain_order=True)
        return tuple(f"{value:.6g}" if isinstance(value, float) else str(value) for value in values.head(_EXAMPLES))
    return tuple(f"row {row + 1:,}" for row in broken.arg_true().head(_EXAMPLES))
