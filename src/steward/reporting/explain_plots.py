"""How do contributions to answers look: of many rows at once, and of one?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from steward.reporting.plots import BLUE, GREY, RED, png_of, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

_SPREAD = 0.36
_BINS = 40


def swarm(names: Sequence[str], values: Array, inputs: Array, *, label: str) -> bytes:
    """Return one cloud of dots a feature: how far it moved each answer, coloured by its own value.

    Args:
        names: features, the strongest first.
        values: contributions, shape (rows, features).
        inputs: the features' values, same shape; grey where missing.
        label: what is moved, with its unit.
    """

    def draw(axes: "Axes") -> None:
        for place in range(len(names)):
            own, level = values[:, place], _ranks(inputs[:, place])
            axes.scatter(own, place + _beside(own), c=GREY, s=7, alpha=0.7, linewidths=0)
            known = ~np.isnan(level)
            dots = axes.scatter(
                own[known], (place + _beside(own))[known], c=level[known], cmap="coolwarm", vmin=0, vmax=1, s=7, linewidths=0
            )
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(names)), [short(name) for name in names])
        axes.invert_yaxis()
        axes.set(xlabel=label)
        bar = axes.figure.colorbar(dots, ax=axes, pad=0.02, ticks=[0, 1], aspect=30)
        bar.ax.set_yticklabels(["low", "high"])
        bar.set_label("value of the feature")

    return png_of(draw, height=1.2 + 0.42 * len(names))


def steps(names: Sequence[str], values: Sequence[float], *, base: float, label: str) -> bytes:
    """Return the way from the usual answer to this one: a bar for what each feature adds, the strongest on top."""

    def draw(axes: "Axes") -> None:
        places, sizes = np.arange(len(names)), np.asarray(values, dtype=np.float64)
        starts = base + np.concatenate([[0.0], np.cumsum(sizes)[:-1]])
        axes.barh(places, sizes, left=starts, color=np.where(sizes > 0, RED, BLUE).tolist(), height=0.7)
        ends = starts + np.maximum(sizes, 0)
        for place, size, end in zip(places, sizes, ends, strict=True):
            axes.annotate(f"{size:+.3g}", (end, place), textcoords="offset points", xytext=(4, 0), va="center", fontsize=9.5)
        axes.axvline(base, color=GREY, linewidth=1.2, linestyle="--")
        low, high = min(base, *starts, *(starts + sizes)), max(base, *starts, *(starts + sizes))
        room = 0.15 * (high - low or 1.0)
        axes.set(xlabel=label, xlim=(low - room / 3, high + room))
        axes.set_yticks(places, [short(name) for name in names])
        axes.invert_yaxis()

    return png_of(draw, height=1.2 + 0.36 * len(names))


def _ranks(column: Array) -> Array:
    """Return where each value stands among the others, 0 to 1; NaN where it is missing."""
    known = ~np.isnan(column)
    ranks = np.full(len(column), np.nan)
    values, places = np.unique(column[known], return_inverse=True)
    ranks[known] = places / max(len(values) - 1, 1)
    return ranks


def _beside(values: Array) -> Array:
    """Return how far each dot stands above or below its line, so that dots of one place lie side by side."""
    low, high = float(values.min()), float(values.max())
    cell = np.zeros(len(values), dtype=np.intp) if high <= low else ((values - low) / (high - low) * (_BINS - 1)).astype(np.intp)
    counts = np.bincount(cell)
    order = np.argsort(cell, kind="stable")
    before = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.empty(len(values))
    place[order] = np.arange(len(values)) - before[cell[order]]
    side = np.where(place % 2 == 0, place / 2, -(place + 1) / 2)
    offsets: Array = side / max(counts.max(), 1) * 2 * _SPREAD
    return offsets
