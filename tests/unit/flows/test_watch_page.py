"""The page about the newest window: which window, what was done about it, how old it is, and where the page is put."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from tests.small_project import open_workspace, write_month, write_project
from tests.watched_windows import NULLS, QUIET, verdict

from steward.core.errors import Refused
from steward.flows.ports import Ports
from steward.flows.respond import respond
from steward.flows.run import RunOptions, run
from steward.flows.watch import Watched
from steward.flows.watch_page import collect_watch_report, write_watch_page
from steward.monitoring.history import WatchedWindow
from steward.monitoring.watch import WindowVerdict
from steward.project.read import Project, read_project
from steward.registry.versions import Promotion
from steward.testing import FrozenClock, MemoryTracker

NOW = datetime(2023, 4, 2, tzinfo=UTC)
CALM = verdict(QUIET, performance=None, estimate=None, slices=(), target=None)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for period in ("2023-01", "2023-02"):
        write_month(tmp_path / "data", period, [(10.0, 40.0, 25.0)[hour % 3] + hour % 7 for hour in range(300)])
    return write_project(tmp_path / "trips")


@pytest.fixture
def ports(place: Path, tmp_path: Path) -> Ports:
    opened = replace(open_workspace(tmp_path / "home", tmp_path / "data"), tracker=MemoryTracker(), clock=FrozenClock(NOW))
    run(RunOptions(str(place)), opened)
    return opened


@pytest.fixture
def project(place: Path) -> Project:
    return read_project(place)


def remember(ports: Ports, label: str, judged: WindowVerdict, **changed: Any) -> WatchedWindow:
    """Store a window as `steward watch` does."""
    told = {"created_at": f"{label}-01T00:00:00+00:00" if len(label) == 7 else NOW.isoformat(), "answered": False, **changed}
    window = WatchedWindow(
        key=label,
        model="trips",
        version=1,
        label=label,
        severity=judged.severity,
        alarm=judged.alarm,
        verdict=judged.as_dict(),
        **told,
    )
    return ports.windows.add(window, actor="tester")


def test_before_any_window_it_says_what_to_watch(project: Project, ports: Ports) -> None:
    with pytest.raises(Refused, match="no window of trips was watched yet") as refused:
        write_watch_page(project, "trips", ports)
    assert refused.value.faults[0].code == "REP-001"
    assert "steward watch trips --period YYYY-MM" in refused.value.faults[0].fix


def test_the_newest_window_has_its_page_beside_its_version(project: Project, ports: Ports, tmp_path: Path) -> None:
    remember(ports, "2023-02", CALM)
    remember(ports, "2023-03", verdict())
    path = write_watch_page(project, "trips", ports)
    assert path == tmp_path / "home" / "reports" / "trips-watch.html"
    page = path.read_text()
    assert "Yes, if you approve." in page
    assert page.index("2023-03</strong>") > 0
    assert cast("MemoryTracker", ports.tracker).documents["run-trips-1"]["reports/trips-watch.html"] == path.read_bytes()
    report = collect_watch_report(project, "trips", ports)
    assert [one.label for one in report.history] == ["2023-02", "2023-03"]
    assert report.age is not None
    assert (report.age.ended, report.age.days, report.age.old) == ("2023-04-01T00:00:00+00:00", 1.0, False)
    assert (report.following, report.following_note) == ("steward status trips", "")


def test_a_page_about_an_earlier_window_still_shows_the_newest(project: Project, ports: Ports) -> None:
    first = remember(ports, "2023-02", CALM)
    remember(ports, "2023-03", verdict())
    report = collect_watch_report(project, "trips", ports, window=first)
    assert [one.label for one in report.history] == ["2023-02", "2023-03"]
    assert report.window.label == "2023-02"
    assert report.advice.word == "no"
    assert (report.following, report.following_note) == ("steward watch trips --period YYYY-MM", "when the next window is there")


def test_what_the_agent_did_is_told(project: Project, ports: Ports) -> None:
    window = remember(ports, "2023-03", verdict())
    incident = ports.incidents.raise_alarm("trips", 1, "2023-03", window.severity, actor="agent")
    assert collect_watch_report(project, "trips", ports).advice.done == f"Incident {incident.id} is open."
    ports.windows.answer(window.key)
    ports.incidents.close(incident.id, "retrained", actor="agent")
    assert collect_watch_report(project, "trips", ports).advice.done == "Its incident is closed."


def test_a_newer_champion_asks_for_a_window_of_its_own(project: Project, place: Path, ports: Ports) -> None:
    remember(ports, "2023-03", verdict())
    run(RunOptions(str(place), ("candidates=[{kind: mean}]",)), ports)
    ports.registry.swap_champion(Promotion("trips", 2, 1, "tester", "by hand"))
    report = collect_watch_report(project, "trips", ports)
    assert (report.version, report.champion, report.advice.word) == (1, 2, "not known")


def test_windows_of_the_log_know_their_span_and_grow_old(project: Project, ports: Ports) -> None:
    span = (NOW - timedelta(days=9), NOW - timedelta(days=8))
    remember(ports, "2023-03-24", verdict(), start=span[0].isoformat(), end=span[1].isoformat())
    age = collect_watch_report(project, "trips", ports).age
    assert age is not None
    assert (age.days, age.old) == (8.0, True)
    remember(ports, "12 logged predictions", verdict(), created_at=(NOW + timedelta(hours=1)).isoformat())
    report = collect_watch_report(project, "trips", ports)
    assert report.age is None
    assert report.following_note == "with a month whose outcomes are known, to learn from"


@pytest.mark.parametrize(
    ("label", "command"),
    [
        ("2023-03", "steward watch trips --period 2023-03"),
        ("2023-03/2023-03-20", "steward watch trips --period 2023-03 --by day"),
        ("2023-03/2023-03-20..03-26", "steward watch trips --period 2023-03 --by week"),
        ("2023-03-20 01:00+01:00 1d", "steward watch trips --log"),
    ],
)
def test_broken_data_are_watched_again_once_mended(project: Project, ports: Ports, label: str, command: str) -> None:
    remember(ports, label, verdict(performance=None, slices=(), faults=(NULLS,)))
    report = collect_watch_report(project, "trips", ports)
    assert report.advice.word == "no: mend the data first"
    assert (report.following, report.following_note) == (command, "once the source is mended")


def test_of_broken_data_a_question_is_answered_with_no(project: Project, ports: Ports) -> None:
    window = remember(ports, "2023-03", verdict(faults=(NULLS,)))
    response = respond(project, "trips", [Watched(window, verdict(faults=(NULLS,)), known=False)], ports)
    assert response is not None
    assert response.approval is not None
    report = collect_watch_report(project, "trips", ports)
    assert report.following == "steward watch trips --period 2023-03"
    assert report.following_note == f"once the source is mended; then  steward approve trips {response.approval.id} --reject"
