"""How does the verdict on the newest window look on one screen? One page that needs no network, no script and no server."""

from collections.abc import Mapping, Sequence
from math import isfinite

from steward.core.tasks import higher_is_better
from steward.monitoring.drift import MARGIN, ColumnDrift
from steward.monitoring.estimate import Estimate
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.sketch import PREDICTION
from steward.monitoring.slices import SliceVerdict
from steward.monitoring.watch import WindowVerdict
from steward.reporting.page import ORIGINS, page_template
from steward.reporting.watch_contents import WatchReport
from steward.reporting.watch_plots import error_ends, error_lines, interval, meter, share_bar, strip
from steward.reporting.watch_words import column_note, estimate_words, realised_words, share_of

_ON_SCREEN = 5
_MOST_COLUMNS = 40
_MOST_SLICES = 12
_IN_UNIT = frozenset({"rmse", "mae", "bias", "median_absolute_error", "pinball_10", "pinball_90"})


def render_watch_html(report: WatchReport) -> str:
    """Return the page as HTML text; every value in it is escaped, parts without facts are not there."""
    return page_template("watch_report.html.j2").render(**_view(report))


def _view(report: WatchReport) -> Mapping[str, object]:
    verdict, window = report.verdict, report.window
    alert = window.alert if window.alert is not None else 0.5
    policy = report.policy
    return {
        "report": report,
        "advice": report.advice,
        "verdict": verdict,
        "alert": alert,
        "origin": ORIGINS.get(report.origin or "", report.origin),
        "meter": meter(window.severity, alert, sorted({policy.retrain_from, policy.ask_from, policy.escalate_above} - {alert})),
        "bands": f"retrains from {policy.retrain_from:g}, asks from {policy.ask_from:g}, calls above {policy.escalate_above:g}",
        "strip": strip(report.history, window.alert),
        "alarms": sum(line.alarm for line in report.history),
        "on_screen": _ON_SCREEN,
        "moved": _moved(verdict) if verdict else (),
        "target": _column(verdict.target, _top(verdict)) if verdict and verdict.target else None,
        "errors": _errors(report, verdict) if verdict else None,
        "slices": _worst_first(verdict.slices) if verdict else (),
        "faults": verdict.faults if verdict else (),
        "share": share_of,
        "margin": MARGIN,
    }


def _moved(verdict: WindowVerdict) -> tuple[Mapping[str, object], ...]:
    """Return the columns that moved, as they weigh, each with its bar; on one scale."""
    moved = [column for column in verdict.drift.columns if column.moved][:_MOST_COLUMNS]
    return tuple(_column(column, _top(verdict)) for column in moved)


def _column(column: ColumnDrift, top: float) -> Mapping[str, object]:
    expected = _expected(column)
    return {
        "name": "the model's answers" if column.name == PREDICTION else column.name,
        "distance": column.distance,
        "expected": expected,
        "severity": column.weighted_severity,
        "moved": column.moved,
        "note": column_note(column),
        "bar": share_bar(column.distance, expected, top, alarm=column.moved),
    }


def _expected(column: ColumnDrift) -> float:
    """Return the share of rows that chance and the model's own quiet days explain."""
    return max(column.critical + column.usual, MARGIN)


def _top(verdict: WindowVerdict) -> float:
    drawn = [column for column in verdict.drift.columns if column.moved] + ([verdict.target] if verdict.target else [])
    return max((max(column.distance, _expected(column)) for column in drawn), default=1.0)


def _errors(report: WatchReport, verdict: WindowVerdict) -> Mapping[str, object] | None:
    """Return what is known of the error and what is expected of it, on one scale; None where nothing is."""
    realised = verdict.performance if verdict.performance is not None and verdict.performance.rows else None
    main = realised or verdict.estimate
    if main is None:
        return None
    unit = _unit(main.metric, report.unit)
    ends = error_ends(report.errors, main.reference)
    return {
        "metric": main.metric,
        "unit": unit,
        "better": "higher is better" if higher_is_better(main.metric) else "lower is better",
        "reference": main.reference,
        "lines": _error_lines(realised, verdict.estimate, report.unit),
        "lines_are": " and ".join([*["what is sure at 95 %"] * bool(realised), *["the 95 % interval"] * bool(verdict.estimate)]),
        "plot": error_lines(report.errors, main.reference, ends) if len(report.errors) > 1 else "",
        "ends": ends,
        "first": report.errors[0].label if report.errors else "",
        "last": report.errors[-1].label if report.errors else "",
    }


def _error_lines(realised: PerformanceVerdict | None, estimate: Estimate | None, unit: str) -> Sequence[Mapping[str, object]]:
    """Return a sentence and a bar for each error that is known; where both are of one metric they share a scale."""
    lines: list[Mapping[str, object]] = []
    if realised is not None:
        level = "alarm" if realised.severity > 0 else "calm"
        surely = realised.reference * (1 + realised.low)
        ends = _ends(realised, estimate if estimate and estimate.metric == realised.metric else None)
        bar = interval(surely, realised.current, realised.current, ends=ends, reference=realised.reference, level=level)
        said = realised_words(realised, _unit(realised.metric, unit))
        lines.append({"name": "realised", "said": said, "level": level, "bar": bar if realised.enough else ""})
    if estimate is not None:
        same = realised is None or realised.metric == estimate.metric
        level = "alarm" if estimate.trusted and estimate.severity > 0 else "calm"
        name = f"estimated ({estimate.method})" if same else f"estimated {estimate.metric} ({estimate.method})"
        bounds, ends = (estimate.low, estimate.value, estimate.high), _ends(realised if same else None, estimate)
        bar = interval(*bounds, ends=ends, reference=estimate.reference, level=level if estimate.trusted else "doubtful")
        lines.append({"name": name, "said": estimate_words(estimate, _unit(estimate.metric, unit)), "level": level, "bar": bar})
    return lines


def _ends(realised: PerformanceVerdict | None, estimate: Estimate | None) -> tuple[float, float]:
    values = [realised.current, realised.reference, realised.reference * (1 + realised.low)] if realised else []
    values += [estimate.low, estimate.high, estimate.value, estimate.reference] if estimate else []
    known = [value for value in values if isfinite(value)] or [0.0]
    room = (max(known) - min(known)) * 0.06
    return min(known) - room, max(known) + room


def _unit(metric: str, unit: str) -> str:
    return unit if metric in _IN_UNIT else ""


def _worst_first(slices: Sequence[SliceVerdict]) -> tuple[SliceVerdict, ...]:
    return tuple(sorted(slices, key=lambda one: (not one.worse, -one.low, -one.change)))[:_MOST_SLICES]
