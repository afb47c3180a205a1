"""A real server under load: every answer it gives is in the log once, whatever ends it or changes meanwhile."""

import json
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from steward.core.digest import digest_bytes
from steward.deploy.promote import promote
from steward.flows.ship import ship
from steward.registry.content import bundle_digest
from steward.registry.versions import Draft
from steward.serving.log import read_segments
from tests.loop.champions import MODEL, ROW, World, make_world
from tests.loop.load import ask_for, ids_given, ids_logged, loading, memory_mb, percentile_ms, post, statuses
from tests.loop.serving import Server, serving, until
from tests.reliability import count_trials
from tests.servers import free_port

pytestmark = [pytest.mark.loop, pytest.mark.timeout(1800)]

REQUEST = post("/predict", ROW)
ID_BYTES = 64  # of an answer's body hold its id


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def world(trained: World, tmp_path: Path) -> World:
    return trained.copy(tmp_path)


def in_database(world: World) -> Counter[str]:
    with closing(sqlite3.connect(world.ports.workspace.database)) as connection:
        return Counter(id_ for (id_,) in connection.execute("SELECT id FROM predictions"))


def harmed(given: Sequence[str], kept: Sequence[str] | Counter[str]) -> int:
    """How many ids that were given are not kept exactly once."""
    found = Counter(kept)
    return sum(1 for id_ in given if found[id_] != 1)


def ready(server: Server) -> Server:
    """Wait until it answers at all."""
    assert server.client.get("/health/ready").status_code == 200
    return server


@pytest.mark.parametrize("seconds", [2, pytest.param(600, marks=pytest.mark.campaign)])
def test_every_answer_under_load_is_in_the_log_once_with_a_key_and_all_else_on(world: World, seconds: int) -> None:
    key = world.steward.json("keys", "create", "load", "--role", "predictor", "--per-minute", "100000000")["secret"]
    with serving(world.steward, world.project) as server:
        assert server.client.get("/health/ready").status_code == 401
        replies = ask_for(seconds, server.port, post("/predict", ROW, key), keep=ID_BYTES)
    given, logged = ids_given(replies), ids_logged(world.log)
    failed = harmed(given, logged) + sum(one.status != 200 for one in replies)
    rate, p99 = len(given) / seconds, percentile_ms(replies, 0.99)
    figures = {"requests/s": f"{rate:,.0f}", "p99 ms": f"{p99:.0f}", "sync": "off: a process crash loses nothing"}
    what = "a row asked over one of 16 connections, with a key: 200, and in the log once, written before it was sent"
    count_trials("L1", what, trials=len(replies), failed=failed, figures=figures)
    assert statuses(replies) == {200: len(given)}
    assert sorted(given) == sorted(logged)
    assert len(set(logged)) == len(logged) > 16


@pytest.mark.parametrize("seconds", [2, pytest.param(30, marks=pytest.mark.campaign)])
def test_requests_of_a_thousand_rows_are_in_the_log_row_by_row(world: World, seconds: int) -> None:
    many = post("/predict", {"rows": [ROW] * 1000})
    with serving(world.steward, world.project) as server:
        replies = ask_for(seconds, ready(server).port, many, connections=2)
    given, logged = ids_given(replies), ids_logged(world.log)
    figures = {"rows/s": f"{len(given) / seconds:,.0f}"}
    what = "a row of a request of 1,000: answered, and in the log once"
    count_trials(
        "L3", what, trials=1000 * len(replies), failed=1000 * len(replies) - len(given) + harmed(given, logged), figures=figures
    )
    assert statuses(replies) == {200: len(replies)}
    assert sorted(given) == sorted(logged)
    assert len(given) == 1000 * len(replies) > 0


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.campaign)])
def test_four_times_what_it_can_do_is_answered_or_told_to_come_back(world: World, seconds: int) -> None:
    with serving(world.steward, world.project) as server:
        quiet = ask_for(min(seconds, 5), ready(server).port, REQUEST)
        capacity, before_mb = len(quiet) / min(seconds, 5), memory_mb(server.process.pid)
        with loading(server.port, REQUEST, connections=2000, rate=4 * capacity) as load:
            time.sleep(seconds)
        grown_mb = memory_mb(server.process.pid) - before_mb
        again = ask_for(min(seconds, 5), server.port, REQUEST)
    accepted = [one for one in load.replies if one.status == 200]
    wrong = [one for one in load.replies if one.status != 200 and not (one.status in (429, 503) and one.retry_after)]
    given, logged = ids_given([*quiet, *load.replies, *again]), ids_logged(world.log)
    normal_ms, loaded_ms = percentile_ms(quiet, 0.99), percentile_ms(accepted, 0.99)
    figures = {
        "offered/s": f"{(len(load.replies) + load.unsent) / seconds:,.0f}",
        "not sent, as all connections waited": f"{load.unsent:,}",
        "accepted/s": f"{len(accepted) / seconds:,.0f}",
        "told to come back": f"{statuses(load.replies).get(503, 0):,}",
        "p99 ms before": f"{normal_ms:.0f}",
        "p99 ms of accepted": f"{loaded_ms:.0f}",
        "p99 ms after": f"{percentile_ms(again, 0.99):.0f}",
        "memory grew MB": f"{grown_mb:.0f}",
    }
    what = "a request of four times as many as it can do: 200 and logged once, or 503 with Retry-After; never cut off"
    count_trials("L4", what, trials=len(load.replies), failed=len(wrong) + harmed(given, logged), figures=figures)
    assert Counter(one.status for one in wrong) == {}
    assert sorted(given) == sorted(logged)
    assert statuses(again) == {200: len(again)}
    assert grown_mb <= 100


