"""How does a search for settings look as pictures? Values in, PNG bytes out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from steward.reporting.plots import AMBER, BLUE, GREY, RED, legend_above, png_of, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DECADE = 10


def history_dots(
    numbers: Sequence[int], values: Sequence[float], best: Sequence[float], stopped: Sequence[int], *, label: str
) -> bytes:
    """Return a dot for each finished trial, the best so far as a line, and a mark for each that was stopped or failed.

    Args:
        numbers: of the finished trials, from 1, rising.
        values: what each reached.
        best: the best of all up to each.
        stopped: numbers of those that were stopped or failed.
        label: the metric, with its unit.
    """

    def draw(axes: "Axes") -> None:
        axes.scatter(numbers, values, color=BLUE, s=22, label="a trial", zorder=3)
        axes.plot(numbers, best, color=RED, linewidth=1.8, drawstyle="steps-post", label="best so far")
        if stopped:
            low = axes.get_ylim()[0]
            axes.scatter(stopped, [low] * len(stopped), color=GREY, marker="|", s=60, label="stopped early, or failed")
        axes.set(xlabel="trial", ylabel=label)
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)
        legend_above(axes)

    return png_of(draw)


def slice_dots(name: str, settings: Sequence[float], values: Sequence[float], best: int, *, log: bool, label: str) -> bytes:
    """Return a dot for each finished trial: what one parameter was, and what the trial reached; `best` is its place."""

    def draw(axes: "Axes") -> None:
        order = np.linspace(0.25, 1.0, len(values))
        axes.scatter(settings, values, color=BLUE, alpha=order.tolist(), s=24, label="a trial, the later the darker")
        axes.scatter([settings[best]], [values[best]], color=AMBER, s=70, marker="*", zorder=3, label="the best")
        if log and max(settings) > min(settings) * _DECADE:
            _in_decades(axes)
        axes.set(xlabel=short(name), ylabel=label)
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)
        legend_above(axes)

    return png_of(draw)


def _in_decades(axes: "Axes") -> None:
    """Draw a logarithmic scale whose numbers are plain: mathematics in letters is switched off for all pictures."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def slice_bars(name: str, choices: Sequence[str], settings: Sequence[int], values: Sequence[float], *, label: str) -> bytes:
    """Return a column of dots for each choice of one parameter; `settings` are places among the choices."""

    def draw(axes: "Axes") -> None:
        axes.scatter(settings, values, color=BLUE, alpha=0.6, s=24)
        axes.set_xticks(range(len(choices)), [short(choice) for choice in choices])
        axes.set(xlabel=short(name), ylabel=label, xlim=(-0.5, len(choices) - 0.5))
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)

    return png_of(draw)
