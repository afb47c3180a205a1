"""How do a model's figures look as pictures? Arrays in, PNG bytes out; drawn without any screen.

Pictures are small and their letters large: most are read on a phone, at half the size they have here.
"""

import io
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from steward.reporting.error_by_time import ErrorGroups

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

BLUE, RED, AMBER, GREY = "#1f5fa8", "#b3261e", "#9a5b00", "#5f6368"
_WIDTH, _HEIGHT, _DPI = 5.2, 3.7, 120  # inches, and dots an inch
_MOST_TICKS = 8
_MOST_NUMBERS = 9
_OUTER = 0.001
_CELLS = 56
_STYLE: dict[Any, Any] = {  # matplotlib lists its keys one by one
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
    "font.size": 11.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a column may be called a$b$c
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def predicted_against_actual(actual: Array, predicted: Array, *, unit: str) -> bytes:
    """Return a density of predictions against the truth; the outermost 0.1 % on each side is not drawn."""
    from matplotlib.colors import LogNorm

    both = np.concatenate([actual, predicted])
    low, high = float(np.quantile(both, _OUTER, method="lower")), float(np.quantile(both, 1 - _OUTER, method="higher"))
    low, high = (low, high) if high > low else (low - 0.5, low + 0.5)

    def draw(axes: "Axes") -> None:
        cells, edges, _ = np.histogram2d(actual, predicted, bins=_CELLS, range=[[low, high], [low, high]])
        scale = LogNorm(vmin=1, vmax=max(10.0, float(cells.max())))
        shown = axes.pcolormesh(edges, edges, np.ma.masked_equal(cells.T, 0), norm=scale, cmap="viridis_r", snap=True)
        axes.plot([low, high], [low, high], color=RED, linewidth=1.6, linestyle="--", label="predicted = actual")
        axes.set(xlim=(low, high), ylim=(low, high), xlabel=_with(unit, "actual"), ylabel=_with(unit, "predicted"))
        legend_above(axes)
        axes.figure.colorbar(shown, ax=axes, pad=0.02, label="test rows in a cell", format="{x:,.0f}")

    return png_of(draw)


def error_by_hour_bars(groups: ErrorGroups, overall: float | None, *, unit: str) -> bytes:
    """Return bars of the error for each hour of the day, with the bias as a line and the overall error dashed."""

    def draw(axes: "Axes") -> None:
        hours = np.array([int(label) for label in groups.labels])
        axes.bar(hours, groups.error, color=BLUE, width=0.8, label=groups.metric)
        axes.plot(hours, groups.bias, color=AMBER, linewidth=2, marker="o", markersize=3.5, label="bias (predicted - actual)")
        axes.set(xlabel="hour of day", ylabel=_with(unit, "error"), xlim=(-0.7, 23.7), xticks=range(0, 24, 3))
        _finish_errors(axes, overall)

    return png_of(draw)


def error_over_time_line(groups: ErrorGroups, overall: float | None, *, unit: str) -> bytes:
    """Return the error as a line over days or months, with the bias and the overall error."""

    def draw(axes: "Axes") -> None:
        places = np.arange(len(groups.labels))
        axes.plot(places, groups.error, color=BLUE, linewidth=2, marker="o", markersize=4, label=groups.metric)
        axes.plot(places, groups.bias, color=AMBER, linewidth=2, marker="o", markersize=3.5, label="bias (predicted - actual)")
        axes.set(ylabel=_with(unit, "error"), ylim=(min(0.0, *groups.bias) * 1.1, max(groups.error) * 1.1))
        years = {label[:4] for label in groups.labels}
        same = len(years) == 1
        _name_places(axes, [label[5:] if same else label for label in groups.labels])
        axes.set_xlabel(years.pop() if same else "")
        _finish_errors(axes, overall)

    return png_of(draw)


def importance_bars(names: Sequence[str], shares: Sequence[float]) -> bytes:
    """Return one bar a feature, the longest on top; shares of 1."""

    def draw(axes: "Axes") -> None:
        places = np.arange(len(names))
        bars = axes.barh(places, [share * 100 for share in shares], color=BLUE, height=0.7)
        axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=3, fontsize=10)
        axes.set(xlabel="share of importance (%)", xlim=(0, max(*shares, 0.01) * 118))
        axes.set_yticks(places, [short(name) for name in names])
        axes.invert_yaxis()

    return png_of(draw, height=max(_HEIGHT, 1.0 + 0.3 * len(names)))


def severity_bars(labels: Sequence[str], severities: Sequence[float | None], alert: float | None) -> bytes:
    """Return the severity of each window and the line from which on it is an alarm; a question mark where too little is known."""

    def draw(axes: "Axes") -> None:
        places = np.arange(len(labels))
        heights = np.array([np.nan if severity is None else severity for severity in severities], dtype=np.float64)
        alarm = heights >= (np.inf if alert is None else alert)
        axes.bar(places, heights, color=np.where(alarm, RED, BLUE).tolist(), width=0.6)
        for place in places if len(labels) <= _MOST_NUMBERS else ():
            text, height = (f"{heights[place]:.2f}", heights[place]) if np.isfinite(heights[place]) else ("?", 0.0)
            axes.annotate(text, (place, height), textcoords="offset points", xytext=(0, 3), ha="center", fontsize=9.5)
        if alert is not None:
            axes.axhline(alert, color=RED, linewidth=1.8, linestyle="--", label=f"alarm from {alert:g}")
            legend_above(axes)
        axes.set(ylabel="severity", ylim=(0, 1.08), xlim=(-0.5, max(len(labels), 5) - 0.5))
        _name_places(axes, labels)

    return png_of(draw)


def png_of(draw: "Callable[[Axes], None]", *, height: float = _HEIGHT) -> bytes:
    """Return what is drawn on fresh axes as a PNG of 624 dots across; `height` in inches."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script the font lacks; the page has it in words
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained")
        draw(figure.subplots())
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _finish_errors(axes: "Axes", overall: float | None) -> None:
    if overall is not None:
        axes.axhline(overall, color=GREY, linewidth=1.4, linestyle="--", label="all test rows")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    legend_above(axes)


def legend_above(axes: "Axes") -> None:
    """Put the legend above the axes, in two columns, where it covers nothing."""
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=9.5, handlelength=1.6, columnspacing=1.2)


def _name_places(axes: "Axes", labels: Sequence[str]) -> None:
    every = -(-len(labels) // _MOST_TICKS)
    shown = range(0, len(labels), every)
    axes.set_xticks(shown, [short(labels[place]) for place in shown], rotation=30, ha="right")


def short(name: str) -> str:
    """Return as much of a name as fits beside bars."""
    return name if len(name) <= 26 else f"{name[:25]}…"  # noqa: PLR2004 - see above


def _with(unit: str, word: str) -> str:
    return f"{word} ({unit})" if unit else word
