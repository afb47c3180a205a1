"""Too many at once, and a server that ends meanwhile: everybody is answered, on real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from tests.unit.apps.house import ROW, House

from steward.apps.api import drain
from steward.apps.api.connection import Patience
from steward.apps.api.crowd import crowded, entrances_of
from steward.apps.api.drain import DrainingServer

BODY = json.dumps(ROW).encode()
ALIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
Loops = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.fixture(params=["asyncio", "uvloop"])
def loops(request: pytest.FixtureRequest) -> Loops:
    found: Loops = asyncio.new_event_loop if request.param == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    return found


def head(house: House) -> bytes:
    said = f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\nX-API-Key: {house.secrets['predictor']}"
    return f"POST /predict HTTP/1.1\r\nHost: localhost\r\n{said}\r\n\r\n".encode()


@asynccontextmanager
async def running(house: House, noted: list[int], most: int) -> AsyncIterator[tuple[DrainingServer, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        http: Any = crowded(Patience(), lambda: noted.append(1), most=most)
        server = DrainingServer(uvicorn.Config(house.app, http=http, log_level="critical", ws="none"))
        serving = asyncio.create_task(server._serve(entrances_of(listening)))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
            await asyncio.sleep(0.005)
        try:
            async with asyncio.timeout(60):
                yield server, listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Read one answer, as a client that goes on over the same connection does."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *lines = head.strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


def test_whoever_comes_too_late_for_a_turn_is_told_when_to_come_back_and_may_go_on(house: House, loops: Loops) -> None:
    noted: list[int] = []

    async def talk() -> None:
        async with running(house, noted, 0) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(house) + BODY)
            status, headers, body = await answer(reader)
            assert (status, headers["retry-after"], headers["x-content-type-options"]) == (503, "1", "nosniff")
            assert len(headers["x-request-id"]) == 32
            assert json.loads(body)["code"] == "SERVE-012"
            writer.write(2 * (head(house) + BODY))  # without waiting for the first answer
            assert [(await answer(reader))[0] for _ in range(2)] == [503, 503]
            writer.write(head(house))
            assert (await answer(reader))[0] == 503  # before its body came
            writer.write(BODY + ALIVE)
            assert (await answer(reader))[0] == 200
            writer.close()

    with asyncio.Runner(loop_factory=loops) as runner:
        runner.run(talk())
    assert len(noted) == 4


def test_of_many_in_one_turn_some_are_let_in_and_all_are_answered(house: House, loops: Loops) -> None:
    noted: list[int] = []

    async def talk() -> list[int]:
        async with running(house, noted, 3) as (_, port):
            lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
            for _, writer in lines:
                writer.write(head(house) + BODY)
            found = [(await answer(reader))[0] for reader, _ in lines]
            for _, writer in lines:
                writer.close()
            return found

    with asyncio.Runner(loop_factory=loops) as runner:
        found = runner.run(talk())
    assert set(found) <= {200, 503}
    assert found.count(503) == len(noted)
    assert found.count(200) >= 3


def test_a_server_that_ends_answers_over_the_connections_there_are_and_closes_them(
    house: House, loops: Loops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "_PATIENCE_S", 30)

    async def talk() -> tuple[int, int]:
        async with running(house, [], 100) as (server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(house) + BODY)
            assert "connection" not in (await answer(reader))[1]
            server.should_exit = True
            while await is_open(port):  # noqa: ASYNC110 - nor this
                await asyncio.sleep(0.01)
            writer.write(head(house) + BODY)
            status, headers, _ = await answer(reader)
            assert headers["connection"] == "close"
            assert await reader.read() == b""
            writer.close()
            return status, len(server.server_state.connections)

    with asyncio.Runner(loop_factory=loops) as runner:
        status, _ = runner.run(talk())
    assert status == 200


async def is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
