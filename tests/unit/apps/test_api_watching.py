from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.apps.conftest import Browser

from steward.apps.api.app import create_app
from steward.core.errors import EnvironmentFault, Fault
from steward.flows.looks import Looks, Performance, Realised
from steward.models.evaluate import Measured
from steward.models.history import Experiment, Tried
from steward.monitoring.drift import ColumnDrift, DriftVerdict
from steward.monitoring.estimate import Estimate
from steward.monitoring.faults import DataFault
from steward.monitoring.history import WatchedWindow
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.slices import SliceVerdict
from steward.monitoring.watch import judge_window
from steward.quality.findings import Finding
from steward.quality.history import KeptFinding, KeptMetric, QualityMetric
from steward.serving.answer import Served
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

AT = "2026-01-01T00:00:00+00:00"


def column(name: str, *, moved: bool) -> ColumnDrift:
    return ColumnDrift(name, "number", 0.3, 0.02, 0.26, 1.0, 0.8, moved, 0.0, 0.0, stuck=False)


def window(label: str, performance: PerformanceVerdict | None) -> WatchedWindow:
    drift = DriftVerdict((column("hour", moved=True), column("zone", moved=False)), 0.8, ("hour",), 5000, enough=True)
    verdict = judge_window(drift, performance, alert=0.5)
    return WatchedWindow(label, "rides", 3, label, verdict.severity, verdict.alarm, False, verdict.as_dict(), AT)


WORSE = PerformanceVerdict("rmse", 4.0, 5.0, 0.25, 0.2, 0.5, 900, enough=True)
WINDOWS = (window("2024-03", WORSE), window("2024-02", None))
FOUND = Finding("fares", "range", ("fare",), "quarantine", 12, 0.03, ("-1",), "fare is below 0, for example -1")
MISSING = (
    KeptMetric("rides", "r2", QualityMetric("raw", "fare", "null_share", 0.25), AT),
    KeptMetric("rides", "r2", QualityMetric("clean", "fare", "null_share", None), AT),
)
TRIED = (Experiment("rides", "r2", Tried("linear", "validation", "rmse", 4.5, chosen=False), AT),)


def performance(_served: Served, limit: int) -> Performance:
    tested = {"rmse": {"value": 4.0, "low": 3.5, "high": 4.5}, "mae": {"value": 3.0, "low": None, "high": None}}
    inside = {"level": 0.9, "share": 0.88, "width": 7.5}
    return Performance(tested, 400, inside, Realised(25, limit, {"rmse": Measured(5.0, 4.0, 6.0)}, 0.8))


@pytest.fixture
def opened() -> Callable[[Looks], Browser]:
    return lambda looks: Browser(
        create_app(Service(tiny_served(3), MemoryPredictionLog(), FrozenClock()), lambda: None, looks=looks)
    )


@pytest.fixture
def told(opened: Callable[[Looks], Browser]) -> Browser:
    return opened(
        Looks(
            windows=lambda limit: WINDOWS[:limit],
            findings=lambda limit: (KeptFinding("rides", "r2", FOUND, AT),) * min(limit, 60),
            missing=lambda: MISSING,
            experiments=lambda limit: TRIED * min(limit, 60),
            performance=performance,
        )
    )


def test_the_champion_is_told_then_and_since(told: Browser) -> None:
    assert told.get("/metrics/model?limit=200").json() == {
        "model": "rides",
        "version": 3,
        "task": "regression",
        "unit": "minutes",
        "tested": {
            "rows": 400,
            "metrics": [
                {"name": "rmse", "value": 4.0, "low": 3.5, "high": 4.5},
                {"name": "mae", "value": 3.0, "low": None, "high": None},
            ],
            "interval_level": 0.9,
            "interval_share": 0.88,
            "interval_width": 7.5,
        },
        "realised": {
            "rows": 25,
            "looked_at": 200,
            "metrics": [{"name": "rmse", "value": 5.0, "low": 4.0, "high": 6.0}],
            "interval_share": 0.8,
        },
    }


def test_windows_are_told_with_the_columns_that_moved_and_the_error(told: Browser) -> None:
    newest, older = told.get("/drift").json()["windows"]
    assert (newest["label"], newest["alarm"], newest["severity"], newest["status"]) == ("2024-03", True, 0.8, "alarm")
    assert newest["rows"] == 5000
    assert newest["moved"] == [{"name": "hour", "distance": 0.3, "critical": 0.02, "weight": 1.0, "severity": 0.8}]
    assert newest["performance"] == {
        "metric": "rmse",
        "reference": 4.0,
        "current": 5.0,
        "change": 0.25,
        "low": 0.2,
        "rows": 900,
    }
    assert older["performance"] is None
    assert (newest["faults"], newest["estimate"], newest["target"], newest["worse"], newest["start"]) == ([], None, None, [], None)
    assert [one["label"] for one in told.get("/drift?limit=1").json()["windows"]] == ["2024-03"]


