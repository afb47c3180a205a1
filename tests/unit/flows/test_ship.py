"""Log to database: once each, through a locked, a stopped and a full database."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.servers import DATABASES, start_postgresql
from tests.small_project import write_project

from steward.adapters.sql.database import connect
from steward.apps.api.shipping import LogKeeper, log_keeper, outcome_desk
from steward.bootstrap import Settings, build_ports
from steward.core.errors import EnvironmentFault, Fault
from steward.core.progress import Silent
from steward.flows.log import open_log, open_outcome_log
from steward.flows.ports import Ports
from steward.flows.ship import Shipped, backlog, has_lost_all, look_up, ship
from steward.project.read import Project, read_project
from steward.serving.log import SegmentLog
from steward.serving.service import Service
from steward.testing import FrozenClock, tiny_served

ROW = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return read_project(write_project(tmp_path / "project"))


def open_on(home: Path, url: str | None = None) -> Ports:
    return build_ports(Settings(home=home, offline=True, actor="tester", database_url=url), Silent(), FrozenClock())


def record(number: int) -> dict[str, Any]:
    at = f"2026-01-01T00:00:00.{number:06}+00:00"
    return {"prediction_id": f"p{number:05}", "at": at, "model": "trips", "version": 1, "row": {"zone": 1}, "prediction": 0.5}


def told(number: int, prediction: str) -> dict[str, Any]:
    at = f"2026-01-01T00:00:{number:02}+00:00"
    beside = {"model": "trips", "label": None, "at": at, "received_at": at}
    return {"outcome_id": f"t{number}", "prediction_id": prediction, "value": float(number), **beside}


def kept(ports: Ports) -> dict[str, float | None]:
    return {given.id: outcome and outcome.value for given, outcome in ports.predictions.predictions("trips", limit=100_000)}


@pytest.mark.parametrize("kind", DATABASES)
def test_each_record_comes_into_the_database_once_and_outcomes_find_their_predictions(
    project: Project, tmp_path: Path, new_database: Callable[[str], str], kind: str
) -> None:
    ports = open_on(tmp_path / "home", new_database(kind))
    log, outcomes = open_log(project, ports, "w"), open_outcome_log(project, ports, "w")
    outcomes.append([told(1, "p00002"), told(2, "nobody")])
    log.append([record(number) for number in range(1500)])
    assert ship("trips", ports) == Shipped(1500, 2)
    assert ship("trips", ports) == Shipped(0, 0)
    assert ship("trips", ports, again=True) == Shipped(0, 0)
    outcomes.append([told(3, "p00002")])
    log.append([record(1500)])
    assert ship("trips", ports) == Shipped(1, 1)
    assert kept(ports) == {f"p{number:05}": 3.0 if number == 2 else None for number in range(1501)}
    assert [one.outcome.value for one in ports.predictions.tellings("p00002")] == [1.0, 3.0]
    assert backlog("trips", ports)()[0].count == 0


def test_a_process_that_dies_after_the_commit_brings_nothing_twice(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = open_on(tmp_path / "home")
    open_log(project, ports, "w").append([record(1), record(2)])

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("steward.flows.ship.write_cursor", die)
    with pytest.raises(KeyboardInterrupt):
        ship("trips", ports)
    monkeypatch.undo()
    assert kept(ports) == {"p00001": None, "p00002": None}
    assert ship("trips", ports) == Shipped(0, 0)
    assert backlog("trips", ports)()[0].count == 0


def test_two_at_once_bring_nothing_twice(project: Project, tmp_path: Path) -> None:
    ports = open_on(tmp_path / "home")
    open_log(project, ports, "w").append([record(number) for number in range(3000)])
    new: list[int] = []
    threads = [threading.Thread(target=lambda: new.append(ship("trips", ports).predictions)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(new), len(kept(ports))) == (3000, 3000)


def test_another_database_gets_all_of_the_log(project: Project, tmp_path: Path) -> None:
    first, second = open_on(tmp_path / "home"), open_on(tmp_path / "home", f"sqlite:///{tmp_path / 'other.db'}")
    open_log(project, first, "w").append([record(1)])
    assert ship("trips", first) == ship("trips", second) == Shipped(1, 0)
    assert not has_lost_all("trips", first)
    connected = connect(f"sqlite:///{first.workspace.database}")
    with connected.bulk() as connection:
        connection.execute(text("DELETE FROM predictions"))
    assert has_lost_all("trips", first)
    keeper = log_keeper(project, first, ())
    keeper.work()
    assert (keeper.ok, kept(first)) == (True, {"p00001": None})


def test_an_id_is_known_from_the_log_and_from_the_database(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = open_on(tmp_path / "home")
    log = open_log(project, ports, "w")
    log.append([record(1)])
    ship("trips", ports)
    log.append([record(2)])
    ids = ("p00001", "p00002", "x")
    assert look_up("trips", ports, ids) == {"p00001": "known", "p00002": "known", "x": "unknown"}
    assert look_up("trips", ports, ids, ask_database=False) == {"p00001": "unchecked", "p00002": "known", "x": "unchecked"}

    def away(_: object) -> frozenset[str]:
        raise EnvironmentFault(Fault("DB-003", "the database server does not answer"))

    monkeypatch.setattr(ports.predictions, "known", away)
    assert look_up("trips", ports, ids) == {"p00001": "unchecked", "p00002": "known", "x": "unchecked"}


@pytest.fixture
def server_of() -> Iterator[Callable[[Project, Ports], tuple[Service, LogKeeper]]]:
    """A service whose answers are logged as trips, and the thread that ships them."""
    running: list[LogKeeper] = []

    def start(project: Project, ports: Ports) -> tuple[Service, LogKeeper]:
        log = SegmentLog(ports.workspace.predictions / "rides", "w")
        named = project.spec.model_copy(update={"name": "rides"})
        keeper = log_keeper(Project(**{**_fields(project), "spec": named}), ports, (log,))
        keeper._every_s = 0.02
        keeper.start()
        running.append(keeper)
        return Service(tiny_served(), log, FrozenClock()), keeper

    yield start
    for keeper in running:
        keeper.stop()


def _fields(project: Project) -> dict[str, Any]:
    return {name: getattr(project, name) for name in project.__dataclass_fields__}


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def rides(ports: Ports) -> set[str]:
    return {given.id for given, _ in ports.predictions.predictions("rides", limit=100_000)}


def test_a_locked_database_delays_no_answer_and_loses_none(
    project: Project, tmp_path: Path, server_of: Callable[[Project, Ports], tuple[Service, LogKeeper]]
) -> None:
    ports = open_on(tmp_path / "home")
    service, keeper = server_of(project, ports)
    answered = {service.predict([ROW])[0].prediction_id}
    until(lambda: keeper.state().waiting == 0)
    other = connect(f"sqlite:///{ports.workspace.database}")
    with other.bulk():  # BEGIN IMMEDIATE: nobody else writes
        answered |= {answer.prediction_id for _ in range(50) for answer in service.predict([ROW])}
        time.sleep(0.1)
        state = keeper.state()
        assert (state.waiting, state.since) == (50, FrozenClock().now().isoformat())
        assert len(rides(ports)) == 1
    until(lambda: keeper.state().waiting == 0)
    assert rides(ports) == answered


def test_a_stopped_server_loses_nothing_and_is_caught_up_with_when_it_is_back(
    project: Project, tmp_path: Path, server_of: Callable[[Project, Ports], tuple[Service, LogKeeper]]
) -> None:
    with start_postgresql() as server:  # one that no other test asks while it is stopped
        server.sql("CREATE DATABASE away")
        ports = open_on(tmp_path / "home", server.url("away"))
        service, keeper = server_of(project, ports)
        answered = {service.predict([ROW])[0].prediction_id}
        until(lambda: keeper.state().waiting == 0)
        server.stop()
        answered |= {answer.prediction_id for _ in range(50) for answer in service.predict([ROW])}
        until(lambda: not keeper.ok)
        state = keeper.state()
        assert state.waiting == 50
        assert state.last_error is not None
        assert state.last_error.startswith("DB-003")
        desk = outcome_desk(project, ports, open_outcome_log(project, ports, "w"), keeper)
        assert [one.status for one in desk.take([{"prediction_id": "x", "outcome": 1}])] == ["unchecked"]
        server.start()
        until(lambda: keeper.ok and keeper.state().waiting == 0)
        assert rides(ports) == answered
        keeper.stop()


FULL = """
import resource, sys
from pathlib import Path
from tests.small_project import open_workspace
from steward.core.errors import EnvironmentFault, Fault
from steward.flows.ship import ship, backlog
from steward.serving.log import SegmentLog

