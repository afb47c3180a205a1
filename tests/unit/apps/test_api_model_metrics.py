import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.apps.conftest import Browser

from steward.apps.api.app import create_app
from steward.apps.api.metrics import processor_seconds
from steward.apps.api.model_metrics import COLUMNS
from steward.apps.api.window_reader import ModelWatched, WindowReader, window_reader
from steward.core.errors import EnvironmentFault, Fault
from steward.monitoring.broken import FaultKind
from steward.monitoring.drift import ColumnDrift, DriftVerdict
from steward.monitoring.estimate import Estimate
from steward.monitoring.faults import DataFault
from steward.monitoring.history import WatchedWindow
from steward.monitoring.performance import PerformanceVerdict
from steward.monitoring.slices import SliceVerdict
from steward.monitoring.watch import Status, judge_window
from steward.project.read import read_project
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

Found = dict[tuple[str, frozenset[tuple[str, str]]], float]
DAY, MONTH = timedelta(days=1), timedelta(days=365.25 / 12)
WORSE = PerformanceVerdict("rmse", 4.0, 5.0, 0.25, 0.2, 0.5, 900, enough=True)
ESTIMATE = Estimate("DLE", "mae", 4.5, 4.0, 5.0, 3.0, 0.5, 0.6, trusted=False, why="far outside", rows=5000)
FAULTS = (
    DataFault("nulls", "fare", 0.5, 0.7, "fare is null in half of the rows"),
    DataFault("nulls", "zone", 0.2, 0.4, "zone is null in 20 % of the rows"),
    DataFault("stopped", None, 0.9, 0.9, "a tenth of the usual rows"),
)
SLICES = (
    SliceVerdict("zone", "74", 50, 3.0, 6.0, 1.0, 0.4, worse=True),
    SliceVerdict("zone", "75", 50, 3.0, 3.1, 0.1, -0.4, worse=False),
)


def drift(columns: int = 2) -> DriftVerdict:
    # The first contributes 0.8 x 1.0, the next 0.4, 0.27, ...
    judged = tuple(
        ColumnDrift(f"c{place:03}", "number", 0.3, 0.02, 0.26, 1 / (place + 1), 0.8, place == 0, 0.0, 0.0, stuck=False)
        for place in range(columns)
    )
    return DriftVerdict(judged, 0.8, ("c000",), 5000, enough=True)


def window(key: str, at: str, *, version: int = 3, end: str | None = None, performance: Any = None, **more: Any) -> WatchedWindow:
    verdict = judge_window(drift(more.pop("columns", 2)), performance, alert=0.5)
    stored = {**verdict.as_dict(), "end": end, **more}
    return WatchedWindow(key, "rides", version, key, verdict.severity, verdict.alarm, False, stored, at, end=end)


class Held:
    """Windows as they are held, and how many were asked for: "listed" without their verdicts, "windows" with them."""

    def __init__(self, windows: Sequence[WatchedWindow] = ()) -> None:
        self.held: Sequence[WatchedWindow] = windows
        self.asked: list[tuple[str, int]] = []

    def listed(self, model: str, *, limit: int) -> Sequence[Any]:
        return self._give("listed", model, limit)

    def windows(self, model: str, *, limit: int) -> Sequence[WatchedWindow]:
        return self._give("windows", model, limit)

    def _give(self, what: str, model: str, limit: int) -> Sequence[WatchedWindow]:
        assert model in ("rides", "taxi")
        self.asked.append((what, limit))
        return self.held[:limit]


def read(collector: ModelWatched) -> Found:
    registry = CollectorRegistry()
    registry.register(collector)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(sample.name, frozenset(sample.labels.items())): sample.value for one in families for sample in one.samples}


