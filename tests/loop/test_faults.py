"""Databases and disks that fail under a running server: answers go on where they are safe, and nothing that was given is lost."""

import os
import random
import resource
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from steward.serving.log import Damage, read_segments
from tests.loop.champions import ROW, World, make_world
from tests.loop.conftest import COMMAND
from tests.loop.load import Reply, ids_given, ids_logged, loading, post, statuses
from tests.loop.proxy import Proxy, proxy_to
from tests.loop.serving import Server as Served
from tests.loop.serving import serving, until
from tests.reliability import count_trials
from tests.servers import PASSWORD, Server, start_postgresql

pytestmark = [pytest.mark.loop, pytest.mark.timeout(1800)]

REQUEST = post("/predict", ROW)
RATE = 100.0  # requests a second: what a server on half a core does beside everything else
AT_ONCE = 500
FULL_BYTES = 1


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def world(trained: World, tmp_path: Path) -> World:
    return trained.copy(tmp_path)


@dataclass(frozen=True)
class Recovered:
    """What became of one fault: the replies meanwhile, what /health said at its end, and how long the log took to catch up."""

    replies: Sequence[Reply]
    health: dict[str, Any]
    took_s: float


def through(server: Served, fault: Callable[[], object]) -> Recovered:
    """Ask all the time while a fault comes and goes, and until nothing waits any more."""
    with loading(server.port, REQUEST, connections=AT_ONCE, rate=RATE) as load:
        time.sleep(0.5)
        health = fault() or server.client.get("/health").json()
        began = time.perf_counter()
        assert until(lambda: load.replies[-1].status == 200)
    assert until(lambda: not server.client.get("/health").json()["log"]["waiting"])
    assert isinstance(health, dict)
    return Recovered(load.replies, health, time.perf_counter() - began)


def harmed(given: Sequence[str], kept: Counter[str]) -> int:
    return sum(1 for id_ in given if kept[id_] != 1)


def in_file(world: World) -> Counter[str]:
    with closing(sqlite3.connect(world.ports.workspace.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return Counter(id_ for (id_,) in connection.execute("SELECT id FROM predictions"))


# A database somebody else holds.


@pytest.mark.parametrize("seconds", [2, pytest.param(30, marks=pytest.mark.campaign)])
def test_a_locked_database_file_delays_no_answer(world: World, seconds: int) -> None:
    with serving(world.steward, world.project) as server:
        known = server.client.post("/predict", json=ROW).json()["prediction_id"]

        def locked() -> dict[str, Any]:
            with closing(sqlite3.connect(world.ports.workspace.database, isolation_level=None, timeout=60)) as holder:
                holder.execute("BEGIN EXCLUSIVE")
                time.sleep(seconds)
                told = server.client.post("/outcomes", json={"prediction_id": known, "outcome": 12.0})
                assert told.status_code == 200
                health: dict[str, Any] = server.client.get("/health").json()
                holder.execute("ROLLBACK")
            return health

        found = through(server, locked)
    given = ids_given(found.replies)
    failed = sum(one.status != 200 for one in found.replies) + harmed(given, in_file(world))
    what = f"a request while another process holds SQLite's lock for {seconds} s: 200, and in the database once afterwards"
    count_trials("D1", what, trials=len(found.replies), failed=failed, figures={"caught up after s": f"{found.took_s:.1f}"})
    assert statuses(found.replies) == {200: len(given)}
    assert found.health["log"]["waiting"] > 0
    assert harmed(given, in_file(world)) == 0
    assert sorted([known, *given]) == sorted(ids_logged(world.log))


# A database server that goes, comes, and is far away.


@dataclass(frozen=True)
class Far:
    """A database server, the wire to it, and a world that knows it only by the wire."""

    server: Server
    wire: Proxy
    world: World

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        with self.straight() as connection:
            return connection.execute(query).fetchall()

    def straight(self) -> "psycopg.Connection[Any]":
        host = {"host": "127.0.0.1", "port": self.server.port, "dbname": "far", "user": "postgres", "password": PASSWORD}
        return psycopg.connect(**host)  # type: ignore[arg-type] # one of them is a number


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Far]:
    with start_postgresql() as server, proxy_to(server.port) as wire:
        server.sql("CREATE DATABASE far")
        address = server.url("far").replace(f":{server.port}/", f":{wire.port}/")
        yield Far(server, wire, make_world(tmp_path, address))


def hold(far: Far, _server: Served, seconds: float) -> None:
    with far.straight() as holder:
        holder.execute("LOCK TABLE predictions IN ACCESS EXCLUSIVE MODE")
        time.sleep(seconds)
        holder.rollback()


def stop(far: Far, server: Served, seconds: float) -> dict[str, Any]:
    far.server.stop()
    return _away(far, server, seconds)


def kill(far: Far, server: Served, seconds: float) -> dict[str, Any]:
    far.server.kill()
    return _away(far, server, seconds)


def _away(far: Far, server: Served, seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    assert until(lambda: "DB-003" in (server.client.get("/health").json()["log"]["last_error"] or ""))
    assert until(lambda: server.client.get("/health").json()["status"] == "degraded")
    health: dict[str, Any] = server.client.get("/health").json()
    assert health["log"]["waiting"] > 0
    far.server.start()
    return health


def cut(far: Far, _server: Served, seconds: float) -> None:
    draw, give_up = random.Random(20261121), time.monotonic() + seconds
    while time.monotonic() < give_up:
        time.sleep(draw.uniform(0, 0.2))
        far.wire.cut()


def slow(far: Far, _server: Served, seconds: float) -> None:
    far.wire.delay_s = 2.0
    time.sleep(seconds)
    far.wire.delay_s = 0.0


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.campaign)])
def test_a_database_server_that_fails_in_any_way_costs_no_answer_and_needs_no_restart(far: Far, seconds: int) -> None:
    faults: dict[str, Callable[[Far, Served, float], dict[str, Any] | None]] = {
        "stopped": stop,
        "killed": kill,
        "cut off again and again": cut,
        "2 s further away": slow,
        "locked": hold,
    }
    found: dict[str, Recovered] = {}
    with serving(far.world.steward, far.world.project) as server:
        assert server.client.get("/health/ready").status_code == 200
        for name, fault in faults.items():
            found[name] = through(server, lambda fault=fault: fault(far, server, seconds))  # type: ignore[misc] # bound on purpose
    kept = Counter(id_ for (id_,) in far.asked("SELECT id FROM predictions"))
    for name, one in found.items():
        failed = sum(reply.status != 200 for reply in one.replies) + harmed(ids_given(one.replies), kept)
        what = f"a request while PostgreSQL is {name} for {seconds} s: 200, and in the database once afterwards"
        row = "D1" if name == "locked" else "D2"
        count_trials(row, what, trials=len(one.replies), failed=failed, figures={"caught up after s": f"{one.took_s:.1f}"})
    assert {name: dict(statuses(one.replies)) for name, one in found.items()} == {
        name: {200: len(one.replies)} for name, one in found.items()
    }
    given = [id_ for one in found.values() for id_ in ids_given(one.replies)]
    assert Counter(given) == kept == Counter(ids_logged(far.world.log))


