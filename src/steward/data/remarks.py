"""What was read otherwise than it stands in the file - and which rows could not be read at all?"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

APART = {"line": pl.Int64(), "reason": pl.String(), "content": pl.String()}
"""What is kept of a row that cannot be read: its line (from 1; of a Parquet file its row), why, and its text."""

_MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class TableRead:
    """One file's rows, the rows of it that could not be read (columns of `APART`), and what was normalised, in sentences."""

    frame: pl.DataFrame
    apart: pl.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was normalised or is worth a look: what, and where or how often."""

    what: str
    detail: str = ""


def sentences(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """Return one sentence for each thing remarked, with all its details."""
    details: dict[str, list[str]] = {}
    for remark in remarks:
        details.setdefault(remark.what, []).extend([remark.detail] if remark.detail else [])
    return tuple(f"{what}: {_listed(found)}" if found else what for what, found in details.items())


def shown(value: object, longest: int = _MOST_SHOWN) -> str:
    """Return a value of a file for a message: short, on one line, with what cannot be seen written out as its number."""
    text = str(value)
    text = text if len(text) <= longest else f"{text[: longest - 3]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def cells_of(count: int, name: str) -> str:
    """Return how many cells of which column, in words."""
    return f'{count:,} {"cell" if count == 1 else "cells"} of "{shown(name)}"'


def _listed(details: list[str]) -> str:
    more = len(details) - _MOST_SHOWN
    return "; ".join(details[:_MOST_SHOWN]) + (f"; and {more:,} more" if more > 0 else "")
