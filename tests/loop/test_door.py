"""A real server and whoever wants to break in, break it, or keep others out (CATALOGUE F1, F3, F5, A2, A4)."""

import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import mean, quantiles, variance

import pytest

from steward.apps.api.door import WRONG_KEYS_PER_MINUTE
from tests.loop.patient import Patient, train_calls
from tests.loop.serving import Server, serving, until
from tests.loop.tiny import DICTIONARY
from tests.reliability import count_trials
from tests.unit.apps.test_api_fuzz import FRAMINGS, HOSTS, PATHS

pytestmark = [pytest.mark.loop, pytest.mark.timeout(1200)]

ROW = {name: told["example"] for name, told in DICTIONARY["columns"].items() if "example" in told}
GOOD = json.dumps({name: value for name, value in ROW.items() if name != "wait"})[:-1].encode()
WITH_KEY_OF = ("viewer", "predictor", "admin")


def with_wait(value: bytes) -> bytes:
    return b'%b,"wait":%b}' % (GOOD, value)


def with_plan(value: bytes) -> bytes:
    return b'{"asked_at":"2024-02-05T10:30:00","plan":%b}' % value


# CATALOGUE F1, as they come over the wire: body, status, field.
BODIES: dict[str, tuple[bytes, int, str | None]] = {
    "valid": (with_wait(b"3.5"), 200, None),
    "NaN": (with_wait(b"NaN"), 422, "wait"),
    "inf": (with_wait(b"Infinity"), 422, "wait"),
    "-inf": (with_wait(b"-Infinity"), 422, "wait"),
    "1e400": (with_wait(b"1e400"), 422, "wait"),
    "a column short": (b'{"asked_at":"2024-02-05T10:30:00"}', 422, "plan"),
    "a column over": (b'%b,"waits":1}' % GOOD, 422, "waits"),
    "a list for a number": (with_wait(b"[]"), 422, "wait"),
    "a text for a number": (with_wait(b'"3.5"'), 422, "wait"),
    "null for a number": (with_plan(b"null"), 422, "plan"),
    "an object for a number": (with_wait(b'{"a":{"b":[1]}}'), 422, "wait"),
    "10^30": (with_plan(b"1" + b"0" * 30), 422, "plan"),
    "10^5000": (with_plan(b"1" + b"0" * 5000), 422, "plan"),
    "true for a number": (with_plan(b"true"), 422, "plan"),
    "empty": (b"", 400, "body"),
    "no JSON": (b"plan=1", 400, "body"),
    "an empty list": (b"[]", 422, "body"),
    "null": (b"null", 422, "body"),
    "half a character": (b'%b,"note":"\\ud800"}' % GOOD, 422, "note"),
    "bad UTF-8": (b'%b,"note":"\xff\xfe"}' % GOOD, 400, "body"),
    "depth 100,000": (with_wait(b"[" * 100_000 + b"]" * 100_000), 400, "body"),
    "a name twice": (with_plan(b'1,"plan":2'), 400, "plan"),
    "50 MB": (b'%b,"note":"%b"}' % (GOOD, b"x" * 50_000_000), 413, "body"),
}


@dataclass(frozen=True)
class House:
    """A server without patience for wrong keys, another one with it, and a key of some roles."""

    server: Server
    patient: Server
    steward: Patient
    keys: dict[str, str]

    def open(self, *, patient: bool = False) -> socket.socket:
        port = int((self.patient if patient else self.server).address.rpartition(":")[2])
        return socket.create_connection(("127.0.0.1", port), timeout=60)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    steward, project = train_calls(tmp_path_factory.mktemp("door"))
    made = {role: steward.json("keys", "create", role, "--role", role, "--per-minute", "10000000") for role in WITH_KEY_OF}
    with (
        serving(replace(steward, wrong_keys=WRONG_KEYS_PER_MINUTE), project) as server,
        serving(steward, project, "--request-log", os.devnull) as patient,
    ):
        yield House(server, patient, steward, {role: told["secret"] for role, told in made.items()})
    assert "Traceback" not in steward.said.read_text()


