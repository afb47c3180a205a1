"""Who comes in, who does not, and what is said and kept of it (CATALOGUE A1, A2, A4)."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from starlette.routing import Route
from tests.reliability import count_trials
from tests.unit.apps.house import ROW, House

from steward.apps.api.access import Entrances, needs
from steward.apps.api.app import create_app
from steward.apps.api.door import Door, Rules
from steward.core.clock import Clock
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.serving.keys import ROLES, allows, issue
from steward.serving.ring import KeyRing
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryKeyStore, MemoryPredictionLog, tiny_served

# Which role each route needs. A route that is new or asks for another role belongs here: somebody thinks about it.
ROUTES: Mapping[str, str] = {
    "GET /": "viewer",
    "POST /predict": "predictor",
    "POST /explain": "predictor",
    "POST /outcomes": "predictor",
    "GET /model": "viewer",
    "GET /model-info": "viewer",
    "GET /metrics": "viewer",
    "GET /metrics/model": "viewer",
    "GET /data-quality": "viewer",
    "GET /drift": "viewer",
    "GET /experiments": "viewer",
    "GET /health": "viewer",
    "GET /health/live": "anyone",
    "GET /health/ready": "viewer",
    "GET /docs": "viewer",
    "GET /docs/oauth2-redirect": "viewer",
    "GET /openapi.json": "viewer",
    "HEAD /openapi.json": "viewer",
    "GET /static-offline-docs": "viewer",
    "HEAD /static-offline-docs": "viewer",
}


@pytest.fixture
def house() -> House:
    return House()


def test_every_route_needs_the_role_in_the_table(house: House) -> None:
    found = {f"{method} {one.template}": one.needed for one in Entrances(house.app).all for method in one.methods}
    assert found == dict(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_lets_in_whose_role_is_enough_and_nobody_else(house: House, route: str) -> None:
    method, path = route.split(" ")
    path = path if path != "/static-offline-docs" else f"{path}/swagger-ui.css"
    needed: Any = ROUTES[route]
    if needed == "anyone":
        assert {house.ask(method, path, who).status_code for who in (None, "wrong", "viewer", "admin")} == {200}
        return
    turned_away = {who: house.ask(method, path, who).status_code for who in (None, "wrong", "revoked", "expired")}
    assert turned_away == {None: 401, "wrong": 401, "revoked": 401, "expired": 401}
    for role in ROLES:
        status = house.ask(method, path, role).status_code
        assert (status == 403) is not allows(role, needed), (role, status)
        assert status not in {401, 421, 429}
        assert status < 500


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def test_nobody_gets_by_any_method_what_the_table_does_not_give(house: House) -> None:
    asked, wrong = 0, []
    who: list[str | None] = [None, "wrong", "revoked", "expired", *ROLES]
    house.now_s = 0.0
    for path in sorted({route.split(" ")[1] for route in ROUTES}):
        template = path if path != "/static-offline-docs" else f"{path}/swagger-ui.css"
        for method in METHODS:
            needed: Any = ROUTES.get(f"{method} {path}")
            for one in who:
                house.now_s += 60  # so that nobody has asked too often
                status = house.ask(method, template, one).status_code
                asked += 1
                known = one in ROLES
                right = needed == "anyone" or (known and needed is not None and allows(one, needed))  # type: ignore[arg-type]
                refusal = {401} if not known else {405} if needed is None else {403}
                if (status in {401, 403, 405}) is right or (not right and status not in refusal):
                    wrong.append((method, path, one, status))
    what = "Each path by each method without a key, with a wrong, revoked or expired one, and in each role: as the table says"
    count_trials("A1", what, trials=asked, failed=len(wrong))
    assert wrong == []


def test_an_application_with_a_route_that_says_nothing_is_not_made() -> None:
    app = FastAPI(openapi_url=None)

    def nothing() -> None: ...

    app.add_api_route("/open", nothing, openapi_extra=needs("anyone"))
    assert [one.template for one in Entrances(app).all] == ["/open"]
    app.add_api_route("/forgotten", nothing)
    app.router.routes.append(Route("/starlette", nothing))
    with pytest.raises(UsageError, match=r"(?s)SERVE-061.*/forgotten.*SERVE-061.*/starlette"):
        Entrances(app)


def test_a_route_with_a_parameter_is_guarded_too() -> None:
    async def found(one: str) -> dict[str, str]:
        return {"found": one}

    clock = FrozenClock()
    made = issue("x", "viewer", by="me", now=clock.now())
    ring = KeyRing(MemoryKeyStore(made.key), clock, alone=False)
    ring.look()
    app = FastAPI(openapi_url=None)
    app.add_api_route("/of/{one}", found, openapi_extra=needs("operator"))
    app.add_api_route("/all/{one}", found, openapi_extra=needs("viewer"))
    app.add_middleware(Door, entrances=Entrances(app), rules=Rules(ring), clock=clock)

    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://here") as client:
            key = {"x-api-key": made.secret}
            asked = [("GET", "/of/a", {}), ("GET", "/of/a", key), ("GET", "/all/a", key), ("POST", "/all/a", key)]
            return [(await client.request(method, path, headers=sent)).status_code for method, path, sent in asked]

    assert asyncio.run(ask()) == [401, 403, 200, 405]


def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(house: House) -> None:
    answers = [house.ask("GET", "/model", who) for who in (None, "wrong", "revoked", "expired")]
    answers += [house.ask("GET", "/nothing"), house.ask("DELETE", "/model")]
    secret = house.secrets["viewer"]
    wrong: list[dict[str, str | bytes]] = [
        {"authorization": secret},
        {"authorization": f"Basic {secret}"},
        {"authorization": "Bearer"},
        {"x-api-key": ""},
        {"x-api-key": "é".encode()},
        {"x-api-key": secret, "authorization": f"Bearer {secret}x"},
    ]
    answers += [house.ask("GET", "/model", headers=headers) for headers in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["code"] == "AUTH-001"
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}


@pytest.mark.parametrize("headers", [{"authorization": "bearer {}"}, {"authorization": "Bearer  {} "}, {"x-api-key": "{}"}])
def test_a_key_comes_in_either_header(house: House, headers: dict[str, str]) -> None:
    sent = {name: value.format(house.secrets["viewer"]) for name, value in headers.items()}
    assert house.ask("GET", "/model", headers=sent).status_code == 200


def test_a_known_caller_learns_which_paths_there_are_and_which_role_is_missing(house: House) -> None:
    nothing, method, low = house.ask("GET", "/nothing", "viewer"), house.ask("POST", "/model", "viewer"), house.predict("viewer")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "SERVE-040")
    assert (method.status_code, method.json()["code"], method.headers["allow"]) == (405, "SERVE-041", "GET")
    assert (low.status_code, low.json()["code"]) == (403, "AUTH-002")
    assert "--role predictor" in low.json()["fix"]


def test_a_key_that_is_revoked_opens_nothing_after_the_next_look(house: House) -> None:
    assert house.predict().status_code == 200
    house.store.revoke(house.keys["predictor"].key.prefix, house.clock.now(), "lost", actor="me")
    house.ring.look()
    assert house.predict().status_code == 401
    assert house.predict("operator").status_code == 200


def test_a_key_may_ask_so_often_and_another_is_not_bothered() -> None:
    house = House(per_minute=3)
    assert [house.ask("GET", "/model", "viewer").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = house.ask("GET", "/model", "viewer")
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("AUTH-003", "20")
    assert house.predict().status_code == 200
    house.now_s = 20.0
    assert house.ask("GET", "/model", "viewer").status_code == 200


def test_a_thousand_wrong_keys_raise_one_alarm_and_the_owner_is_unaffected(house: House) -> None:
    async def guess() -> list[int]:
        transport = httpx.ASGITransport(app=house.app, client=("10.1.1.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            wrong = house.secrets["wrong"]
            sent = [client.get("/model", headers={"x-api-key": f"{wrong[:-5]}{n:05}"}) for n in range(1000)]
            return [(await answer).status_code for answer in sent]

    statuses = asyncio.run(guess())
    assert statuses == [401] * 10 + [429] * 990
    assert [event for event in house.told if event["event"] == "key.guessing"] == [
        {"at": "2026-01-01T00:00:00+00:00", "event": "key.guessing", "source": "10.1.1.1"}
    ]
    right = house.ask("GET", "/model", "viewer", client=("10.1.1.1", 1))
    other = house.ask("GET", "/model", "wrong", client=("10.1.1.2", 1))
    assert (right.status_code, other.status_code) == (200, 401)
    refused = house.ask("GET", "/model", "wrong", client=("10.1.1.1", 1))
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("AUTH-004", "6")


def test_one_network_of_many_addresses_is_one_source(house: House) -> None:
    sources = [f"2001:db8::{number:x}" for number in range(12)]
    statuses = [house.ask("GET", "/model", "wrong", client=(source, 1)).status_code for source in sources]
    assert statuses == [401] * 10 + [429] * 2


def test_asking_without_a_key_is_no_guess(house: House) -> None:
    assert {house.ask("GET", "/model").status_code for _ in range(30)} == {401}


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "127.0.0.1.nip.io",
        "localhost.evil.com",
        "localhost@evil.com",
        "localhost:80:80",
        "a/?x=",
        "",
        "[::1",
        "localhost:",
    ],
)
def test_another_host_is_not_this_server(house: House, host: str) -> None:
    answer = house.ask("GET", "/model", "admin", headers={"host": host})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (421, "SERVE-060", "host")
    assert house.ask("GET", "/health/live", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "localhost:65535"])
def test_the_servers_own_name_is_taken_in_any_spelling(house: House, host: str) -> None:
    assert house.ask("GET", "/model", "admin", headers={"host": host}).status_code == 200


def test_every_answer_carries_the_headers_that_keep_browsers_careful(house: House) -> None:
    asked = [("GET", "/model", "viewer"), ("GET", "/model", None), ("GET", "/nothing", "viewer"), ("POST", "/predict", "admin")]
    for method, path, who in asked:
        headers = house.ask(method, path, who).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'; ")
        assert "'self'" not in headers["content-security-policy"]
        assert "server" not in headers
    docs = house.ask("GET", "/docs", "viewer").headers["content-security-policy"]
    assert docs.startswith("default-src 'none'")
    assert "http" not in docs


@pytest.mark.parametrize("good", ["a", "A-b_c.9:1", "x" * 64])
def test_a_request_id_comes_back(house: House, good: str) -> None:
    answer = house.predict(headers={"x-request-id": good})
    assert answer.headers["x-request-id"] == good
    assert house.told[-1]["id"] == good


@pytest.mark.parametrize("bad", ["", "x" * 65, "a b", 'a"b', "a\tb", "é".encode()])
def test_a_request_id_that_cannot_be_one_is_replaced(house: House, bad: str | bytes) -> None:
    ids = {house.predict(headers={"x-request-id": bad}).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(one) == 32 for one in ids)


def test_a_line_a_request_says_who_asked_what_and_how_it_went(house: House) -> None:
    house.predict(headers={"x-request-id": "r1"})
    house.ask("GET", "/model?secret=1234", "viewer")
    house.ask("GET", "/model")
    house.ask("GET", "/etc/passwd", "viewer")
    told = [{name: value for name, value in event.items() if name != "ms"} for event in house.told]
    assert told[0] == {
        "at": "2026-01-01T00:00:00+00:00",
        "event": "request.answered",
        "id": "r1",
        "method": "POST",
        "route": "/predict",
        "status": 200,
        "key": house.keys["predictor"].key.prefix,
    }
    viewer = house.keys["viewer"].key.prefix
    went = [(event["route"], event["status"], event["key"]) for event in told[1:]]
    assert went == [("/model", 200, viewer), ("/model", 401, None), (None, 404, viewer)]
    assert all(isinstance(event["ms"], float) for event in house.told)


def test_no_line_holds_a_row_a_secret_or_what_was_sent_in_the_path(house: House) -> None:
    house.predict(row={**ROW, "note": "private words"})
    house.predict(row={**ROW, "private words": 1})
    house.ask("GET", "/private%20words?private=words", "wrong", headers={"user-agent": "private words"})
    lines = json.dumps(house.told)
    assert len(house.told) == 3
    assert "private" not in lines
    assert "pickup" not in lines
    assert all(secret.split("_", 2)[2] not in lines for secret in house.secrets.values())


def test_what_breaks_is_answered_like_everything_else_and_told() -> None:
    def broken(_: object) -> np.ndarray:
        raise RuntimeError("the password is 1234")

    house = House(served=tiny_served(predict=broken))
    answer = house.predict(headers={"x-request-id": "r1"})
    assert (answer.status_code, answer.json()["code"]) == (500, "SERVE-050")
    assert (answer.headers["x-request-id"], answer.headers["x-frame-options"]) == ("r1", "DENY")
    assert "1234" not in answer.text + json.dumps(house.told)
    assert (house.told[-1]["route"], house.told[-1]["status"]) == ("/predict", 500)


def test_without_rules_whoever_asks_is_the_local_user() -> None:
    app = create_app(Service(tiny_served(3), MemoryPredictionLog(), FrozenClock()), lambda: None)

    async def ask() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://any") as client:
            return (await client.post("/predict", json=ROW, headers={"authorization": "Basic x"})).status_code

    assert asyncio.run(ask()) == 200


def test_a_running_server_learns_of_keys_and_says_once_that_it_cannot() -> None:
    class Flaky(MemoryKeyStore):
        looks = 0

        def all(self) -> Any:
            self.looks += 1
            return super().all()

    clock: Clock = FrozenClock()
    store, told = Flaky(), list[Mapping[str, object]]()
    ring = KeyRing(store, clock, alone=True)
    service = Service(tiny_served(3), MemoryPredictionLog(), clock)
    app = create_app(service, lambda: None, every_s=0.001, clock=clock, door=Rules(ring, None, told.append))

    async def looks(more: int) -> None:
        until = store.looks + more
        while store.looks < until:  # noqa: ASYNC110 - the store is asked from a thread
            await asyncio.sleep(0.001)

    async def talk() -> list[int]:
        transport = httpx.ASGITransport(app=app)
        async with (
            asyncio.timeout(10),
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://a") as client,
        ):
            statuses = [(await client.get("/model")).status_code]
            store.add(issue("x", "viewer", by="me", now=clock.now()).key, replaces=None, actor="me")
            await looks(2)
            statuses.append((await client.get("/model")).status_code)
            store.broken = EnvironmentFault(Fault("DB-003", "the database server does not answer"))
            await looks(4)
            store.broken = None
            await looks(2)
            return [*statuses, (await client.get("/model")).status_code]

    assert asyncio.run(talk()) == [200, 401, 401]
    events = [(event["event"], event.get("because")) for event in told if event["event"] != "request.answered"]
    assert events == [("keys.unreadable", "DB-003"), ("keys.readable", None)]


def test_the_description_says_how_to_send_a_key_and_what_the_door_answers(house: House) -> None:
    described = house.ask("GET", "/openapi.json", "viewer").json()
    assert set(described["components"]["securitySchemes"]) == {"bearer", "header"}
    predict, live = described["paths"]["/predict"]["post"], described["paths"]["/health/live"]["get"]
    assert (predict["x-steward-role"], predict["security"]) == ("predictor", [{"bearer": []}, {"header": []}])
    assert live["security"] == []
    assert "401" not in live["responses"]


def test_nothing_but_http_comes_in(house: House) -> None:
    sent: list[Any] = []

    async def connect() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        await house.app({"type": "websocket", "path": "/predict", "headers": [], "query_string": b""}, receive, send)

    asyncio.run(connect())
    assert sent == [{"type": "websocket.close", "code": 1008}]
