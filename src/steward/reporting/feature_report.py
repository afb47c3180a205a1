"""How do the features look on one page? It needs no network, no script and no server."""

from collections.abc import Mapping

from steward.features.alone import SUSPICIOUS
from steward.reporting.feature_contents import FeatureContents, FeatureLine, answer
from steward.reporting.feature_plots import bar, color_of, heat, relation
from steward.reporting.page import ORIGINS, page_template
from steward.reporting.quality_plots import histogram

_MOST_VALUES = 6
_MADE = {
    "column": "a column of the rows",
    "function": "a function",
    "lookup": "from a lookup",
    "fitted": "learned from training rows",
}


def render_features_html(contents: FeatureContents) -> str:
    """Return the page as HTML text; every value in it is escaped."""
    return page_template("feature_report.html.j2").render(**_view(contents))


def _view(contents: FeatureContents) -> Mapping[str, object]:
    return {
        "report": contents,
        "answer": answer(contents),
        "level": "bad" if contents.refused else "good",
        "origin": ORIGINS.get(contents.origin, contents.origin),
        "most_gain": max((line.importance.gain for line in contents.lines), default=0.0) or 1.0,
        "suspicious": SUSPICIOUS,
        "made": _MADE,
        "most_values": _MOST_VALUES,
        "bar": bar,
        "heat": heat,
        "short": _short,
        "color_of": color_of,
        "histogram": _histogram,
        "relation": lambda line: relation(line.relation, _in_words(line, contents)),
        "ends": _ends,
    }


def _histogram(line: FeatureLine) -> str:
    bars = line.figures.bars
    ends = f" from {bars.low} to {bars.high}" if bars else ""
    return histogram(None, bars, f"Bars of {line.entry.name}{ends}")


def _in_words(line: FeatureLine, contents: FeatureContents) -> str:
    what = f"mean {contents.target}" if not contents.classes else f"shares of {', '.join(contents.classes)}"
    ends = _ends(line)
    return f"{what} where {line.entry.name} is {ends[0]}" + (f" up to {ends[1]}" if ends[1] else "")


def _ends(line: FeatureLine) -> tuple[str, str]:
    """Return the labels of the first and the last level that is not of empty cells."""
    labels = [level.label for level in line.relation if level.label != "empty"] or [level.label for level in line.relation] or [""]
    return labels[0], labels[-1] if len(labels) > 1 else ""


def _short(value: float) -> str:
    """Return a correlation in as few letters as will do.

    >>> _short(0.256), _short(-0.3), _short(0.999)
    ('.26', '-.30', '1.00')
    """
    return f"{round(value, 2) + 0.0:.2f}".replace("0.", ".", 1)
