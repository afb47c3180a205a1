"""What several processes of one server share: answers by key, limits, how each of them goes, and a folder that goes with them."""

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.apps.house import ROW, House

from steward.apps.api.crew import Crew, WorkerState, challenger_of_all, status_of_all
from steward.apps.api.listening import request_log
from steward.apps.api.once_shared import OnceShared
from steward.apps.api.orders import Orders
from steward.apps.api.shared_folder import shared_folder, tidy
from steward.apps.api.workers import pause_after
from steward.serving.beside import ChallengerState

KEY = {"idempotency-key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
ORDERS = Orders("taxi", 3, "127.0.0.1", ("here",), None, "folder", 1, 2)


@pytest.fixture
def houses(tmp_path: Path) -> tuple[House, House]:
    """Two workers of one server, with the same keys."""
    first, second = House(), House()
    second.ring, second.secrets = first.ring, first.secrets
    return _shared(first, tmp_path), _shared(second, tmp_path)


def _shared(house: House, folder: Path) -> House:
    house.open(once=OnceShared(folder, lambda: house.now_s))
    return house


def test_what_one_worker_answered_another_answers_again(houses: tuple[House, House]) -> None:
    one, other = houses
    first, again = one.predict(headers=KEY), other.predict(headers=KEY)
    assert (first.status_code, first.content) == (200, again.content)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert again.headers["x-steward-version"] == first.headers["x-steward-version"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert (len(list(one.log.records())), len(list(other.log.records()))) == (1, 0)
    refused = other.predict(row={**ROW, "distance_km": 1}, headers=KEY)
    assert (refused.status_code, refused.json()["code"]) == (422, "SERVE-062")
    assert other.predict("operator", headers=KEY).json()["prediction_id"] != first.json()["prediction_id"]


def test_what_failed_in_one_worker_is_tried_again_in_another(houses: tuple[House, House]) -> None:
    one, other = houses
    one.log.broken = True
    assert one.predict(headers=KEY).status_code == 503
    assert other.predict(row={}, headers=KEY).status_code == 422
    assert other.predict(headers=KEY).status_code == 200
    assert one.predict(headers=KEY).headers["idempotent-replayed"] == "true"


def test_many_at_once_at_both_workers_are_answered_by_one(houses: tuple[House, House]) -> None:
    async def all_at_once() -> list[httpx.Response]:
        headers = {**KEY, "x-api-key": houses[0].secrets["predictor"]}
        clients = [httpx.AsyncClient(transport=httpx.ASGITransport(app=one.app), base_url="http://localhost") for one in houses]
        body = {"rows": [ROW] * 60}  # answered in a thread: the others come while it is under way
        try:
            return await asyncio.gather(*(client.post("/predict", json=body, headers=headers) for client in clients * 4))
        finally:
            for client in clients:
                await client.aclose()

    answers = asyncio.run(all_at_once())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    assert sum(len(list(house.log.records())) for house in houses) == 60


HOLD = "import fcntl, sys, time; f = open(sys.argv[1], 'r+'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); time.sleep(60)"


def test_a_worker_that_dies_while_it_answers_leaves_its_key_to_the_next(houses: tuple[House, House], tmp_path: Path) -> None:
    houses[0].predict(headers=KEY)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])  # cut by a crash
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with path.open("rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holder.kill()
        holder.wait()
    assert "idempotent-replayed" not in houses[1].predict(headers=KEY).headers
    assert houses[0].predict(headers=KEY).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"{}\nrest", b"[1]\n", b'{"length":0,"crc":0}\n'])
def test_a_damaged_answer_is_no_answer(houses: tuple[House, House], tmp_path: Path, content: bytes) -> None:
    houses[0].predict(headers=KEY)
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    assert "idempotent-replayed" not in houses[1].predict(headers=KEY).headers


