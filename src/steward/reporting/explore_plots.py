"""How do directions and groups of rows look as pictures? Arrays in, PNG bytes out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from steward.reporting.explore_arrows import draw_arrows
from steward.reporting.plots import AMBER, BLUE, GREY, RED, legend_above, png_of, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

COLORS = (BLUE, "#d98a1b", "#1b8a5a", RED, "#6a3d9a", "#00a3ad", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")
"""One a group or cluster; with more of them they begin again, and the numbers tell them apart."""

_TALL = 4.4
_MOST_BARS = 15
_OUTER = 0.005  # of rows on each side that the picture need not show
_CIRCLE = np.linspace(0, 2 * np.pi, 80)


def explained_bars(explained: Array, kept: int, enough: float) -> bytes:
    """Return a bar for what each component explains, the kept ones dark, and a line for what they explain together."""

    def draw(axes: "Axes") -> None:
        shown = explained[:_MOST_BARS] * 100
        places = np.arange(1, len(shown) + 1)
        together = np.cumsum(explained)[:_MOST_BARS] * 100
        axes.bar(
            places, shown, color=[BLUE if place <= kept else "#a9c3e0" for place in places], width=0.7, label="each, kept ones dark"
        )
        axes.plot(places, together, color=AMBER, linewidth=2, marker="o", markersize=4, label="together")
        axes.axhline(enough * 100, color=GREY, linewidth=1.2, linestyle="--", label=f"{enough:.0%}")
        axes.set(xlabel="component", ylabel="share of variance (%)", ylim=(0, 104), xlim=(0.4, max(len(shown), 3) + 0.6))
        axes.set_xticks(places if len(places) <= _MOST_BARS // 2 else places[::2])
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)
        _legend(axes, 3)

    return png_of(draw)


def quantity_dots(
    plane: Array, values: Array, arrows: Array, names: Sequence[str], axis_names: Sequence[str], *, label: str
) -> bytes:
    """Return a dot a row, coloured by a quantity, and an arrow for each of some columns.

    Args:
        plane: shape (rows, 2).
        values: shape (rows,), finite.
        arrows: correlations with the two axes, shape (columns, 2).
        names: of these columns.
        axis_names: of the two axes.
        label: of the quantity, with its unit.
    """

    def draw(axes: "Axes") -> None:
        low, high = np.quantile(values, [0.02, 0.98])
        dots = axes.scatter(
            plane[:, 0],
            plane[:, 1],
            c=values,
            cmap="viridis",
            vmin=low,
            vmax=high if high > low else low + 1,
            s=7,
            alpha=0.6,
            linewidths=0,
        )
        _frame(axes, plane, axis_names)
        draw_arrows(axes, arrows, names)
        bar = axes.figure.colorbar(dots, ax=axes, pad=0.02, aspect=30, extend="both")
        bar.solids.set_alpha(1)  # type: ignore[union-attr] # a colour bar of dots has one
        bar.set_label(short(label))

    return png_of(draw, height=_TALL)


def group_dots(
    plane: Array,
    groups: Places,
    labels: Sequence[str],
    axis_names: Sequence[str],
    *,
    arrows: Array | None = None,
    names: Sequence[str] = (),
) -> bytes:
    """Return a dot a row, coloured by its group, and an arrow for each of some columns where there are any."""

    def draw(axes: "Axes") -> None:
        _scatter(axes, plane, groups)
        _frame(axes, plane, axis_names)
        if arrows is not None:
            draw_arrows(axes, arrows, names)
        _group_legend(axes, labels)

    return png_of(draw, height=_TALL)


def cluster_dots(
    plane: Array, ids: Places, middles: Array, axis_names: Sequence[str], *, covariances: Array | None = None
) -> bytes:
    """Return a dot a row, coloured by its cluster, and the number of each cluster in its middle.

    Args:
        plane: shape (rows, 2).
        ids: each row's cluster.
        middles: of the clusters, shape (clusters, 2).
        axis_names: of the two axes.
        covariances: of clouds, shape (clusters, 2, 2): two standard deviations are drawn around each middle.
    """

    def draw(axes: "Axes") -> None:
        _scatter(axes, plane, ids)
        _frame(axes, plane, axis_names)
        for place, middle in enumerate(middles):
            if covariances is not None:
                around = middle + 2 * np.column_stack([np.cos(_CIRCLE), np.sin(_CIRCLE)]) @ np.linalg.cholesky(covariances[place]).T
                axes.plot(*around.T, color=_color(place), linewidth=1.8)
            box = {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": _color(place), "linewidth": 2}
            axes.text(
                middle[0],
                middle[1],
                str(place + 1),
                ha="center",
                va="center",
                fontsize=10,
                fontweight="bold",
                bbox=box,
                zorder=5,
                clip_on=True,
            )

    return png_of(draw, height=_TALL)


def group_bars(values: Array, groups: Places, labels: Sequence[str], *, label: str) -> bytes:
    """Return how the rows of each group lie along a single direction, each group's bars of the same area."""

    def draw(axes: "Axes") -> None:
        low, high = (float(end) for end in np.quantile(values, [_OUTER, 1 - _OUTER]))
        low, high = (low, high) if high > low else (low - 0.5, low + 0.5)
        for place in range(len(labels)):
            own = values[groups == place]
            if len(own):
                bins = np.linspace(low, high, 41).tolist()
                weights = np.full(len(own), 100 / len(own))
                axes.hist(own, bins=bins, weights=weights, color=_color(place), alpha=0.45, histtype="stepfilled")
                axes.hist(own, bins=bins, weights=weights, color=_color(place), histtype="step", linewidth=1.6)
        axes.set(xlabel=label, ylabel="share of the group's rows (%)")
        _group_legend(axes, labels)

    return png_of(draw)


