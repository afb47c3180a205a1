"""What does Prometheus read of the world a model lives in: how its windows were judged, what moved, what broke, how wrong it is?

Windows in, gauges out. Names and label values are few whatever the windows hold: metrics and methods of ours, kinds of faults, and
the columns that moved worst. What is counted of requests is `steward.apps.api.metrics`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple, get_args

from prometheus_client.core import GaugeMetricFamily, Metric

from steward.monitoring.broken import FaultKind
from steward.monitoring.history import WatchedWindow
from steward.monitoring.watch import Status
from steward.reporting.recorded import mapping

Labels = Mapping[str, str]
Values = Iterable[tuple[Labels, object]]

COLUMNS = 20
"""How many columns are told, the worst first."""


class _Gauge(NamedTuple):
    """A gauge of a part of a verdict: its name, what it tells, and where its value is found."""

    name: str
    told: str
    value: Callable[[Mapping[str, Any]], object]


_OF_WINDOW = (
    _Gauge(
        "steward_window_severity",
        "Severity of the newest window, 0 to 1; absent where too little is known",
        lambda v: v.get("severity"),
    ),
    _Gauge("steward_window_alert_severity", "Severity from which on a window is an alarm", lambda v: v.get("alert")),
    _Gauge("steward_window_alarm", "1 where the newest window is an alarm", lambda v: v.get("alarm")),
    _Gauge("steward_window_rows", "Rows of the newest window", lambda v: mapping(v.get("drift")).get("rows")),
    _Gauge("steward_window_drift_severity", "Severity of what moved", lambda v: mapping(v.get("drift")).get("severity")),
    _Gauge("steward_window_moved_columns", "Columns that moved beyond chance", lambda v: len(_those(v.get("drift"), "moved"))),
    _Gauge("steward_window_worse_slices", "Slices whose error grew", lambda v: sum(one["worse"] for one in _those(v, "slices"))),
    _Gauge("steward_window_start_timestamp_seconds", "Begin of the newest window", lambda v: _seconds(v.get("start"))),
    _Gauge("steward_window_end_timestamp_seconds", "End of the newest window", lambda v: _seconds(v.get("end"))),
)
_OF_OUTCOMES = (
    _Gauge("steward_realised_error", "Error on the newest known outcomes", lambda p: p.get("current")),
    _Gauge("steward_reference_error", "Error on rows the model had not learnt from", lambda p: p.get("reference")),
    _Gauge("steward_realised_error_change", "Growth of the error, as a share of the reference", lambda p: p.get("change")),
    _Gauge("steward_realised_error_change_low", "Lower 95 % bound of that growth", lambda p: p.get("low")),
    _Gauge("steward_realised_error_severity", "What that growth is worth, 0 to 1", lambda p: p.get("severity")),
)
_OF_ESTIMATE = (
    _Gauge("steward_estimated_metric", "Metric of the newest window as estimated before its outcomes", lambda e: e.get("value")),
    _Gauge("steward_estimated_metric_low", "Lower end of the 95 % interval", lambda e: e.get("low")),
    _Gauge("steward_estimated_metric_high", "Upper end of the 95 % interval", lambda e: e.get("high")),
    _Gauge("steward_estimated_metric_reference", "The same on rows the model had not learnt from", lambda e: e.get("reference")),
    _Gauge("steward_estimated_error_change", "Estimated growth of the error; above 0 is worse", lambda e: e.get("change")),
    _Gauge("steward_estimate_trusted", "0 where the estimate may not be believed", lambda e: e.get("trusted")),
)


def window_metrics(windows: Sequence[WatchedWindow], version: int) -> Iterator[Metric]:
    """Yield the gauges of one version from some of a model's windows.

    The verdict is that of the window that ended last; the realised error that of the last one with known outcomes, because they
    come late. A version that was not watched yet has no gauges: what was said of another one is not true of it.
    """
    mine = sorted((window for window in windows if window.version == version), key=_ended)
    if not mine:
        return
    verdict, about = mine[-1].verdict, {"model": mine[-1].model, "version": str(version)}
    yield from _gauges(_OF_WINDOW, verdict, about)
    yield from _family("steward_window_status", "1 for the status of the newest window", about, _statuses(verdict))
    yield from _family("steward_windows", "How the newest windows were judged", about, _counted(mine))
    yield from _family("steward_column_drift_severity", "Severity of the columns that moved worst", about, _columns(verdict))
    yield from _family("steward_data_fault_severity", "Severity of the worst fault of each kind", about, _faults(verdict))
    yield from _performance(mine, about)
    estimate = mapping(verdict.get("estimate"))
    yield from _gauges(_OF_ESTIMATE, estimate, about, _named(estimate, "metric", "method"))


def judged_at(windows: Sequence[WatchedWindow]) -> datetime | None:
    """Return when the last of some windows was judged, of whatever version; None where there is none."""
    return max((_time(window.created_at) for window in windows), default=None)


def gauge(name: str, told: str, about: Labels, value: object) -> Iterator[Metric]:
    """Yield a gauge of one value; nothing where that is no finite number."""
    yield from _family(name, told, about, [({}, value)])


def _gauges(gauges: Iterable[_Gauge], part: Mapping[str, Any], about: Labels, named: Labels | None = None) -> Iterator[Metric]:
    if part:
        for one in gauges:
            yield from _family(one.name, one.told, about, [(named or {}, one.value(part))])


def _family(name: str, told: str, about: Labels, values: Values) -> Iterator[Metric]:
    known = [(labels, float(value)) for labels, value in values if isinstance(value, int | float) and isfinite(value)]
    if not known:
        return
    family = GaugeMetricFamily(name, told, labels=(*about, *known[0][0]))
    for labels, value in known:
        family.add_metric((*about.values(), *labels.values()), value)
    yield family


def _statuses(verdict: Mapping[str, Any]) -> Values:
    return [({"status": status}, status == verdict.get("status")) for status in get_args(Status)]


def _counted(windows: Sequence[WatchedWindow]) -> Values:
    found = Counter(str(window.verdict.get("status")) for window in windows)
    return [({"status": status}, found[status]) for status in get_args(Status)]


def _columns(verdict: Mapping[str, Any]) -> Values:
    columns = _those(verdict.get("drift"), "columns")
    severities = {str(column["name"]): column["weight"] * column["severity"] for column in columns}
    worst = sorted(severities, key=lambda name: (-severities[name], name))[:COLUMNS]
    return [({"column": name}, severities[name]) for name in worst]


def _faults(verdict: Mapping[str, Any]) -> Values:
    worst: dict[str, float] = dict.fromkeys(get_args(FaultKind), 0.0)
    for fault in _those(verdict, "faults"):
        if fault["kind"] in worst:
            worst[fault["kind"]] = max(worst[fault["kind"]], fault["severity"])
    return [({"kind": kind}, severity) for kind, severity in worst.items()]


def _performance(windows: Sequence[WatchedWindow], about: Labels) -> Iterator[Metric]:
    newest = mapping(windows[-1].verdict.get("performance"))
    yield from gauge("steward_outcomes_known", "Known outcomes of the newest window", about, newest.get("rows", 0))
    found = (mapping(window.verdict.get("performance")) for window in reversed(windows))
    known = next((one for one in found if one.get("enough")), {})
    yield from _gauges(_OF_OUTCOMES, known, about, _named(known, "metric"))


def _named(part: Mapping[str, Any], *names: str) -> Labels:
    return {name: str(part.get(name)) for name in names}


def _those(part: object, name: str) -> Sequence[Any]:
    """Return a list of a verdict; empty where an older Steward, or a window without rows, has none."""
    found = mapping(part).get(name)
    return found if isinstance(found, list | tuple) else ()


def _ended(window: WatchedWindow) -> tuple[datetime, datetime]:
    judged = _time(window.created_at)  # a month that is not over yet, as far as it was seen
    return (judged if window.end is None else min(_time(window.end), judged)), judged


def _seconds(text: object) -> float | None:
    return _time(text).timestamp() if isinstance(text, str) else None


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
