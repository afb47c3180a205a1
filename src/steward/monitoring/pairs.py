"""How do two columns go together? Counted in a coarse table, so that it too adds up over batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from steward.monitoring.cells import IntArray, as_floats, as_text

COARSE = 8
"""Cells of one column in the table of a pair, besides the one for missing rows."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Coarse cells of one column of a pair: at most seven `edges` or `levels`, one cell for the rest, one for missing rows."""

    name: str
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    kind: Literal["number", "category"] = "number"

    @property
    def cells(self) -> int:
        """How many cells there are, the one for missing rows included."""
        return len(self.edges) + len(self.levels) + 2


@dataclass(frozen=True, slots=True)
class PairSketch:
    """How two columns go together: rows per cell of both, all cells of `second` for the first cell of `first`, and so on."""

    first: Axis
    second: Axis
    counts: tuple[int, ...]

    @property
    def name(self) -> str:
        """What the pair is called."""
        return f"{self.first.name} x {self.second.name}"

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Both columns with their cells."""
        return self.first, self.second


def number_axis(name: str, counts: Sequence[int], edges: Sequence[float]) -> Axis:
    """Return coarse cells for a number: those of its edges that share its rows out into eight as evenly as they can."""
    return Axis(name, edges=_coarse_edges(counts, edges))


def category_axis(name: str, counts: Mapping[str, int]) -> Axis:
    """Return coarse cells for a category: its seven most frequent levels."""
    levels = sorted(counts, key=lambda level: (-counts[level], level))
    return Axis(name, levels=tuple(levels[: COARSE - 1]), kind="category")


def empty_pair(first: Axis, second: Axis) -> PairSketch:
    """Return the table of two columns before any row is counted."""
    return PairSketch(first, second, (0,) * (first.cells * second.cells))


def count_pairs(frame: pl.DataFrame, like: Sequence[PairSketch]) -> tuple[PairSketch, ...]:
    """Return the rows of a frame counted into the cells of each pair; a column it lacks is missing in every row."""
    codes = {axis: _codes(frame, axis) for axis in {axis for pair in like for axis in pair.axes}}
    joint = ((pair, codes[pair.first] * pair.second.cells + codes[pair.second]) for pair in like)
    return tuple(replace(pair, counts=_count(both, len(pair.counts))) for pair, both in joint)


def pair_codes(frame: pl.DataFrame, pair: PairSketch) -> IntArray:
    """Return each row's cell in the table of a pair, shape (rows,)."""
    return _codes(frame, pair.first) * pair.second.cells + _codes(frame, pair.second)


def _count(codes: IntArray, cells: int) -> tuple[int, ...]:
    return tuple(np.bincount(codes, minlength=cells).tolist())


def _codes(frame: pl.DataFrame, axis: Axis) -> IntArray:
    if axis.name not in frame.columns:
        return np.full(frame.height, axis.cells - 1)
    if axis.kind == "category":
        return _codes_of_levels(frame[axis.name], axis.levels)
    return _codes_of_numbers(frame[axis.name], axis.edges)


def _coarse_edges(counts: Sequence[int], edges: Sequence[float]) -> tuple[float, ...]:
    reached = np.cumsum(counts)[: len(edges)]
    if not len(reached) or not reached[-1]:
        return ()
    places = np.searchsorted(reached, reached[-1] * np.arange(1, COARSE) / COARSE)
    inner = {int(place) for place in places if 0 < reached[place] < reached[-1]}
    return tuple(edges[place] for place in sorted(inner))


def _codes_of_numbers(column: pl.Series, edges: Sequence[float]) -> IntArray:
    values = as_floats(column)
    codes = np.searchsorted(np.array(edges, dtype=np.float64), values, side="left").astype(np.int64)
    codes[np.isnan(values)] = len(edges) + 1
    return codes


def _codes_of_levels(column: pl.Series, levels: Sequence[str]) -> IntArray:
    places = dict(zip(levels, range(len(levels)), strict=True))
    text = as_text(column)
    codes = pl.Series(np.full(len(column), len(levels)))
    if levels:
        codes = text.replace_strict(places, default=len(levels), return_dtype=pl.Int64)
    known = text.is_not_null().to_numpy()
    return np.where(known, codes.to_numpy(), len(levels) + 1)
