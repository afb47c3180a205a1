"""How do severities and errors over time look in a few hundred bytes? Numbers in, inline SVG out.

Everything drawn takes its colour from the page's style, so that it can be read in the dark too, and its width from the page: what
is a word stands beside the picture, never in it, so that it does not shrink on a phone.
"""

from collections.abc import Callable, Sequence
from math import isfinite

from markupsafe import Markup

from steward.reporting.contents import WindowLine
from steward.reporting.watch_contents import ErrorLine

_WIDE, _HIGH = 1000.0, 100.0
_LEAST = 1.5
"""Height of a bar for a severity of 0: it was watched, and nothing was the matter."""


def meter(severity: float | None, alert: float, bands: Sequence[float]) -> Markup:
    """Return severity, 0 to 1, as a filled bar with a mark where an alarm begins and thin ones for the bands of the policy."""
    filled = 0.0 if severity is None else severity
    level = "alarm" if severity is not None and severity >= alert else "calm"
    lines = Markup().join(Markup('<path class="band" d="M{0:.1f} 0v{1:g}"/>').format(_WIDE * at, _HIGH) for at in bands)
    label = "Severity is not known" if severity is None else f"Severity {severity:.2f} of 1"
    frame = Markup(
        '<svg class="meter" viewBox="0 0 {0:g} {1:g}" preserveAspectRatio="none" role="img" '
        'aria-label="{2}; an alarm begins at {3:g}">'
        '<rect class="{4}" width="{5:.1f}" height="{1:g}"/>{6}<path class="alert" d="M{7:.1f} 0v{1:g}"/></svg>'
    )
    return frame.format(_WIDE, _HIGH, label, alert, level, _WIDE * filled, lines, _WIDE * alert)


def strip(windows: Sequence[WindowLine], alert: float | None) -> Markup:
    """Return a bar for the severity of each window, those that raised an alarm in its colour, a dot for one nothing is known of."""
    if not windows:
        return Markup()
    step = _WIDE / len(windows)
    bars = Markup().join(_bar(window, place * step, step) for place, window in enumerate(windows))
    line = Markup('<path class="alert" d="M0 {0:.1f}h{1:g}"/>').format(_HIGH * (1 - alert), _WIDE) if alert is not None else ""
    alarms = sum(window.alarm for window in windows)
    counted = f"{alarms or 'no'} alarm{'s' * (alarms != 1)}"
    label = f"Severity of {len(windows)} windows, {windows[0].label} to {windows[-1].label}: {counted}"
    frame = Markup(
        '<svg class="strip" viewBox="0 0 {0:g} {1:g}" preserveAspectRatio="none" role="img" aria-label="{2}">{3}{4}</svg>'
    )
    return frame.format(_WIDE, _HIGH, label, bars, line)


def _bar(window: WindowLine, left: float, step: float) -> Markup:
    gap = min(step * 0.2, 12.0)
    if window.severity is None:
        told, middle = f"{window.label}: {window.status}", left + step / 2
        return Markup('<path class="dot" d="M{0:.1f} {1:g}h0"><title>{2}</title></path>').format(middle, _HIGH - 5, told)
    height = max(_LEAST, _HIGH * window.severity)
    told = f"{window.label}: severity {window.severity:.2f}{', alarm' * window.alarm}"
    frame = Markup('<rect class="{0}" x="{1:.1f}" y="{2:.1f}" width="{3:.1f}" height="{4:.1f}"><title>{5}</title></rect>')
    return frame.format("alarm" if window.alarm else "calm", left + gap / 2, _HIGH - height, step - gap, height, told)


def share_bar(share: float, usual: float, top: float, *, alarm: bool) -> Markup:
    """Return one share of rows as a bar with a mark for what was to be expected; `top` is the share at the right edge."""
    scale = _WIDE / max(top, 1e-9)
    label = f"{share:.1%}, up to {usual:.1%} was to be expected"
    frame = Markup(
        '<svg class="share" viewBox="0 0 {0:g} {1:g}" preserveAspectRatio="none" role="img" aria-label="{2}">'
        '<rect class="{3}" width="{4:.1f}" height="{1:g}"/><path class="usual" d="M{5:.1f} 0v{1:g}"/></svg>'
    )
    return frame.format(_WIDE, _HIGH, label, "alarm" if alarm else "calm", min(share * scale, _WIDE), min(usual * scale, _WIDE))


