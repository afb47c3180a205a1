"""How do the results of many runs look side by side?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from steward.core.tasks import higher_is_better
from steward.reporting.contents import Plot, TestFigure
from steward.reporting.experiment_contents import CandidateRuns, ExperimentLine
from steward.reporting.page import figure
from steward.reporting.plots import AMBER, BLUE, GREY, legend_above, png_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TICKS = 12
_FEWEST_ROWS = 4
_MOST_CANDIDATES = 6
_MARKS = "osD^vP"
_CAUTION = "Runs judged on different rows are not comparable by this alone."


def runs_picture(lines: Sequence[ExperimentLine], candidates: Sequence[CandidateRuns]) -> Plot | None:
    """Return the deciding metric of each run with its interval, and what each candidate reached on validation rows.

    Args:
        lines: oldest first; those that were not measured by the newest one's metric are left out.
        candidates: a value for each of `lines`.
    """
    last = next((line.figure for line in reversed(lines) if line.figure), None)
    kept = [place for place, line in enumerate(lines) if last and line.figure and line.figure.name == last.name]
    if last is None or not kept:
        return None
    shown = [lines[place] for place in kept]
    reached = {one.candidate: [one.values[place] for place in kept] for one in candidates}

    def draw(axes: "Axes") -> None:
        for mark, (name, values) in zip(_MARKS, list(reached.items())[:_MOST_CANDIDATES], strict=False):
            heights = np.array([np.nan if value is None else value for value in values])
            places = np.arange(len(heights)) - 0.18  # beside the test figure, which would cover it
            axes.plot(places, heights, color=GREY, marker=mark, markersize=4.5, linestyle="none", label=f"{name}, validation")
        _intervals(axes, shown, upright=True)
        every = -(-len(shown) // _MOST_TICKS)
        axes.set_xticks(range(0, len(shown), every), [line.name for line in shown[::every]], rotation=30, ha="right")
        axes.set(ylabel=_label(last, shown[-1].unit), xlim=(-0.6, max(len(shown), _FEWEST_ROWS) - 0.4))
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)
        legend_above(axes)

    return Plot(f"{last.name} of each run", _words(shown), f"{_best(shown)} {_CAUTION}", png_of(draw, height=4.2))


def comparison_picture(lines: Sequence[ExperimentLine]) -> Plot | None:
    """Return the deciding metric of the compared runs as bars of their intervals, one below the other."""
    first = next((line.figure for line in lines if line.figure), None)
    shown = [line for line in lines if first and line.figure and line.figure.name == first.name]
    if first is None or not shown:
        return None

    def draw(axes: "Axes") -> None:
        _intervals(axes, shown, upright=False)
        axes.set_yticks(range(len(shown)), [line.name for line in shown])
        axes.set(xlabel=_label(first, shown[0].unit), ylim=(len(shown) - 0.4, -0.6))
        axes.grid(axis="x", color="#dddddd", linewidth=0.8)
        legend_above(axes)

    return Plot(f"{first.name} side by side", _words(shown), _best(shown), png_of(draw, height=1.6 + 0.45 * len(shown)))


def _intervals(axes: "Axes", lines: Sequence[ExperimentLine], *, upright: bool) -> None:
    """Draw values with their intervals; the champion in a colour and a mark of its own."""
    for champion in (False, True):
        places = [place for place, line in enumerate(lines) if line.champion is champion]
        figures = [found for place in places if (found := lines[place].figure)]
        values = np.array([found.value for found in figures])
        low = np.array([np.nan if found.low is None else found.low for found in figures])
        high = np.array([np.nan if found.high is None else found.high for found in figures])
        spread = np.nan_to_num(np.abs([values - low, high - values])) if places else None
        style = {"color": AMBER if champion else BLUE, "fmt": "*" if champion else "o", "markersize": 13 if champion else 6}
        label = "champion" if champion else "test rows, with 95% interval"
        across = {"x": places, "y": values, "yerr": spread} if upright else {"x": values, "y": places, "xerr": spread}
        if places:
            axes.errorbar(**across, **style, capsize=4, linewidth=1.8, linestyle="none", label=label)  # type: ignore[arg-type]


def _label(found: TestFigure, unit: str) -> str:
    arrow = "higher is better" if higher_is_better(found.name) else "lower is better"
    return f"{found.name}{f' ({unit})' if unit else ''}, {arrow}"


def _words(lines: Sequence[ExperimentLine]) -> str:
    told = [f"{line.name} {_told(line)}{' (champion)' if line.champion else ''}" for line in lines]
    return f"Values on test rows by run: {'; '.join(told)}."


def _best(lines: Sequence[ExperimentLine]) -> str:
    measured = [line for line in lines if line.figure]
    sign = -1 if measured and measured[0].figure and higher_is_better(measured[0].figure.name) else 1
    best = min(measured, key=lambda line: sign * (line.figure.value if line.figure else 0.0))
    return f"Best: {best.name} with {_told(best)}."


def _told(line: ExperimentLine) -> str:
    found = line.figure
    if found is None:
        return "-"
    bounds = f" [{figure(found.low)}, {figure(found.high)}]" if found.low is not None else ""
    return f"{figure(found.value)}{bounds}{f' {line.unit}' if line.unit else ''}"
