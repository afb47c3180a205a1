"""What did a check find? One value for people, reports and machines alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from steward.project.checks import Action
from steward.quality.conditions import Condition

_EXAMPLES = 3
_LOOKED_AT = 1000  # values among which different examples are sought


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that did not hold: which, on what, how often, and what happens to the rows.

    `rows` counts the rows that break the check - all of them where the table as a whole does - and `share` is
    their share of all rows, 0 to 1; `examples` are up to three different values, or row numbers from 1 where there is
    no value to show.
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


def describe(found: Condition, frame: pl.DataFrame, broken: pl.Series, rows: int) -> Finding:
    """Return the finding of a check that did not hold.

    Args:
        found: what was looked for.
        frame: all rows, at least one.
        broken: true where a row breaks the check; as long as the frame.
        rows: how many of these are true.
    """
    check, share = found.check, rows / frame.height
    examples = () if found.whole else _examples(found.shown, frame, broken)
    often = f" in {rows:,} of {frame.height:,} rows ({share:.2%}), for example {', '.join(examples)}"
    text = found.fault + ("" if found.whole else often) + found.note
    return Finding(found.name, check.kind, found.columns, check.action, rows, share, examples, text)


def _examples(shown: Sequence[str], frame: pl.DataFrame, broken: pl.Series) -> tuple[str, ...]:
    if not shown:
        return tuple(f"row {row + 1:,}" for row in broken.arg_true().head(_EXAMPLES))
    first = frame[broken.arg_true().head(_LOOKED_AT)].select(shown).unique(maintain_order=True).head(_EXAMPLES)
    if len(shown) == 1:
        return tuple(_shown(value) for value in first.to_series())
    return tuple(f"({', '.join(f'{name} {_shown(value)}' for name, value in row.items())})" for row in first.iter_rows(named=True))


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