def request(method: str, path: str, *headers: str, host: str = "localhost", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def answer_of(client: socket.socket, sent: bytes) -> tuple[int, bytes]:
    """Return status and body of the answer to one request; 0 where the connection ends without one."""
    said = b""
    try:
        client.sendall(sent)
        while b"\r\n\r\n" not in said:
            more = client.recv(65536)
            if not more:
                return 0, said
            said += more
        head, _, body = said.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length is not None and len(body) < int(length[1]):
            body += client.recv(65536)
    except ConnectionError:
        return 0, said
    return int(head.split(b" ")[1]), body


def asked(house: House, sent: bytes) -> tuple[int, bytes]:
    """Return the answer to a request on a connection of its own; a malformed one is closed by who reads it."""
    with house.open() as client:
        client.settimeout(30)
        return answer_of(client, sent)


@pytest.mark.parametrize("rounds", [1, pytest.param(40, marks=pytest.mark.campaign)])
def test_the_23_bodies_are_refused_with_code_and_field_and_never_break_the_server(house: House, rounds: int) -> None:
    assert len(BODIES) == 23
    wrong, slowest_s = [], 0.0
    for name, (body, status, field) in list(BODIES.items()) * rounds:
        sent = request("POST", "/predict", f"X-API-Key: {house.keys['predictor']}", body=body)
        began = time.perf_counter()
        found, said = asked(house, sent)
        slowest_s = max(slowest_s, time.perf_counter() - began)
        told = json.loads(said or b"{}")
        right = found == status and (field is None or (told.get("field") == field and told.get("code") and told.get("fix")))
        if not right or b"Traceback" in said:
            wrong.append((name, found, said))
    what = "23 bodies over a socket: the right one is answered, 22 are refused with a code and the field, none by 5xx or a trace"
    count_trials("F1", what, trials=23 * rounds, failed=len(wrong), figures={"slowest": f"{slowest_s:.2f} s"})
    assert wrong == []


@pytest.mark.parametrize("mutations", [300, pytest.param(20_000, marks=pytest.mark.campaign)])
def test_no_host_path_or_framing_leads_to_what_a_role_may_not_ask(house: House, mutations: int) -> None:
    admin, viewer, before = f"X-API-Key: {house.keys['admin']}", f"X-API-Key: {house.keys['viewer']}", rows_predicted(house)
    closing = "Connection: close"
    row = with_wait(b"1")
    paths = [("POST", "/predict"), ("POST", "/explain"), ("GET", "/model"), ("GET", "/metrics"), ("GET", "/docs"), ("GET", "/")]
    tried = [(request(m, p, admin, closing, host=host, body=row), {400, 421}) for host in HOSTS for m, p in paths]
    tried += [(request(m, p, closing, body=row), {400, 401}) for p in PATHS for m in ("POST", "GET", "PUT", "PATCH", "DELETE")]
    tried += [(request(m, p, viewer, closing, body=row), {400, 403, 404, 405}) for p in PATHS for m in ("POST", "GET", "PUT")]
    tried += [(sent, {400, 401, 404, 405, 421, 0, 408}) for name, sent in FRAMINGS.items() if b"/health/live" not in sent]
    whole = request("POST", "/predict", closing, "X-API-Key: stw_0123456789_wrong", body=row)
    draw = random.Random(20261121)
    tried += [(mutated(whole, draw), {400, 401, 404, 405, 421, 429, 431, 408, 0}) for _ in range(mutations)]
    wrong = [(sent, found) for sent, allowed in tried if (found := asked(house, sent)[0]) not in allowed]
    what = "Malformed hosts, paths, methods and framings, and requests with random bytes in them: no role is given what it has not"
    count_trials("F3", what, trials=len(tried), failed=len(wrong))
    assert wrong == []
    assert rows_predicted(house) == before


def mutated(whole: bytes, draw: random.Random) -> bytes:
    """Return a request with some of its bytes changed, doubled or left out; it still ends."""
    sent = bytearray(whole)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(sent) - 1)
        sent[place : place + draw.randint(0, 2)] = draw.choice(
            [b"", b"\r\n", b"\0", b" ", b"/", b"..", b"%", bytes([draw.randrange(256)])]
        )
    return bytes(sent) + b"\r\n\r\n"


def rows_predicted(house: House) -> float:
    said = house.server.client.get("/metrics", headers={"x-api-key": house.keys["viewer"]}).text
    return sum(float(line.split(" ")[1]) for line in said.splitlines() if line.startswith("steward_predictions_total"))


