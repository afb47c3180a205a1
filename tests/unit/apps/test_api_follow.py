import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import numpy as np
import pytest
from tests.reliability import count_trials

from steward.apps.api.app import create_app
from steward.apps.api.follow import Following, FollowState
from steward.core.errors import Fault, Refused, UsageError
from steward.serving.answer import Served
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}
BROKEN = UsageError(Fault("REG-020", "model.txt was changed", ("/secret/place",)))


def test_the_state_tells_since_when_it_is_so_and_keeps_the_last_error() -> None:
    clock = FrozenClock()
    following = Following(clock)
    assert following.state == FollowState(ok=True, last_error=None, since="2026-01-01T00:00:00+00:00")
    clock.advance(timedelta(minutes=1))
    following.note(BROKEN)
    clock.advance(timedelta(minutes=1))
    following.note(BROKEN)
    assert following.state == FollowState(ok=False, last_error="REG-020: model.txt was changed", since="2026-01-01T00:01:00+00:00")
    following.note(RuntimeError("x" * 1000))
    assert following.state.last_error == "RuntimeError: " + "x" * 286
    following.note(None)
    assert (following.state.ok, following.state.since) == (True, "2026-01-01T00:02:00+00:00")


class Pointer:
    """What `load_current` finds: each entry once, then nothing new."""

    def __init__(self, *found: Served | Exception) -> None:
        self.found: Iterator[Served | Exception] = iter(found)
        self.looks = 0

    def __call__(self) -> Served | None:
        self.looks += 1
        found = next(self.found, None)
        if isinstance(found, Exception):
            raise found
        return found


async def until(client: httpx.AsyncClient, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            said: dict[str, Any] = (await client.get(path)).json()
            if holds(said):
                return said
            await asyncio.sleep(0.001)


def following(pointer: Callable[[], Served | None], served: Served | None, talk: Callable[[httpx.AsyncClient], Any]) -> Any:
    async def run() -> Any:
        app = create_app(Service(served, MemoryPredictionLog(), FrozenClock()), pointer, every_s=0.001)
        transport = httpx.ASGITransport(app=app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await talk(client)

    return asyncio.run(run())


def test_the_first_champion_begins_to_answer_without_a_restart() -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        await until(client, "/health", lambda said: said["version"] == 5)
        assert (await client.post("/predict", json=ROW)).json()["version"] == 5

    following(Pointer(tiny_served(5)), None, talk)


def test_a_new_champion_that_fails_leaves_the_old_one_answering_and_shows_in_health() -> None:
    class Broken:
        mended = False

        def __call__(self) -> Served | None:
            if self.mended:
                return None
            raise BROKEN

    pointer = Broken()

    async def talk(client: httpx.AsyncClient) -> None:
        said = await until(client, "/health", lambda said: said["status"] == "degraded")
        assert (said["following"]["ok"], said["following"]["last_error"]) == (False, "REG-020: model.txt was changed")
        assert "/secret/place" not in json.dumps(said)
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.post("/predict", json=ROW)).json()["version"] == 1
        pointer.mended = True
        said = await until(client, "/health", lambda said: said["status"] == "ok")
        assert said["following"]["last_error"] == "REG-020: model.txt was changed"

    following(pointer, tiny_served(1), talk)


def test_a_swap_under_load_fails_no_request_and_never_goes_back() -> None:
    pointer = Pointer(tiny_served(2), BROKEN, tiny_served(3), RuntimeError("no database"), tiny_served(4))

    async def talk(client: httpx.AsyncClient) -> list[int]:
        versions: list[int] = []
        while versions.count(4) < 20:
            answers = await asyncio.gather(*(client.post("/predict", json=ROW) for _ in range(5)))
            assert {answer.status_code for answer in answers} == {200}
            assert all(answer.headers["X-Steward-Version"] == str(answer.json()["version"]) for answer in answers)
            versions += [answer.json()["version"] for answer in answers]
        return versions

    versions = following(pointer, tiny_served(1), talk)
    assert versions == sorted(versions)


def test_twenty_swaps_under_load_fail_no_request_and_mix_no_versions() -> None:
    def served(version: int) -> Served:
        return tiny_served(version, predict=lambda frame: np.full(frame.height, float(version)))

    pointer = Pointer(*(served(version) for version in range(2, 22)))
    many = {"rows": [ROW] * 60}  # so many are answered in a thread, beside the swaps

    async def talk(client: httpx.AsyncClient) -> set[int]:
        seen: set[int] = set()
        while 21 not in seen:
            for answer in await asyncio.gather(*(client.post("/predict", json=body) for body in (ROW, many, ROW, many))):
                assert answer.status_code == 200
                said = answer.json()
                given = {(one["version"], one["prediction"]) for one in said.get("predictions", [said])}
                version = int(answer.headers["X-Steward-Version"])
                assert given == {(version, float(version))}
                seen.add(version)
        return seen

    seen = following(pointer, served(1), talk)
    assert {21} < seen <= set(range(1, 22))


def test_looking_ends_with_the_application() -> None:
    pointer = Pointer()

    async def talk(client: httpx.AsyncClient) -> None:
        while pointer.looks < 3:
            await client.get("/health/live")
            await asyncio.sleep(0.001)

    following(pointer, None, talk)
    assert pointer.looks < 1000


def ends() -> Served:
    sys.exit("a version's own code")


def exhausts() -> Served:
    raise MemoryError


def recurses() -> Served:
    return recurses()


def differs() -> Served:
    raise Refused(Fault("BUNDLE-005", "12 of 12 stored rows are answered differently than when the model was made"))


def is_slow() -> Served:
    time.sleep(0.2)
    raise Refused(Fault("BUNDLE-006", "rides v2 answers too slowly to serve"))


ODD = {"SystemExit": ends, "MemoryError": exhausts, "RecursionError": recurses, "BUNDLE-005": differs, "BUNDLE-006": is_slow}


@pytest.mark.parametrize("times", [3, pytest.param(200, marks=pytest.mark.campaign)])
def test_a_version_that_goes_wrong_while_it_is_loaded_changes_no_answer_and_raises_an_alarm(times: int) -> None:
    told: list[tuple[str, str]] = []

    async def ask(name: str, client: httpx.AsyncClient) -> list[int]:
        answers = [await client.post("/predict", json=ROW) for _ in range(5)]
        said = await until(client, "/health", lambda said: said["status"] == "degraded")
        told.append((name, said["following"]["last_error"]))
        answers += [await client.post("/predict", json=ROW) for _ in range(5)]
        return [answer.json().get("version", 0) for answer in answers]

    loads = list(ODD.items()) * times
    versions = [version for name, load in loads for version in following(load, tiny_served(1), partial(ask, name))]
    wrong = sum(version != 1 for version in versions) + sum(name not in error for name, error in told)
    what = (
        "A new version that ends the process, exhausts memory or the stack, answers otherwise or too slowly: the old one answers on"
    )
    count_trials("M6", what, trials=len(loads), failed=wrong)
    assert wrong == 0
    assert len(told) == len(loads)
