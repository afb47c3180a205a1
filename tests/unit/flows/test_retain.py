"""What is old enough leaves log and database."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.small_project import write_project

from steward.apps.api.shipping import log_keeper
from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.flows.log import open_log, open_outcome_log, open_shadow_log
from steward.flows.ports import Ports
from steward.flows.retain import Cleared, clear_old
from steward.flows.ship import Shipped, cursor_path, ship
from steward.project.read import Project, read_project
from steward.serving.challenge import new_challenge
from steward.serving.history import Removed
from steward.serving.log import SegmentLog
from steward.serving.ship import read_cursor
from steward.serving.unfinished import hidden_folder, holding
from steward.testing import FrozenClock

DAYS = 30


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def ports(tmp_path: Path, clock: FrozenClock) -> Ports:
    return build_ports(Settings(home=tmp_path / "home", offline=True, actor="tester"), Silent(), clock)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return read_project(write_project(tmp_path / "project"), [f"serving.retention_days={DAYS}"])


def write(log: SegmentLog, ports: Ports, name: str, days: float, **fields: Any) -> None:
    """Write a record of some days ago to a segment of its own, as old as that."""
    then = ports.clock.now() - timedelta(days=days)
    beside = {"model": "trips", "at": then.isoformat(), "version": 1, "row": {}, "received_at": then.isoformat()}
    log.append([{"prediction_id": name, **beside, **fields}])
    (segment,) = [path for path in log._folder.glob("*.segment") if f':"{name}"'.encode() in path.read_bytes()]
    log.close()
    os.utime(segment, (then.timestamp(), then.timestamp()))


def answered(project: Project, ports: Ports) -> None:
    """Leave predictions of 40, 31 and 2 days ago, and outcomes for the first, the last, and of unknown ones."""
    log, outcomes = open_log(project, ports, "w"), open_outcome_log(project, ports, "w")
    for name, days in (("a", 40), ("b", 31), ("c", 2)):
        write(log, ports, name, days)
    for number, (name, days) in enumerate((("a", 39), ("c", 1), ("lost", 35), ("late", 1))):
        write(outcomes, ports, name, days, outcome_id=f"t{number}", value=1.0, label=None)


def segments(ports: Ports) -> list[str]:
    folders = (ports.workspace.predictions, ports.workspace.outcomes)
    return [path.name for folder in folders for path in sorted((folder / "trips").glob("*.segment"))]


def test_what_a_shadow_said_leaves_with_the_prediction_it_stands_beside(project: Project, ports: Ports) -> None:
    log, shadows = open_log(project, ports, "w"), open_shadow_log(project, ports, "w")
    challenge = new_challenge("trips", 2, 1, since=ports.clock.now() - timedelta(days=50), by="me")
    for name, days in (("a", 40), ("c", 2)):
        write(log, ports, name, days, challenge=challenge.id, prediction=1.0)
        write(shadows, ports, name, days, challenge=challenge.id, prediction=2.0)
    ship("trips", ports)
    assert [one.shadow is not None for one in ports.challenges.seen(challenge)] == [True, True]
    assert clear_old(project, ports) == Cleared(2, Removed(1, 0))
    assert [one.id for one in ports.challenges.seen(challenge)] == ["c"]
    left = [path.name for path in (ports.workspace.shadows / "trips").glob("*.segment")]
    assert left == ["w-000002.segment"]


def test_what_is_older_than_the_project_says_is_removed(project: Project, ports: Ports) -> None:
    answered(project, ports)
    assert ship("trips", ports) == Shipped(3, 4)
    assert clear_old(project, ports) == Cleared(4, Removed(2, 2))
    assert segments(ports) == ["w-000003.segment", "w-000002.segment", "w-000004.segment"]
    assert [given.id for given, _ in ports.predictions.predictions("trips", limit=9)] == ["c"]
    assert [bool(ports.predictions.tellings(name)) for name in ("a", "c", "lost", "late")] == [False, True, False, True]
    assert clear_old(project, ports) == Cleared(0, Removed(0, 0))
    assert ship("trips", ports, again=True) == Shipped(0, 0)
    (entry,) = [entry for entry in ports.journal.entries() if entry.kind == "predictions.expired"]
    before = (ports.clock.now() - timedelta(days=DAYS)).isoformat()
    assert entry.detail == {"before": before, "segments": 4, "predictions": 2, "outcomes": 2}


def test_what_the_database_has_not_yet_is_kept(project: Project, ports: Ports) -> None:
    answered(project, ports)
    assert clear_old(project, ports) == Cleared(0, Removed(0, 0))
    assert len(segments(ports)) == 7


def test_what_a_killed_job_left_beside_the_log_goes_and_what_a_job_is_at_stays(project: Project, ports: Ports) -> None:
    folder = ports.workspace.predictions / "trips"
    left, at_work = (hidden_folder(folder, job) for job in ("left", "at-work"))
    for hidden in (left, at_work):
        SegmentLog(hidden, "score").append([{"prediction_id": hidden.name, "row": {}}])
    with holding(at_work) as mine:
        assert mine
        assert clear_old(project, ports) == Cleared(1, Removed(0, 0))
        assert (left.exists(), at_work.exists()) == (False, True)
    assert clear_old(project, ports) == Cleared(1, Removed(0, 0))
    assert not at_work.exists()


def test_a_segment_that_is_written_to_is_kept(project: Project, ports: Ports) -> None:
    log = open_log(project, ports, "w")
    log.append([{"prediction_id": "a", "model": "trips", "at": "2020-01-01T00:00:00+00:00", "version": 1, "row": {}}])
    os.utime(ports.workspace.predictions / "trips" / "w-000001.segment", (0, 0))
    ship("trips", ports)
    assert clear_old(project, ports) == Cleared(0, Removed(1, 0))
    log.close()
    assert clear_old(project, ports) == Cleared(1, Removed(0, 0))


def test_a_later_segment_of_the_same_name_is_not_taken_for_the_removed_one(project: Project, ports: Ports) -> None:
    answered(project, ports)
    ship("trips", ports)
    clear_old(project, ports)
    folder = ports.workspace.predictions / "trips"
    assert list(read_cursor(cursor_path(folder, ports))) == ["w-000003.segment"]
    (folder / "w-000003.segment").unlink()
    write(open_log(project, ports, "w"), ports, "d", 0)
    assert segments(ports)[0] == "w-000001.segment"
    assert ship("trips", ports) == Shipped(1, 0)


def test_a_project_that_names_no_days_keeps_all(project: Project, ports: Ports) -> None:
    answered(project, ports)
    ship("trips", ports)
    spec = project.spec.model_copy(update={"serving": project.spec.serving.model_copy(update={"retention_days": None})})
    assert clear_old(replace(project, spec=spec), ports) == Cleared(0, Removed(0, 0))
    assert len(segments(ports)) == 7


def test_a_server_ships_and_clears_by_itself(project: Project, ports: Ports) -> None:
    answered(project, ports)
    log = open_log(project, ports, "server")
    log.append([{"prediction_id": "z", "model": "trips", "at": ports.clock.now().isoformat(), "version": 1, "row": {}}])
    keeper = log_keeper(project, ports, (log,))
    assert keeper.state().waiting == 8
    keeper.work()
    assert (keeper.ok, keeper.state().waiting) == (True, 0)
    assert [given.id for given, _ in ports.predictions.predictions("trips", limit=9)] == ["z", "c"]
    log.append([{"prediction_id": "y", "model": "trips", "at": ports.clock.now().isoformat(), "version": 1, "row": {}}])
    assert "server-000002.segment" in segments(ports)
