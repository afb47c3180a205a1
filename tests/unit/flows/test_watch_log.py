"""Windows of the prediction log: each judged once, caught up, judged again when more is known; clocks and labels that misbehave."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.champion_world import World
from tests.logged_world import A_DAY, BEGIN, DAY, HOUR, Logged

from steward.agent.decide import Log
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.flows import watch_due
from steward.flows.watch import Watched
from steward.flows.watch_asked import Asked
from steward.flows.watch_log import read_since
from steward.monitoring.drift import judge_drift
from steward.monitoring.window import window_of
from steward.registry.tracking import Tracked
from steward.testing import MemoryTracker

Make = Callable[..., Logged]
ELSEWHERE = {"zones": (9,)}


@pytest.fixture
def make(world: World, tmp_path: Path) -> Make:
    return lambda *overrides: Logged(world, tmp_path, *(overrides or ("watch.every=1d",)))


def told(watched: tuple[Watched, ...]) -> list[tuple[str, str]]:
    return [(one.window.label[:10], one.window.status) for one in watched if not one.known]


def test_windows_that_are_over_are_caught_up_oldest_first_and_each_once(make: Make) -> None:
    logged = make()
    assert logged.look() == ()
    assert len(list(logged.days(3))) == 3
    logged.ask(logged.clock.now(), 30, span=HOUR)  # of a day that is not over
    first = logged.look()
    assert told(first) == [("2026-01-05", "ok"), ("2026-01-06", "ok")]  # the grace of the third is not over
    assert (first[0].window.start, first[0].window.end) == ("2026-01-05T00:00:00+00:00", "2026-01-06T00:00:00+00:00")
    assert [one.verdict.drift.rows for one in first if one.verdict] == [A_DAY] * 2
    logged.clock.advance(HOUR)
    assert told(logged.look()) == [("2026-01-07", "ok")]
    (again,) = logged.look()
    assert (again.known, again.window.label) == (True, "2026-01-07 00:00+00:00 1d")
    assert len(logged.journal("window.watched")) == 3


def test_a_moved_world_is_one_alarm_one_incident_and_one_decision(make: Make) -> None:
    logged = make()
    list(logged.days(1))
    list(logged.days(2, **ELSEWHERE))
    logged.clock.advance(HOUR)
    watched = logged.look()
    assert told(watched) == [("2026-01-05", "ok"), ("2026-01-06", "alarm"), ("2026-01-07", "alarm")]
    response = logged.answer(watched)
    assert response is not None
    assert [label[:10] for label in response.incident.labels] == ["2026-01-06", "2026-01-07"]
    assert len(logged.journal("alarm.raised")) == 2
    assert len(logged.journal("incident.opened")) == len(logged.journal("decision.made")) == 1
    assert logged.answer(logged.look()) is None


def test_an_alarm_that_nobody_answered_because_of_a_kill_is_answered_by_the_next_look(make: Make) -> None:
    logged = make()
    list(logged.days(1, **ELSEWHERE))
    logged.clock.advance(HOUR)
    assert told(logged.look()) == [("2026-01-05", "alarm")]  # and then the process died
    response = logged.answer(logged.look())
    assert response is not None
    assert not isinstance(response.decision, Log)
    assert len(logged.journal("window.watched")) == len(logged.journal("alarm.raised")) == 1
    assert logged.answer(logged.look()) is None


def test_outcomes_that_come_late_make_a_new_verdict_on_the_same_window_and_no_second_alarm(make: Make) -> None:
    logged = make()
    days = list(logged.days(2))
    logged.clock.advance(HOUR)
    assert told(logged.look()) == [("2026-01-05", "ok"), ("2026-01-06", "ok")]
    logged.tell(days[0], 40.0)
    late = logged.look()
    assert told(late) == [("2026-01-05", "alarm")]
    verdict = late[0].verdict
    assert verdict is not None
    assert verdict.performance is not None
    # The truth lies 40 minutes from each answer: so large is the root of the mean square, worked out by hand.
    assert (verdict.performance.metric, verdict.performance.rows) == ("rmse", A_DAY)
    assert verdict.performance.current == pytest.approx(40.0)
    assert logged.answer(late) is not None
    logged.clock.advance(HOUR)
    logged.tell(days[0][:50], 41.0)  # corrected once more
    (worse,) = logged.look()
    assert (worse.known, worse.window.answered, worse.window.created_at) == (False, True, late[0].window.created_at)
    assert len(logged.journal("window.watched")) == 2
    assert len(logged.journal("window.revised")) == 2
    assert len(logged.journal("alarm.raised")) == len(logged.journal("incident.opened")) == 1
    assert [line.label[:10] for line in logged.ports.windows.listed("trips", limit=9)] == ["2026-01-06", "2026-01-05"]


def test_an_alarm_that_grows_worse_is_decided_anew_in_its_incident(make: Make) -> None:
    logged = make()
    (ids,) = logged.days(1, zones=(1, 2, 3, 3, 3, 3))
    logged.clock.advance(HOUR)
    first = logged.answer(logged.look())
    logged.tell(ids, 60.0)
    second = logged.answer(logged.look())
    assert first is not None
    assert second is not None
    assert (second.incident.id, second.incident.labels) == (first.incident.id, first.incident.labels)
    assert (second.incident.severity or 0) > (first.incident.severity or 0)
    assert len(logged.journal("alarm.raised")) == 1


@pytest.mark.parametrize("order", ["early", "late", "twice", "future", "unknown"])
def test_labels_count_by_prediction_id_whenever_they_come(make: Make, order: str) -> None:
    logged = make()
    ahead = [f"0105T{minute // 60:02}{minute % 60:02}00-{1 + n % 3}-{n}" for n, minute in enumerate(range(0, 1440, 6))]
    if order == "early":
        logged.tell(ahead, 3.0)
    (ids,) = logged.days(1)
    assert ids == ahead
    logged.clock.advance(HOUR)
    if order == "twice":
        logged.tell(ids, 99.0)
        logged.clock.advance(HOUR)
    if order != "early":
        logged.tell(ids, 3.0, **({"at": "2999-01-01T00:00:00+00:00"} if order == "future" else {}))
    if order == "unknown":
        logged.tell(["0105T000000-1-nobody", "0101T000000-2-nobody"], 99.0)
    (watched,) = logged.look()
    assert watched.verdict is not None
    assert watched.verdict.performance is not None
    assert watched.verdict.performance.rows == A_DAY
    assert watched.verdict.performance.current == pytest.approx(3.0)


def test_no_traffic_is_no_data_and_one_row_is_not_enough(make: Make) -> None:
    logged = make()
    list(logged.days(1))
    logged.clock.advance(DAY)
    logged.ask(logged.clock.now(), 1)
    logged.clock.advance(DAY + HOUR)
    watched = logged.look()
    assert told(watched) == [("2026-01-05", "ok"), ("2026-01-06", "no data"), ("2026-01-07", "not enough data")]
    assert [one.window.severity for one in watched][1:] == [None, None]
    assert logged.answer(watched) is None


def test_a_feed_that_stopped_is_a_fault_where_enough_quiet_windows_tell_what_is_usual(make: Make) -> None:
    logged = make()
    list(logged.days(9))
    logged.clock.advance(DAY + HOUR)
    *quiet, stopped = logged.look()
    assert {one.window.status for one in quiet} == {"ok"}
    assert stopped.verdict is not None
    assert (stopped.window.status, [fault.kind for fault in stopped.verdict.faults]) == ("alarm", ["stopped"])
    response = logged.answer([stopped])
    assert response is not None
    assert response.diagnosis.kind == "data_fault"


def test_days_without_rows_among_quiet_ones_are_a_rest_and_no_feed_that_stopped(make: Make) -> None:
    logged = make()
    for _ in range(3):
        list(logged.days(5))
        logged.clock.advance(2 * DAY)  # Saturday and Sunday
    logged.clock.advance(HOUR)
    watched = logged.look()
    assert [status for _, status in told(watched)] == [*["ok"] * 5, *["no data"] * 2] * 3
    logged.clock.advance(DAY)  # nor is that Monday: with rests among them fifteen days tell nothing
    assert [status for _, status in told(logged.look())] == ["no data"]


@pytest.mark.parametrize("looks", [1, 2])
def test_the_day_in_which_a_version_was_asked_first_is_not_how_many_rows_are_usual(make: Make, looks: int) -> None:
    logged = make()
    logged.clock.advance(DAY - HOUR)
    logged.ask(logged.clock.now(), 24, span=HOUR)
    logged.clock.advance(HOUR)
    list(logged.days(4))
    logged.clock.advance(HOUR)
    if looks > 1:
        logged.look()
    logged.clock.advance(-HOUR)
    list(logged.days(4))
    logged.ask(logged.clock.now(), 30)
    logged.clock.advance(DAY + HOUR)
    fewer = logged.look()[-1].verdict
    assert fewer is not None
    # 30 rows are more than the 24 of the first hour, and an eighth of the 240 of each of eight whole days
    assert [fault.kind for fault in fewer.faults] == ["fewer"]
    assert fewer.faults[0].share == pytest.approx(0.875)


def test_a_model_that_was_never_asked_has_windows_without_data_since_it_was_promoted(make: Make) -> None:
    logged = make()
    champion = logged.ports.registry.champion("trips")
    assert champion is not None
    clock = type(logged.clock)(window_of(read_since(champion.since), "1d").start + 2 * DAY + HOUR)
    logged.ports = replace(logged.ports, clock=clock)
    assert [status for _, status in told(logged.look())] == ["no data"] * 2


@pytest.mark.parametrize("jump", [-HOUR, -3 * DAY, DAY, timedelta(days=3650)])
def test_a_clock_that_jumps_judges_no_window_twice(make: Make, jump: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_due, "MOST", 30)
    logged = make()
    list(logged.days(2))
    logged.clock.advance(HOUR)
    logged.answer(logged.look())
    logged.clock.advance(jump)
    logged.answer(logged.look())
    logged.clock.advance(-jump)
    logged.ask(logged.clock.now(), 100, span=HOUR)
    logged.clock.advance(DAY)
    logged.answer(logged.look())
    lines = logged.ports.windows.of_version("trips", 1)
    assert len({line.start for line in lines}) == len(lines) <= 30 + 3
    (third,) = [line for line in lines if line.label.startswith("2026-01-07")]
    assert (third.content or "").startswith("100:")
    assert logged.journal("alarm.raised") == []


def test_rows_that_come_in_late_are_judged_with_their_window(make: Make) -> None:
    logged = make()
    list(logged.days(2))
    logged.clock.advance(HOUR)
    logged.look()
    logged.ask(BEGIN + timedelta(seconds=30), 60, zones=(9,))  # from a worker whose clock was a day behind
    (again,) = logged.look()
    assert again.verdict is not None
    assert (again.window.label[:10], again.verdict.drift.rows) == ("2026-01-05", A_DAY + 60)
    assert len(logged.journal("window.revised")) == 1


def test_windows_by_count_hold_so_many_rows_and_the_rest_waits(make: Make) -> None:
    logged = make("watch.count=100")
    list(logged.days(1))
    logged.clock.advance(HOUR)
    first = logged.look()
    assert [one.verdict.drift.rows for one in first if one.verdict] == [100, 100]
    assert first[0].window.label == "2026-01-05 00:00+00:00 100 rows"
    assert all(one.known for one in logged.look())
    list(logged.days(1))
    logged.clock.advance(HOUR)
    assert [one.verdict.drift.rows for one in logged.look() if one.verdict] == [100, 100]  # 40 were left, 240 came
    spans = [(line.start, line.end) for line in logged.ports.windows.of_version("trips", 1)]
    assert all(one[1] == two[0] for one, two in pairwise(spans))


def test_the_whole_log_is_one_window_where_the_project_names_none(make: Make) -> None:
    logged = make("watch.alert=0.5")
    (ids,) = logged.days(1)
    (first,) = logged.look()
    assert (first.window.label, first.known) == (f"{A_DAY} logged predictions", False)
    assert [one.known for one in logged.look()] == [True]
    logged.tell(ids, 40.0)
    (again,) = logged.look()
    assert again.verdict is not None
    assert again.verdict.performance is not None
    assert (again.known, again.window.alarm, again.verdict.performance.rows) == (False, True, A_DAY)


def test_the_whole_log_lasts_from_its_first_answer_to_its_last(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    spans: list[timedelta | None] = []

    def spied(*given: Any, span: timedelta | None, **named: Any) -> Any:
        spans.append(span)
        return judge_drift(*given, span=span, **named)

    monkeypatch.setattr("steward.flows.watch.judge_drift", spied)
    logged = make("watch.alert=0.5")
    logged.look()
    list(logged.days(2))
    logged.look()
    assert spans == [None, 2 * DAY - DAY / A_DAY]


def test_a_week_is_merged_from_the_days_that_were_counted_even_where_their_rows_are_gone(make: Make) -> None:
    logged = make()
    list(logged.days(7))
    logged.clock.advance(HOUR)
    daily = logged.look()
    assert len(daily) == 7
    logged.ports.predictions.remove_before("trips", (BEGIN + 3 * DAY).isoformat())
    assert all(one.known for one in logged.look())  # what was removed for its age changes no verdict
    weekly = logged.project.spec.model_copy(update={"watch": logged.project.spec.watch.model_copy(update={"every": "1w"})})
    logged.project = replace(logged.project, spec=weekly)
    (week,) = logged.look()
    assert week.verdict is not None
    assert (week.window.label, week.verdict.drift.rows) == ("2026-01-05 00:00+00:00 1w", 7 * A_DAY)
    assert (week.window.content or "").startswith(f"{7 * A_DAY}:")  # so many it held, for whoever asks how many are usual


def test_only_windows_since_a_time_are_watched(make: Make) -> None:
    logged = make()
    list(logged.days(3))
    logged.clock.advance(HOUR)
    assert told(logged.look(since=BEGIN + DAY)) == [("2026-01-06", "ok"), ("2026-01-07", "ok")]


@pytest.mark.parametrize("text", ["yesterday", "2026-01-31", "2026-01-31T00:00"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="WATCH-005"):
        read_since(text)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "WATCH-001"),
        ({"period": "2023-01", "log": True}, "WATCH-001"),
        ({"log": True, "by": "day"}, "WATCH-006"),
        ({"period": "2023-01", "since": "2026-01-01T00:00Z"}, "WATCH-006"),
    ],
)
def test_what_does_not_fit_together_is_refused(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError, match=code):
        Asked(**asked)


class Away(MemoryTracker):
    """A tracker that does not answer."""

    def attach(self, model: str, tracked: Tracked, documents: Any) -> None:
        raise EnvironmentFault(
            Fault("TRACK-001", f"MLflow does not answer about {model} {tracked.version}: {len(documents)} files")
        )


def test_a_tracker_that_is_away_is_told_and_watching_goes_on(make: Make) -> None:
    logged = make()
    logged.ports = replace(logged.ports, tracker=Away())
    list(logged.days(2))
    logged.clock.advance(HOUR)
    assert len(told(logged.look())) == 2
    assert all("MLflow does not answer" in said for said in logged.heard.said)
    assert len(logged.heard.said) == 1  # of two quiet windows it is told of the last
