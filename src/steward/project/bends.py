"""What may go wrong with rows on purpose? One text a bend: ``KIND:COLUMN:AMOUNT``, or ``KIND:AMOUNT`` for whole rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from steward.core.errors import Fault, UsageError, unknown_name

BendKind = Literal["shift", "scale", "unit", "null", "constant", "swap", "new", "vocabulary", "flip", "delay", "stop", "duplicate"]

BENDS: Mapping[BendKind, str] = {
    "shift": "shift:COLUMN:2.5, 0.3sd or 3h - every value is so much greater, in its own unit, in standard deviations, or later",
    "scale": "scale:COLUMN:1.4 - every value times a factor",
    "unit": "unit:COLUMN:km-mi - every value written in another unit",
    "null": "null:COLUMN:0.3 - a share of the values is missing",
    "constant": "constant:COLUMN:VALUE - the column is stuck at one value",
    "swap": "swap:COLUMN:A=B - two levels change places",
    "new": "new:COLUMN:LEVEL=0.3, or 0.3 - a share of the rows has a level nobody has seen",
    "vocabulary": "vocabulary:COLUMN:1 - a share of the rows spells every level in a new way",
    "flip": "flip:COLUMN:0.2 - a share of the labels is another one",
    "delay": "delay:COLUMN:48h - the values of the last hours are not known yet; delay:48h - nor are the rows",
    "stop": "stop:0.3 - no rows come in during the last share of the time",
    "duplicate": "duplicate:0.1 - a share of the rows comes twice",
}
"""Every kind, with how it is written and what it does."""

OF_ROWS: frozenset[BendKind] = frozenset({"delay", "stop", "duplicate"})
"""Kinds that need no column."""


@dataclass(frozen=True, slots=True)
class Bend:
    """One thing that goes wrong: what, in which column (None for whole rows), and by how much, as it was written."""

    kind: BendKind
    column: str | None
    amount: str

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind, self.column, self.amount) if part is not None)


def parse_bend(text: str) -> Bend:
    """Return what a text asks for; the amount is read where the column's type is known.

    Raises:
        UsageError: SIM-010 there is no such kind, SIM-011 the text is not of its form.

    >>> parse_bend("scale:distance_km:100")
    Bend(kind='scale', column='distance_km', amount='100')
    >>> parse_bend("stop:0.3")
    Bend(kind='stop', column=None, amount='0.3')
    """
    name, *parts = (part.strip() for part in text.split(":", 2))
    kind = next((kind for kind in get_args(BendKind) if kind == name), None)
    if kind is None:
        raise unknown_name("bend", name, BENDS, code="SIM-010", where=(text,))
    column, amount = (None, *parts) if len(parts) == 1 else (parts[0] or None, parts[-1]) if parts else (None, "")
    if not amount or (column is None and kind not in OF_ROWS) or (column is not None and kind in OF_ROWS - {"delay"}):
        raise UsageError(Fault("SIM-011", f"the bend {text!r} is not complete", (text,), fix=f"write  {BENDS[kind]}"))
    return Bend(kind, column, amount)


def parse_segment(text: str) -> tuple[str, str]:
    """Return column and value of ``column=value``.

    Raises:
        UsageError: SIM-015 it is none.

    >>> parse_segment("fleet=green")
    ('fleet', 'green')
    """
    column, equals, value = (part.strip() for part in text.partition("="))
    if not (column and equals and value):
        fix = "write  --segment column=value"
        raise UsageError(Fault("SIM-015", f"{text!r} names no segment of the rows", (text,), fix=fix))
    return column, value
