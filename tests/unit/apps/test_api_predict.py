import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from steward.testing import MemoryPredictionLog, tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}
GOOD = b'"pickup_at":"2024-01-31T08:15:00","pickup_zone":74'


def with_km(value: bytes) -> bytes:
    return b'{%b,"distance_km":%b}' % (GOOD, value)


def with_zone(value: bytes) -> bytes:
    return b'{"pickup_at":"2024-01-31T08:15:00","distance_km":3.5,"pickup_zone":%b}' % value


def with_note(value: bytes) -> bytes:
    return b'{%b,"distance_km":3.5,"note":%b}' % (GOOD, value)


# CATALOGUE F1: body, status, code, field.
HOSTILE: dict[str, tuple[bytes, int, str, str]] = {
    "NaN": (with_km(b"NaN"), 422, "SERVE-033", "distance_km"),
    "inf": (with_km(b"Infinity"), 422, "SERVE-033", "distance_km"),
    "-inf": (with_km(b"-Infinity"), 422, "SERVE-033", "distance_km"),
    "1e400": (with_km(b"1e400"), 422, "SERVE-033", "distance_km"),
    "a column short": (b"{%b}" % GOOD, 422, "SERVE-031", "distance_km"),
    "a column over": (b'{%b,"distance_km":1,"distance_kms":1}' % GOOD, 422, "SERVE-030", "distance_kms"),
    "a list for a number": (with_km(b"[]"), 422, "SERVE-032", "distance_km"),
    "a text for a number": (with_km(b'"3.5"'), 422, "SERVE-032", "distance_km"),
    "null for a number": (with_km(b"null"), 422, "SERVE-032", "distance_km"),
    "an object for a number": (with_km(b'{"a":{"b":[1]}}'), 422, "SERVE-032", "distance_km"),
    "10^30": (with_zone(b"1" + b"0" * 30), 422, "SERVE-034", "pickup_zone"),
    "10^5000": (with_zone(b"1" + b"0" * 5000), 422, "SERVE-032", "pickup_zone"),
    "true for a number": (with_zone(b"true"), 422, "SERVE-032", "pickup_zone"),
    "empty": (b"", 400, "SERVE-021", "body"),
    "no JSON": (b"pickup_zone=74", 400, "SERVE-021", "body"),
    "an empty list": (b"[]", 422, "SERVE-035", "body"),
    "null": (b"null", 422, "SERVE-035", "body"),
    "half a character": (with_note(b'"\\ud800"'), 422, "SERVE-032", "note"),
    "bad UTF-8": (with_note(b'"\xff\xfe"'), 400, "SERVE-021", "body"),
    "depth 100,000": (with_km(b"[" * 100_000 + b"]" * 100_000), 400, "SERVE-021", "body"),
    "a name twice": (with_zone(b'74,"pickup_zone":75'), 400, "SERVE-021", "pickup_zone"),
    "50 MB": (with_note(b'"%b"' % (b"x" * 50_000_000)), 413, "SERVE-020", "body"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_with_code_field_and_fix(rides: Any, log: MemoryPredictionLog, name: str) -> None:
    body, status, code, field = HOSTILE[name]
    answer = rides.predict(body)
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (status, code, field)
    assert said["message"]
    assert said["fix"]
    assert set(said) == {"code", "message", "field", "fix", "others"}
    assert "Traceback" not in answer.text
    assert list(log.records()) == []


def test_the_hostile_bodies_are_all_there_and_a_good_one_is_answered(rides: Any) -> None:
    assert len(HOSTILE) == 22
    assert rides.predict(with_km(b"3.5")).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"rows": []}, 422, "SERVE-035", "rows"),
        ({"rows": {}}, 422, "SERVE-035", "rows"),
        ({"rows": None}, 422, "SERVE-035", "rows"),
        ({"rows": [None]}, 422, "SERVE-035", "rows[0]"),
        ({"rows": [ROW, ROW | {"pickup_zone": 0}]}, 422, "SERVE-034", "rows[1].pickup_zone"),
        ({"rows": [ROW] * 1001}, 422, "SERVE-038", "rows"),
        ({"rows": [ROW], "row": ROW}, 422, "SERVE-030", "body"),
        ({}, 422, "SERVE-031", "pickup_at"),
        ("text", 422, "SERVE-035", "body"),
        (True, 422, "SERVE-035", "body"),
        (b'{"\\ud800":1}', 422, "SERVE-035", None),
        (b'{"\\ud800":1,"\\ud800":2}', 400, "SERVE-021", "\\ud800"),
        (b"{" + b",".join(b'"x%d":1' % i for i in range(90_000)) + b"}", 422, "SERVE-031", "pickup_at"),
        (b"{" + b",".join(b'"x%d":1' % i for i in range(90_000)) + b',"x89999":1}', 400, "SERVE-021", "x89999"),
        (b"\xef\xbb\xbf{}", 400, "SERVE-021", "body"),
        (with_note(b'"' + b"x" * 999_999 + b'"'), 413, "SERVE-020", "body"),
    ],
)
def test_other_ways_to_ask_wrongly(rides: Any, body: object, status: int, code: str, field: str | None) -> None:
    answer = rides.predict(body)
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (status, code, field)


