"""How do the columns of a table look in a few hundred bytes? Bars in, inline SVG or a line of text out.

Everything drawn is a number; texts go into `aria-label`, escaped.
"""

from collections.abc import Sequence

from markupsafe import Markup

from steward.quality.figures import Bars

BEFORE, AFTER = "#c3c9d0", "#1f5fa8"
"""Colours of what was there before cleaning, and of what is left."""

_WIDTH, _HEIGHT = 240, 56
_GAP = 1.0
_BLOCKS = " ▁▂▃▄▅▆▇█"
_STRONG = 0.6  # of the colour of a wholly empty column


def histogram(before: Bars | None, after: Bars | None, label: str) -> Markup:
    """Return the bars of a column: grey what there was, blue what is left of it; nothing where there is nothing to draw.

    Args:
        before: bars before cleaning; None for a column that was made later.
        after: bars after cleaning, drawn where its edges are the same.
        label: the same in words.
    """
    base = before or after
    if base is None or not any(base.counts):
        return Markup()
    top = max(base.counts)
    drawn = [(BEFORE, before)] if before else []
    drawn += [(AFTER, after)] if after and after.edges == base.edges else []
    paths = Markup().join(_path(color, bars.counts, max(top, *bars.counts)) for color, bars in drawn)
    axis = Markup('<path d="M0 {0}H{1}" stroke="#4a4f55" stroke-width="1"/>').format(_HEIGHT - 0.5, _WIDTH)
    frame = Markup('<svg class="bars" viewBox="0 0 {0} {1}" preserveAspectRatio="none" role="img" aria-label="{2}">{3}{4}</svg>')
    return frame.format(_WIDTH, _HEIGHT, label, paths, axis)


def rows_bar(parts: Sequence[tuple[str, int, str]]) -> Markup:
    """Return one bar divided as rows are: name, rows and colour of each part; nothing where there are no rows."""
    total = sum(rows for _, rows, _ in parts)
    if not total:
        return Markup()
    ends, start = [], 0.0
    for _, rows, color in parts:
        width = 1000 * rows / total
        ends.append(Markup('<rect x="{0:.1f}" width="{1:.1f}" height="14" fill="{2}"/>').format(start, width, color))
        start += width
    label = ", ".join(f"{name} {rows:,}" for name, rows, _ in parts)
    frame = Markup('<svg class="rows" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label="{0}">{1}</svg>')
    return frame.format(f"Rows: {label}", Markup().join(ends))


def heat(share: float) -> str:
    """Return the colour of a cell for a share of 0 to 1, as a style; a hundredth can be seen.

    >>> heat(0.25)
    'background:rgba(179,38,30,0.30)'
    """
    return f"background:rgba(179,38,30,{_STRONG * share**0.5:.2f})" if share else ""


def sparkline(bars: Bars | None) -> str:
    """Return bars as a line of block characters; any row that is there can be seen.

    >>> sparkline(Bars((0, 1, 2, 3), (1, 0, 8), 0, 0, "0", "3"))
    '▁ █'
    """
    if bars is None or not any(bars.counts):
        return ""
    top = max(bars.counts)
    return "".join(_BLOCKS[-(-count * (len(_BLOCKS) - 1) // top)] for count in bars.counts)


def _path(color: str, counts: Sequence[int], top: int) -> Markup:
    wide = _WIDTH / len(counts)
    gap = _GAP if wide > 2 * _GAP else 0.0
    steps = [
        f"M{place * wide:.1f} {_HEIGHT}v-{max(count / top * (_HEIGHT - 2), 1):.1f}h{wide - gap:.1f}V{_HEIGHT}z"
        for place, count in enumerate(counts)
        if count
    ]
    return Markup('<path fill="{0}" d="{1}"/>').format(color, "".join(steps))
