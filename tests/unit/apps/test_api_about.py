from pathlib import Path
from typing import Any

import fastapi_offline
import pytest
from jsonschema import Draft202012Validator

from steward.testing import TINY_DICTIONARY


def test_the_model_says_what_it_is_reads_and_comes_from(rides: Any) -> None:
    answer = rides.get("/model")
    said = answer.json()
    assert answer.headers["X-Steward-Version"] == "3"
    assert {name: said[name] for name in ("model", "version", "unit", "task")} == {
        "model": "rides",
        "version": 3,
        "unit": "minutes",
        "task": "regression",
    }
    assert said["facts"] == {"metrics": {"rmse": 0.0}, "origin": "simulated"}
    assert said["inputs"][2] == {
        "name": "distance_km",
        "type": "number",
        "unit": "km",
        "meaning": "length of the way",
        "required": True,
        "example": 3.5,
        "min": 0.0,
        "max": None,
    }
    assert rides.get("/model-info").json() == said


@pytest.mark.parametrize("path", ["/model", "/model-info", "/health/ready"])
def test_what_needs_a_champion_says_503_without_one(empty: Any, path: str) -> None:
    answer = empty.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "SERVE-010")


def test_health_without_a_champion_is_alive_and_waiting(empty: Any) -> None:
    assert empty.get("/health/live").status_code == 200
    said = empty.get("/health").json()
    assert (said["status"], said["model"], said["version"]) == ("waiting", None, None)


def test_health_with_a_champion_is_ready(rides: Any) -> None:
    assert rides.get("/health/ready").status_code == 200
    said = rides.get("/health").json()
    assert (said["status"], said["model"], said["version"]) == ("ok", "rides", 3)
    assert said["following"] == {"ok": True, "last_error": None, "since": "2026-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "SERVE-040"),
        ("GET", "/predict", 405, "SERVE-041"),
        ("POST", "/model", 405, "SERVE-041"),
        ("GET", "/%2e%2e/etc/passwd", 404, "SERVE-040"),
        ("GET", "/static-offline-docs/../core.py", 404, "SERVE-040"),
    ],
)
def test_a_wrong_path_or_method_has_the_same_body(rides: Any, method: str, path: str, status: int, code: str) -> None:
    answer = rides.ask(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "/predict" in answer.json()["fix"]


def test_the_documentation_page_needs_no_network(rides: Any) -> None:
    page = rides.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    assert '"validatorUrl": null' in page  # it would send the description elsewhere
    for path in ("/static-offline-docs/swagger-ui-bundle.js", "/static-offline-docs/swagger-ui.css"):
        assert path in page
        served = rides.get(path)
        assert served.content == (Path(fastapi_offline.__file__).parent / "static" / Path(path).name).read_bytes()


def test_the_start_page_leads_to_the_documentation(rides: Any) -> None:
    answer = rides.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "docs")


def test_the_description_holds_the_columns_of_the_champion(rides: Any) -> None:
    described = rides.get("/openapi.json").json()
    row = described["components"]["schemas"]["Row"]
    Draft202012Validator.check_schema(row)
    assert set(row["properties"]) == set(TINY_DICTIONARY.columns) - {"dropoff_at"}
    body = described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["examples"] == [
        {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5, "passengers": 1}
    ]
    assert rides.predict(body["schema"]["examples"][0]).status_code == 200
    assert set(described["paths"]["/predict"]["post"]["responses"]) == {
        *("200", "400", "413", "415", "422", "503"),
        *("401", "403", "421", "429"),  # the door's
    }


def test_the_description_without_a_champion_takes_any_object(empty: Any) -> None:
    assert empty.get("/openapi.json").json()["components"]["schemas"]["Row"] == {"type": "object"}