home = Path(sys.argv[1])
ports = open_workspace(home, None)
log = SegmentLog(ports.workspace.predictions / "trips", "w")

def record(number):
    at = f"2026-01-01T00:00:00.{number:06}"
    beside = {"model": "trips", "version": 1, "row": {"note": "x" * 200}, "prediction": 0.5}
    return {"prediction_id": f"p{number}", "at": at, **beside}

def fill(limit, first):
    acknowledged = []
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for number in range(first, first + 100):
        try:
            log.append([record(2 * number), record(2 * number + 1)])
        except EnvironmentFault as error:
            assert error.faults[0].code == "SERVE-011", error
        else:
            acknowledged += [f"p{2 * number}", f"p{2 * number + 1}"]
    return acknowledged

def shipped():
    try:
        return ship("trips", ports).predictions
    except (EnvironmentFault, OSError) as error:
        return str(error)[:400]

small = max(path.stat().st_size for path in home.rglob("*") if path.is_file() and path.name.startswith("steward.db"))
acknowledged = fill(5000, 0)          # a full disk for segments
full_log = len(acknowledged)
acknowledged += fill(resource.RLIM_INFINITY, 1000)
resource.setrlimit(resource.RLIMIT_FSIZE, (small, resource.RLIM_INFINITY))  # and for the database
told = shipped()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
waiting = backlog("trips", ports)()[0].count
shipped()
kept = {given.id for given, _ in ports.predictions.predictions("trips", limit=10_000)}
left = backlog("trips", ports)()[0].count
print(full_log, len(acknowledged), isinstance(told, str), waiting > 0, kept == set(acknowledged), left)
"""


def test_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing_of_the_rest(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "home")], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    full_log, acknowledged, refused, waited, all_kept, left = done.stdout.split()
    assert 0 < int(full_log) < 200
    assert int(acknowledged) == int(full_log) + 200
    assert (refused, waited, all_kept, left) == ("True", "True", "True", "0")


@pytest.mark.parametrize(("sync", "waits"), [("false", 0), ("true", 3)])
def test_the_project_says_whether_the_disk_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: str, waits: int
) -> None:
    project = read_project(write_project(tmp_path / "project"), [f"serving.sync={sync}"])
    log = open_log(project, open_on(tmp_path / "home"), "w")
    waited: list[int] = []
    monkeypatch.setattr("os.fsync", waited.append)
    log.append([record(1)])
    log.append([record(2)])
    assert len(waited) == waits  # each append, and once the name of the new segment