@pytest.mark.parametrize("seconds", [6, pytest.param(60, marks=pytest.mark.campaign)])
def test_idle_slow_and_half_closed_connections_keep_nobody_out(house: House, seconds: int) -> None:
    quiet = healthy(house, seconds)
    with besieged_by(house):
        besieged = healthy(house, seconds)
    failed = sum(status != 200 for status, _ in besieged)
    before, after = (1000 * quantiles([took for _, took in asked], n=100)[98] for asked in (quiet, besieged))
    what = "Requests while 1,000 connections say nothing, 100 send a byte a second and 50 are closed half: each is answered"
    figures = {"p99 before": f"{before:.1f} ms", "p99 meanwhile": f"{after:.1f} ms"}
    count_trials("F5", what, trials=len(besieged), failed=failed, figures=figures)
    assert (failed, {status for status, _ in quiet}) == (0, {200})  # how long it took is told, for other tests run beside this one


def healthy(house: House, seconds: float) -> list[tuple[int, float]]:
    """Return status and seconds of each request of one client that asks again and again, on new connections now and then."""
    sent, found = request("POST", "/predict", f"X-API-Key: {house.keys['predictor']}", body=with_wait(b"3.5")), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with house.open() as client:
            for _ in range(50):
                began = time.perf_counter()
                status, _ = answer_of(client, sent)
                found.append((status, time.perf_counter() - began))
    return found


@contextmanager
def besieged_by(house: House) -> Iterator[None]:
    """Hold a thousand silent, a hundred dripping and fifty half-closed connections meanwhile."""
    port = house.server.address.rpartition(":")[2]
    command = [sys.executable, "-m", "tests.loop.siege", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdout is not None
        try:
            assert crowd.stdout.readline() == "here\n"
            yield
            assert crowd.poll() is None
        finally:
            crowd.kill()


def test_a_thousand_wrong_keys_are_turned_away_with_one_alarm_while_the_owner_is_answered(house: House) -> None:
    with house.open() as owner:  # the log begins with the first request
        answer_of(owner, request("GET", "/model", f"X-API-Key: {house.keys['viewer']}"))
    logs = house.steward.home / "logs"
    assert until(lambda: logs.is_dir() and any(logs.iterdir()))  # a line is written once its answer was sent

    def told() -> int:
        return sum(log.read_text().count("key.guessing") for log in logs.iterdir())  # each server has a file of its own

    before = told()
    guesses, owners = [], []
    with house.open() as guesser, house.open() as owner:
        for number in range(1000):
            wrong = f"{house.keys['admin'][:-6]}{number:06}"
            guesses.append(answer_of(guesser, request("GET", "/model", f"X-API-Key: {wrong}"))[0])
            if number % 10 == 0:
                owners.append(answer_of(owner, request("GET", "/model", f"X-API-Key: {house.keys['viewer']}"))[0])
    failed = sum(status not in {401, 429} for status in guesses) + sum(status != 200 for status in owners)
    alarms = told() - before
    what = "Wrong keys from one place, within seconds: turned away, most without a look at the key; its owner is answered meanwhile"
    count_trials("A4", what, trials=len(guesses), failed=failed, figures={"alarms": str(alarms)})
    assert failed == 0
    assert guesses.count(401) <= 2 * WRONG_KEYS_PER_MINUTE
    assert alarms <= 2
    assert told() >= 1


@pytest.mark.parametrize("requests", [500, pytest.param(50_000, marks=pytest.mark.campaign)])
def test_how_long_a_refusal_takes_does_not_tell_whether_the_key_begins_right(house: House, requests: int) -> None:
    begins_right = house.keys["viewer"][:-8] + "AAAAAAAA"
    nobodys = f"stw_{'0' * 10}_{begins_right.split('_', 2)[2]}"
    order = [begins_right, nobodys] * requests
    random.Random(20261121).shuffle(order)
    took_s: dict[str, list[float]] = {begins_right: [], nobodys: []}
    with house.open(patient=True) as client:
        for key in order:
            sent = request("GET", "/model", f"X-API-Key: {key}")
            began = time.perf_counter()
            status, _ = answer_of(client, sent)
            took_s[key].append(time.perf_counter() - began)
            assert status == 401
    t = welch(*took_s.values())
    what = f"2 x {requests:,} requests with a key whose beginning is right, or is nobody's: their times do not differ (Welch's t)"
    means = " and ".join(f"{1e6 * mean(times):.1f} us" for times in took_s.values())
    count_trials("A2", what, trials=1, failed=int(abs(t) >= 4.5), figures={"t": f"{t:.2f}", "means": means})
    assert abs(t) < 4.5


def welch(first: Sequence[float], second: Sequence[float]) -> float:
    return (mean(first) - mean(second)) / (variance(first) / len(first) + variance(second) / len(second)) ** 0.5