@pytest.mark.parametrize("swaps", [4, pytest.param(20, marks=pytest.mark.campaign)])
def test_swaps_under_load_fail_no_request_and_mix_no_versions(world: World, swaps: int) -> None:
    changes: list[Change] = []
    with serving(world.steward, world.project) as server:
        capacity = len(ask_for(1, ready(server).port, REQUEST))
        world.swap(1)
        before_mb = memory_mb(server.process.pid)
        with loading(server.port, REQUEST, connections=200, rate=capacity / 2) as load:
            changes += [swap(world, server, 2 - number % 2) for number in range(swaps)]
        grown_mb = memory_mb(server.process.pid) - before_mb
    by_id = {record["prediction_id"]: record["version"] for record in read_segments(world.log)}
    answers = [(one, json.loads(one.body)) for one in load.replies if one.status == 200]
    mixed = [answer for _, answer in answers if by_id.get(answer["prediction_id"]) != answer["version"]]
    old = [
        one
        for one, answer in answers
        for change in changes
        if change.seen_s < one.sent_s < one.ended_s < change.end_s and answer["version"] != change.version
    ]
    failed = len(load.replies) - len(answers) + len(mixed) + len(old)
    slowest_s = max(change.seen_s - change.began_s for change in changes)
    figures = {"swaps": f"{swaps}", "slowest s": f"{slowest_s:.2f}", "memory grew MB": f"{grown_mb:.0f} of {before_mb:.0f}"}
    what = "a request at half load while champions change: 200, the version of its log row, and none old after the new one was seen"
    count_trials("L5", what, trials=len(load.replies), failed=failed, figures=figures)
    assert statuses(load.replies) == {200: len(answers)}
    assert (mixed, old) == ([], [])
    assert {answer["version"] for _, answer in answers} == {1, 2}
    assert grown_mb <= 0.1 * before_mb


@dataclass(frozen=True)
class Change:
    """A change of the champion: when it was acknowledged, when the server was seen to follow, and when the next one began."""

    version: int
    began_s: float
    seen_s: float
    end_s: float


def swap(world: World, server: Server, version: int) -> Change:
    world.swap(version)
    began_s = time.perf_counter()
    assert until(lambda: server.client.get("/health").json()["version"] == version)
    seen_s = time.perf_counter()
    time.sleep(0.5)
    return Change(version, began_s, seen_s, time.perf_counter())


@pytest.mark.parametrize("ends", [2, pytest.param(50, marks=pytest.mark.campaign)])
def test_asked_to_end_it_answers_what_it_was_asked_and_leaves_nothing_behind(world: World, ends: int) -> None:
    seed, slowest_s, failed, given = random.Random(20261121), 0.0, 0, list[str]()
    for _ in range(ends):
        with serving(world.steward, world.project) as server, loading(ready(server).port, REQUEST) as load:
            time.sleep(seed.uniform(0.1, 0.6))
            began = time.perf_counter()
            server.process.terminate()
            server.process.wait(60)
            slowest_s = max(slowest_s, time.perf_counter() - began)
        given += ids_given(load.replies)
        logged = ids_logged(world.log)
        lost = harmed(given, logged) + harmed(given, in_database(world)) + len(logged) - len(given)
        ended = server.process.returncode in (0, -signal.SIGTERM)
        failed += bool(lost or set(statuses(load.replies)) != {200} or not ended)
    what = "a server asked to end (SIGTERM) under load of 16 connections: each request is answered, logged and in the database"
    figures = {"answers": f"{len(given):,}", "slowest end s": f"{slowest_s:.1f}"}
    count_trials("L6", what, trials=ends, failed=failed, figures=figures)
    assert failed == 0
    assert len(given) > ends
    assert slowest_s <= 10


