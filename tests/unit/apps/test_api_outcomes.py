"""Telling a server what turned out to be true."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from steward.apps.api.app import create_app
from steward.apps.api.shipping import LogKeeper
from steward.core.errors import EnvironmentFault, Fault
from steward.core.tasks import TaskKind
from steward.serving.outcomes import OutcomeDesk, Status
from steward.serving.service import Service
from steward.serving.ship import Waiting
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

NOW = "2026-01-01T00:00:00+00:00"


def look_up(ids: Collection[str]) -> Mapping[str, Status]:
    return {one: "known" if one.startswith("p") else "unknown" for one in ids}


@pytest.fixture
def told() -> MemoryPredictionLog:
    return MemoryPredictionLog()


@pytest.fixture
def server(told: MemoryPredictionLog, browser: Any) -> Callable[[TaskKind], Any]:
    def start(task: TaskKind) -> Any:
        desk = OutcomeDesk("rides", task, told, FrozenClock(), look_up)
        service = Service(tiny_served(), MemoryPredictionLog(), FrozenClock())
        return type(browser(None))(create_app(service, lambda: None, clock=FrozenClock(), desk=desk))

    return start


@pytest.fixture
def rides(server: Callable[[TaskKind], Any]) -> Any:
    return server("regression")


def test_one_outcome_is_written_down_before_it_is_taken(rides: Any, told: MemoryPredictionLog) -> None:
    answer = rides.ask("POST", "/outcomes", json={"prediction_id": "p1", "outcome": 9, "at": "2025-12-31T23:30:00+02:00"})
    assert (answer.status_code, answer.json()) == (200, {"prediction_id": "p1", "status": "known"})
    (record,) = told.records()
    assert len(record["outcome_id"]) == 32
    assert {name: value for name, value in record.items() if name != "outcome_id"} == {
        "prediction_id": "p1",
        "model": "rides",
        "value": 9.0,
        "label": None,
        "at": "2025-12-31T21:30:00+00:00",
        "received_at": NOW,
    }


def test_many_are_taken_in_their_order_with_the_unknown_ones_kept(rides: Any, told: MemoryPredictionLog) -> None:
    outcomes = [{"prediction_id": name, "outcome": 1.5} for name in ("p2", "x1", "p1", "p2")]
    answer = rides.ask("POST", "/outcomes", json={"outcomes": outcomes})
    said = [(one["prediction_id"], one["status"]) for one in answer.json()["outcomes"]]
    assert said == [("p2", "known"), ("x1", "unknown"), ("p1", "known"), ("p2", "known")]
    assert [(record["prediction_id"], record["at"]) for record in told.records()] == [(name, NOW) for name, _ in said]
    assert len({record["outcome_id"] for record in told.records()}) == 4


@pytest.mark.parametrize(("outcome", "label"), [("left", "left"), (True, "true"), (3, "3"), (3.0, "3")])
def test_a_class_is_kept_by_its_name(server: Any, told: MemoryPredictionLog, outcome: object, label: str) -> None:
    assert server("multiclass").ask("POST", "/outcomes", json={"prediction_id": "p1", "outcome": outcome}).status_code == 200
    assert [(record["value"], record["label"]) for record in told.records()] == [(None, label)]


ID = b'"prediction_id":"p1"'


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"[]", 422, "SERVE-080", "body"),
        (b"null", 422, "SERVE-080", "body"),
        (b"{}", 422, "SERVE-080", "prediction_id"),
        (b"{%b}" % ID, 422, "SERVE-080", "outcome"),
        (b'{%b,"outcome":1,"value":1}' % ID, 422, "SERVE-080", "value"),
        (b'{"prediction_id":1,"outcome":1}', 422, "SERVE-081", "prediction_id"),
        (b'{"prediction_id":"","outcome":1}', 422, "SERVE-081", "prediction_id"),
        (b'{"prediction_id":"%b","outcome":1}' % (b"p" * 65), 422, "SERVE-081", "prediction_id"),
        (b'{"prediction_id":"../p","outcome":1}', 422, "SERVE-081", "prediction_id"),
        (b'{%b,"outcome":"12"}' % ID, 422, "SERVE-082", "outcome"),
        (b'{%b,"outcome":null}' % ID, 422, "SERVE-082", "outcome"),
        (b'{%b,"outcome":true}' % ID, 422, "SERVE-082", "outcome"),
        (b'{%b,"outcome":NaN}' % ID, 422, "SERVE-082", "outcome"),
        (b'{%b,"outcome":1e400}' % ID, 422, "SERVE-082", "outcome"),
        (b'{%b,"outcome":1%b}' % (ID, b"0" * 400), 422, "SERVE-082", "outcome"),
        (b'{%b,"outcome":{}}' % ID, 422, "SERVE-082", "outcome"),
        (b'{%b,"outcome":1,"at":"2024-01-31T08:15:00"}' % ID, 422, "SERVE-083", "at"),
        (b'{%b,"outcome":1,"at":"soon"}' % ID, 422, "SERVE-083", "at"),
        (b'{%b,"outcome":1,"at":"9999-12-31T23:59:59-14:00"}' % ID, 422, "SERVE-083", "at"),
        (b'{"outcomes":[]}', 422, "SERVE-084", "outcomes"),
        (b'{"outcomes":{}}', 422, "SERVE-084", "outcomes"),
        (b'{"outcomes":[],"rows":[]}', 422, "SERVE-084", "body"),
        (b'{"outcomes":[%b]}' % b",".join([b"1"] * 1001), 422, "SERVE-084", "outcomes"),
        (b'{"outcomes":[{%b,"outcome":1},{%b}]}' % (ID, ID), 422, "SERVE-080", "outcomes[1].outcome"),
        (b'{"\\ud800":1}', 422, "SERVE-080", "body"),
        (b"{", 400, "SERVE-021", "body"),
    ],
)
def test_what_cannot_be_taken_is_named_and_none_of_it_is_kept(
    rides: Any, told: MemoryPredictionLog, body: bytes, status: int, code: str, field: str
) -> None:
    answer = rides.ask("POST", "/outcomes", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, field)
    assert answer.json()["fix"]
    assert list(told.records()) == []


@pytest.mark.parametrize("label", ["", "x" * 256, "\0", {"a": 1}, None, 1.5, [1]])
def test_what_names_no_class_is_refused(server: Any, told: MemoryPredictionLog, label: object) -> None:
    answer = server("binary").ask("POST", "/outcomes", json={"prediction_id": "p1", "outcome": label})
    assert (answer.status_code, answer.json()["code"], answer.json()["others"]) == (422, "SERVE-082", [])
    assert list(told.records()) == []


def test_what_cannot_be_written_down_is_not_taken(rides: Any, told: MemoryPredictionLog) -> None:
    told.broken = True
    answer = rides.ask("POST", "/outcomes", json={"prediction_id": "p1", "outcome": 1})
    assert (answer.status_code, answer.json()["code"]) == (503, "SERVE-085")
    told.broken = False
    assert rides.ask("POST", "/outcomes", json={"prediction_id": "p1", "outcome": 1}).status_code == 200


def test_health_says_what_waits_for_the_database_and_why(browser: Any) -> None:
    passes: list[bool] = []

    def ship(first: bool) -> None:  # noqa: FBT001 - the keeper calls it so
        passes.append(first)
        raise EnvironmentFault(Fault("DB-003", "the database server does not answer"))

    keeper = LogKeeper(ship, lambda: None, lambda: (Waiting(2, "2026-01-02"), Waiting(1, NOW)), every_s=0.001)
    app = create_app(Service(tiny_served(), MemoryPredictionLog(), FrozenClock()), lambda: None, clock=FrozenClock(), keeper=keeper)
    server = type(browser(None))(app)
    assert server.get("/health").json()["log"]["waiting"] == 3  # the thread has run by the end of it, once at least
    assert passes[0]
    assert all(passes)  # none went well: each begins as the first
    said = server.get("/health").json()
    assert said["log"] == {"waiting": 3, "since": NOW, "last_error": "DB-003: the database server does not answer"}
    assert (said["status"], keeper.ok) == ("ok", False)
    assert server.ask("POST", "/predict", json={"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 1, "distance_km": 1}).is_success


def test_a_pass_that_hangs_is_not_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def hang(_: bool) -> None:  # noqa: FBT001 - the keeper calls it so
        seen.append(keeper.ok)
        later = time.monotonic() + 6
        monkeypatch.setattr("time.monotonic", lambda: later)
        seen.append(keeper.ok)

    keeper = LogKeeper(hang, lambda: None, lambda: ())
    keeper.work()
    assert (seen, keeper.ok) == ([True, False], True)


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_the_description_takes_what_the_server_takes(server: Any, task: str) -> None:
    asked = server(task)
    post = asked.get("/openapi.json").json()["paths"]["/outcomes"]["post"]
    sent = post["requestBody"]["content"]["application/json"]["schema"]
    Draft202012Validator.check_schema(sent)
    validator = Draft202012Validator(sent)
    ids = {"prediction_id": "p1"}
    outcomes = [12.5, 1, "yes", True, None, "", "a\0b", "x" * 256]
    moments = ["2024-02-29T08:15:00Z", "2023-02-29T08:15:00Z", "2024-01-31 08:15+02:00", "2024-01-31T08:15:00", 0, "1706688900"]
    said = [{**ids, "outcome": outcome} for outcome in outcomes] + [{**ids, "outcome": 1, "at": at} for at in moments]
    for body in [*sent["examples"], *said, {"outcomes": []}, {"outcomes": [*said[:1], {**ids, "outcome": None}]}]:
        answer = asked.ask("POST", "/outcomes", json=body)
        assert answer.is_success is validator.is_valid(body), (body, answer.text)