def silhouette_and_inertia(
    counts: Sequence[int], silhouettes: Sequence[float | None], inertias: Sequence[float], best: int
) -> bytes:
    """Return the silhouette of each number of clusters, the best one marked, and the inertia on an axis of its own."""

    def draw(axes: "Axes") -> None:
        values = np.array([np.nan if one is None else one for one in silhouettes])
        _best_line(axes, counts, values, best, "silhouette (left, higher is better)")
        axes.set(xlabel="clusters", ylabel="silhouette")
        other = axes.twinx()
        other.plot(counts, inertias, color=AMBER, linewidth=1.8, linestyle="--", marker="s", markersize=4, label="inertia (right)")
        other.set(ylabel="inertia", ylim=(0, max(*inertias, 1e-9) * 1.08))
        other.spines.right.set_visible(True)
        other.yaxis.set_major_formatter("{x:,.0f}" if max(inertias) >= 10 else "{x:g}")  # noqa: PLR2004 - small numbers have fractions
        handles = [*axes.get_legend_handles_labels()[0], *other.get_legend_handles_labels()[0]]
        axes.legend(
            handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=9, handlelength=1.4, columnspacing=1
        )

    return png_of(draw)


def bic_line(counts: Sequence[int], values: Sequence[float], best: int) -> bytes:
    """Return the BIC of each number of clouds, the best one marked."""

    def draw(axes: "Axes") -> None:
        _best_line(axes, counts, np.asarray(values), best, "BIC (lower is better)")
        axes.set(xlabel="clouds", ylabel="BIC")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        legend_above(axes)

    return png_of(draw)


def _best_line(axes: "Axes", counts: Sequence[int], values: Array, best: int, label: str) -> None:
    axes.plot(counts, values, color=BLUE, linewidth=2, marker="o", markersize=5, label=label)
    at = list(counts).index(best)
    axes.plot([best], [values[at]], color=RED, marker="*", markersize=13, linestyle="none", label=f"best: {best}", zorder=4)
    axes.set_xticks(counts)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)


def _scatter(axes: "Axes", plane: Array, groups: Places) -> None:
    # One call, rows in their own order: drawn group by group the last would hide the others.
    axes.scatter(plane[:, 0], plane[:, 1], c=[_color(int(one)) for one in groups], s=7, alpha=0.55, linewidths=0)


def _color(place: int) -> str:
    return COLORS[place % len(COLORS)]


def _frame(axes: "Axes", plane: Array, axis_names: Sequence[str]) -> None:
    """Show where nearly all rows lie; a single far one would press all others into a corner."""
    low, high = np.quantile(plane, [_OUTER, 1 - _OUTER], axis=0)
    room = np.where(high > low, (high - low) * 0.08, 0.5)
    axes.axhline(0, color="#dddddd", linewidth=0.8, zorder=0)
    axes.axvline(0, color="#dddddd", linewidth=0.8, zorder=0)
    axes.set(xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]))
    axes.set(xlabel=axis_names[0], ylabel=axis_names[1])


def _group_legend(axes: "Axes", labels: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=_color(place), marker="o", linestyle="none", markersize=6, label=short(label))
        for place, label in enumerate(labels[: len(COLORS)])
    ]
    columns = 2 if max(len(label) for label in labels) > 12 else 4  # noqa: PLR2004 - so many letters fit beside each other
    axes.legend(handles=marks, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, fontsize=9.5, handletextpad=0.3)


def _legend(axes: "Axes", columns: int) -> None:
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, fontsize=9.5, handlelength=1.6, columnspacing=1.2)