@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.campaign)])
def test_whatever_was_answered_before_a_kill_is_in_log_and_database_once(world: World, kills: int) -> None:
    seed, given = random.Random(20261122), list[list[str]]()
    for _ in range(kills):
        with serving(world.steward, world.project) as server, loading(ready(server).port, REQUEST) as load:
            until(lambda load=load: len(load.replies) > 16)  # type: ignore[misc] # bound on purpose
            time.sleep(seed.uniform(0, 0.4))
            server.process.kill()
            server.process.wait(60)
        given.append(ids_given(load.replies))
    ship(MODEL, world.ports)
    logged, shipped = Counter(ids_logged(world.log)), in_database(world)
    failed = sum(1 for ids in given if harmed(ids, logged) or harmed(ids, shipped))
    what = "a real server killed (kill -9) under load of 16 connections: each answer it gave is in log and database once"
    count_trials("K3", what, trials=kills, failed=failed, figures={"answers": f"{sum(map(len, given)):,}"})
    assert failed == 0
    assert min(map(len, given)) > 16
    assert logged == shipped


@pytest.mark.parametrize("starts", [1, pytest.param(10, marks=pytest.mark.campaign)])
def test_nobody_is_told_ready_before_a_version_answers(world: World, starts: int) -> None:
    slowest_s, failed = 0.0, 0
    for _ in range(starts):
        began, seen = time.perf_counter(), list[int]()
        with asked_from_the_first_moment(world) as (process, client):
            while 200 not in seen and process.poll() is None:
                with suppress(httpx.TransportError):
                    seen.append(client.get("/health/ready").status_code)
            slowest_s = max(slowest_s, time.perf_counter() - began)
            failed += bool(set(seen) - {200, 503} or client.post("/predict", json=ROW).status_code != 200)
    what = "a start: asked all the time, it says ready only when it can answer"
    count_trials("L9", what, trials=starts, failed=failed, figures={"slowest start s": f"{slowest_s:.1f}"})
    assert failed == 0


def test_a_version_that_fails_its_own_rows_answers_neither_a_running_server_nor_a_new_one(world: World) -> None:
    with serving(world.steward, world.project) as server:
        assert server.client.get("/model").json()["version"] == 2
        promote_one_that_answers_otherwise(world)
        assert until(lambda: server.client.get("/health").json()["status"] == "degraded")
        assert "BUNDLE-005" in server.client.get("/health").json()["following"]["last_error"]
        assert server.client.post("/predict", json=ROW).json()["version"] == 2
    with asked_from_the_first_moment(world) as (process, client):
        process.wait(60)
        assert process.returncode == 4
        with pytest.raises(httpx.ConnectError):
            client.get("/health/ready")
        assert process.stderr is not None
        assert "BUNDLE-005" in process.stderr.read()


@contextmanager
def asked_from_the_first_moment(world: World) -> Iterator[tuple["subprocess.Popen[str]", httpx.Client]]:
    port = free_port()
    process = world.steward.start("serve", world.project, "--port", str(port))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield process, client
    finally:
        process.terminate()
        process.communicate(timeout=60)


def promote_one_that_answers_otherwise(world: World) -> None:
    """Promote a copy of version 1 whose stored answers are not those it gives, its hashes recorded as they should be."""
    registry, first = world.ports.registry, world.ports.registry.version(MODEL, 1)
    bundles = world.ports.workspace.bundles
    files = {path.name: path.read_bytes() for path in (bundles / first.digest).iterdir()}
    told = json.loads(files["selftest.json"])
    files["selftest.json"] = json.dumps({**told, "expected": [value + 1 for value in told["expected"]]}).encode()
    hashes = {name: digest_bytes(content) for name, content in files.items()}
    digest = bundle_digest(hashes)
    (bundles / digest).mkdir()
    for name, content in files.items():
        (bundles / digest / name).write_bytes(content)
    version = registry.register(
        Draft(MODEL, digest, "by hand", digest, hashes, {**first.facts, "judged_against": 2}), actor="a test"
    )
    promote(registry, version, actor="a test", reason="a test")
