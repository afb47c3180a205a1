"""Malformed hosts, paths and framings against a real server: nothing protected is ever answered (CATALOGUE F3)."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from tests.unit.apps.house import ROW, House

BODY = json.dumps(ROW).encode()
HOSTS = [
    *("a/?x=", "evil.com", "127.0.0.1.nip.io", "localhost.", "localhost.evil.com", "evil.com:80", "localhost:8000@evil.com"),
    *("evil.com#localhost", "localhost#", "localhost?", "localhost/", "/localhost", "//localhost", "http://localhost"),
    *("local host", "localhost,evil.com", "localhost;evil.com", "localhost\tx", "localhost:abc", "localhost:-1", "localhost:"),
    *("localhost:999999", ":8000", "[localhost]", "[::1", "::1]", "[::1]x", "[]", "0x7f.1", "127.1", "2130706433", "0.0.0.0"),
    *("*", "%6cocalhost", "localhost%00", "LOCALHOST.EVIL.COM", "xn--localhost", "_", "-", "127.0.0.1:8000:8000", "локалхост"),
]
PATHS = [
    *("//predict", "/predict/", "/./predict", "/x/../predict", "/predict/..", "/%2e%2e/predict", "/%2e/predict", "/predict%2f"),
    *("/predict%20", "/predict;x=1", "/predict%00", "/predict%23", "/Predict", "/PREDICT", "\\predict", "/predict\\"),
    *("/%252e%252e/predict", "http://localhost/predict", "/static-offline-docs/../predict", "/static-offline-docs/%2e%2e/predict"),
    *("/health/live/../../predict", "/health/live/", "/health/live;/../predict", "/health/live%2f..%2f..%2fpredict", "*"),
    *("/docs/../predict", "/predict?key=x", "/predict#"),
]


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.fixture(scope="module")
def port(house: House) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(house.app, log_level="critical", server_header=False, proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()
    listening.close()


def send(port: int, content: bytes) -> bytes:
    """Return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(content)
        if b"Connection: close" not in content:
            client.shutdown(socket.SHUT_WR)
        parts = []
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def statuses(answer: bytes) -> list[int]:
    return [int(line.split(b" ")[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def request(method: str, path: str, host: str, *headers: str, body: bytes = BODY) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", "Connection: close", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def test_the_same_request_with_nothing_malformed_is_answered(house: House, port: int) -> None:
    key = f"X-API-Key: {house.secrets['predictor']}"
    assert statuses(send(port, request("POST", "/predict", f"localhost:{port}", key))) == [200]
    assert statuses(send(port, request("POST", "/predict", "localhost"))) == [401]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_not_this_server_is_refused_even_with_a_right_key(house: House, port: int, host: str) -> None:
    assert len(HOSTS) >= 40
    before = len(list(house.log.records()))
    answer = statuses(send(port, request("POST", "/predict", host, f"X-API-Key: {house.secrets['admin']}")))
    assert answer[0] in {400, 421}
    assert len(answer) == 1
    assert len(list(house.log.records())) == before


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_no_spelling_of_a_path_opens_what_a_role_does_not(house: House, port: int, method: str, path: str) -> None:
    before = len(list(house.log.records()))
    without = statuses(send(port, request(method, path, "localhost")))
    as_viewer = statuses(send(port, request(method, path, "localhost", f"X-API-Key: {house.secrets['viewer']}")))
    assert without in ([401], [400])
    assert as_viewer[0] in {400, 403, 404, 405}
    assert len(list(house.log.records())) == before


FRAMINGS = {
    "method override": request("GET", "/health/live", "localhost", "X-HTTP-Method-Override: POST", "X-Original-URL: /predict"),
    "rewritten path": request("GET", "/health/live", "localhost", "X-Rewrite-URL: /predict", "X-Forwarded-Path: /predict"),
    "two hosts": request("POST", "/predict", "localhost", "Host: evil.com"),
    "chunked and length": request("POST", "/predict", "localhost", "Transfer-Encoding: chunked"),
    "two lengths": request("POST", "/predict", "localhost", "Content-Length: 4"),
    "smuggled": request("GET", "/health/live", "localhost", body=request("POST", "/predict", "localhost")),
    "no host": b"POST /predict HTTP/1.1\r\nConnection: close\r\n\r\n",
    "old protocol": b"POST /predict HTTP/1.0\r\n\r\n",
    "folded header": b"GET /model HTTP/1.1\r\nHost: localhost\r\nX-API-Key:\r\n x\r\nConnection: close\r\n\r\n",
    "no protocol": b"GET /model\r\n\r\n",
    "nothing": b"\r\n\r\n",
    "noise": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("name", FRAMINGS)
def test_no_framing_leads_past_the_door(house: House, port: int, name: str) -> None:
    before = len(list(house.log.records()))
    answer = send(port, FRAMINGS[name])
    found = statuses(answer)
    live = FRAMINGS[name].startswith(b"GET /health/live")
    assert found in ([200], [400]) if live else all(400 <= status < 500 for status in found)
    assert len(found) <= 1
    assert len(list(house.log.records())) == before
    assert b"Traceback" not in answer