def test_one_row_is_answered_and_logged_before(rides: Any, log: MemoryPredictionLog) -> None:
    answer = rides.predict(ROW)
    said = answer.json()
    assert answer.headers["X-Steward-Version"] == "3"
    about = {"unit": "minutes", "model": "rides", "version": 3, "arm": "champion"}
    assert said == {"prediction_id": said["prediction_id"], "prediction": 8.0, **about}
    assert re.fullmatch(r"[0-9a-f]{32}", said["prediction_id"])
    assert [r["prediction_id"] for r in log.records()] == [said["prediction_id"]]


@pytest.mark.parametrize("count", [1, 50, 51, 1000])
def test_many_rows_are_answered_in_their_order(rides: Any, log: MemoryPredictionLog, count: int) -> None:
    answer = rides.predict({"rows": [ROW | {"distance_km": km} for km in range(count)]})
    said = answer.json()["predictions"]
    assert answer.headers["X-Steward-Version"] == "3"
    assert [one["prediction"] for one in said] == [2.0 * km + 1 for km in range(count)]
    assert [one["prediction_id"] for one in said] == [r["prediction_id"] for r in log.records()]


def test_every_mistake_of_a_request_is_in_the_body(rides: Any) -> None:
    said = rides.predict({"pickup_zone": "x"}).json()
    assert [said["field"], *(other["field"] for other in said["others"])] == ["pickup_at", "pickup_zone", "distance_km"]


def test_a_prediction_that_cannot_be_logged_is_not_given(rides: Any, log: MemoryPredictionLog) -> None:
    log.broken = True
    answer = rides.predict(ROW)
    assert (answer.status_code, answer.json()["code"]) == (503, "SERVE-011")
    assert "prediction_id" not in answer.text
    log.broken = False
    assert rides.predict(ROW).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"}])
def test_a_body_not_said_to_be_json_is_refused_with_the_header_to_add(rides: Any, headers: dict[str, str]) -> None:
    answer = rides.ask("POST", "/predict", content=with_km(b"1"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "SERVE-022")
    assert "Content-Type: application/json" in answer.json()["fix"]


def test_a_charset_after_the_content_type_is_welcome(rides: Any) -> None:
    answer = rides.ask("POST", "/predict", content=with_km(b"1"), headers={"content-type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 200


def test_without_a_champion_it_says_so_and_how_to_get_one(empty: Any) -> None:
    answer = empty.predict(ROW)
    assert (answer.status_code, answer.json()["code"]) == (503, "SERVE-010")
    assert "steward run" in answer.json()["fix"]
    assert answer.headers["Retry-After"] == "1"


def test_a_model_that_breaks_is_told_without_its_story(browser: Any, log: MemoryPredictionLog) -> None:
    def secret(_: object) -> np.ndarray:
        raise RuntimeError("the password is 1234")

    answer = browser(tiny_served(predict=secret)).predict(ROW)
    assert (answer.status_code, answer.json()["code"]) == (500, "SERVE-050")
    assert "1234" not in answer.text
    assert list(log.records()) == []


def test_a_class_is_answered_with_the_probability_of_each(browser: Any) -> None:
    served = replace(tiny_served(2, predict=lambda _: np.array([[0.25, 0.75]])), task="binary", classes=("no", "yes"), unit="")
    client = browser(served)
    said = client.predict(ROW).json()
    assert said == {
        "prediction_id": said["prediction_id"],
        "prediction": "yes",
        "probabilities": {"no": 0.25, "yes": 0.75},
        "unit": "",
        "model": "rides",
        "version": 2,
        "arm": "champion",
    }
    assert client.get("/model").json()["classes"] == ["no", "yes"]


@pytest.mark.parametrize(
    ("classes", "shares"),
    [((), [8.0]), (("no", "yes"), [[0.25, 0.75]]), ((False, True), [[0.9, 0.1]]), ((1, 2, 3), [[0.2, 0.2, 0.6]])],
)
def test_the_documentation_describes_the_answer_as_it_comes(browser: Any, classes: tuple[Any, ...], shares: list[Any]) -> None:
    client = browser(replace(tiny_served(predict=lambda _: np.array(shares)), classes=classes))
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    validator = Draft202012Validator(schemas["PredictionResponse"])
    said = client.predict(ROW).json()
    assert list(validator.iter_errors(said)) == []
    assert set(schemas["PredictionResponse"]["properties"]) == set(said)
    assert list(validator.iter_errors({**said, "prediction": "neither"})) != []
    assert list(validator.iter_errors({name: value for name, value in said.items() if name != "version"})) != []
