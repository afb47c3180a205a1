"""How are many changes told in few lines? Columns to which the same happened - often one block of a form - share a line."""

from collections.abc import Sequence
from dataclasses import dataclass

from steward.quality.compare import GOING_EMPTY, Change, PeriodChange

_NAMED = 8


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What happened to some columns; `when` is empty where only two tables are compared, `loud` where they go empty."""

    when: str
    columns: str
    text: str
    weight: float
    loud: bool


def change_lines(found: Sequence[Change]) -> tuple[ChangeLine, ...]:
    """Return the changes in their order, those of the same words at the place of the first."""
    return _lines([("", change) for change in found])


def period_lines(found: Sequence[PeriodChange]) -> tuple[ChangeLine, ...]:
    """Return the changes from period to period in their order, those of the same words and periods together."""
    return _lines([(f"{one.earlier} → {one.later}", one.change) for one in found])


def _lines(found: Sequence[tuple[str, Change]]) -> tuple[ChangeLine, ...]:
    groups: dict[tuple[str, str], list[Change]] = {}
    for when, change in found:
        groups.setdefault((when, change.text), []).append(change)
    return tuple(
        ChangeLine(when, _names(changes), text, max(change.weight for change in changes), _is_loud(changes[0]))
        for (when, text), changes in groups.items()
    )


def _names(changes: Sequence[Change]) -> str:
    names = list(dict.fromkeys(change.column for change in changes))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _is_loud(change: Change) -> bool:
    return change.kind == "emptier" and (change.after or 0.0) - (change.before or 0.0) >= GOING_EMPTY
