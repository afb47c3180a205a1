"""What the server says of itself in /openapi.json holds for what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from tests.unit.apps.conftest import Browser

from steward.apps.api.schemas import PredictionResponse, request_schema, row_of
from steward.models.conformal import Margin
from steward.serving.answer import Served
from steward.testing import tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}
WITH_INTERVAL = replace(tiny_served(3), margin=Margin(0.9, (), (1.0,), (2.0,)))
CLASSES = replace(
    tiny_served(predict=lambda rows: np.tile([0.25, 0.75], (rows.height, 1))), task="binary", classes=("no", "yes"), unit=""
)
SERVED = {"with an interval": WITH_INTERVAL, "without": tiny_served(3), "classes": CLASSES}
ASKED = [
    ("GET", "/model", None),
    ("GET", "/model-info", None),
    ("GET", "/health", None),
    ("GET", "/health/live", None),
    ("GET", "/health/ready", None),
    ("GET", "/metrics/model", None),
    ("GET", "/drift", None),
    ("GET", "/data-quality", None),
    ("GET", "/experiments", None),
    ("GET", "/drift?limit=0", None),
    ("POST", "/predict", ROW),
    ("POST", "/predict", {"rows": [ROW, ROW]}),
    ("POST", "/predict", {}),
    ("POST", "/explain", ROW),
    ("POST", "/explain", {"prediction_id": "0" * 32}),
]


def validator(described: Mapping[str, Any], schema: Mapping[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": described["components"]})


@pytest.mark.parametrize("name", SERVED)
def test_every_answer_is_as_it_is_described(browser: Callable[[Served], Browser], name: str) -> None:
    client = browser(SERVED[name])
    described = client.get("/openapi.json").json()
    for method, path, body in ASKED:
        answer = client.ask(method, path, **({} if body is None else {"json": body}))
        responses = described["paths"][path.partition("?")[0]][method.lower()]["responses"]
        schema = responses[str(answer.status_code)]["content"]["application/json"]["schema"]
        assert schema, path  # an empty schema would allow anything
        assert list(validator(described, schema).iter_errors(answer.json())) == [], (path, answer.text)


def test_every_answer_is_closed_to_what_nobody_described(rides: Browser) -> None:
    schemas = rides.get("/openapi.json").json()["components"]["schemas"]
    open_ = [
        name for name, schema in schemas.items() if schema.get("type") == "object" and schema.get("additionalProperties", True)
    ]
    assert open_ == []
    wanted = {"PredictionRequest", "PredictionResponse", "ModelInfo", "HealthResponse", "MetricsResponse", "ErrorBody"}
    assert wanted <= set(schemas)


def test_the_request_is_one_row_or_many(rides: Browser) -> None:
    described = rides.get("/openapi.json").json()
    asked = validator(described, described["components"]["schemas"]["PredictionRequest"])
    row = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}
    assert asked.is_valid(row)
    assert asked.is_valid({"rows": [row, row]})
    for wrong in ({}, {"rows": []}, {"rows": [row], "row": row}, {**row, "distance_kms": 1}, {**row, "distance_km": "3.5"}, [row]):
        assert not asked.is_valid(wrong), wrong


def test_the_request_is_a_pydantic_model_of_its_own() -> None:
    model = request_schema(row_of(tiny_served()))
    assert model.__name__ == "PredictionRequest"
    assert model.model_validate({"rows": [ROW]})
    with pytest.raises(ValidationError, match="pickup_zone"):
        model.model_validate({"rows": [ROW | {"pickup_zone": 0}]})
    with pytest.raises(ValidationError, match="at most 1000"):
        model.model_validate({"rows": [ROW] * 1001})


def test_fields_carry_their_unit_meaning_and_example(browser: Callable[[Served], Browser]) -> None:
    schemas = browser(WITH_INTERVAL).get("/openapi.json").json()["components"]["schemas"]
    assert schemas["Row"]["properties"]["distance_km"]["description"] == "length of the way. Unit: km."
    assert schemas["Row"]["properties"]["distance_km"]["examples"] == [3.5]
    answer = schemas["PredictionResponse"]["properties"]
    assert answer["unit"]["const"] == "minutes"
    assert answer["prediction"]["description"] == "in minutes"
    assert "interval" in schemas["PredictionResponse"]["required"]
    assert "probabilities" not in answer


def test_without_a_champion_any_object_may_be_sent_and_any_answer_come(empty: Browser) -> None:
    schemas = empty.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["PredictionRequest"] == {"type": "object"}
    assert {"probabilities", "interval"} <= set(schemas["PredictionResponse"]["properties"])


def test_every_route_says_what_it_is_for_and_answers_wrong_parameters_in_the_one_body(rides: Browser) -> None:
    paths = rides.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for told in methods.values():
            assert told["description"], path
            if any(parameter["in"] == "query" for parameter in told.get("parameters", ())):
                assert told["responses"]["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody"), path


def test_a_response_is_closed_and_frozen() -> None:
    plain = {"prediction_id": "0" * 32, "prediction": 8.0, "unit": "min", "model": "rides", "version": 1, "arm": "champion"}
    assert PredictionResponse.model_validate(plain).interval is None
    with pytest.raises(ValidationError, match="extra"):
        PredictionResponse.model_validate({**plain, "secret": 1})


def test_an_answer_says_where_its_id_leads(rides: Browser) -> None:
    described = rides.get("/openapi.json").json()
    operations = {post["operationId"]: path for path, methods in described["paths"].items() for post in methods.values()}
    links = described["paths"]["/predict"]["post"]["responses"]["200"]["links"]
    assert {name: operations[link["operationId"]] for name, link in links.items()} == {"explain": "/explain"}
    assert links["explain"]["requestBody"] == {"prediction_id": "$response.body#/prediction_id"}
