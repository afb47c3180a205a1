"""Several processes of one server: whoever of them dies, every answer that was given is in the log once, and it goes on."""

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.loop.champions import ROW, World, make_world
from tests.loop.load import ids_given, ids_logged, loading, post, statuses
from tests.loop.serving import Server, serving, until
from tests.reliability import count_trials

pytestmark = [pytest.mark.loop, pytest.mark.timeout(1800)]

REQUEST = post("/predict", ROW)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def world(trained: World, tmp_path: Path) -> World:
    return trained.copy(tmp_path)


@contextmanager
def two_workers(world: World, *options: str) -> Iterator[Server]:
    """Serve by two processes, both ready."""
    with serving(world.steward, world.project, "--workers", "2", *options) as server:
        assert until(lambda: len(pids(world, server)) == 2), server
        yield server


def workers(world: World, server: Server) -> list[dict[str, Any]]:
    """What the workers say of themselves; nothing while none answers."""
    folders = list((world.steward.home / "workers").glob(f"*-{server.port}-*"))
    found = [json.loads(path.read_text()) for folder in folders for path in sorted(folder.glob("worker-*.json"))]
    return [state for state in found if is_alive(state["pid"])]


def pids(world: World, server: Server) -> list[int]:
    return [state["pid"] for state in workers(world, server) if state["status"] == "ok"]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def journal(world: World, kind: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(world.steward.home / "steward.db")) as connection:
        found = connection.execute("SELECT detail FROM journal WHERE kind = ? ORDER BY number", (kind,))
        return [json.loads(detail) for (detail,) in found]


def afresh(server: Server, times: int, **options: Any) -> list[httpx.Response]:
    """Ask so often, each time over another connection."""
    answers = []
    for _ in range(times):
        with httpx.Client(base_url=server.address, timeout=60, transport=httpx.HTTPTransport(retries=8)) as client:
            answers.append(client.post("/predict", json=ROW, **options))
    return answers


@pytest.mark.parametrize("kills", [2, pytest.param(30, marks=pytest.mark.campaign)])
def test_a_killed_worker_is_replaced_and_every_answer_is_in_the_log_once(world: World, kills: int) -> None:
    unanswered = 0
    with two_workers(world) as server:
        with loading(server.port, REQUEST) as load:
            killed = []
            for number in range(kills):
                time.sleep(0.3)
                killed.append(pids(world, server)[number % 2])
                os.kill(killed[-1], signal.SIGKILL)
                assert until(lambda: len(set(pids(world, server)) - set(killed)) == 2)
        assert until(lambda: len(journal(world, "worker.died")) == kills)
        health = server.client.get("/health").json()
    said = statuses(load.replies)
    unanswered = said.pop(0, 0)  # what the killed one was asked over its connections
    given, logged = ids_given(load.replies), ids_logged(world.log)
    lost = len(set(given) - set(logged))
    doubled = len(logged) - len(set(logged))
    figures = {"requests": f"{len(load.replies):,}", "without an answer": f"{unanswered}"}
    what = (
        "one of two workers killed by SIGKILL under load of 16 connections: every answer given is in the log once, another answers"
    )
    count_trials("K3", what, trials=kills, failed=min(kills, lost + doubled), figures=figures)
    assert [detail["exit"] for detail in journal(world, "worker.died")] == [-signal.SIGKILL] * kills
    assert sorted(detail["pid"] for detail in journal(world, "worker.died")) == sorted(killed)
    assert (lost, doubled, set(said)) == (0, 0, {200})
    assert unanswered <= 2 * 16 * kills  # who asks again at once may come to the dead one's socket once more, and be reset
    assert (health["status"], [one["worker"] for one in health["workers"]]) == ("ok", [1, 2])


def test_a_swap_reaches_every_worker_and_told_to_end_all_answer_what_they_accepted(world: World) -> None:
    with two_workers(world) as server:
        running = pids(world, server)
        with loading(server.port, REQUEST) as load:
            for version in (1, 2, 1):
                world.swap(version)
                assert until(lambda wanted=version: {one["version"] for one in workers(world, server)} == {wanted})
                assert {answer.json()["version"] for answer in afresh(server, 8)} == {version}
            before = len(load.replies)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(20) == 0
            load.stopping = True
        assert [is_alive(pid) for pid in running] == [False, False]
    assert {one.status for one in load.replies[:before]} == {200}
    given, logged = ids_given(load.replies), ids_logged(world.log)
    assert len(given) > 16
    assert len(logged) == len(set(logged)) == len(given) + 3 * 8
    assert set(given) <= set(logged)


def test_keys_of_requests_limits_and_counters_hold_for_all_workers_together(world: World) -> None:
    viewer = world.steward.json("keys", "create", "me", "--role", "viewer", "--per-minute", "20")["secret"]
    shop = world.steward.json("keys", "create", "shop", "--role", "predictor", "--per-minute", "6000")["secret"]
    with two_workers(world) as server:
        answers = afresh(server, 24, headers={"x-api-key": shop, "idempotency-key": "one"})
        asked = Counter(answer.status_code for answer in afresh(server, 30, headers={"x-api-key": viewer}))
        text = server.client.get("/metrics", headers={"x-api-key": shop}).text
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(ids_logged(world.log)) == 1
    assert asked[403] >= 20  # a viewer may not predict, and it counts
    assert asked[403] + asked[429] == 30
    assert asked[429] >= 1  # a token comes back every three seconds
    assert 'steward_requests_total{method="POST",route="/predict",status="200"} 24.0' in text
    assert f'steward_requests_total{{method="POST",route="/predict",status="403"}} {float(asked[403])}' in text
    memory = [float(line.split()[1]) for line in text.splitlines() if line.startswith("steward_worker_memory_bytes{")]
    assert len(memory) == 2
    assert max(memory) < 250e6
    busy = [float(line.split()[1]) for line in text.splitlines() if line.startswith("steward_worker_cpu_seconds_total{")]
    assert len(busy) == 2
    assert min(busy) > 0
    assert text.count("\nsteward_watch_read_ok{") == 1
    lines = {path.name.rpartition("-")[2]: path.read_text() for path in (world.steward.home / "logs").glob("*-w?.jsonl")}
    assert sorted(lines) == ["w1.jsonl", "w2.jsonl"]  # both were asked
    assert sum(text.count('"/predict"') for text in lines.values()) == 54
    assert list((world.steward.home / "workers").iterdir()) == []


def test_the_project_says_how_many_workers_and_none_outlives_the_parent(world: World) -> None:
    path = Path(world.project) / "project.yaml"
    before = path.read_text()
    path.write_text(f"{before}\nserving: {{workers: 2}}\n")
    try:
        with serving(world.steward, world.project) as server:
            assert until(lambda: len(pids(world, server)) == 2)
            assert len(server.client.get("/health").json()["workers"]) == 2
            refused = world.steward("serve", world.project, "--port", str(server.port), code=3)
            assert "SERVE-001" in refused.stderr
            running = pids(world, server)
            server.process.kill()
            assert until(lambda: not any(map(is_alive, running)))
    finally:
        path.write_text(before)


def test_a_server_that_cannot_begin_says_why_once_and_ends(world: World) -> None:
    champion = world.ports.registry.champion("trips")
    assert champion is not None
    bundle = world.ports.workspace.bundles / world.ports.registry.version("trips", champion.number).digest
    next(path for path in bundle.iterdir() if path.name.startswith("model")).write_bytes(b"something else")
    done = world.steward("serve", world.project, "--workers", "2", "--port", "0", code=4)
    assert "error[BUNDLE-003]" in done.stderr
    assert list((world.steward.home / "workers").iterdir()) == []
