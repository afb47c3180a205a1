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
_GROUPS = 20
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


def leaderboard_bars(
    names: Sequence[str], values: Sequence[float], spans: Sequence[tuple[float, float] | None], chosen: int, *, label: str
) -> bytes:
    """Return one bar a candidate, the chosen one dark, with the interval of its figure where there is one."""

    def draw(axes: "Axes") -> None:
        places, sizes = np.arange(len(names)), np.asarray(values, dtype=np.float64)
        colors = [BLUE if place == chosen else "#a9c3e0" for place in places]
        axes.barh(places, sizes, color=colors, height=0.65)
        for place, span in zip(places, spans, strict=True):
            if span is not None:
                axes.plot(span, [place, place], color="black", linewidth=1.6, marker="|", markersize=7)
        ends = [span[1] if span else size for span, size in zip(spans, sizes, strict=True)]
        for place, size, end in zip(places, sizes, ends, strict=True):
            axes.annotate(f"{size:.4g}", (end, place), textcoords="offset points", xytext=(5, 0), va="center", fontsize=10)
        axes.set(xlabel=label, xlim=(min(0.0, *sizes), max(*ends, 1e-9) * 1.16))
        axes.set_yticks(places, [short(name) for name in names])
        axes.invert_yaxis()

    return png_of(draw, height=1.1 + 0.4 * len(names))


def interval_dots(names: Sequence[str], spans: Sequence[tuple[float, float, float]], overall: float, *, label: str) -> bytes:
    """Return one dot a slice with its interval (low, value, high), and the figure of all rows as a line."""

    def draw(axes: "Axes") -> None:
        for place, (low, value, high) in enumerate(spans):
            color = BLUE if low <= overall <= high else RED
            axes.plot([low, high], [place, place], color=color, linewidth=2)
            axes.plot([value], [place], color=color, marker="o", markersize=6)
        axes.axvline(overall, color=GREY, linewidth=1.4, linestyle="--", label="all test rows")
        axes.set(xlabel=label)
        axes.set_yticks(range(len(names)), [short(name) for name in names])
        axes.invert_yaxis()
        axes.grid(axis="x", color="#dddddd", linewidth=0.8)
        legend_above(axes)

    return png_of(draw, height=1.4 + 0.34 * len(names))


def residual_bars(residuals: Array, *, unit: str) -> bytes:
    """Return how many rows are off by how much; the outermost 0.5 % on each side are not drawn."""

    def draw(axes: "Axes") -> None:
        low, high = (float(bound) for bound in np.quantile(residuals, [_OUTER * 5, 1 - _OUTER * 5]))
        low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
        axes.hist(residuals, bins=60, range=(low, high), color=BLUE)
        axes.axvline(0, color="black", linewidth=1)
        axes.axvline(float(residuals.mean()), color=AMBER, linewidth=1.8, linestyle="--", label="mean (bias)")
        axes.set(xlabel=_with(unit, "predicted - actual"), ylabel="test rows")
        legend_above(axes)

    return png_of(draw)


def residuals_by_answer(predicted: Array, residuals: Array, *, unit: str) -> bytes:
    """Return the middle, the middle half and the middle nine tenths of the errors, over the answer."""

    def draw(axes: "Axes") -> None:
        middles, bands = residual_bands(predicted, residuals)
        axes.fill_between(middles, bands[:, 0], bands[:, 4], color=BLUE, alpha=0.18, linewidth=0, label="9 of 10 rows")
        axes.fill_between(middles, bands[:, 1], bands[:, 3], color=BLUE, alpha=0.35, linewidth=0, label="every second row")
        axes.plot(middles, bands[:, 2], color=BLUE, linewidth=2, label="median")
        axes.axhline(0, color="black", linewidth=0.9)
        axes.set(xlabel=_with(unit, "predicted"), ylabel=_with(unit, "predicted - actual"))
        legend_above(axes)

    return png_of(draw)


def residual_bands(predicted: Array, residuals: Array) -> tuple[Array, Array]:
    """Return the middle answer of up to twenty groups of about as many rows, and five quantiles of their errors each.

    Returns:
        shapes (groups,) and (groups, 5): 5 %, 25 %, 50 %, 75 %, 95 %.
    """
    order = np.argsort(predicted, kind="stable")
    groups = [group for group in np.array_split(order, min(_GROUPS, max(len(order) // 5, 1))) if len(group)]
    middles = np.array([float(np.median(predicted[group])) for group in groups])
    return middles, np.array([np.quantile(residuals[group], [0.05, 0.25, 0.5, 0.75, 0.95]) for group in groups])


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
