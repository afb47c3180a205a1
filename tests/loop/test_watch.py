"""The log of a real server, watched by the real command: windows, outcomes, a list; killed in the middle, told to stop."""

import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from steward.adapters.sql.database import open_database, sqlite_url
from steward.adapters.sql.journal import SqlJournal
from steward.core.journal import verify_chain
from steward.flows.champion import load_champion
from steward.flows.log import open_log
from steward.project.read import read_project
from steward.testing import FrozenClock
from tests.loop.champions import MODEL, World, make_world
from tests.loop.serving import serving, until
from tests.reliability import count_trials

pytestmark = [pytest.mark.loop, pytest.mark.timeout(1800)]

HOURLY = ("--set", "watch.every=1h", "--set", "watch.min_rows=20")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def world(trained: World, tmp_path: Path) -> World:
    return trained.copy(tmp_path)


def log_hours(world: World, hours: int, *, moved: Sequence[int] = ()) -> None:
    """Put some hours of answers into the log that ended a while ago; in the moved ones everybody asks about one zone."""
    project, loaded = read_project(world.project), load_champion(world.ports, MODEL)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    said = loaded.bundle.predict(pl.DataFrame({"zone": [1, 2, 3]})).tolist()
    log = open_log(project, world.ports, "worker")
    for hour in range(hours):
        start = now - (hours - hour) * HOUR
        records = [_record(f"{hour}-{n}", start + n * HOUR / 30, 3 if hour in moved else 1 + n % 3) for n in range(30)]
        log.append(
            [{**record, "version": loaded.version.number, "prediction": said[record["row"]["zone"] - 1]} for record in records]
        )
    log.close()


def _record(id_: str, at: datetime, zone: int) -> dict[str, Any]:
    return {"prediction_id": id_, "at": at.isoformat(timespec="microseconds"), "model": MODEL, "row": {"zone": zone}}


def left(home: Path) -> dict[str, int]:
    """How many windows there are, and how often the journal told of each thing."""
    with closing(sqlite3.connect(home / "steward.db")) as connection:
        told = dict(connection.execute("SELECT kind, count(*) FROM journal GROUP BY kind").fetchall())
        (windows,) = connection.execute("SELECT count(*) FROM windows").fetchone()
        (spans,) = connection.execute("SELECT count(DISTINCT start_at) FROM windows").fetchone()
        (unanswered,) = connection.execute("SELECT count(*) FROM windows WHERE alarm AND NOT answered").fetchone()
        (alarms,) = connection.execute("SELECT count(*) FROM windows WHERE alarm").fetchone()
    kinds = ("window.watched", "window.revised", "alarm.raised", "incident.opened")
    counts = {"windows": windows, "spans": spans, "unanswered": unanswered, "alarms": alarms}
    return counts | {kind: told.get(kind, 0) for kind in kinds}


def test_answers_and_outcomes_of_a_server_are_watched_window_by_window(world: World) -> None:
    steward = world.steward
    assert steward.json("watch", world.project, "--log", *HOURLY)["window"] is None  # nobody asked, and no hour is over
    with serving(steward, world.project) as server:
        ids = [server.client.post("/predict", json={"zone": 1 + n % 3}).json()["prediction_id"] for n in range(120)]
        counted = ("--set", "watch.count=60", "--set", "watch.min_rows=20", "--set", "watch.wait=0s")
        assert until(lambda: len(steward.json("watch", world.project, "--log", *counted)["windows"]) == 2 or bool(listed(world)))
        windows = listed(world)
        assert len(windows) == 2
        assert {one["status"] for one in windows} <= {"ok", "alarm"}
        outcomes = [{"prediction_id": id_, "outcome": 500.0} for id_ in ids]
        assert server.client.post("/outcomes", json={"outcomes": outcomes}).status_code < 300
        again = steward.json("watch", world.project, "--log", *counted)
        assert all(one["verdict"]["performance"]["rows"] == 60 for one in again["windows"])
        told = server.client.get("/drift").json()["windows"]
        assert [one["start"] for one in told] == [one["start"] for one in listed(world)]
        assert told[0]["performance"]["rows"] == 60
    assert Path(again["page"]).is_file()
    assert "verdict" in steward("watch", world.project, "--list").stdout
    assert left(steward.home)["windows"] == 2


def listed(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.steward.json("watch", world.project, "--list")
    return found


@pytest.mark.parametrize("kills", [20, pytest.param(100, marks=pytest.mark.campaign)])
def test_a_monitor_killed_again_and_again_judges_every_window_once(world: World, tmp_path: Path, kills: int) -> None:
    hours = 12 + kills // 2
    moved = [*range(3, hours, 5), hours - 1]
    log_hours(world, hours, moved=moved)
    whole = tmp_path / "whole"
    shutil.copytree(world.steward.home, whole)
    began = time.monotonic()
    process = type(world.steward)(whole, world.steward.extra).start("watch", world.project, "--log", *HOURLY)
    process.communicate(timeout=900)
    lasted = time.monotonic() - began
    generator = random.Random(2026)
    unfinished = 0
    for _ in range(kills):
        process = world.steward.start("watch", world.project, "--log", *HOURLY)
        time.sleep(lasted * generator.uniform(0.3, 0.9))
        process.kill()
        process.communicate()
        unfinished += process.returncode == -9
    assert unfinished >= 1
    world.steward.json("watch", world.project, "--log", *HOURLY, code=1)  # the newest window is an alarm
    found, expected = left(world.steward.home), left(whole)
    assert found["windows"] == found["spans"] == found["window.watched"] == expected["windows"]
    assert found["alarm.raised"] == found["alarms"] == expected["alarms"] == len({*moved})
    assert (found["unanswered"], found["window.revised"]) == (0, 0)
    assert found["incident.opened"] == 1
    journal = SqlJournal(open_database(sqlite_url(world.steward.home / "steward.db")), FrozenClock())
    assert verify_chain(journal.entries(), expected_head=journal.head()) == ()
    what = "the monitor killed (SIGKILL) while it catches up: every window once, every alarm once, all answered"
    count_trials("K2", what, trials=unfinished, failed=0, figures={"windows": str(found["windows"])})


def test_a_monitor_that_follows_tells_new_windows_and_ends_when_it_is_told_to(world: World) -> None:
    log_hours(world, 3)
    process = world.steward.start("watch", world.project, "--follow", "--json", *HOURLY)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.count('"label"') >= 3
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, ""), err
    assert left(world.steward.home)["windows"] == 3


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("--by", "day"), "WATCH-001"),
        (("--period", "2023-01", "--by", "hour"), "WATCH-008"),
        (("--log", "--since", "yesterday"), "WATCH-005"),
        (("--follow",), "WATCH-007"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_what_to_write(world: World, asked: tuple[str, ...], code: str) -> None:
    said = world.steward("watch", world.project, *asked, code=2)
    assert f"error[{code}]" in said.stderr
    assert "fix:" in said.stderr
