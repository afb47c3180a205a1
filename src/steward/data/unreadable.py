"""How is a cell that cannot be read shown to the person who can mend it?"""

from collections.abc import Callable, Sequence

import polars as pl

from steward.core.errors import Fault
from steward.project.dictionary import ColumnSpec

EXAMPLES = 3
_LONGEST = 40

Where = Callable[[Sequence[int]], str]
"""Turns some row numbers, from 0, into one place for people."""


def unreadable_cells(name: str, spec: ColumnSpec, cells: pl.Series, unreadable: pl.Series, where: Where) -> Fault:
    """Return the fault for the cells of one column that are not of its type.

    Args:
        name: of the column in the file.
        spec: what the dictionary says of it.
        cells: as the file gives them.
        unreadable: a mask of the same length.
        where: names the place of rows in the file.
    """
    rows = unreadable.arg_true().head(EXAMPLES).to_list()
    count = int(unreadable.sum())
    shown = ", ".join(f'"{_short(cells[row])}"' for row in rows)
    held = "text" if cells.dtype == pl.String else f"values of type {cells.dtype}"
    what = f'column "{name}" holds {held} in {count:,} of {len(cells):,} rows'
    fix = f'mend these cells, or give "{name}" another type in dictionary.yaml'
    return Fault("DATA-012", what, (f"{where(rows)}   ({shown})",), f"the dictionary says it is {_kind(spec)}", fix)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _kind(spec: ColumnSpec) -> str:
    match spec.type:
        case "integer":
            return "an integer of at most 64 bits"
        case "number":
            return "a finite number"
        case "datetime":
            return f"a time written {spec.format or 'as ISO 8601, the same way in all rows'}"
        case "boolean":
            return "true or false"
        case _:
            return "text"
