"""How far may the truth lie from an answer? Split conformal prediction: as far as it lay on rows that were not learnt from.

Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, *Distribution-free predictive inference for regression* (2018). The residuals
are taken apart by the size of the answer (Mondrian bins; Vovk, Gammerman and Shafer 2005), because long rides miss by more than
short ones, and below and above are counted apart, because they miss to one side.

What it promises: of new rows exchangeable with those it was fitted to, at least the level's share has its truth inside, in each
bin. What it does not: a share for every kind of row, or for a world that has moved. And two things make it a little too narrow:
the rows chose the candidate and its number of trees before they measured it, and the model that answers was fitted again, on
these rows too (which tends to make it better than the one measured). The share of test rows inside is kept beside the model.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LEVEL = 0.9
_MOST_BINS = 10
_ROWS_A_BIN = 200


@dataclass(frozen=True, slots=True)
class Margin:
    """How far the truth may lie below and above an answer, in the target's unit, by the bin the answer falls into.

    `edges` rise and part the bins, an answer on an edge belongs to the upper one; `below` and `above` have one number a bin,
    neither negative. No truth is expected under `least`, None where nothing is known about it.
    """

    level: float
    edges: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    least: float | None = None

    def __post_init__(self) -> None:
        numbers = np.array([self.level, *self.edges, *self.below, *self.above, self.least or 0.0])
        if not 0 < self.level < 1 or not np.isfinite(numbers).all():
            raise ValueError("a margin has finite numbers and a level between 0 and 1")
        if not len(self.below) == len(self.above) == len(self.edges) + 1 or (np.diff(self.edges) <= 0).any():
            raise ValueError("a margin has rising edges, and for each bin between them one number below and one above")
        if min(*self.below, *self.above) < 0:
            raise ValueError("a margin reaches no less than nothing to either side")

    def around(self, answered: Array) -> tuple[Array, Array]:
        """Return the lower and the upper end for each answer, both of shape (rows,), in the target's unit."""
        bins = np.searchsorted(self.edges, answered, side="right")
        low = answered - np.asarray(self.below)[bins]
        if self.least is not None:
            low = np.maximum(low, np.minimum(self.least, answered))
        return low, answered + np.asarray(self.above)[bins]

    def around_one(self, answer: float) -> tuple[float, float]:
        """Return what `around` returns for a single answer, to the last digit, tens of times faster."""
        place = bisect_right(self.edges, answer)
        low = answer - self.below[place]
        if self.least is not None:
            low = max(low, min(self.least, answer))
        return low, answer + self.above[place]

    def inside(self, truth: Array, answered: Array) -> float:
        """Return the share of rows whose truth lies between both ends; NaN of no rows."""
        low, high = self.around(answered)
        return float(np.mean((low <= truth) & (truth <= high))) if len(truth) else float("nan")

    def as_dict(self) -> dict[str, Any]:
        """Return the margin as a JSON object."""
        return asdict(self)

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "Margin":
        """Return the margin that `as_dict` wrote; ValueError, TypeError or KeyError where the object is something else."""
        least = value["least"]
        return Margin(
            level=float(value["level"]),
            edges=tuple(float(edge) for edge in value["edges"]),
            below=tuple(float(width) for width in value["below"]),
            above=tuple(float(width) for width in value["above"]),
            least=None if least is None else float(least),
        )


def fit_margin(truth: Array, answered: Array, *, level: float = LEVEL) -> Margin | None:
    """Return the margin that rows measured which the model has not learnt from, or None where they are too few to tell.

    Args:
        truth: shape (rows,), in the target's unit.
        answered: shape (rows,), the answers to these rows.
        level: share of new rows whose truth is to lie inside, half of the rest below and half above.

    Raises:
        ValueError: not one truth an answer.
    """
    if truth.shape != answered.shape or truth.ndim != 1:
        raise ValueError(f"a margin needs one truth an answer, got shapes {truth.shape} and {answered.shape}")
    if _rank(len(truth), level) > len(truth):
        return None
    edges = _edges(answered)
    bins, missed = np.searchsorted(edges, answered, side="right"), truth - answered
    reach = [_reach(missed[bins == place], level) for place in range(len(edges) + 1)]
    # A quantity that was never negative is not expected to be: no ride takes less than no time.
    least = 0.0 if truth.min() >= 0 else None
    return Margin(level, tuple(edges.tolist()), tuple(below for below, _ in reach), tuple(above for _, above in reach), least)


def _edges(answered: Array) -> Array:
    """Return what parts the answers into bins of equal count; fewer where many answers are the same."""
    count = min(_MOST_BINS, len(answered) // _ROWS_A_BIN)
    if count < 2:  # noqa: PLR2004 - nothing to part
        return np.empty(0)
    edges = np.unique(np.quantile(answered, np.arange(1, count) / count))
    while edges.size:
        held = np.bincount(np.searchsorted(edges, answered, side="right"), minlength=edges.size + 1)
        few = int(np.argmin(held))
        if held[few] >= _ROWS_A_BIN // 2:
            break
        edges = np.delete(edges, max(few - 1, 0))
    return edges


def _reach(missed: Array, level: float) -> tuple[float, float]:
    """Return how far below and above the answer the truth lies but for ``(1 - level) / 2`` of the rows on each side."""
    ordered, rank = np.sort(missed), _rank(len(missed), level)
    return max(0.0, -float(ordered[len(ordered) - rank])), max(0.0, float(ordered[rank - 1]))


def _rank(rows: int, level: float) -> int:
    """Return which of the ordered residuals, counted from 1, leaves at most half of the rest beyond it."""
    tail = (1 - level) / 2
    exact = (rows + 1) * (1 - tail)
    # 0.95 * 20 is a little above 19 in floating point.
    near = round(exact)
    return near if abs(exact - near) < 1e-9 * (rows + 1) else ceil(exact)