# A disk that is full, and has room again.


@contextmanager
def limited(_world: World) -> Iterator[tuple[Callable[[Served], None], Callable[[Served], None]]]:
    """No file may grow, wherever it is."""
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

    def fill(server: Served) -> None:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (FULL_BYTES, resource.RLIM_INFINITY))

    yield fill, lambda server: resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited) and None


@contextmanager
def small_disk(world: World) -> Iterator[tuple[Callable[[Served], None], Callable[[Served], None]]]:
    """The log has a disk of its own, which somebody fills."""
    world.log.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "steward", world.log], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    other = world.log / "somebody.else"

    def fill(_server: Served) -> None:
        free = shutil.disk_usage(world.log).free
        other.write_bytes(bytes(max(0, free - 20_000)))

    try:
        yield fill, lambda _: other.unlink()
    finally:
        subprocess.run(["umount", "-l", world.log], check=True)


@pytest.mark.parametrize("full", [limited, small_disk])
@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.campaign)])
def test_on_a_full_disk_nothing_is_answered_that_is_not_kept_and_room_is_enough(
    world: World, full: Callable[[World], Any], times: int
) -> None:
    replies: list[Reply] = []
    with full(world) as (fill, free), serving(world.steward, world.project) as server:
        assert server.client.get("/health/ready").status_code == 200

        def filled() -> None:
            fill(server)
            time.sleep(1)
            said = server.client.get("/health")
            assert (said.status_code, said.json()["version"]) == (200, 2)
            free(server)

        for _ in range(times):
            replies += through(server, filled).replies
        damage: list[Damage] = []
        logged = [str(record["prediction_id"]) for record in read_segments(world.log, on_damage=damage.append)]
        segments = len(list(world.log.glob("*.segment")))
    given, refused = ids_given(replies), [one for one in replies if one.status == 503]
    unclear = [one for one in refused if not one.retry_after or b'"SERVE-011"' not in one.body]
    failed = len(unclear) + harmed(given, Counter(logged)) + harmed(given, in_file(world)) + len(damage)
    what = "a request while the disk fills and has room again: 503 SERVE-011 with Retry-After, or 200 and in log and database once"
    figures = {"refused": f"{len(refused):,}", "times full": f"{times}"}
    count_trials("D3", f"{what} ({full.__name__.replace('_', ' ')})", trials=len(replies), failed=failed, figures=figures)
    assert set(statuses(replies)) == {200, 503}
    assert (unclear, damage) == ([], [])
    assert sorted(given) == sorted(logged)
    assert harmed(given, in_file(world)) == 0
    assert segments <= 1 + 2 * times  # a full disk is not filled with the names of empty files


# A place where nothing may be written.


@pytest.mark.parametrize(
    ("closed", "code"),
    [
        ("", "DB-"),
        ("steward.db", "DB-"),
        ("predictions", "SERVE-013"),
        ("predictions/trips", "SERVE-013"),
        ("outcomes", "SERVE-013"),
    ],
)
def test_where_nothing_can_be_written_no_server_starts_and_the_way_out_is_told(world: World, closed: str, code: str) -> None:
    place = world.steward.home / closed
    if not place.suffix:
        place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o500 if place.is_dir() else 0o400)
    try:
        ended = subprocess.run(
            [*as_anybody(), *COMMAND, "serve", world.project, "--port", "0"],
            env=world.steward.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        place.chmod(0o700)
    failed = ended.returncode != 3 or code not in ended.stderr or "Traceback" in ended.stderr
    count_trials("D4", f"a start with {closed or 'the workspace'} read-only: exit 3, and what to do", trials=1, failed=int(failed))
    assert ended.returncode == 3, ended.stderr
    assert code in ended.stderr
    assert str(place) in ended.stderr
    assert "writable" in ended.stderr
    assert "Traceback" not in ended.stderr


def as_anybody() -> list[str]:
    """Return what lets root be bound by permissions as everybody is."""
    if os.geteuid() != 0:
        return []
    without = shutil.which("setpriv")
    if without is None:
        pytest.skip("setpriv is not installed")
    return [without, "--bounding-set=-dac_override,-dac_read_search"]
