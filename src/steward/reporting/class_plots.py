"""How do answers of classes look as pictures? Counts and curves in, PNG bytes out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from steward.reporting.class_curves import Calibration, Retrieval
from steward.reporting.plots import AMBER, BLUE, GREY, RED, legend_above, png_of, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = (BLUE, AMBER, RED, "#1b6b33", "#6a3d9a", "#00797d")
"""One a class; more classes than that are not drawn."""

_DARK = 0.55  # share of a row from which on its number is written in white
_MOST_NUMBERS = 8
_TWO = 2


def confusion_cells(counts: npt.NDArray[np.int64], names: Sequence[str]) -> bytes:
    """Return a table of true against answered classes, coloured by the share of the true class."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def draw(axes: "Axes") -> None:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        places = range(len(names))
        for row in places if len(names) <= _MOST_NUMBERS else ():
            for column in places:
                color = "white" if shares[row, column] > _DARK else "black"
                text = f"{counts[row, column]:,}\n{shares[row, column]:.0%}"
                axes.text(column, row, text, ha="center", va="center", color=color, fontsize=10)
        labels = [short(name) for name in names]
        axes.set_xticks(places, labels, rotation=0 if len(names) <= _TWO else 30, ha="center" if len(names) <= _TWO else "right")
        axes.set_yticks(places, labels)
        axes.set(xlabel="answered", ylabel="true")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)

    return png_of(draw)


def retrieval_curves(curves: Sequence[tuple[str, Retrieval]]) -> bytes:
    """Return precision against recall, a line a class; dashed the share of the class among all rows, which is chance."""

    def draw(axes: "Axes") -> None:
        for (name, curve), color in zip(curves, COLORS, strict=False):
            axes.step(curve.recall, curve.precision, where="pre", color=color, linewidth=2, label=short(name))
            axes.axhline(curve.share, color=color, linewidth=1.2, linestyle="--")
        if len(curves) == 1:
            axes.lines[-1].set_label("chance")
        axes.set(xlabel="recall (share that is found)", ylabel="precision (share that is right)")
        axes.set(xlim=(0, 1.01), ylim=(0, 1.03))
        axes.grid(color="#dddddd", linewidth=0.8)
        legend_above(axes)

    return png_of(draw)


def roc_lines(curves: Sequence[tuple[str, Retrieval]]) -> bytes:
    """Return the share of a class that is found against the share of the others that is found with it, a line a class."""

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.4, linestyle="--", label="chance")
        for (name, curve), color in zip(curves, COLORS, strict=False):
            alarms, recall = np.append(0.0, curve.false_alarms), np.append(0.0, curve.recall)
            axes.plot(alarms, recall, color=color, linewidth=2, label=short(name))
        axes.set(xlabel="false alarms (share of the others)", ylabel="recall (share that is found)", xlim=(0, 1.01), ylim=(0, 1.03))
        axes.grid(color="#dddddd", linewidth=0.8)
        legend_above(axes)

    return png_of(draw)


def calibration_lines(curves: Sequence[tuple[str, Calibration]]) -> bytes:
    """Return how often a class was true against how often it was said to be, a line a class, with the diagonal of truth."""

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.4, linestyle="--", label="as often as said")
        for (name, curve), color in zip(curves, COLORS, strict=False):
            axes.plot(curve.said, curve.happened, color=color, linewidth=2, marker="o", markersize=4, label=short(name))
        axes.set(xlabel="probability that was said", ylabel="share that was true", xlim=(-0.01, 1.01), ylim=(-0.01, 1.03))
        axes.grid(color="#dddddd", linewidth=0.8)
        legend_above(axes)

    return png_of(draw)
