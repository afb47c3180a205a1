"""How does the quality of rows look on one page, for a browser and as Markdown? Neither needs a network, a script, a server."""

from collections.abc import Mapping

from steward.quality.figures import ColumnFigures
from steward.reporting.page import ORIGINS, page_template
from steward.reporting.quality_changes import change_lines, period_lines
from steward.reporting.quality_contents import QualityContents, answer, finding_words, judge_fitness
from steward.reporting.quality_markdown import markdown_lines
from steward.reporting.quality_pairs import Pair, cell_figures, column_pairs
from steward.reporting.quality_plots import AFTER, BEFORE, heat, histogram, rows_bar

_MOST_CHANGES = 25
_MOST_VALUES = 6
_APART, _DROPPED = "#b3261e", "#9a5b00"
_ZEROS_DIFFER = 0.05


def render_quality_html(contents: QualityContents) -> str:
    """Return the page as HTML text; every value in it is escaped, sections without facts are not there."""
    return page_template("quality_report.html.j2").render(**_view(contents), **_DRAWN)


def render_quality_markdown(contents: QualityContents) -> str:
    """Return the page as Markdown; what could be taken for markup or for a table's border is escaped."""
    return "\n".join(markdown_lines(contents, column_pairs(contents))) + "\n"


def _view(contents: QualityContents) -> Mapping[str, object]:
    return {
        "report": contents,
        "answer": answer(contents),
        "level": judge_fitness(contents).level,
        "origin": ORIGINS.get(contents.origin or "", contents.origin),
        "pairs": column_pairs(contents),
        "emptied": {column.name: column.by_period for column in contents.raw.columns if _ever(column, "nulls")},
        "zeroed": {column.name: column.by_period for column in contents.raw.columns if _zeros_differ(column)},
        "rows": _rows(contents),
        "most_changes": _MOST_CHANGES,
        "most_values": _MOST_VALUES,
    }


def _rows(contents: QualityContents) -> tuple[tuple[str, int, str], ...]:
    parts = (
        ("left to learn from", contents.clean.rows, AFTER),
        ("set apart by checks", contents.quarantined, _APART),
        ("dropped by cleaning", contents.dropped, _DROPPED),
    )
    return tuple(part for part in parts if part[1] > 0)


def _ever(column: ColumnFigures, what: str) -> bool:
    return any(getattr(cells, what) for cells in column.by_period.values())


def _zeros_differ(column: ColumnFigures) -> bool:
    shares = [cells.zero_share for cells in column.by_period.values() if cells.zero_share is not None]
    return bool(shares) and max(shares) - min(shares) >= _ZEROS_DIFFER


def _histogram(pair: Pair) -> str:
    base = pair.any
    ends = f" from {base.bars.low} to {base.bars.high}" if base.bars else ""
    label = f"Bars of {base.name}{ends}; grey before, blue after cleaning"
    return histogram(pair.before.bars if pair.before else None, pair.after.bars if pair.after else None, label)


_DRAWN: Mapping[str, object] = {
    "cells": cell_figures,
    "change_lines": change_lines,
    "period_lines": period_lines,
    "finding_words": finding_words,
    "heat": heat,
    "histogram": _histogram,
    "rows_bar": rows_bar,
    "colors": {"before": BEFORE, "after": AFTER},
}
