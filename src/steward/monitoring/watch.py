"""What does one window say about a model: all well, an alarm, or too little to tell?"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from steward.monitoring.drift import ColumnDrift, DriftVerdict
from steward.monitoring.performance import PerformanceVerdict

Status = Literal["ok", "alarm", "not enough data", "no data"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """One window: the worse of both severities (None where there is too little data to claim one), and what it rests on.

    `alert` is the severity from which on it is an alarm; `text` says the same in one or two sentences.
    """

    severity: float | None
    alarm: bool
    drift: DriftVerdict
    performance: PerformanceVerdict | None
    status: Status
    text: str
    alert: float

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return asdict(self)


def judge_window(drift: DriftVerdict, performance: PerformanceVerdict | None, alert: float) -> WindowVerdict:
    """Return the verdict on one window.

    Args:
        drift: how far the window's rows moved.
        performance: how the error changed; None while no outcome is known.
        alert: severity from which on it is an alarm, in (0, 1].

    Returns:
        Never an alarm on too few rows, and "no data", which is not "no drift", on none.
    """
    text = _text(drift, performance)
    if not drift.enough:
        status: Status = "not enough data" if drift.rows else "no data"
        return WindowVerdict(None, alarm=False, drift=drift, performance=performance, status=status, text=text, alert=alert)
    severity = max(drift.severity, performance.severity if performance else 0.0)
    alarm = severity >= alert
    return WindowVerdict(severity, alarm, drift, performance, "alarm" if alarm else "ok", text, alert)


def _text(drift: DriftVerdict, performance: PerformanceVerdict | None) -> str:
    if drift.rows == 0:
        return "no rows in this window: nothing is known about it"
    if not drift.enough:
        return f"{drift.rows:,} rows are too few to judge"
    return f"{_drift_text(drift)}; {_performance_text(performance)}"


def _drift_text(drift: DriftVerdict) -> str:
    if not drift.moved:
        return f"no column moved beyond chance in {drift.rows:,} rows"
    moved = [column for column in drift.columns if column.moved]
    named = ", ".join(_column_text(column) for column in moved[:_NAMED])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    return f"{len(moved)} of {len(drift.columns)} columns moved: {named}{more}"


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