def test_answers_are_private_and_last_for_an_hour(houses: tuple[House, House], tmp_path: Path) -> None:
    houses[0].predict(headers=KEY)
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]
    assert not any(b"distance_km" in path.read_bytes() for path in tmp_path.iterdir())
    houses[1].now_s = 3600.0
    assert "idempotent-replayed" in houses[1].predict(headers=KEY).headers
    houses[1].now_s = 3600.5
    assert "idempotent-replayed" not in houses[1].predict(headers=KEY).headers


def test_where_nothing_can_be_remembered_a_request_with_a_key_has_to_wait(house_without_folder: House) -> None:
    answer = house_without_folder.predict(headers=KEY)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "SERVE-065", "1")
    assert house_without_folder.predict().status_code == 200


@pytest.fixture
def house_without_folder(tmp_path: Path) -> House:
    return _shared(House(), tmp_path / "gone")


def test_old_answers_and_too_many_are_removed_and_none_that_was_just_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from steward.apps.api import shared_folder as module

    for name, at_s, size in (("old", 0, 3), ("left", 0, 0), ("a", 5000, 3), ("b", 5001, 3), ("c", 5002, 3), ("begun", 4999, 0)):
        (tmp_path / name).write_bytes(b"x" * size)
        os.utime(tmp_path / name, (at_s, at_s))
    monkeypatch.setattr(module, "MAX_ANSWERS", 2)
    tidy(tmp_path, 5003.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "begun", "c"]
    monkeypatch.setattr(module, "MAX_BYTES_KEPT", 5)
    tidy(tmp_path, 5003.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begun", "c"]


def test_the_shared_folder_goes_with_the_server_and_that_of_a_killed_one_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from steward.apps.api import shared_folder as module

    (tmp_path / "left").mkdir()
    with shared_folder(tmp_path, "taxi-8000") as first:
        assert (tmp_path / "left").exists()  # somebody may have made it a moment ago
        monkeypatch.setattr(module, "_YOUNG_S", -1.0)
        with shared_folder(tmp_path, "taxi-8000") as second:
            assert (first.is_dir(), second.is_dir(), first == second) == (True, True, False)
            assert not (tmp_path / "left").exists()
    assert list(tmp_path.iterdir()) == []


def test_each_worker_sees_how_the_others_go(tmp_path: Path) -> None:
    one, other = Crew(tmp_path, 1, 2), Crew(tmp_path, 2, 2)
    one.tell(WorkerState(1, 71, "ok", 3))
    assert [(state.pid, state.status) for state in other.states()] == [(71, "ok"), (0, "waiting")]
    other.tell(WorkerState(2, 72, "degraded", 2, "REG-011: changed"))
    assert [(state.version, state.last_error) for state in one.states()] == [(3, None), (2, "REG-011: changed")]
    path = tmp_path / "worker-2.json"
    path.write_text(path.read_text().replace('"told_s": ', '"told_s": -'))
    assert one.states()[1].status == "waiting"  # it has been silent
    path.write_text("[]")
    assert one.states()[1].status == "waiting"


@pytest.mark.parametrize(
    ("states", "status"),
    [(("ok", "ok"), "ok"), (("waiting", "waiting"), "waiting"), (("ok", "waiting"), "degraded"), (("ok", "degraded"), "degraded")],
)
def test_all_is_well_only_where_it_is_well_in_each_worker(states: tuple[Any, ...], status: str) -> None:
    assert status_of_all([WorkerState(number, 1, state, 1) for number, state in enumerate(states)]) == status


def test_a_challenger_is_summed_over_workers_and_another_one_is_not() -> None:
    own = ChallengerState("a", 2, "split", 0.1, ok=True, answered=3, failures=0, dropped=1)
    told = {"id": "a", "version": 2, "mode": "split", "share": 0.1, "ok": False, "answered": 4, "failures": 9, "last_error": "E"}
    states = [WorkerState(2, 1, "ok", 1, challenger=told), WorkerState(3, 1, "ok", 1, challenger={**told, "id": "b"})]
    all_ = challenger_of_all(own, states)
    assert all_ is not None
    assert (all_.ok, all_.answered, all_.failures, all_.dropped, all_.last_error) == (False, 7, 9, 1, "E")
    assert challenger_of_all(None, states) is None


def test_health_lists_the_workers(tmp_path: Path) -> None:
    house = House()
    house.open(crew=Crew(tmp_path, 1, 2))
    told = house.ask("GET", "/health", "viewer").json()
    assert told["status"] == "degraded"
    assert told["workers"][0] == {"worker": 1, "pid": os.getpid(), "status": "ok", "version": 3, "last_error": None}
    assert told["workers"][1]["last_error"] == "it is starting, or does not answer"
    Crew(tmp_path, 2, 2).tell(WorkerState(2, 72, "ok", 3))
    assert house.ask("GET", "/health", "viewer").json()["status"] == "ok"
    alone = House().ask("GET", "/health", "viewer").json()
    assert "workers" not in alone


COUNT = """
import sys
from pathlib import Path
from steward.apps.api.crew import Crew, WorkerState
from steward.apps.api.metrics import Metrics, count_in_files
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

crew = Crew(Path(sys.argv[1]), int(sys.argv[2]), 2)
crew.counters.mkdir(exist_ok=True)
count_in_files(crew)
metrics = Metrics(Service(tiny_served(), MemoryPredictionLog(), FrozenClock()), crew)
for _ in range(3):
    metrics.count_request("GET", "/model", 200, 0.003)
print(metrics.text().decode())
"""


def test_counters_are_summed_over_workers_and_a_successor_counts_on(tmp_path: Path) -> None:
    counted = [
        subprocess.run([sys.executable, "-c", COUNT, str(tmp_path), number], capture_output=True, text=True, check=True).stdout
        for number in ("1", "2", "2")  # the third takes the place of the second
    ]
    line = 'steward_requests_total{method="GET",route="/model",status="200"} '
    assert [next(one for one in text.splitlines() if one.startswith(line)) for text in counted] == [
        f"{line}{total}" for total in ("3.0", "6.0", "9.0")
    ]
    assert 'steward_request_seconds_bucket{le="0.005",route="/model"} 9.0' in counted[2]
    assert 'steward_worker_ready{worker="1"} 0.0' in counted[2]
    assert 'steward_worker_cpu_seconds_total{worker="1"} 0.0' in counted[2]
    assert "steward_ready 1.0" in counted[2]


def test_a_worker_that_dies_at_once_is_waited_for_longer_each_time() -> None:
    pauses = [0.0]
    for _ in range(9):
        pauses.append(pause_after(pauses[-1], lived_s=0.2))
    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert pause_after(30.0, lived_s=11.0) == 0.0


def test_orders_come_through_a_command_line() -> None:
    assert Orders.of_text(ORDERS.as_text()) == ORDERS
    assert json.loads(ORDERS.as_text())["number"] == 1


def test_each_worker_has_a_request_log_of_its_own(tmp_path: Path) -> None:
    for to, worker in ((None, 2), (str(tmp_path / "asked.jsonl"), 1), (os.devnull, 1)):
        request_log(to, tmp_path, "taxi-8000", worker=worker)({"a": 1})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["asked-w1.jsonl", "requests-taxi-8000-w2.jsonl"]


def test_limits_hold_for_all_workers_together(tmp_path: Path) -> None:
    allowed: Callable[..., House] = lambda number: _limited(Crew(tmp_path, number, 2))  # noqa: E731
    one, other = allowed(1), allowed(2)
    other.ring, other.secrets = one.ring, one.secrets
    other.open(limits=Crew(tmp_path, 2, 2).limits)
    statuses = [house.ask("GET", "/model", "viewer").status_code for house in (one, other, one, other, one)]
    assert statuses == [200, 200, 200, 200, 429]
    wrong = [house.ask("GET", "/model", "wrong").status_code for house in (one, other) * 6]
    assert wrong == [401] * 10 + [429] * 2


def _limited(crew: Crew) -> House:
    house = House(per_minute=4)
    house.open(limits=crew.limits)
    return house
