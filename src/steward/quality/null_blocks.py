"""Which columns are empty in the same rows, as if lost together?

The empty cells of a row are written as the bits of a number; there are few different numbers, so that every pair of
columns is compared through their counts and not through the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

_BITS = 62


@dataclass(frozen=True, slots=True)
class NullBlock:
    """Columns that are empty together, in the order of the table, and in how many rows all of them are."""

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class NullBlocks:
    """The blocks, largest first, and the columns that are empty in every row: these belong to none."""

    blocks: tuple[NullBlock, ...]
    always: tuple[str, ...]


def empty(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Return a condition that is true where a cell is empty: null or NaN."""
    null = pl.col(column).is_null()
    return null | pl.col(column).is_nan().fill_null(value=False) if frame.schema[column].is_float() else null


def null_blocks(frame: pl.DataFrame, columns: Sequence[str], min_share: float, overlap: float) -> NullBlocks:
    """Find the groups of columns that are empty in the same rows.

    Args:
        frame: the rows.
        columns: which columns to look at.
        min_share: smallest share of all rows, 0 to 1, in which a whole group is empty.
        overlap: two columns belong together where both are empty in this share of the rows in which either is;
            a group holds all that are tied to one another in this way.
    """
    counts = frame.select(empty(frame, name).sum().alias(name) for name in columns).row(0) if columns else ()
    always = tuple(name for name, count in zip(columns, counts, strict=True) if frame.height and count == frame.height)
    # A column that is empty too seldom can be part of no block.
    some = [name for name, count in zip(columns, counts, strict=True) if min_share * frame.height <= count < frame.height]
    if len(some) < 2:  # noqa: PLR2004 - a block has two columns at least
        return NullBlocks((), always)
    patterns, rows = _patterns(frame, some)
    both = patterns.T @ (patterns * rows[:, None])
    either = both.diagonal()[:, None] + both.diagonal()[None, :] - both
    blocks = [
        NullBlock(tuple(some[i] for i in group), int(rows[patterns[:, group].all(axis=1)].sum()))
        for group in _groups(both >= overlap * either)
    ]
    large = [block for block in blocks if block.rows and block.rows >= min_share * frame.height]
    return NullBlocks(tuple(sorted(large, key=lambda block: -block.rows)), always)


def _patterns(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows of empty (1) and full (0) cells, and how often each stands there."""
    parts = [columns[start : start + _BITS] for start in range(0, len(columns), _BITS)]
    words = [
        pl.sum_horizontal(empty(frame, name).cast(pl.Int64) * (1 << bit) for bit, name in enumerate(part)).alias(str(number))
        for number, part in enumerate(parts)
    ]
    found = frame.select(words).group_by(pl.all()).len("rows")
    bits = [
        (found[str(number)].to_numpy()[:, None] >> np.arange(len(part), dtype=np.int64)) & 1 for number, part in enumerate(parts)
    ]
    return np.hstack(bits), found["rows"].to_numpy().astype(np.int64)


def _groups(tied: np.ndarray) -> list[list[int]]:
    """Return the groups of two and more columns that are tied, directly or through others."""
    left, groups = list(range(len(tied))), []
    while left:
        group, fresh = [left[0]], [left[0]]
        while fresh:
            fresh = [i for i in left if i not in group and tied[i, fresh].any()]
            group += fresh
        left = [i for i in left if i not in group]
        groups.append(sorted(group))
    return [group for group in groups if len(group) > 1]
