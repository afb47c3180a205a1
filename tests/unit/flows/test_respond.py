"""What follows from alarms: what one incident learns from, what it asks when nobody answered in time, and when it is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.champion_world import World
from tests.logged_world import BEGIN, DAY, HOUR, Logged
from tests.watched_windows import NULLS, column, drift

from steward.agent.approve import FrozenAction
from steward.agent.decide import AskApproval, Retrain
from steward.flows import respond as respond_module
from steward.flows.approve import waiting_approvals
from steward.flows.respond import Response
from steward.flows.status import collect_status, next_step
from steward.flows.watch import Watched
from steward.flows.watch_page import collect_watch_report
from steward.monitoring.history import WatchedWindow
from steward.monitoring.watch import WindowVerdict, judge_window

WEEK = timedelta(days=7)


@pytest.fixture
def logged(world: World, tmp_path: Path) -> Logged:
    return Logged(world, tmp_path, "watch.every=1d")


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The periods of each retrain that was set off without a person; none is carried out."""
    found: list[tuple[str, ...]] = []

    def note(_project: object, _where: object, _incident: object, action: FrozenAction, *_: object) -> None:
        found.append(action.periods)

    monkeypatch.setattr(respond_module, "retrain", note)
    return found


def moved(severity: float) -> WindowVerdict:
    return judge_window(replace(drift(column("zone", 0.3)), severity=severity), None, 0.5)


def broken(severity: float) -> WindowVerdict:
    return judge_window(drift(column("zone", 0.01)), None, 0.5, faults=(replace(NULLS, column="zone", severity=severity),))


CALM = judge_window(drift(column("zone", 0.01)), None, 0.5)


def watched(logged: Logged, label: str, verdict: WindowVerdict, *, key: str = "") -> Watched:
    """Remember a window of source rows as `steward watch` does."""
    about = {"verdict": verdict.as_dict(), "created_at": logged.ports.clock.now().isoformat(), "answered": False}
    window = WatchedWindow(key or label, "trips", 1, label, verdict.severity, verdict.alarm, **about)  # type: ignore[arg-type]
    return Watched(logged.ports.windows.add(window, actor="tester"), verdict, known=False)


def again(logged: Logged, label: str) -> Watched:
    """A window that was watched before, as `steward watch` finds it."""
    window = logged.ports.windows.find(label)
    assert window is not None
    return Watched(window, None, known=True)


def asked(response: Response | None) -> str:
    """Return why a person was asked."""
    assert response is not None
    assert isinstance(response.decision, AskApproval)
    assert response.approval is not None
    return response.decision.reason


def test_a_broken_month_is_not_learned_from_because_a_milder_one_after_it_is_whole(
    logged: Logged, learned: list[tuple[str, ...]]
) -> None:
    asked(logged.answer([watched(logged, "2024-01", broken(0.60))]))
    response = logged.answer([watched(logged, "2024-02", moved(0.55))])
    reason = asked(response)
    assert response is not None
    assert response.approval is not None
    assert response.approval.action.periods == ("2024-01", "2024-02")
    assert reason.startswith("severity 0.60, but retraining would learn the fault: the world moved")
    assert reason.endswith("the data of 2024-01 look broken")
    assert learned == []


def test_a_broken_day_is_not_learned_from_because_a_worse_one_of_the_same_look_is_whole(
    logged: Logged, learned: list[tuple[str, ...]]
) -> None:
    days = [watched(logged, "2024-01/2024-01-05", broken(0.60)), watched(logged, "2024-01/2024-01-09", moved(0.65))]
    reason = asked(logged.answer(days))
    assert reason.endswith("the data of 2024-01/2024-01-05 look broken")
    assert learned == []


