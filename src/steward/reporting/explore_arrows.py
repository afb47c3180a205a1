"""Which columns point where in a plane of components? Arrows whose names do not lie on each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from steward.reporting.plots import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

_REACH = 0.85  # of the picture that the longest arrow takes
_LETTER = 0.018  # of the width, for each letter of an arrow's name
_NEAR = 0.07  # of the picture's height: labels nearer than that lie on each other


def draw_arrows(axes: "Axes", arrows: Array, names: Sequence[str]) -> None:
    """Draw arrows from the middle, all by one factor so that the longest fits; their names do not lie on each other."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    ends = np.array([[min(-left, right), min(-bottom, top)]])
    if not len(arrows) or (ends <= 0).any():
        return
    factor = _REACH / float(np.abs(arrows / ends).max(initial=1e-12))
    tips = arrows * factor
    axes.set_xlim(*_with_room(left, right, tips[:, 0], names))
    heights = spread_out(tips[:, 1], (top - bottom) * _NEAR)
    for tip, height, name in zip(tips, heights, names, strict=True):
        axes.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "->", "color": "black", "linewidth": 1.3})
        side = "left" if tip[0] >= 0 else "right"
        box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "alpha": 0.75, "edgecolor": "none"}
        axes.text(tip[0], height, f" {short(name)} ", ha=side, va="center", fontsize=9, bbox=box, zorder=5)


def _with_room(left: float, right: float, tips: Array, names: Sequence[str]) -> tuple[float, float]:
    """Return the ends of an axis beside which names of arrows are not written: there they would cover its numbers."""
    long = np.array([len(short(name)) + 2 for name in names]) * _LETTER
    for _ in range(3):  # each time it grows, letters take more of it
        wide = (right - left) * long
        left = min(left, *(tip - own for tip, own in zip(tips, wide, strict=True) if tip < 0), left)
        right = max(right, *(tip + own for tip, own in zip(tips, wide, strict=True) if tip >= 0), right)
    return left, right


def spread_out(heights: Array, least: float) -> Array:
    """Return heights in the same order that are at least so far from each other, moved as little as need be."""
    order = np.argsort(heights, kind="stable")
    rising = heights[order] - np.arange(len(heights)) * least
    level = np.array([max(rising[: at + 1].max(), rising[at]) for at in range(len(rising))])
    floor = np.array([min(rising[at:].min(), rising[at]) for at in range(len(rising))])
    spread = np.empty(len(heights))
    spread[order] = (level + floor) / 2 + np.arange(len(heights)) * least
    return spread
