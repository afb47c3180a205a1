"""How does the target change with a feature, and how strong is a correlation, in a few hundred bytes of SVG and style?

Everything drawn is a number; texts go into `aria-label` and `title`, escaped.
"""

from collections.abc import Sequence

from markupsafe import Markup

from steward.features.relation import Level

CLASS_COLORS = ("#1f5fa8", "#c97b12", "#b3261e", "#1b6b33", "#6b4fa0", "#5f6368")
"""Colours of classes, in their order; from the seventh on they are grey."""

_WIDTH, _HEIGHT = 240, 64
_GAP = 2.0
_MEAN = "#1f5fa8"
_EMPTY = "#9a9fa6"


def color_of(place: int) -> str:
    """Return the colour of a class by its place."""
    return CLASS_COLORS[min(place, len(CLASS_COLORS) - 1)]


def relation(levels: Sequence[Level], label: str) -> Markup:
    """Return a bar for each level of a feature: the target's mean above the lowest, or the shares of classes on each other.

    Args:
        levels: in their order; the last may be the empty cells.
        label: the same in words.
    """
    if not levels or not levels[0].values:
        return Markup()
    many = len(levels[0].values) > 1
    wide = _WIDTH / max(len(levels), 1)
    draw = _stack if many else _mean
    low, high = _span(levels)
    bars = Markup().join(draw(level, place * wide, wide - _GAP, low, high) for place, level in enumerate(levels))
    frame = Markup('<svg class="relation" viewBox="0 0 {0} {1}" preserveAspectRatio="none" role="img" aria-label="{2}">{3}</svg>')
    return frame.format(_WIDTH, _HEIGHT, label, bars)


def heat(value: float | None) -> str:
    """Return the colour of a cell for a correlation of -1 to 1, as a style: blue with one another, red against.

    >>> heat(0.5), heat(None)
    ('background:rgba(31,95,168,0.35)', '')
    """
    if value is None:
        return ""
    color = "31,95,168" if value >= 0 else "179,38,30"
    return f"background:rgba({color},{0.7 * abs(value):.2f})"


def bar(share: float) -> str:
    """Return a cell's background for a share of 0 to 1: a bar from the left."""
    return f"background:linear-gradient(to right,#cfe0f2 {100 * min(max(share, 0.0), 1.0):.1f}%,transparent 0)"


def _span(levels: Sequence[Level]) -> tuple[float, float]:
    """Return what the axis shows: from 0, or from the lowest mean where that is far from 0."""
    means = [level.values[0] for level in levels]
    low, high = min(means), max(means)
    return (min(0.0, low), max(0.0, high)) if high > low else (min(0.0, low), max(0.0, high, low + 1e-9))


def _mean(level: Level, left: float, wide: float, low: float, high: float) -> Markup:
    scale = _HEIGHT / ((high - low) or 1.0)
    value = level.values[0]
    top, bottom = (high - max(value, 0.0)) * scale, (high - min(value, 0.0)) * scale
    return _rectangle(left, top, wide, max(bottom - top, 1.0), _EMPTY if level.label == "empty" else _MEAN, _said(level))


def _stack(level: Level, left: float, wide: float, _low: float, _high: float) -> Markup:
    parts, top = [], 0.0
    for place, share in enumerate(level.values):
        parts.append(_rectangle(left, top, wide, share * _HEIGHT, color_of(place), _said(level)))
        top += share * _HEIGHT
    return Markup().join(parts)


def _said(level: Level) -> str:
    values = ", ".join(f"{value:.4g}" if len(level.values) == 1 else f"{value:.1%}" for value in level.values)
    return f"{level.label}: {values} ({level.rows:,} rows)"


def _rectangle(left: float, top: float, wide: float, tall: float, color: str, title: str) -> Markup:
    shape = Markup('<rect x="{0:.1f}" y="{1:.1f}" width="{2:.1f}" height="{3:.1f}" fill="{4}"><title>{5}</title></rect>')
    return shape.format(left, top, wide, tall, color, title)
