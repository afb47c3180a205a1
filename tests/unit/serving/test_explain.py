from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from steward.core.errors import Refused, UsageError
from steward.models.conformal import Margin
from steward.serving.explain import explain_given, explain_row
from steward.serving.explanation import Moved
from steward.serving.history import Given
from steward.serving.service import Ready, Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}
READY = Ready.of(tiny_served(3))


def given(**changes: Any) -> Given:
    plain = {"id": "a" * 32, "model": "rides", "version": 3, "at": "2026-01-01T00:00:00+00:00", "row": ROW}
    return Given(**{**plain, "answer": {"prediction": 8.0}, **changes})


def test_a_row_is_explained_from_the_usual_answer_to_this_one() -> None:
    explained = explain_row(READY, ROW)
    assert explained.answer == {"prediction": 8.0, "unit": "minutes", "model": "rides", "version": 3}
    why = explained.why
    assert why.moved == (Moved("distance_km", 3.5, -3.0), Moved("passengers", None, 0.0))
    assert why.base + sum(one.contribution for one in why.moved) == why.total == 8.0


def test_asking_why_logs_nothing() -> None:
    log = MemoryPredictionLog()
    service = Service(tiny_served(), log, FrozenClock())
    assert explain_row(service.need_ready(), ROW).answer["prediction"] == 8.0
    assert list(log.records()) == []


def test_a_row_that_cannot_be_read_is_refused_by_its_field() -> None:
    with pytest.raises(UsageError, match="SERVE-034"):
        explain_row(READY, ROW | {"pickup_zone": 0})


def test_an_earlier_answer_is_told_with_its_id_and_time() -> None:
    explained = explain_given(READY, given())
    assert (explained.answer["prediction_id"], explained.answer["at"]) == ("a" * 32, "2026-01-01T00:00:00+00:00")
    assert explained.why == explain_row(READY, ROW).why


@pytest.mark.parametrize(
    "kept",
    [
        {"pickup_at": ROW["pickup_at"], "pickup_zone": 74},  # left out
        ROW | {"pickup_zone": "hmac:2f8a"},  # hashed, and no number any more
        ROW | {"distance_km": 1.5},  # readable, and not the one that was asked
    ],
)
def test_a_row_that_was_not_kept_as_asked_is_not_explained_and_not_shown(kept: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="SERVE-102") as caught:
        explain_given(READY, given(row=kept))
    assert "2f8a" not in str(caught.value)


def test_an_earlier_class_is_explained_where_it_is_the_same() -> None:
    shares = replace(tiny_served(predict=lambda _: np.array([[0.25, 0.75]])), task="binary", classes=("no", "yes"), unit="")
    explained = explain_given(Ready.of(shares), given(answer={"prediction": "yes"}))
    assert explained.answer["probabilities"] == {"no": 0.25, "yes": 0.75}
    with pytest.raises(Refused, match="SERVE-102"):
        explain_given(Ready.of(shares), given(answer={"prediction": "no"}))


def test_a_version_without_explanations_says_so() -> None:
    with pytest.raises(Refused, match="SERVE-100"):
        explain_row(Ready.of(replace(tiny_served(), explain=None)), ROW)


def test_an_answer_carries_its_interval_and_so_does_the_log() -> None:
    log = MemoryPredictionLog()
    margin = Margin(0.9, (5.0,), (1.0, 2.0), (3.0, 4.0), least=0.0)
    service = Service(replace(tiny_served(), margin=margin), log, FrozenClock())
    long, short = service.predict([ROW, ROW | {"distance_km": 0}])
    assert long.as_dict()["interval"] == {"low": 6.0, "high": 12.0, "level": 0.9}  # 8 - 2, 8 + 4
    assert short.as_dict()["interval"] == {"low": 0.0, "high": 4.0, "level": 0.9}  # 1 - 1, 1 + 3
    assert [record["interval"] for record in log.records()] == [long.interval, short.interval]
    assert explain_row(service.need_ready(), ROW).answer["interval"] == long.interval
