"""Verdicts on windows written by hand, and the page about them, for tests of what is shown."""

from dataclasses import replace
from typing import Any

from steward.monitoring.drift import ColumnDrift, DriftVerdict
from steward.monitoring.estimate import Estimate
from steward.monitoring.faults import DataFault
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.sketch import PREDICTION
from steward.monitoring.slices import SliceVerdict
from steward.monitoring.watch import WindowVerdict, judge_window
from steward.project.spec import PolicySpec
from steward.reporting.contents import WindowLine
from steward.reporting.watch_contents import Age, ErrorLine, WatchReport
from steward.reporting.watch_words import advise

REALISED = PerformanceVerdict("rmse", 5.1487, 6.2314, 0.2103, 0.1742, 0.577, 4_812, enough=True)
ESTIMATE = Estimate("DLE", "rmse", 6.02, 5.71, 6.34, 5.1487, 0.169, 0.44, trusted=True, why="", rows=5_104)
DOUBTED = replace(ESTIMATE, trusted=False, why="31% of the rows lie outside what the model was trained on")
NULLS = DataFault("nulls", "trip_km", 0.41, 0.93, "trip_km is missing in 41% of the rows, 0.2% in training")
SLICES = (
    SliceVerdict("pickup_zone", "JFK Airport", 412, 6.9, 9.8, 0.42, 0.21, worse=True),
    SliceVerdict("pickup_hour", "16 to 19", 903, 5.6, 6.9, 0.23, 0.08, worse=True),
    SliceVerdict("plan", "dear <b>", 220, 5.0, 5.4, 0.08, -0.06, worse=False),
    SliceVerdict("pickup_zone", "Harlem", 520, 4.8, 4.9, 0.02, -0.09, worse=False),
)
_BEFORE = (0.0, 0.03, 0.0, 0.12, 0.0, 0.0, 0.21, 0.08, None, 0.0, 0.0, 0.05, 0.31, 0.0, 0.02, 0.0, 0.0, 0.18, 0.44)


def column(name: str, distance: float, **changed: Any) -> ColumnDrift:
    """A column that the model leans on, moved where more than 4 % of its rows sit elsewhere."""
    moved = distance > 0.04
    severity = 1 - 2.0 ** (-max(0.0, distance - 0.04) / 0.05)
    told: dict[str, Any] = {
        "name": name,
        "kind": "number",
        "distance": distance,
        "critical": 0.031,
        "usual": 0.009,
        "effect": max(0.0, distance - 0.02),
        "excess": max(0.0, distance - 0.04),
        "weight": 1.0,
        "severity": severity,
        "moved": moved,
        "missing": 0.0,
        "unseen": 0.0,
        "stuck": False,
        **changed,
    }
    return ColumnDrift(**told)


def drift(*columns: ColumnDrift, rows: int = 5_104, enough: bool = True) -> DriftVerdict:
    """The verdict on some columns, the worst first."""
    ordered = tuple(sorted(columns, key=lambda one: -one.weighted_severity))
    worst = max((one.weighted_severity for one in ordered), default=0.0)
    return DriftVerdict(ordered, worst, tuple(one.name for one in ordered if one.moved), rows, enough=enough)


MOVED = drift(
    column("speed_kmh", 0.187),
    column("trip_km", 0.092, weight=0.8, unseen=0.02),
    column(PREDICTION, 0.081),
    column("pickup_hour", 0.071, weight=0.5, kind="category"),
    column("rain_mm", 0.33, weight=0.0, missing=0.12),
    column("airport", 0.055, weight=0.3),
    *(column(f"calm_{place}", 0.01) for place in range(14)),
)
QUIET = drift(*(column(f"calm_{place}", 0.005 + place / 1000) for place in range(20)))


def verdict(drifted: DriftVerdict = MOVED, **changed: Any) -> WindowVerdict:
    """What `judge_window` makes of hand-written parts."""
    told: dict[str, Any] = {
        "performance": REALISED,
        "estimate": ESTIMATE,
        "slices": SLICES,
        "target": column("duration_min", 0.064),
        "span": ("2020-03-16T04:00:00+00:00", "2020-03-17T04:00:00+00:00"),
        **changed,
    }
    return judge_window(drifted, told.pop("performance"), 0.5, **told)


def line(label: str, severity: float | None, *, text: str = "nothing moved beyond chance") -> WindowLine:
    """One line of the history."""
    alarm = severity is not None and severity >= 0.5
    status = "not enough data" if severity is None else "alarm" if alarm else "ok"
    return WindowLine(label, severity, alarm, status, text, 0.5, f"{label}T05:10:00+00:00")


def report(judged: WindowVerdict | None = None, *, done: str = "", newer: int | None = None, **changed: Any) -> WatchReport:
    """The page about one window after nineteen others."""
    judged = judged or verdict()
    label, policy = "2020-03-16", PolicySpec()
    window = WindowLine(label, judged.severity, judged.alarm, judged.status, judged.text, judged.alert, "2020-03-17T05:10:00+00:00")
    days = [f"2020-02-{26 + place}" if place < 4 else f"2020-03-{place - 3:02d}" for place in range(len(_BEFORE))]
    errors = [
        ErrorLine(day, 5.1 + place % 5 / 10, 5.2 + place % 3 / 10, 4.9 + place % 3 / 10, 5.5 + place % 3 / 10)
        for place, day in enumerate(days)
    ]
    told = WatchReport(
        model="taxi",
        title="How long will a taxi trip take?",
        unit="min",
        version=3,
        champion=newer or 3,
        origin="folder",
        written_at="2020-03-17T05:12:00+00:00",
        window=window,
        verdict=judged,
        advice=advise(window, judged, policy, done=done, newer=newer),
        policy=policy,
        history=(*(line(day, severity) for day, severity in zip(days, _BEFORE, strict=True)), window),
        errors=(*errors, ErrorLine(label, 6.2314, 6.02, 5.71, 6.34)),
        age=Age("2020-03-17T04:00:00+00:00", 0.05, old=False),
        following="steward approve taxi 20200317-1",
    )
    return replace(told, **changed)
