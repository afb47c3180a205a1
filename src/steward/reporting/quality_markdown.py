"""How does the quality of rows look as Markdown: the same facts as on the page, with bars as block characters?"""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from steward.reporting.page import ORIGINS
from steward.reporting.quality_changes import change_lines, period_lines
from steward.reporting.quality_contents import QualityContents, answer, finding_words
from steward.reporting.quality_pairs import Pair, cell_figures, from_to
from steward.reporting.quality_plots import sparkline

_MOST_CHANGES = 25
_SPECIAL = re.compile(r"([\\`*_\[\]|#~!])")


def markdown_lines(contents: QualityContents, pairs: Sequence[Pair]) -> Iterator[str]:
    """Give the page line by line."""
    run = f" · run {contents.run}" if contents.run else ""
    yield f"# {_text(contents.title or contents.project)}"
    yield from ("", f"{_text(contents.project)} · quality of its rows · {_text(contents.about)}{run}", "")
    if contents.simulated:
        yield from ("> **SIMULATED DATA** - no figure here is about the world.", "")
    yield f"**{_text(answer(contents))}**"
    yield from _rows(contents)
    yield from _compared(contents)
    yield from _findings(contents)
    yield from _cleaning(contents)
    yield from _periods(contents)
    yield from _columns(pairs)
    yield from _sources(contents)


def _rows(contents: QualityContents) -> Iterator[str]:
    raw, clean = contents.raw, contents.clean
    yield from ("", "## Where the rows went", "")
    lines = [
        ("read", f"{raw.rows:,}", f"{len(raw.columns)}", f"{raw.duplicates:,}"),
        ("could not be read", f"{contents.unreadable:,}", "", ""),
        (f"set apart by checks ({contents.allowed:.1%} may be)", f"{contents.quarantined:,}", "", ""),
        ("dropped by cleaning", f"{contents.dropped:,}", "", ""),
        ("left to learn from", f"{clean.rows:,}", f"{len(clean.columns)}", f"{clean.duplicates:,}"),
    ]
    yield from _table(("", "rows", "columns", "repeat an earlier row"), lines)
    for words, names in (("Always empty", raw.always_null), ("Always the same", raw.constant)):
        if names:
            yield from ("", f"{words}: {_text(', '.join(names))}.")


def _compared(contents: QualityContents) -> Iterator[str]:
    one = contents.comparison
    if one is None:
        return
    yield from ("", f"## {_text(one.later)} against {_text(one.earlier)}", "")
    earlier, later = f"{one.earlier_rows:,} of {_text(one.earlier)}", f"{one.later_rows:,} of {_text(one.later)}"
    yield f"Rows as they came: {earlier} (before), {later} (after)."
    yield ""
    changes = [(line.columns, line.text, f"{line.weight:.2f}") for line in change_lines(one.changes)[:_MOST_CHANGES]]
    yield from _table(("column", "what changed", "weight"), changes) if changes else ("Nothing differs beyond chance.",)


def _findings(contents: QualityContents) -> Iterator[str]:
    yield from ("", "## What the checks found", "")
    lines = [
        (found.action, finding_words(found), found.check, f"{found.rows:,}", f"{found.share:.1%}", ", ".join(found.examples))
        for found in contents.findings
    ]
    head = ("action", "what", "check", "rows", "share", "for example")
    yield from _table(head, lines) if lines else ("Nothing: every row passed every check.",)
    for drill in contents.drills:
        yield from ("", f"### {_text(drill.reason)}: {len(drill.cells)} of {drill.rows:,} rows", "")
        yield from _table(drill.columns, drill.cells)


def _cleaning(contents: QualityContents) -> Iterator[str]:
    yield from ("", "## What cleaning did", "")
    lines = [(effect.rule, f"{effect.rows:,}") for effect in contents.rules]
    yield from _table(("rule", "rows touched"), lines) if lines else ("The project declares no cleaning rules.",)
    changes = [(line.columns, line.text) for line in change_lines(contents.cleaning_changes)[:_MOST_CHANGES]]
    if changes:
        yield from ("", *_table(("column", "what checks and cleaning changed"), changes))


def _periods(contents: QualityContents) -> Iterator[str]:
    periods = tuple(contents.raw.periods)
    if len(periods) < 2:  # noqa: PLR2004 - one has nothing to be compared with
        return
    yield from ("", "## From period to period", "")
    changes = [(line.when, line.columns, line.text) for line in period_lines(contents.period_changes)[:_MOST_CHANGES]]
    yield from _table(("from, to", "column", "what changed"), changes) if changes else ("Nothing changed beyond chance.",)
    empty = [column for column in contents.raw.columns if column.cells.nulls]
    shares = [(column.name, *(f"{cells.null_share:.1%}" for cells in column.by_period.values())) for column in empty]
    if shares:
        yield from ("", *_table(("empty", *periods), shares))


def _columns(pairs: Sequence[Pair]) -> Iterator[str]:
    yield from ("", "## Before and after cleaning", "")
    names = [name for name, _, _ in cell_figures(pairs[0])] if pairs else []
    lines = [
        (
            pair.any.name,
            pair.any.type,
            *(from_to(before, after) for _, before, after in cell_figures(pair)),
            sparkline(pair.any.bars),
            pair.any.meaning,
        )
        for pair in pairs
    ]
    yield from _table(("column", "type", *names, "bars", "meaning"), lines)


def _sources(contents: QualityContents) -> Iterator[str]:
    yield from ("", "## Where it comes from", "")
    origin = ORIGINS.get(contents.origin or "", contents.origin)
    yield f"These are {_text(origin)}." if origin else "Where the rows came from was not recorded."
    yield ""
    yield from _table(("period", "file", "SHA-256"), [(one.period, one.name, one.sha256) for one in contents.sources])
    yield from ("", *(f"- {_text(name)}: {digest}" for name, digest in contents.digests))
    yield from ("", "To make this page again:", "", *(f"    {_line(command)}" for command in contents.commands))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(_text(cell) for cell in head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_text(cell) for cell in row)} |"


def _text(text: str) -> str:
    """Return a text that Markdown takes for nothing but text."""
    return _SPECIAL.sub(r"\\\1", escape(_line(text), quote=False))


def _line(text: str) -> str:
    return " ".join(text.split())
