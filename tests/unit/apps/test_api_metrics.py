import asyncio
import re
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.apps.conftest import Browser

from steward.apps.api.app import create_app
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}


def read(client: Browser) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


def key(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


def test_requests_are_counted_by_the_route_they_reached_and_predictions_by_version(rides: Browser) -> None:
    rides.predict(ROW)
    rides.predict({"rows": [ROW, ROW]})
    rides.predict({})
    found = read(rides)
    assert found[key("steward_requests_total", method="POST", route="/predict", status="200")] == 2
    assert found[key("steward_requests_total", method="POST", route="/predict", status="422")] == 1
    assert found[key("steward_request_seconds_count", route="/predict")] == 3
    assert found[key("steward_predictions_total", model="rides", version="3", arm="champion")] == 3
    assert found[key("steward_log_failures_total")] == 0


def test_the_version_that_answers_is_told_at_each_reading(rides: Browser, empty: Browser) -> None:
    told = key("steward_model_info", model="rides", version="3", task="regression", bundle="")
    assert read(rides)[told] == 1
    assert read(rides)[key("steward_ready")] == 1
    assert read(empty)[key("steward_ready")] == 0
    assert told not in read(empty)


def test_a_log_that_fails_is_counted_and_a_refused_row_is_not(rides: Browser, log: MemoryPredictionLog) -> None:
    log.broken = True
    rides.predict(ROW)
    rides.predict({})
    found = read(rides)
    assert found[key("steward_log_failures_total")] == 1
    assert found[key("steward_requests_total", method="POST", route="/predict", status="503")] == 1
    assert key("steward_predictions_total", model="rides", version="3", arm="champion") not in found


def test_nobody_can_make_up_names_of_routes_or_methods(rides: Browser) -> None:
    for number in range(20):
        rides.get(f"/nothing/{number}")
        rides.ask(f"VERB{number}", "/predict")
    rides.get("/drift?limit=1")
    rides.get("/openapi.json")
    found = read(rides)
    routes = {labels["route"] for name, pairs in found if name == "steward_requests_total" for labels in [dict(pairs)]}
    methods = {labels["method"] for name, pairs in found if name == "steward_requests_total" for labels in [dict(pairs)]}
    assert routes == {"/drift", "/predict", "/openapi.json", "unknown"}
    assert methods <= {"GET", "unknown"}
    assert found[key("steward_requests_total", method="GET", route="unknown", status="404")] == 20


def test_a_model_that_breaks_is_counted_as_500(browser: Any) -> None:
    def broken(_: object) -> Any:
        raise RuntimeError

    client = browser(tiny_served(predict=broken))
    client.predict(ROW)
    assert read(client)[key("steward_requests_total", method="POST", route="/predict", status="500")] == 1


def test_two_applications_in_one_process_do_not_count_each_others_requests() -> None:
    first, second = (
        Browser(create_app(Service(tiny_served(version), MemoryPredictionLog(), FrozenClock()), lambda: None)) for version in (1, 2)
    )
    first.predict(ROW)
    counted = key("steward_requests_total", method="POST", route="/predict", status="200")
    assert (read(first).get(counted), read(second).get(counted)) == (1, None)


def test_every_name_and_help_is_as_prometheus_wants_it(rides: Browser) -> None:
    text = rides.get("/metrics").text
    names = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    assert ("steward_requests_total", "counter") in names
    assert ("steward_request_seconds", "histogram") in names
    ours = [name for name, _ in names if name.startswith("steward_")]
    assert all(re.fullmatch(r"steward_[a-z_]+", name) for name in ours)
    assert all(re.search(rf"^# HELP {name} \S", text, re.MULTILINE) for name in ours)


@pytest.mark.parametrize("count", [8])
def test_requests_side_by_side_are_all_counted(rides: Browser, count: int) -> None:
    async def ask() -> None:
        transport = httpx.ASGITransport(app=rides.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            answers = await asyncio.gather(*(client.post("/predict", json=ROW) for _ in range(count)))
            assert {answer.status_code for answer in answers} == {200}

    asyncio.run(ask())
    found = read(rides)
    assert found[key("steward_predictions_total", model="rides", version="3", arm="champion")] == count
