"""What is the target where a feature is low, and where it is high?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.features.statistics import bin_edges

Array = npt.NDArray[np.float64]

_BINS = 10
_MOST_CODES = 10


@dataclass(frozen=True, slots=True)
class Level:
    """Rows in which a feature is alike: `label` says how, `values` are the target's mean, or the share of each class."""

    label: str
    rows: int
    values: tuple[float, ...]


def relate(
    column: pl.Series,
    target: Array,
    *,
    classes: int,
    codes: Mapping[str, str] | None = None,
    is_code: bool = False,
    fewest: int = 1,
) -> tuple[Level, ...]:
    """Return the target at up to ten levels of a feature: equally full bins, or the most frequent codes; then the empty cells.

    Args:
        column: numbers, null where missing.
        target: (rows,): a quantity, or the codes of classes.
        classes: how many there are; 0 for a quantity.
        codes: what codes mean, by their text.
        is_code: whether the numbers have no order.
        fewest: levels of fewer rows are left out.
    """
    empty = column.is_null().to_numpy()
    labels, place = _coded(column, codes or {}) if is_code else _binned(column)
    place = np.where(empty, len(labels), place)
    levels = [_level(label, target[place == number], classes) for number, label in enumerate((*labels, "empty"))]
    return tuple(level for level in levels if level.rows >= max(fewest, 1))


def _level(label: str, target: Array, classes: int) -> Level:
    if not len(target):
        return Level(label, 0, ())
    if not classes:
        return Level(label, len(target), (float(target.mean()),))
    shares = np.bincount(target.astype(np.intp), minlength=classes) / len(target)
    return Level(label, len(target), tuple(float(share) for share in shares))


def _binned(column: pl.Series) -> tuple[Sequence[str], npt.NDArray[np.intp]]:
    present = column.drop_nulls().cast(pl.Float64).to_numpy()
    if not len(present):
        return (), np.full(len(column), -1)
    different = np.unique(present)
    edges = different[1:] if len(different) <= _BINS else bin_edges(column, _BINS)
    place = np.searchsorted(edges, column.cast(pl.Float64).fill_null(float(present[0])).to_numpy(), side="right")
    if len(different) <= _BINS:
        return [f"{value:.4g}" for value in different], place
    begins = [float(different[0]), *edges.tolist()]
    last = different[np.searchsorted(different, [*edges.tolist(), np.inf], side="left") - 1]
    return [_span(low, high) for low, high in zip(begins, last.tolist(), strict=True)], place


def _span(low: float, high: float) -> str:
    one, other = f"{low:.4g}", f"{high:.4g}"
    return one if one == other else f"{one} to {other}"


def _coded(column: pl.Series, words: Mapping[str, str]) -> tuple[Sequence[str], npt.NDArray[np.intp]]:
    counts = column.drop_nulls().value_counts(sort=True)[column.name].head(_MOST_CODES).sort()
    known = column.replace_strict(counts, pl.Series(range(len(counts)), dtype=pl.Int64), default=-1, return_dtype=pl.Int64)
    names = [f"{code:g}" for code in counts.cast(pl.Float64).to_list()]
    return [f"{name} {words[name]}" if name in words else name for name in names], known.fill_null(-1).to_numpy()
