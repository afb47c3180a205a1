"""Which rows stand behind a finding, and what of them may be shown?

Cells of columns that the dictionary calls personal or sensitive are never shown, nor are a finding's examples of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import polars as pl

from steward.project.dictionary import DictionarySpec
from steward.quality.checks import REASON
from steward.quality.findings import Finding
from steward.reporting.quality_contents import MASK, Drill, finding_words

_ROW = "row "  # an example that is a row's number and no value
_LONGEST = 60


def masked_columns(dictionary: DictionarySpec) -> frozenset[str]:
    """Return the columns whose single cells must not be shown."""
    return frozenset(name for name, column in dictionary.columns.items() if column.sensitivity != "none")


def mask_finding(finding: Finding, masked: Collection[str]) -> Finding:
    """Return a finding without examples of what must not be shown; row numbers stay."""
    if not set(masked) & set(finding.columns) or all(example.startswith(_ROW) for example in finding.examples):
        return finding
    text = finding_words(finding)
    if any(example in text for example in finding.examples):
        text = f"{finding.check} does not hold in {finding.rows:,} rows ({finding.share:.2%})"
    return replace(finding, examples=(MASK,), text=text)


def drill_rows(findings: Sequence[Finding], apart: pl.DataFrame, masked: Collection[str], *, limit: int = 5) -> tuple[Drill, ...]:
    """Return up to `limit` rows behind each finding that set rows apart, the columns it is about first.

    Args:
        findings: of the checks, in their order; those that only warn have no rows here.
        apart: the rows set apart, with the names of the broken checks in `_reason`, separated by "; ".
        masked: columns whose cells are not shown.
        limit: most rows of one finding.
    """
    if not apart.height:
        return ()
    made = [_drill(finding, apart, masked, limit) for finding in findings if finding.action != "warn"]
    return tuple(drill for drill in made if drill.rows)


def _drill(finding: Finding, apart: pl.DataFrame, masked: Collection[str], limit: int) -> Drill:
    # Names may hold anything, "; " too, so that they are looked for between separators, not split at them.
    between = pl.concat_str(pl.lit("; "), pl.col(REASON), pl.lit("; "))
    rows = apart.filter(between.str.contains(f"; {finding.check}; ", literal=True))
    marked = tuple(name for name in finding.columns if name in apart.columns)
    columns = (*marked, *(name for name in apart.columns if name not in (*marked, REASON)))
    first = rows.head(limit)
    shown = [_texts(first[name], mask=name in masked) for name in columns]
    return Drill(finding.check, rows.height, columns, marked, tuple(zip(*shown, strict=True)))


def _texts(cells: pl.Series, *, mask: bool) -> list[str]:
    """Return cells as text; that one is empty is told of masked columns too."""
    return [MASK if mask and cell is not None else _text(cell) for cell in cells.to_list()]


def _text(cell: object) -> str:
    text = "" if cell is None else f"{cell:.8g}" if isinstance(cell, float) else str(cell)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
