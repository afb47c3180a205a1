"""What does one window say about a model: all well, an alarm, or too little to tell?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from steward.monitoring.drift import HALF_AT, MARGIN, ColumnDrift, DriftVerdict
from steward.monitoring.estimate import Estimate
from steward.monitoring.faults import DataFault
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.severity import severity_of
from steward.monitoring.slices import SliceVerdict

Status = Literal["ok", "alarm", "not enough data", "no data"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """One window: the worst of its severities (None where there is too little data to claim one), and what it rests on.

    `alert` is the severity from which on it is an alarm; `text` says the same in a few sentences; `unknown_classes` are the
    rows of each class that the model never learnt; `faults` are what broke, worst first; `estimate` is the error before its
    outcomes are known; `target` how the outcomes moved; `slices` those on which the error was judged, the worst first. `start`
    and `end` are the half-open span of a window by time, ISO 8601.
    """

    severity: float | None
    alarm: bool
    drift: DriftVerdict
    performance: PerformanceVerdict | None
    status: Status
    text: str
    alert: float
    unknown_classes: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[DataFault, ...] = ()
    estimate: Estimate | None = None
    target: ColumnDrift | None = None
    slices: tuple[SliceVerdict, ...] = ()
    start: str | None = None
    end: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return asdict(self)


def judge_window(
    drift: DriftVerdict,
    performance: PerformanceVerdict | None,
    alert: float,
    unknown_classes: Mapping[str, int] | None = None,
    *,
    faults: Sequence[DataFault] = (),
    estimate: Estimate | None = None,
    target: ColumnDrift | None = None,
    slices: Sequence[SliceVerdict] = (),
    span: tuple[str, str] | None = None,
) -> WindowVerdict:
    """Return the verdict on one window.

    Args:
        drift: how far the window's rows moved.
        performance: how the error changed; None while no outcome is known.
        alert: severity from which on it is an alarm, in (0, 1].
        unknown_classes: rows of each class that the model never learnt and so never answers. They are not part of the
            performance; as a share of the window's rows they weigh like rows that moved elsewhere.
        faults: what broke, worst first.
        estimate: the error as it must be, judged by what the model said; it counts where it is trusted and too few outcomes
            are known.
        target: how the known outcomes moved; told, but not weighed: what it does to the model shows in the performance.
        slices: the error on parts of the rows, the worst first; told, but not weighed.
        span: start and end of a window by time, ISO 8601.

    Returns:
        Never an alarm by drift or error on too few rows, and "no data", which is not "no drift", on none. Faults are judged by
        the rows that came in, whatever the checks left of them; a feed that stopped needs none.
    """
    unknown = unknown_classes or {}
    known = performance is not None and performance.enough
    parts = [fault.severity for fault in faults]
    if drift.enough:
        parts += [drift.severity, performance.severity if performance else 0.0, _severity_of_unknown(unknown, drift.rows)]
        parts += [estimate.severity] if estimate is not None and estimate.trusted and not known else []
    severity = max(parts, default=None)
    alarm = severity is not None and severity >= alert
    fitting: Status = "ok" if drift.enough else "not enough data" if drift.rows else "no data"
    return WindowVerdict(
        severity=severity if drift.enough or alarm else None,
        alarm=alarm,
        drift=drift,
        performance=performance,
        status="alarm" if alarm else fitting,
        text=_text(drift, performance, unknown, faults, None if known else estimate, slices),
        alert=alert,
        unknown_classes=unknown,
        faults=tuple(faults),
        estimate=estimate,
        target=target,
        slices=tuple(slices),
        start=span[0] if span else None,
        end=span[1] if span else None,
    )


def _severity_of_unknown(unknown: Mapping[str, int], rows: int) -> float:
    return severity_of(sum(unknown.values()) / rows - MARGIN, half_at=HALF_AT)


def _text(
    drift: DriftVerdict,
    performance: PerformanceVerdict | None,
    unknown: Mapping[str, int],
    faults: Sequence[DataFault],
    estimate: Estimate | None,
    slices: Sequence[SliceVerdict],
) -> str:
    broken = _faults_text(faults)
    if drift.rows == 0:
        return f"{broken}no rows in this window: nothing is known about it"
    if not drift.enough:
        return f"{broken}{drift.rows:,} rows are too few to judge"
    known = f"{_performance_text(performance)}{_estimate_text(estimate)}{_slices_text(slices)}"
    return f"{broken}{_drift_text(drift)}; {known}{_unknown_text(unknown, drift.rows)}"


def _faults_text(faults: Sequence[DataFault]) -> str:
    more = f"and {len(faults) - _NAMED} more faults; " if len(faults) > _NAMED else ""
    return "".join(f"{fault.text}; " for fault in faults[:_NAMED]) + more


def _estimate_text(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    values = f"{estimate.metric} {estimate.value:.4g} ({estimate.low:.4g} to {estimate.high:.4g}), was {estimate.reference:.4g}"
    doubt = "" if estimate.trusted else f", which is not to be trusted: {estimate.why}"
    return f"; estimated ({estimate.method}): {values}{doubt}"


def _slices_text(slices: Sequence[SliceVerdict]) -> str:
    worse = [one for one in slices if one.worse]
    named = ", ".join(f"{one.column} = {one.value} ({one.change:+.0%})" for one in worse[:_NAMED])
    more = f" and {len(worse) - _NAMED} more" if len(worse) > _NAMED else ""
    return f"; worse for {named}{more}" if worse else ""


def _unknown_text(unknown: Mapping[str, int], rows: int) -> str:
    if not unknown:
        return ""
    named = ", ".join(f"{name!r} ({count:,})" for name, count in list(unknown.items())[:_NAMED])
    more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
    share = sum(unknown.values()) / rows
    return f"; {share:.1%} of rows are of classes the model never learnt, and are not in the error: {named}{more}"


def _drift_text(drift: DriftVerdict) -> str:
    if not drift.moved:
        return f"no column moved beyond chance in {drift.rows:,} rows"
    moved = [column for column in drift.columns if column.moved]
    named = ", ".join(_column_text(column) for column in moved[:_NAMED])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    pairs = sum(column.kind == "pair" for column in moved)
    alone = sum(column.kind != "pair" for column in drift.columns)
    together = f" and {pairs} pair{'s' if pairs > 1 else ''} of columns" if pairs else ""
    return f"{len(moved) - pairs} of {alone} columns{together} moved: {named}{more}"


def _column_text(column: ColumnDrift) -> str:
    unused = "" if column.weight > 0 else ", not used by the model"
    return f"{column.name} ({column.distance:.1%} of rows elsewhere, chance explains {column.critical:.1%}{unused})"


def _performance_text(performance: PerformanceVerdict | None) -> str:
    if performance is None or performance.rows == 0:
        return "no outcomes known yet"
    if not performance.enough:
        return f"{performance.rows:,} known outcomes are too few to judge the error"
    values = f"{performance.metric} {performance.current:.4g}, was {performance.reference:.4g}"
    return f"{values} ({performance.change:+.0%}, at least {performance.low:+.0%}) on {performance.rows:,} known outcomes"
