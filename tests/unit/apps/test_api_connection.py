"""What a connection may take: silence, drops, floods and closed ears all come to an end, on a real socket."""

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from tests.unit.apps.house import ROW, House

from steward.apps.api.connection import Patience, impatient, most_connections

SHORT = Patience(head_s=0.2, body_s=0.4, answer_s=0.3, head_bytes=4096, connections=8)
BODY = json.dumps(ROW).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(BODY)
ALIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.fixture(params=["asyncio", "uvloop"])
def talk(house: House, request: pytest.FixtureRequest) -> Callable[[Callable[[int], Coroutine[Any, Any, Any]]], Any]:
    """Run a server with short patience and a conversation with it, both in one event loop of either kind."""

    def run(conversation: Callable[[int], Coroutine[Any, Any, Any]], patience: Patience = SHORT, app: Any = house.app) -> Any:
        async def both() -> Any:
            listening = socket.create_server(("127.0.0.1", 0))
            config = uvicorn.Config(app, http=impatient(patience), log_level="critical", ws="none")  # type: ignore[arg-type]
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server._serve([listening]))
            while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
                await asyncio.sleep(0.005)
            try:
                async with asyncio.timeout(30):
                    return await conversation(listening.getsockname()[1])
            finally:
                server.should_exit = True
                await serving
                listening.close()

        factory = asyncio.new_event_loop if request.param == "asyncio" else pytest.importorskip("uvloop").new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(both())

    return run


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server closes."""
    said = b""
    with suppress(ConnectionError):
        while more := await reader.read(65536):
            said += more
    return said


async def ask(port: int, *sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        for part in sent:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.05)
    said = await rest(reader)
    writer.close()
    return said


def status(said: bytes) -> int:
    return int(said.split(b" ")[1]) if said else 0


@pytest.mark.parametrize(
    "sent",
    [
        (),
        (b"G",),
        (b"GET /health/live HT",),
        (b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n", *(b"X: y\r\n" for _ in range(40))),
        (b"\r\n",),
    ],
)
def test_a_request_that_never_comes_is_not_waited_for(talk: Any, sent: tuple[bytes, ...]) -> None:
    assert status(talk(lambda port: ask(port, *sent))) in {408, 0}  # who goes on talking may not hear it


def test_a_body_that_never_ends_is_not_waited_for_and_nothing_is_answered(talk: Any, house: House) -> None:
    key = f"X-API-Key: {house.secrets['predictor']}\r\n\r\n".encode()
    before = len(list(house.log.records()))
    assert status(talk(lambda port: ask(port, HEAD + key + BODY[:-1]))) == 408
    assert status(talk(lambda port: ask(port, HEAD + key, *(BODY[place : place + 1] for place in range(len(BODY) - 1))))) in {
        408,
        0,
    }
    assert len(list(house.log.records())) == before


def test_whoever_is_slow_and_comes_to_an_end_is_answered(talk: Any, house: House) -> None:
    key = f"X-API-Key: {house.secrets['predictor']}\r\nConnection: close\r\n\r\n".encode()
    assert status(talk(lambda port: ask(port, HEAD, key, BODY[:20], BODY[20:]))) == 200


def test_headers_without_end_are_refused(talk: Any) -> None:
    flood = [b"X-%d: %b\r\n" % (number, b"y" * 500) for number in range(100)]
    assert status(talk(lambda port: ask(port, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n", *flood))) in {431, 0}


def test_a_later_request_of_a_connection_has_its_time_too(talk: Any) -> None:
    said = talk(lambda port: ask(port, ALIVE, ALIVE, ALIVE[:10]))
    assert [part.split(b" ")[0] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"408"]


CHUNKED = ALIVE.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
AFTER = [(ALIVE, b"\r\n"), (CHUNKED, b"5"), (CHUNKED, b"5\r\n", b"h"), (CHUNKED, b"0\r\n", b"X: y\r\n")]


@pytest.mark.parametrize("sent", AFTER)
def test_who_says_something_after_an_answer_that_begins_no_request_is_not_waited_for(talk: Any, sent: tuple[bytes, ...]) -> None:
    said = talk(lambda port: ask(port, *sent), Patience(head_s=0.6))
    assert [part.split(b" ")[0] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"200", b"408"]


@pytest.mark.parametrize("sent", AFTER)
def test_who_says_something_after_an_answer_that_begins_no_request_makes_room(talk: Any, sent: tuple[bytes, ...]) -> None:
    async def crowd(port: int) -> list[int]:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SHORT.connections)]
        for reader, writer in silent:
            writer.write(sent[0])
            await reader.readuntil(b"\r\n\r\n")
            for part in sent[1:]:
                writer.write(part)
                await asyncio.sleep(0.02)
        answers = [status(await ask(port, ALIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))) for _ in range(3)]
        for _, writer in silent:
            writer.close()
        return answers

    assert talk(crowd, Patience(head_s=20, connections=SHORT.connections)) == [200] * 3


def test_who_is_answered_before_the_body_may_send_all_of_it_and_ask_again(talk: Any) -> None:
    early = ALIVE.replace(b"\r\n\r\n", b"\r\nContent-Length: 12000\r\n\r\n")
    said = talk(lambda port: ask(port, early, b"x" * 6000, b"x" * 6000, ALIVE), Patience(head_s=5, head_bytes=4096))
    assert said.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("trailers", [[b"X-1: " + b"y" * 3000 + b"\r\n"] * 3, [b"X: ", *[b"y" * 3000] * 3]])
def test_trailers_without_end_are_refused(talk: Any, house: House, trailers: list[bytes]) -> None:
    head = HEAD.replace(b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked")
    key = f"X-API-Key: {house.secrets['predictor']}\r\n\r\n".encode()
    before = len(list(house.log.records()))
    whole = b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)
    assert status(talk(lambda port: ask(port, head + key, whole, *trailers))) in {431, 0}
    assert len(list(house.log.records())) == before


def test_trailers_are_no_headers(talk: Any) -> None:
    async def count_headers(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":  # the server's own begin and end
            return
        while (await receive()).get("more_body"):
            pass
        told = b"%d" % len(scope["headers"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]})
        await send({"type": "http.response.body", "body": told})

    said = talk(lambda port: ask(port, CHUNKED, b"0\r\nX: y\r\n", b"\r\n"), Patience(head_s=20), count_headers)
    assert said.endswith(b"\r\n\r\n2")  # the host, and that it comes in chunks


def test_the_most_silent_one_makes_room_and_whoever_asks_is_answered(talk: Any) -> None:
    async def crowd(port: int) -> list[int]:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SHORT.connections)]
        answers = [status(await ask(port, ALIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))) for _ in range(20)]
        answers.append(status(await rest(silent[0][0])))
        for _, writer in silent:
            writer.close()
        return answers

    assert talk(crowd, Patience(head_s=20, connections=SHORT.connections)) == [200] * 20 + [408]


def test_who_does_not_read_the_answer_is_left(talk: Any, house: House) -> None:
    rows = json.dumps({"rows": [ROW] * 1000}).encode()
    key = f"X-API-Key: {house.secrets['predictor']}\r\n\r\n".encode()
    asked = HEAD.replace(b"%d" % len(BODY), b"%d" % len(rows)) + key + rows

    async def deaf(port: int) -> bool:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, ("127.0.0.1", port))
            try:
                while True:
                    await loop.sock_sendall(client, asked)
                    await asyncio.sleep(0.01)
            except ConnectionError:
                return True

    assert talk(deaf)


def test_a_process_can_hold_some_connections() -> None:
    assert most_connections() >= 16