def test_a_month_whose_source_was_mended_is_broken_no_more(logged: Logged, learned: list[tuple[str, ...]]) -> None:
    asked(logged.answer([watched(logged, "2024-01", broken(0.60))]))
    logged.clock.advance(HOUR)
    watched(logged, "2024-01", CALM, key="mended")
    response = logged.answer([watched(logged, "2024-02", moved(0.55))])
    assert response is not None
    assert isinstance(response.decision, Retrain)
    assert learned == [("2024-01", "2024-02")]


def test_a_question_nobody_answered_in_time_waits_no_more_and_watching_again_asks_anew(logged: Logged) -> None:
    first = logged.answer([watched(logged, "2024-01", moved(0.8))])
    asked(first)
    assert logged.answer([again(logged, "2024-01")]) is None  # it waits: asked once
    logged.clock.advance(WEEK)
    assert waiting_approvals("trips", logged.ports) == []
    assert "approve" not in next_step(collect_status("trips", logged.ports), "trips")
    report = collect_watch_report(logged.project, "trips", logged.ports)
    assert (report.following, report.following_note) == (
        "steward watch trips --period 2024-01",
        "what was asked has expired; it is asked anew",
    )
    second = logged.answer([again(logged, "2024-01")])
    asked(second)
    assert first is not None
    assert second is not None
    assert first.approval is not None
    assert second.approval is not None
    assert second.incident.id == first.incident.id
    assert [one.id for one in waiting_approvals("trips", logged.ports)] == [second.approval.id]
    assert logged.ports.incidents.approval(first.approval.id).status == "expired"
    assert logged.answer([again(logged, "2024-01")]) is None


def incident_of(logged: Logged, watched: Sequence[Watched]) -> str:
    response = logged.answer(watched)
    assert response is not None
    assert response.approval is None
    return response.incident.id


def test_an_incident_of_the_log_is_over_when_a_later_window_is_quiet(logged: Logged) -> None:
    list(logged.days(1, zones=(9,)))
    logged.clock.advance(HOUR)
    incident = incident_of(logged, logged.look())
    assert logged.answer([watched(logged, "2024-01", CALM)]) is None  # source rows say nothing about the log
    logged.ask(BEGIN + DAY, 10)  # too few to tell
    logged.clock.advance(DAY)
    assert [one.window.status for one in logged.look()] == ["not enough data"]
    assert logged.answer(logged.look()) is None
    assert logged.ports.incidents.incident(incident).status == "open"
    logged.ask(BEGIN + 2 * DAY)
    logged.clock.advance(DAY)
    assert logged.answer(logged.look()) is None
    closed = logged.ports.incidents.incident(incident)
    assert (closed.status, closed.outcome) == ("closed", "quiet again since 2026-01-07 00:00+00:00 1d")
    assert logged.heard.said[-1] == f"incident {incident} is closed: {closed.outcome}"


def test_a_grown_error_is_gone_only_when_outcomes_say_so(logged: Logged) -> None:
    (ids,) = logged.days(1)
    logged.clock.advance(HOUR)
    logged.tell(ids, 40.0)
    incident = incident_of(logged, logged.look())
    later = logged.ask(BEGIN + DAY)
    logged.clock.advance(DAY)
    assert logged.answer(logged.look()) is None
    assert logged.ports.incidents.incident(incident).status == "open"
    logged.tell(later, 0.1)
    assert logged.answer(logged.look()) is None
    assert logged.ports.incidents.incident(incident).outcome == "quiet again since 2026-01-06 00:00+00:00 1d"


def test_an_incident_whose_question_waits_stays_open(logged: Logged) -> None:
    asked(logged.answer([watched(logged, "2024-01", moved(0.8))]))
    logged.clock.advance(HOUR)
    assert logged.answer([watched(logged, "2024-02", CALM)]) is None
    assert len(waiting_approvals("trips", logged.ports)) == 1
    logged.clock.advance(WEEK)
    assert logged.answer([watched(logged, "2024-03", CALM)]) is None
    assert logged.ports.incidents.open_incident("trips") is None
