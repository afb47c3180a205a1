"""In which place of its column does each row lie: which cell or level, or among the infinite, unknown or missing ones?

The order of places is that of `steward.monitoring.distance.shares`: cells or levels (by name), infinite values or unknown
levels, missing rows.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.monitoring.cells import as_floats, as_text
from steward.monitoring.pairs import PairSketch, pair_codes
from steward.monitoring.sketch import CategorySketch, ColumnSketch, Sketch

Places = npt.NDArray[np.int32]


def places_of(frame: pl.DataFrame, sketch: Sketch, name: str) -> tuple[Places, int]:
    """Return each row's place, shape (rows,), and how many places there are, of a column or of a pair called "a x b"."""
    for pair in sketch.pairs:
        if pair.name == name:
            return _of_pair(frame, pair)
    column = sketch.columns[name]
    if name not in frame.columns:
        count = _count(column)
        return np.full(frame.height, count - 1, dtype=np.int32), count
    if isinstance(column, CategorySketch):
        return _of_levels(frame[name], column), _count(column)
    return _of_numbers(frame[name], np.array(column.edges, dtype=np.float64)), _count(column)


def _count(column: ColumnSketch) -> int:
    return len(column.counts) + 2


def _of_numbers(column: pl.Series, edges: npt.NDArray[np.float64]) -> Places:
    values = as_floats(column)
    places = np.searchsorted(edges, values, side="left").astype(np.int32)
    places[np.isinf(values)] = len(edges) + 1
    places[np.isnan(values)] = len(edges) + 2
    return places


def _of_levels(column: pl.Series, like: CategorySketch) -> Places:
    levels = sorted(like.counts)
    text, unknown = as_text(column), len(levels)
    known = np.full(len(column), unknown)
    if levels:
        known = text.replace_strict(levels, list(range(unknown)), default=unknown, return_dtype=pl.Int32).to_numpy()
    return np.where(text.is_null().to_numpy(), unknown + 1, known).astype(np.int32)


def _of_pair(frame: pl.DataFrame, pair: PairSketch) -> tuple[Places, int]:
    # Two places more, which stay empty: a pair has neither unknown nor missing rows beside its own cells.
    return pair_codes(frame, pair).astype(np.int32), len(pair.counts) + 2
