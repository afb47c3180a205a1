"""The same Idempotency-Key: the same answer, and one record in the log."""

import asyncio
import json
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from tests.unit.apps.house import ROW, House

from steward.apps.api import once
from steward.testing import tiny_served

KEY = {"idempotency-key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}


@pytest.fixture
def house() -> House:
    return House()


def test_the_same_key_and_body_give_the_same_answer_and_one_record(house: House) -> None:
    first, again = (house.predict(headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-steward-version"] == first.headers["x-steward-version"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(list(house.log.records())) == 1
    assert house.predict().json()["prediction_id"] != first.json()["prediction_id"]


def test_the_same_key_with_another_body_is_refused(house: House) -> None:
    house.predict(headers=KEY)
    other = house.predict(row={**ROW, "distance_km": 1}, headers=KEY)
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (422, "SERVE-062", "idempotency-key")
    assert len(list(house.log.records())) == 1


def test_a_key_belongs_to_whoever_sent_it(house: House) -> None:
    mine, yours = house.predict("predictor", headers=KEY), house.predict("operator", row={**ROW, "distance_km": 1}, headers=KEY)
    assert (mine.json()["prediction"], yours.json()["prediction"]) == (8.0, 3.0)


def test_what_failed_is_tried_again(house: House) -> None:
    house.log.broken = True
    assert house.predict(headers=KEY).status_code == 503
    assert house.predict(row={}, headers=KEY).status_code == 422
    house.log.broken = False
    assert house.predict(headers=KEY).status_code == 200
    assert len(list(house.log.records())) == 1


def test_a_request_that_breaks_leaves_its_key_free() -> None:
    broken = [True]

    def answer(frame: pl.DataFrame) -> np.ndarray:
        if broken.pop():
            raise RuntimeError("stop")
        return np.zeros(frame.height)

    house = House(served=tiny_served(predict=answer))
    assert house.predict(headers=KEY).status_code == 500
    broken.append(False)
    assert house.predict(headers=KEY).status_code == 200


def test_many_at_once_with_one_key_are_answered_by_one(house: House) -> None:
    async def all_at_once() -> list[httpx.Response]:
        headers = {**KEY, "x-api-key": house.secrets["predictor"]}
        rows = {"rows": [ROW] * 60}  # more than are answered in the loop itself: the others come while it is under way
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=house.app), base_url="http://localhost") as client:
            return await asyncio.gather(*(client.post("/predict", json=rows, headers=headers) for _ in range(8)))

    answers = asyncio.run(all_at_once())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    assert len(list(house.log.records())) == 60


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "é".encode()])
def test_what_cannot_be_a_key_is_refused(house: House, key: Any) -> None:
    answer = house.predict(headers={"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "SERVE-063")
    assert list(house.log.records()) == []


def test_a_body_that_is_too_large_is_refused_as_without_a_key(house: House) -> None:
    body = b'{"note":"%b"}' % (b"x" * 2_000_000)
    headers = {**KEY, "content-type": "application/json"}
    answer = house.ask("POST", "/predict", "predictor", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "SERVE-020")


def test_an_answer_is_forgotten_after_an_hour_or_when_there_are_too_many(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first = house.predict(headers=KEY).json()["prediction_id"]
    house.now_s = 3600.0
    assert house.predict(headers=KEY).json()["prediction_id"] == first
    house.now_s = 3600.5
    assert house.predict(headers=KEY).json()["prediction_id"] != first
    monkeypatch.setattr(once, "MAX_ANSWERS", 1)
    ids = [house.predict(headers={"idempotency-key": name}).json()["prediction_id"] for name in ("a", "b", "c", "a")]
    assert len(set(ids)) == 4


def test_the_description_tells_of_the_key(house: House) -> None:
    paths = house.ask("GET", "/openapi.json", "viewer").json()["paths"]
    told = {
        path: [one["name"] for one in operation.get("parameters", ())] for path, of in paths.items() for operation in of.values()
    }
    assert [path for path, names in told.items() if "Idempotency-Key" in names] == ["/predict"]


def test_other_paths_take_no_notice(house: House) -> None:
    body = json.dumps({"prediction_id": "p", "outcome": 1.0})
    headers = {**KEY, "content-type": "application/json"}
    answers = [house.ask("POST", "/outcomes", "predictor", content=body, headers=headers) for _ in range(2)]
    assert all("idempotent-replayed" not in answer.headers for answer in answers)
