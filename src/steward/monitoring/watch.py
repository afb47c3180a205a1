"""What does one window say about a model: all well, an alarm, or too little to tell?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from steward.monitoring.drift import HALF_AT, MARGIN, ColumnDrift, DriftVerdict
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.severity import severity_of

Status = Literal["ok", "alarm", "not enough data", "no data"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """One window: the worst of its severities (None where there is too little data to claim one), and what it rests on.

    `alert` is the severity from which on it is an alarm; `text` says the same in one or two sentences;
    `unknown_classes` are the rows of each class that the model never learnt.
    """

    severity: float | None
    alarm: bool
    drift: DriftVerdict
    performance: PerformanceVerdict | None
    status: Status
    text: str
    alert: float
    unknown_classes: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return asdict(self)


def judge_window(
    drift: DriftVerdict, performance: PerformanceVerdict | None, alert: float, unknown_classes: Mapping[str, int] | None = None
) -> WindowVerdict:
    """Return the verdict on one window.

    Args:
        drift: how far the window's rows moved.
        performance: how the error changed; None while no outcome is known.
        alert: severity from which on it is an alarm, in (0, 1].
        unknown_classes: rows of each class that the model never learnt and so never answers. They are not part of the
            performance; as a share of the window's rows they weigh like rows that moved elsewhere.

    Returns:
        Never an alarm on too few rows, and "no data", which is not "no drift", on none.
    """
    unknown = unknown_classes or {}
    text = _text(drift, performance, unknown)
    if not drift.enough:
        status: Status = "not enough data" if drift.rows else "no data"
        return WindowVerdict(None, False, drift, performance, status, text, alert, unknown)
    severity = max(drift.severity, performance.severity if performance else 0.0, _severity_of_unknown(unknown, drift.rows))
    alarm = severity >= alert
    return WindowVerdict(severity, alarm, drift, performance, "alarm" if alarm else "ok", text, alert, unknown)


def _severity_of_unknown(unknown: Mapping[str, int], rows: int) -> float:
    return severity_of(sum(unknown.values()) / rows - MARGIN, half_at=HALF_AT)


def _text(drift: DriftVerdict, performance: PerformanceVerdict | None, unknown: Mapping[str, int]) -> str:
    if drift.rows == 0:
        return "no rows in this window: nothing is known about it"
    if not drift.enough:
        return f"{drift.rows:,} rows are too few to judge"
    return f"{_drift_text(drift)}; {_performance_text(performance)}{_unknown_text(unknown, drift.rows)}"


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