def of_model(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset({"model": "rides", "version": "3", **labels}.items())


def reader_of(windows: Sequence[WatchedWindow], clock: FrozenClock | None = None) -> WindowReader:
    reader = WindowReader("rides", Held(windows), clock or FrozenClock(), due=DAY)
    reader.look()
    return reader


def gauges(*windows: WatchedWindow, version: int | None = 3) -> Found:
    return read(ModelWatched(reader_of(windows), lambda: version))


def test_the_newest_window_is_told_with_severity_rows_and_the_line_of_an_alarm() -> None:
    found = gauges(window("w", "2026-01-02T00:00:00+00:00", start="2026-01-01T00:00:00+00:00", end="2026-01-02T00:00:00+00:00"))
    assert found[of_model("steward_window_severity")] == 0.8
    assert found[of_model("steward_window_alert_severity")] == 0.5
    assert found[of_model("steward_window_alarm")] == 1
    assert found[of_model("steward_window_rows")] == 5000
    assert found[of_model("steward_window_drift_severity")] == 0.8
    assert found[of_model("steward_window_moved_columns")] == 1
    assert found[of_model("steward_window_worse_slices")] == 0
    assert found[of_model("steward_window_start_timestamp_seconds")] == 1767225600
    assert found[of_model("steward_window_end_timestamp_seconds")] == 1767225600 + 86400
    told = {status: found[of_model("steward_window_status", status=status)] for status in get_args(Status)}
    assert told == {"ok": 0, "alarm": 1, "not enough data": 0, "no data": 0}


def test_a_window_of_too_few_rows_claims_no_severity() -> None:
    few = replace(window("w", "2026-01-02T00:00:00+00:00"), severity=None)
    found = gauges(replace(few, verdict={**few.verdict, "severity": None, "alarm": False, "status": "not enough data"}))
    assert of_model("steward_window_severity") not in found
    assert found[of_model("steward_window_alarm")] == 0
    assert found[of_model("steward_window_status", status="not enough data")] == 1


def test_only_the_columns_that_moved_worst_are_told_whatever_the_number() -> None:
    found = gauges(window("w", "2026-01-02T00:00:00+00:00", columns=500))
    told = {dict(labels)["column"]: value for (name, labels), value in found.items() if name == "steward_column_drift_severity"}
    assert sorted(told) == [f"c{place:03}" for place in range(COLUMNS)]
    assert (told["c000"], told["c001"]) == (0.8, 0.4)


def test_each_kind_of_fault_has_its_worst_and_one_that_is_not_there_is_0() -> None:
    found = gauges(window("w", "2026-01-02T00:00:00+00:00", faults=[asdict(fault) for fault in FAULTS]))
    told = {dict(labels)["kind"]: value for (name, labels), value in found.items() if name == "steward_data_fault_severity"}
    assert told == {**dict.fromkeys(get_args(FaultKind), 0.0), "nulls": 0.7, "stopped": 0.9}


def test_the_error_is_that_of_the_last_window_with_outcomes_because_they_come_late() -> None:
    found = gauges(
        window("late", "2026-01-03T00:00:00+00:00", end="2026-01-03T00:00:00+00:00"),
        window("told", "2026-01-02T00:00:00+00:00", end="2026-01-02T00:00:00+00:00", performance=WORSE),
        window("old", "2026-01-01T00:00:00+00:00", end="2026-01-01T00:00:00+00:00", performance=replace(WORSE, current=9.0)),
    )
    assert found[of_model("steward_realised_error", metric="rmse")] == 5.0
    assert found[of_model("steward_reference_error", metric="rmse")] == 4.0
    assert found[of_model("steward_realised_error_change", metric="rmse")] == 0.25
    assert found[of_model("steward_realised_error_change_low", metric="rmse")] == 0.2
    assert found[of_model("steward_realised_error_severity", metric="rmse")] == 0.5
    assert found[of_model("steward_outcomes_known")] == 0
    assert found[of_model("steward_windows", status="alarm")] == 3


def test_an_estimate_is_told_with_its_interval_and_that_it_is_not_believed() -> None:
    found = gauges(window("w", "2026-01-02T00:00:00+00:00", estimate=asdict(ESTIMATE), slices=[asdict(one) for one in SLICES]))
    about = {"metric": "mae", "method": "DLE"}
    names = ("metric", "metric_low", "metric_high", "metric_reference", "error_change")
    assert [found[of_model(f"steward_estimated_{name}", **about)] for name in names] == [4.5, 4.0, 5.0, 3.0, 0.5]
    assert found[of_model("steward_estimate_trusted", **about)] == 0
    assert found[of_model("steward_window_worse_slices")] == 1


def test_the_newest_window_is_the_one_that_ended_last_and_not_the_one_that_was_judged_again() -> None:
    again = window("again", "2026-01-09T00:00:00+00:00", end="2026-01-02T00:00:00+00:00")
    last = window("last", "2026-01-05T00:00:00+00:00", end="2026-01-05T00:00:00+00:00")
    found = gauges(again, replace(last, verdict={**last.verdict, "severity": 0.1, "alarm": False}))
    assert found[of_model("steward_window_severity")] == 0.1


def test_a_month_that_is_not_over_is_no_newer_than_when_it_was_judged() -> None:
    month = window("month", "2026-01-03T00:00:00+00:00", end="2026-02-01T00:00:00+00:00")
    day = window("day", "2026-01-09T00:01:00+00:00", end="2026-01-09T00:00:00+00:00")
    found = gauges(replace(day, verdict={**day.verdict, "severity": 0.1, "alarm": False}), month)
    assert found[of_model("steward_window_severity")] == 0.1


@pytest.mark.parametrize("version", [4, None])
def test_what_was_said_of_another_version_is_not_said_of_this_one(version: int | None) -> None:
    found = gauges(window("w", "2026-01-02T00:00:00+00:00"), version=version)
    assert {name for name, _ in found} == {"steward_watch_read_ok", "steward_watch_age_seconds", "steward_watch_due_seconds"}


def test_a_window_of_an_older_steward_has_less_in_it_and_is_told_all_the_same() -> None:
    bare = WatchedWindow("w", "rides", 3, "w", 0.2, False, True, {"severity": 0.2, "status": "ok"}, "2026-01-02T00:00:00")
    found = gauges(bare)
    assert found[of_model("steward_window_severity")] == 0.2
    assert of_model("steward_window_rows") not in found


def test_time_goes_by_while_nobody_watches() -> None:
    clock = FrozenClock()
    reader = reader_of((), clock)
    collector, about = ModelWatched(reader, lambda: 3), frozenset({("model", "rides")})
    clock.advance(timedelta(hours=2))
    assert read(collector)["steward_watch_age_seconds", about] == 7200  # since it began: there was no window
    assert read(collector)["steward_watch_due_seconds", about] == 86400
    reader.windows = (window("w", (clock.now() - timedelta(minutes=1)).isoformat()),)
    assert read(collector)["steward_watch_age_seconds", about] == 60
    reader.windows = (window("w", (clock.now() + timedelta(minutes=1)).isoformat()),)
    assert read(collector)["steward_watch_age_seconds", about] == 0  # a clock that was put back


def test_a_database_that_is_down_leaves_what_was_known_and_is_said() -> None:
    class Away(Held):
        def _give(self, what: str, model: str, limit: int) -> Sequence[WatchedWindow]:
            if len(self.asked) == 2:
                raise EnvironmentFault(Fault("DB-001", "the database is away"))
            return super()._give(what, model, limit)

    reader = WindowReader("rides", Away([window("w", "2026-01-02T00:00:00+00:00")]), FrozenClock(), due=DAY)
    collector, read_ok = ModelWatched(reader, lambda: 3), ("steward_watch_read_ok", frozenset({("model", "rides")}))
    reader.look()
    assert read(collector)[read_ok] == 1
    reader.look()
    assert read(collector)[read_ok] == 0
    assert read(collector)[of_model("steward_window_severity")] == 0.8


def test_verdicts_are_read_again_only_where_there_is_a_new_window() -> None:
    store = Held([window("w", "2026-01-02T00:00:00+00:00")])
    reader = WindowReader("rides", store, FrozenClock(), due=DAY)
    for _ in range(3):
        reader.look()
    assert store.asked == [("listed", 1), ("windows", 50), ("listed", 1), ("listed", 1)]
    store.held = [window("v", "2026-01-03T00:00:00+00:00"), *store.held]
    reader.look()
    assert [one.key for one in reader.windows] == ["v", "w"]


def test_outcomes_change_older_windows_which_are_read_again_now_and_then() -> None:
    held = [window("new", "2026-01-03T00:00:00+00:00"), window("old", "2026-01-02T00:00:00+00:00")]
    reader = WindowReader("rides", Held(held), FrozenClock(), due=DAY, all_every_s=0.0)
    reader.look()
    held[1] = window("old", "2026-01-02T00:00:00+00:00", performance=WORSE)
    reader.look()
    assert read(ModelWatched(reader, lambda: 3))[of_model("steward_realised_error", metric="rmse")] == 5.0


def test_a_database_that_hangs_delays_no_reading_and_the_end_of_the_server_hardly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steward.apps.api.window_reader._STOP_S", 0.01)
    monkeypatch.setattr("steward.apps.api.window_reader._PATIENCE_S", 0.01)
    hanging, asked = threading.Event(), threading.Event()

    class Hanging(Held):
        def _give(self, what: str, model: str, limit: int) -> Sequence[WatchedWindow]:
            asked.set()
            hanging.wait(60)
            return super()._give(what, model, limit)

    reader = WindowReader("rides", Hanging(), FrozenClock(), due=DAY)
    reader.start()
    asked.wait(60)
    time.sleep(0.02)
    assert not reader.ok
    assert read(ModelWatched(reader, lambda: 3))["steward_watch_read_ok", frozenset({("model", "rides")})] == 0
    reader.stop()
    hanging.set()


def test_an_application_reads_windows_while_it_runs_and_no_longer() -> None:
    store = Held()
    reader = WindowReader("rides", store, FrozenClock(), due=DAY, every_s=0.001)
    app = create_app(Service(tiny_served(3), MemoryPredictionLog(), FrozenClock()), lambda: None, reader=reader)
    answer = Browser(app).get("/metrics")
    assert 'steward_watch_read_ok{model="rides"} 1.0' in answer.text
    assert store.asked
    assert "steward-windows" not in [thread.name for thread in threading.enumerate()]


def test_every_name_is_told_and_as_prometheus_wants_it() -> None:
    reader = reader_of([window("w", "2026-01-02T00:00:00+00:00", performance=WORSE, estimate=asdict(ESTIMATE))])
    registry = CollectorRegistry()
    registry.register(ModelWatched(reader, lambda: 3))
    text = generate_latest(registry).decode()
    names = re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)
    assert len(names) == len(set(names)) > 20
    assert all(re.fullmatch(r"steward_[a-z_]+", name) and re.search(rf"^# HELP {name} \S", text, re.MULTILINE) for name in names)


def test_processor_time_is_read_of_a_process_and_is_0_of_none() -> None:
    assert processor_seconds(os.getpid()) > 0
    assert processor_seconds(2**30) == 0


@pytest.mark.parametrize(
    ("sets", "due"), [((), timedelta(days=30.4375)), (("watch.every=1d",), DAY), (("watch.count=500",), timedelta(days=30.4375))]
)
def test_a_model_is_due_as_often_as_its_project_says_and_else_once_a_month(sets: tuple[str, ...], due: timedelta) -> None:
    store = Held()
    reader = window_reader(read_project("taxi", sets), SimpleNamespace(windows=store, clock=FrozenClock()))  # type: ignore[arg-type]
    reader.look()
    assert reader.due == due
    assert (reader.model, store.asked) == ("taxi", [("listed", 1), ("windows", 50)])
