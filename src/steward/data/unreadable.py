"""How is a cell that cannot be read shown to the person who can mend it?"""

from collections.abc import Callable, Sequence

import polars as pl

from steward.core.errors import Fault
from steward.data.remarks import shown
from steward.project.dictionary import ColumnSpec

EXAMPLES = 3

Where = Callable[[Sequence[int]], str]
"""Turns some row numbers, from 0, into one place for people."""


def unreadable_cells(spec: ColumnSpec, cells: pl.Series, unreadable: pl.Series, where: Where, hopeless: str = "") -> Fault:
    """Return the fault for the cells of one column that are not of its type.

    Args:
        spec: what the dictionary says of it.
        cells: as the file gives them, with the file's name for them.
        unreadable: a mask of the same length.
        where: names the place of rows in the file.
        hopeless: what the cells are, where that is known.
    """
    rows = unreadable.arg_true().head(EXAMPLES).to_list()
    count = int(unreadable.sum())
    examples = ", ".join(f'"{shown(cells[row])}"' for row in rows)
    held = hopeless or ("text" if cells.dtype == pl.String else f"values of type {cells.dtype}")
    name = shown(cells.name)
    what = f'column "{name}" holds {held} in {count:,} of {len(cells):,} rows'
    fix = f'mend these cells, name them under  missing:  or give "{name}" another type in dictionary.yaml'
    return Fault("DATA-012", what, (f"{where(rows)}   ({examples})",), f"the dictionary says it is {kind_of(spec)}", fix)


def kind_of(spec: ColumnSpec) -> str:
    """Return what a column's cells must be, in words."""
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
