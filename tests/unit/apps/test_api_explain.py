from typing import Any

import pytest
from tests.unit.apps.conftest import Browser

from steward.apps.api.app import create_app
from steward.core.errors import Fault, UsageError
from steward.serving.explain import Explained, explain_given
from steward.serving.history import Given
from steward.serving.service import Ready, Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}
ID = "0123456789abcdef0123456789abcdef"


def explain(client: Browser, body: object) -> Any:
    return client.ask("POST", "/explain", json=body)


@pytest.fixture
def remembers() -> Browser:
    """A server of version 3 that remembers one answer of version 2."""
    ready = Ready.of(tiny_served(2))

    def earlier(prediction: str) -> Explained:
        if prediction != ID:
            raise UsageError(Fault("SERVE-101", "no prediction has this id", ("prediction_id",), fix="send the row"))
        return explain_given(ready, Given(ID, "rides", 2, "2026-01-01T00:00:00+00:00", ROW, {"prediction": 8.0}))

    service = Service(tiny_served(3), MemoryPredictionLog(), FrozenClock())
    return Browser(create_app(service, lambda: None, earlier=earlier))


def test_one_row_is_explained_and_not_logged(rides: Browser, log: MemoryPredictionLog) -> None:
    answer = explain(rides, ROW)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "prediction": 8.0,
            "unit": "minutes",
            "model": "rides",
            "version": 3,
            "about": "",
            "scale": "minutes",
            "base": 11.0,
            "total": 8.0,
            "moved": [
                {"feature": "distance_km", "value": 3.5, "contribution": -3.0},
                {"feature": "passengers", "value": None, "contribution": 0.0},
            ],
        },
    )
    assert list(log.records()) == []


def test_an_earlier_prediction_is_explained_by_the_version_that_gave_it(remembers: Browser) -> None:
    said = explain(remembers, {"prediction_id": ID}).json()
    assert (said["prediction_id"], said["version"], said["total"]) == (ID, 2, 8.0)
    assert said["at"] == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"prediction_id": "f" * 32}, 404, "SERVE-101", "prediction_id"),
        ({"prediction_id": 7}, 422, "SERVE-103", "prediction_id"),
        ({"prediction_id": ID, "distance_km": 1}, 422, "SERVE-103", "prediction_id"),
        ({"rows": [ROW]}, 422, "SERVE-103", "rows"),
        ([ROW], 422, "SERVE-035", None),
        (ROW | {"pickup_zone": 0}, 422, "SERVE-034", "pickup_zone"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_code_field_and_fix(
    remembers: Browser, body: object, status: int, code: str, field: str | None
) -> None:
    answer = explain(remembers, body)
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (status, code, field)
    assert said["fix"]


def test_a_server_that_keeps_no_log_knows_no_earlier_prediction(rides: Browser) -> None:
    answer = explain(rides, {"prediction_id": ID})
    assert (answer.status_code, answer.json()["code"]) == (404, "SERVE-101")


def test_without_a_champion_nothing_is_explained(empty: Browser) -> None:
    assert (explain(empty, ROW).status_code, explain(empty, ROW).json()["code"]) == (503, "SERVE-010")


def test_hostile_bodies_are_refused_as_by_predict(rides: Browser) -> None:
    json = {"content-type": "application/json"}
    asked = [(b"{", json, 400), (b"{}", {}, 415), (b"[" * 100_000, json, 400), (b'"' + b"x" * 2_000_000 + b'"', json, 413)]
    assert [rides.ask("POST", "/explain", content=body, headers=said).status_code for body, said, _ in asked] == [
        status for _, _, status in asked
    ]
