"""What would Grafana show? Its panels' queries, asked of a real Prometheus, and drawn as a picture; Grafana itself is not here.

Variables are replaced as Grafana does it. A panel of one moment is asked for that moment, a line for the last minutes.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

FOLDER = Path(__file__).parents[2] / "ops" / "grafana" / "dashboards"
_BACK_S = 300
_COLORS = {"red": "#c4423a", "orange": "#d98b1f", "green": "#3f8f4f", "blue": "#2f6fb3"}
_CELL = (0.62, 0.36)  # inches: a column and a row of Grafana's grid


@dataclass(frozen=True)
class Line:
    """One series of a panel: its name in the legend, and values over seconds (one of a moment)."""

    name: str
    at_s: Sequence[float]
    values: Sequence[float]


def dashboard(name: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / f"{name}.json").read_text()))


def lines_of(panel: Mapping[str, Any], prometheus: httpx.Client, variables: Mapping[str, str]) -> list[Line]:
    """Ask what a panel asks; fail where Prometheus does not accept it."""
    return [line for target in panel["targets"] for line in _ask(target, prometheus, variables)]


def filled_in(expression: str, variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        expression = expression.replace(f"${name}", value)
    assert "$" not in expression, expression
    return expression


def _ask(target: Mapping[str, Any], prometheus: httpx.Client, variables: Mapping[str, str]) -> list[Line]:
    asked: dict[str, Any] = {"query": filled_in(target["expr"], variables)}
    path = "/api/v1/query"
    if target["range"]:
        now_s = float(prometheus.get(path, params={"query": "time()"}).json()["data"]["result"][1])
        asked, path = {**asked, "start": now_s - _BACK_S, "end": now_s, "step": "1s"}, "/api/v1/query_range"
    answer = prometheus.get(path, params=asked).json()
    assert answer["status"] == "success", (target["expr"], answer)
    return [_line(target["legendFormat"], found) for found in answer["data"]["result"]]


def _line(legend: str, found: Mapping[str, Any]) -> Line:
    points = found.get("values") or [found["value"]]
    for name, value in found["metric"].items():
        legend = legend.replace("{{" + name + "}}", value)
    legend = re.sub(r"{{.*?}}", "", legend).strip()  # a label that a series lacks is left out
    return Line(legend, [at for at, _ in points], [float(value) for _, value in points])


def picture(board: Mapping[str, Any], lines: Mapping[int, Sequence[Line]]) -> bytes:
    """Draw the panels where the dashboard puts them, each with what was found; a PNG."""
    from matplotlib.figure import Figure

    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    figure = Figure(figsize=(24 * _CELL[0], (height + 1.5) * _CELL[1]), dpi=80, facecolor="#f4f5f5")
    figure.suptitle(board["title"], x=0.01, y=0.985, ha="left", va="top", fontsize=14)
    for panel in board["panels"]:
        _draw(figure, panel, lines[panel["id"]], height + 1.5)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw(figure: Any, panel: Mapping[str, Any], lines: Sequence[Line], rows: float) -> None:
    at = panel["gridPos"]
    left, top = at["x"] / 24, 1 - (at["y"] + 1.5) / rows
    wide, high = at["w"] / 24, at["h"] / rows
    inner = [left + 0.004, top - high + 0.008, wide - 0.008, high - 0.012]
    figure.patches.append(_box(figure, inner))
    figure.text(left + 0.01, top - 0.010, panel["title"], fontsize=9, va="top", weight="bold")
    kind = panel["type"]
    area = [left + 0.012, top - high + 0.016, wide - 0.024, high - 0.052]
    if kind == "timeseries":
        area = [left + 0.05, top - high + 0.042, wide - 0.065, high - 0.082]
    if kind == "bargauge":
        area = [left + 0.13, top - high + 0.035, wide - 0.15, high - 0.075]
    axes = figure.add_axes(area)
    {"timeseries": _draw_lines, "bargauge": _draw_bars}.get(kind, _draw_numbers)(axes, panel, lines)


def _box(figure: Any, place: Sequence[float]) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (place[0], place[1]), place[2], place[3], transform=figure.transFigure, facecolor="white", edgecolor="#d5d7d8", zorder=-1
    )


def _draw_lines(axes: Any, panel: Mapping[str, Any], lines: Sequence[Line]) -> None:
    last_s = max(line.at_s[-1] for line in lines)
    for line in lines:
        axes.plot(np.asarray(line.at_s) - last_s, line.values, linewidth=1.6, label=line.name or panel["title"])
    axes.set_xlabel("seconds ago", fontsize=7, labelpad=1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: in_unit(value, panel["fieldConfig"]["defaults"]["unit"]))
    axes.set_ylim(bottom=panel["fieldConfig"]["defaults"].get("min"), top=panel["fieldConfig"]["defaults"].get("max"))
    axes.tick_params(labelsize=7)
    axes.grid(axis="y", color="#e3e4e5")
    axes.legend(fontsize=7, ncols=4, loc="lower right", frameon=False, bbox_to_anchor=(1, 0.98))
    _open(axes)


def _open(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _draw_bars(axes: Any, panel: Mapping[str, Any], lines: Sequence[Line]) -> None:
    values = [line.values[-1] for line in lines]
    axes.barh(range(len(lines)), values, color=[color_of(panel, value) for value in values], height=0.7)
    for place, value in enumerate(values):
        axes.text(value + 0.01, place, f"{value:.2f}", va="center", fontsize=7)
    axes.set_yticks(range(len(lines)), [line.name[:24] for line in lines], fontsize=7)
    axes.set_xlim(panel["fieldConfig"]["defaults"]["min"], panel["fieldConfig"]["defaults"]["max"] * 1.08)
    axes.tick_params(axis="x", labelsize=7)
    axes.invert_yaxis()
    _open(axes)


def _draw_numbers(axes: Any, panel: Mapping[str, Any], lines: Sequence[Line]) -> None:
    axes.axis("off")
    names_only = panel["options"].get("textMode") == "name"
    for place, line in enumerate(lines):
        value = line.values[-1]
        words = line.name if names_only else _worded(panel, value)
        text = f"{line.name}: {words}" if len(lines) > 1 and not names_only else words
        axes.text(0.5, 1 - (place + 0.5) / len(lines), text, ha="center", va="center", fontsize=15, color=color_of(panel, value))


def _worded(panel: Mapping[str, Any], value: float) -> str:
    said = {
        float(one): told["text"]
        for mapping in panel["fieldConfig"]["defaults"]["mappings"]
        for one, told in mapping["options"].items()
    }
    return said.get(value, in_unit(value, panel["fieldConfig"]["defaults"]["unit"]))


def color_of(panel: Mapping[str, Any], value: float) -> str:
    """Return the colour of the last threshold that a value reaches."""
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return _COLORS[[step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]]


def in_unit(value: float, unit: str) -> str:
    """Return a number as Grafana words it in a unit, about."""
    if unit == "bytes":
        return f"{value / 2**20:,.0f} MiB"
    if unit == "percentunit":
        return f"{value:.1%}"
    if unit == "s":
        return f"{value * 1000:.3g} ms" if abs(value) < 1 else f"{value:.0f} s"
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