def test_a_window_tells_what_broke_what_is_estimated_and_who_suffers(opened: Callable[[Looks], Browser]) -> None:
    drift = DriftVerdict((column("hour", moved=True),), 0.8, ("hour",), 5000, enough=True)
    fault = DataFault("nulls", "hour", 0.4, 0.9, "hour is missing in 40 % of the rows")
    estimate = Estimate("DLE", "rmse", 5.5, 5.0, 6.0, 4.0, 0.37, 0.8, trusted=False, why="new ground", rows=5000)
    parts = [SliceVerdict("zone", value, 400, 4.0, 6.0, 0.5, 0.3, worse=value == "7") for value in ("7", "8")]
    span = ("2024-03-01T00:00:00+00:00", "2024-03-02T00:00:00+00:00")
    verdict = judge_window(
        drift, WORSE, 0.5, faults=[fault], estimate=estimate, target=column("outcome", moved=True), slices=parts, span=span
    )
    kept = WatchedWindow("k", "rides", 3, "day", 0.9, True, False, verdict.as_dict(), AT, *span)
    (told,) = opened(Looks(windows=lambda _: (kept,))).get("/drift").json()["windows"]
    assert (told["start"], told["end"]) == span
    assert told["faults"] == [{"kind": "nulls", "column": "hour", "share": 0.4, "severity": 0.9, "text": fault.text}]
    assert (told["estimate"]["method"], told["estimate"]["trusted"], told["estimate"]["why"]) == ("DLE", False, "new ground")
    assert told["target"] == {"distance": 0.3, "critical": 0.02, "moved": True}
    assert [one["value"] for one in told["worse"]] == ["7"]


def test_findings_are_told_without_any_value_of_a_row(told: Browser) -> None:
    answer = told.get("/data-quality?limit=1")
    assert answer.json() == {
        "findings": [
            {
                "run": "r2",
                "at": AT,
                "check": "fares",
                "kind": "range",
                "columns": ["fare"],
                "action": "quarantine",
                "rows": 12,
                "share": 0.03,
            }
        ],
        "missing": [{"column": "fare", "stage": "raw", "share": 0.25}, {"column": "fare", "stage": "clean", "share": None}],
    }
    assert "-1" not in answer.text.replace(AT, "")


def test_experiments_are_told(told: Browser) -> None:
    one = {"run": "r2", "at": AT, "candidate": "linear", "part": "validation", "metric": "rmse", "value": 4.5, "chosen": False}
    assert told.get("/experiments").json() == {"experiments": [one] * 50}


@pytest.mark.parametrize("path", ["/drift", "/data-quality", "/experiments"])
def test_before_anything_happened_lists_are_empty_even_without_a_champion(empty: Browser, path: str) -> None:
    answer = empty.get(path)
    assert answer.status_code == 200
    assert not any(answer.json().values())


def test_the_performance_of_no_champion_is_asked_in_vain(empty: Browser) -> None:
    assert (empty.get("/metrics/model").status_code, empty.get("/metrics/model").json()["code"]) == (503, "SERVE-010")


@pytest.mark.parametrize("path", ["/drift", "/data-quality", "/experiments", "/metrics/model"])
@pytest.mark.parametrize("limit", ["0", "-1", "1000000", "many", "1e3", "", "1&limit=x"])
def test_a_limit_that_is_none_is_refused_in_the_one_body(told: Browser, path: str, limit: str) -> None:
    answer = told.get(f"{path}?limit={limit}")
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (422, "SERVE-104", "limit")
    assert set(said) == {"code", "message", "field", "fix", "others"}


def test_a_database_that_is_down_is_told_with_what_to_do(opened: Callable[[Looks], Browser]) -> None:
    def down(_limit: int) -> Any:
        raise EnvironmentFault(Fault("DB-001", "the database does not answer", fix="start it"))

    answer = opened(Looks(windows=down)).get("/drift")
    assert (answer.status_code, answer.json()["code"], answer.json()["fix"]) == (503, "DB-001", "start it")
    assert answer.headers["Retry-After"] == "1"