def interval(low: float, value: float, high: float, *, ends: tuple[float, float], reference: float, level: str) -> Markup:
    """Return a value as a dot with its interval as a line, on a scale between `ends`; a mark stands at the reference."""
    place = _scale(*ends)
    told = f"{value:.4g}, from {low:.4g} to {high:.4g}; it was {reference:.4g}"
    frame = Markup(
        '<svg class="interval" viewBox="0 0 {0:g} {1:g}" preserveAspectRatio="none" role="img" aria-label="{2}">'
        '<path class="usual" d="M{3:.1f} 0v{1:g}"/><path class="span {4}" d="M{5:.1f} 50H{6:.1f}"/>'
        '<path class="dot {4}" d="M{7:.1f} 50h0"/></svg>'
    )
    return frame.format(_WIDE, _HIGH, told, place(reference), level, place(low), place(high), place(value))


def error_lines(lines: Sequence[ErrorLine], reference: float, ends: tuple[float, float]) -> Markup:
    """Return the realised error of each window as a line, the estimated one with its interval, and the reference as a line."""
    place, step = _scale(*ends), _WIDE / max(len(lines), 1)
    middles = [(index + 0.5) * step for index in range(len(lines))]

    def height(value: float) -> float:
        return _HIGH * (1 - place(value) / _WIDE)

    spans = Markup().join(
        Markup('<rect class="band" x="{0:.1f}" y="{1:.1f}" width="{2:.1f}" height="{3:.1f}"/>').format(
            middle - step * 0.4, height(line.high), step * 0.8, max(height(line.low) - height(line.high), 0.5)
        )
        for middle, line in zip(middles, lines, strict=True)
        if line.low is not None and line.high is not None
    )
    estimated = _dots([(x, line.estimate) for x, line in zip(middles, lines, strict=True)], height, "estimated")
    realised = _dots([(x, line.realised) for x, line in zip(middles, lines, strict=True)], height, "realised")
    frame = Markup(
        '<svg class="errors" viewBox="0 0 {0:g} {1:g}" preserveAspectRatio="none" role="img" aria-label="{2}">'
        '{3}<path class="usual" d="M0 {4:.1f}h{0:g}"/>{5}{6}</svg>'
    )
    return frame.format(_WIDE, _HIGH, _told(lines), spans, height(reference), estimated, realised)


def error_ends(lines: Sequence[ErrorLine], reference: float) -> tuple[float, float]:
    """Return the lowest and the highest value that has to be on the scale, with a little room, never below 0."""
    known = [value for line in lines for value in (line.realised, line.estimate, line.low, line.high) if value is not None]
    values = [value for value in (*known, reference) if isfinite(value)]
    room = max((max(values) - min(values)) * 0.15, abs(reference) * 0.05, 1e-9)
    return max(0.0, min(values) - room), max(values) + room


def _dots(points: Sequence[tuple[float, float | None]], height: Callable[[float], float], level: str) -> Markup:
    known = [(x, height(value)) for x, value in points if value is not None and isfinite(value)]
    if not known:
        return Markup()
    way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in known)
    dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in known)
    return Markup('<path class="way {0}" d="{1}"/><path class="dot {0}" d="{2}"/>').format(level, way, dots)


def _scale(low: float, high: float) -> Callable[[float], float]:
    wide = max(high - low, 1e-12)
    return lambda value: _WIDE * min(max((value - low) / wide, 0.0), 1.0)


def _told(lines: Sequence[ErrorLine]) -> str:
    said = [f"{line.label} {line.realised:.4g}" for line in lines if line.realised is not None]
    return f"Realised error by window: {', '.join(said)}" if said else "Estimated error by window"
