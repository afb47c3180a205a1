from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from steward.core.errors import EnvironmentFault, UsageError
from steward.serving.answer import Answer
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}


@pytest.fixture
def log() -> MemoryPredictionLog:
    return MemoryPredictionLog()


@pytest.fixture
def service(log: MemoryPredictionLog) -> Service:
    return Service(tiny_served(), log, FrozenClock(datetime(2026, 1, 1, tzinfo=UTC)))


def test_an_answer_names_prediction_unit_model_and_version(service: Service) -> None:
    (answer,) = service.predict([ROW])
    assert answer == Answer(answer.prediction_id, 8.0, "minutes", "rides", 1)  # 2 * 3.5 + 1
    assert len(answer.prediction_id) == 32


def test_answers_are_in_the_log_with_the_row_as_it_was_read(service: Service, log: MemoryPredictionLog) -> None:
    answers = service.predict([ROW, ROW | {"distance_km": 0, "passengers": None}])
    about = {"at": "2026-01-01T00:00:00+00:00", "model": "rides", "version": 1, "arm": "champion"}
    rows = [ROW, ROW | {"distance_km": 0.0, "passengers": None}]
    assert list(log.records()) == [
        {"prediction_id": a.prediction_id, **about, "row": row, "prediction": minutes}
        for a, row, minutes in zip(answers, rows, [8.0, 1.0], strict=True)
    ]


def test_an_answer_that_cannot_be_logged_is_not_given(service: Service, log: MemoryPredictionLog) -> None:
    log.broken = True
    with pytest.raises(EnvironmentFault, match="SERVE-011"):
        service.predict([ROW])


def test_without_a_champion_the_error_says_how_to_get_one(log: MemoryPredictionLog) -> None:
    service = Service(None, log, FrozenClock())
    assert service.current is None
    with pytest.raises(EnvironmentFault, match="steward run"):
        service.predict([ROW])
    service.swap(tiny_served(4))
    assert service.predict([ROW])[0].version == 4


def test_one_wrong_row_refuses_the_whole_request_and_logs_nothing(service: Service, log: MemoryPredictionLog) -> None:
    with pytest.raises(UsageError, match=r"rows\[1\].pickup_zone"):
        service.predict([ROW, ROW | {"pickup_zone": 0}])
    assert list(log.records()) == []


def test_an_only_row_is_named_without_a_number(service: Service) -> None:
    with pytest.raises(UsageError) as caught:
        service.predict([ROW | {"pickup_zone": 0}], many=False)
    assert caught.value.faults[0].where == ("pickup_zone",)


def test_a_request_under_way_ends_with_the_version_it_began_with(log: MemoryPredictionLog) -> None:
    def swap_meanwhile(frame: pl.DataFrame) -> np.ndarray:
        service.swap(tiny_served(2))
        return np.full(frame.height, 5.0)

    service = Service(tiny_served(1, predict=swap_meanwhile), log, FrozenClock())
    (first,), (second,) = service.predict([ROW]), service.predict([ROW])
    assert (first.version, first.prediction) == (1, 5.0)
    assert (second.version, second.prediction) == (2, 8.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_answer_that_is_no_number_is_refused_and_not_logged(log: MemoryPredictionLog, value: float) -> None:
    service = Service(tiny_served(predict=lambda frame: np.full(frame.height, value)), log, FrozenClock())
    with pytest.raises(UsageError, match=r"(?s)SERVE-037.*rows\[0\]"):
        service.predict([ROW])
    assert list(log.records()) == []


def test_the_answer_of_a_classification_is_the_most_likely_class_with_all_probabilities(log: MemoryPredictionLog) -> None:
    shares = np.array([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
    served = replace(tiny_served(predict=lambda _frame: shares), task="multiclass", classes=(1, 2, 3), unit="")
    first, second = Service(served, log, FrozenClock()).predict([ROW, ROW])
    assert (first.prediction, second.prediction) == (2, 3)
    assert first.probabilities == {"1": 0.2, "2": 0.7, "3": 0.1}
    assert first.as_dict() == {
        "prediction_id": first.prediction_id,
        "prediction": 2,
        "unit": "",
        "model": "rides",
        "version": 1,
        "arm": "champion",
        "probabilities": {"1": 0.2, "2": 0.7, "3": 0.1},
    }
    assert [(kept["prediction"], kept["probabilities"]["3"]) for kept in log.records()] == [(2, 0.1), (3, 0.7)]


def test_a_class_that_is_false_is_answered_as_such(log: MemoryPredictionLog) -> None:
    served = replace(tiny_served(predict=lambda _frame: np.array([[0.9, 0.1]])), task="binary", classes=(False, True))
    (answer,) = Service(served, log, FrozenClock()).predict([ROW])
    assert answer.as_dict()["prediction"] is False
    assert answer.probabilities == {"false": 0.9, "true": 0.1}


def test_a_quantity_has_no_probabilities(service: Service) -> None:
    (answer,) = service.predict([ROW])
    assert "probabilities" not in answer.as_dict()


def test_probabilities_that_are_no_numbers_are_refused_and_not_logged(log: MemoryPredictionLog) -> None:
    shares = np.array([[0.5, 0.5], [np.nan, 0.5]])
    served = replace(tiny_served(predict=lambda _frame: shares), task="binary", classes=("no", "yes"))
    with pytest.raises(UsageError, match=r"(?s)SERVE-037.*rows\[1\]"):
        Service(served, log, FrozenClock()).predict([ROW, ROW])
    assert list(log.records()) == []
