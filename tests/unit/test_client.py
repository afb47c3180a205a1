"""The Python client against a whole application, with keys."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests.unit.apps.house import ROW, House

import steward.client
from steward.client import Client, Interval, Prediction, ServerSaidNo
from steward.models.conformal import Margin
from steward.serving.explanation import Explanation, Moved
from steward.testing import tiny_served


class Inside(httpx.BaseTransport):
    """Takes requests to an application without a network."""

    def __init__(self, house: House) -> None:
        self.house = house

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._ask(request, request.read()))

    async def _ask(self, request: httpx.Request, body: bytes) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.house.app, raise_app_exceptions=False)
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await transport.handle_async_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


def client(house: House, who: str | None = "predictor") -> Client:
    key = None if who is None else house.secrets[who]
    return Client("http://localhost:8000", key=key, transport=Inside(house))


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def asked(house: House) -> Iterator[Client]:
    with client(house) as opened:
        yield opened


def test_a_row_is_answered_and_its_outcome_taken(asked: Client) -> None:
    said = asked.predict({**ROW, "pickup_at": datetime.fromisoformat("2024-01-31T08:15:00")})
    assert said == Prediction(said.prediction_id, 8.0, "minutes", "rides", 3)
    assert asked.tell_outcome(said.prediction_id, 7.5, at=datetime(2024, 1, 31, 9, tzinfo=UTC)) == "unknown"
    assert asked.tell_outcomes({said.prediction_id: 8, "other": 1.5}) == {said.prediction_id: "unknown", "other": "unknown"}


def test_many_rows_are_answered_in_their_order(asked: Client) -> None:
    assert [one.prediction for one in asked.predict_many([{**ROW, "distance_km": km} for km in range(5)])] == [1, 3, 5, 7, 9]


def test_the_interval_and_the_probabilities_come_along() -> None:
    sure = House(served=replace(tiny_served(3), margin=Margin(0.9, (), (1.0,), (2.0,))))
    assert client(sure).predict(ROW).interval == Interval(7.0, 10.0, 0.9)
    shares = tiny_served(2, predict=lambda _: np.array([[0.25, 0.75]]))
    choice = House(served=replace(shares, task="binary", classes=("no", "yes"), unit=""))
    said = client(choice).predict(ROW)
    assert (said.prediction, dict(said.probabilities), said.interval) == ("yes", {"no": 0.25, "yes": 0.75}, None)


def test_asked_again_with_the_same_word_it_is_the_same_answer(asked: Client, house: House) -> None:
    first = asked.predict(ROW, once="order-1")
    assert asked.predict(ROW, once="order-1") == first
    assert asked.predict(ROW, once="order-2") != first
    assert len(list(house.log.records())) == 2


def test_what_the_server_refuses_says_what_where_and_how_to_mend_it(asked: Client) -> None:
    with pytest.raises(ServerSaidNo) as refused:
        asked.predict({"pickup_zone": 0})
    said = refused.value
    assert (said.status, said.code, said.field) == (422, "SERVE-031", "pickup_at")
    assert [other["field"] for other in said.others] == ["pickup_zone", "distance_km"]
    assert said.fix in str(said)


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("wrong", 401), ("viewer", 403)])
def test_without_the_right_key_nothing_is_answered(house: House, who: str | None, status: int) -> None:
    with pytest.raises(ServerSaidNo) as refused:
        client(house, who).predict(ROW)
    assert refused.value.status == status
    assert house.secrets["wrong"] not in str(refused.value)


def test_a_viewer_may_ask_which_model_answers(house: House) -> None:
    assert client(house, "viewer").model()["version"] == 3


def test_an_answer_that_nobody_gave_is_not_explained(asked: Client) -> None:
    with pytest.raises(ServerSaidNo) as unknown:
        asked.explain_earlier("0" * 32)
    assert (unknown.value.status, unknown.value.code) == (404, "SERVE-101")


def test_a_version_without_explanations_says_so() -> None:
    with pytest.raises(ServerSaidNo) as refused:
        client(House(served=replace(tiny_served(3), explain=None))).explain(ROW)
    assert refused.value.code == "SERVE-100"


def test_why_an_answer_is_what_it_is_comes_as_values() -> None:
    why = Explanation("", "minutes", 5.0, 8.0, (Moved("distance_km", 3.5, 3.0),))
    explained = House(served=replace(tiny_served(3), explain=lambda _: why))
    said = client(explained).explain(ROW)
    assert (said.base, said.total, said.scale, said.prediction) == (5.0, 8.0, "minutes", 8.0)
    assert [(one.feature, one.value, one.contribution) for one in said.moved] == [("distance_km", 3.5, 3.0)]


def test_something_else_that_answers_is_told_as_it_is() -> None:
    def proxy(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(502, headers={"Retry-After": "7"}, text="<html>")

    with (
        pytest.raises(ServerSaidNo, match=r"502.*Bad Gateway") as refused,
        Client("http://x", transport=httpx.MockTransport(proxy)) as c,
    ):
        c.model()
    assert refused.value.retry_after_s == 7.0


def test_the_client_runs_without_anything_else_of_steward() -> None:
    source = Path(steward.client.__file__)
    code = f"import sys, runpy; runpy.run_path({str(source)!r}); print([m for m in sys.modules if m.startswith('steward')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
