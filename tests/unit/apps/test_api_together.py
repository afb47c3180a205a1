"""Requests that wait at the same moment are answered together, each for itself, and no more than may wait do."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from steward.apps.api.together import Together
from steward.core.errors import EnvironmentFault, Fault, StewardError, UsageError
from steward.serving.answer import Answer
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served

Said = Answer | StewardError


def answer(row: object) -> Answer:
    return Answer(f"id of {row}", float(str(row)), "minutes", "rides", 1)


class Asked:
    """Answers numbers by themselves and keeps what came together; other rows are refused."""

    def __init__(self) -> None:
        self.batches: list[list[object]] = []

    def __call__(self, rows: Sequence[object]) -> list[Said]:
        self.batches.append(list(rows))
        return [answer(row) if isinstance(row, int) else UsageError(Fault("X-001", f"{row} is no number")) for row in rows]


async def all_of(together: Together, rows: Sequence[object]) -> list[Answer | BaseException]:
    return await asyncio.gather(*(together.ask(row) for row in rows), return_exceptions=True)


def test_who_waits_at_the_same_moment_is_answered_together_in_order() -> None:
    asked = Asked()
    answers = asyncio.run(all_of(Together(asked), [3, 1, 2]))
    assert answers == [answer(3), answer(1), answer(2)]
    assert asked.batches == [[3, 1, 2]]


def test_a_single_request_waits_for_nobody() -> None:
    asked = Asked()

    async def one_after_another() -> None:
        together = Together(asked)
        for row in (1, 2):
            assert await together.ask(row) == answer(row)

    asyncio.run(one_after_another())
    assert asked.batches == [[1], [2]]


def test_a_row_that_is_refused_is_refused_for_itself() -> None:
    first, second, third = asyncio.run(all_of(Together(Asked()), [1, "x", 3]))
    assert (first, third) == (answer(1), answer(3))
    assert isinstance(second, UsageError)


def test_a_fault_of_all_goes_to_all_and_the_next_are_answered() -> None:
    asked = Asked()

    def fails_once(rows: Sequence[object]) -> list[Said]:
        if not asked.batches:
            asked(rows)
            raise EnvironmentFault(Fault("SERVE-011", "the log is full"))
        return asked(rows)

    async def go() -> tuple[list[Answer | BaseException], Answer]:
        together = Together(fails_once)
        return await all_of(together, [1, 2]), await together.ask(3)

    failed, fine = asyncio.run(go())
    assert [type(one) for one in failed] == [EnvironmentFault, EnvironmentFault]
    assert fine == answer(3)


def test_a_batch_is_bounded_and_so_is_who_waits() -> None:
    asked = Asked()
    answers = asyncio.run(all_of(Together(asked, most_at_once=2, most_waiting=5), range(7)))
    assert answers[:5] == [answer(row) for row in range(5)]
    assert asked.batches == [[0, 1], [2, 3], [4]]
    for turned_away in answers[5:]:
        assert isinstance(turned_away, EnvironmentFault)
        assert turned_away.faults[0].code == "SERVE-012"
        assert turned_away.faults[0].what == "5 requests wait already"


def test_who_has_gone_holds_up_nobody() -> None:
    asked = Asked()

    async def go() -> Answer:
        together = Together(asked)
        gone, stays = asyncio.ensure_future(together.ask(1)), asyncio.ensure_future(together.ask(2))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(go()) == answer(2)


def test_the_service_answers_each_request_for_itself_and_logs_what_it_answered() -> None:
    log = MemoryPredictionLog()
    rows = [{"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": km} for km in (1.0, 2.0, 7.0)]
    served = tiny_served(predict=lambda frame: np.where(frame["distance_km"] == 2.0, np.inf, frame["distance_km"]))
    service = Service(served, log, FrozenClock())
    one, unreadable, unanswered, three = service.predict_each([rows[0], {"distance_km": "far"}, rows[1], rows[2]])
    assert isinstance(one, Answer)
    assert isinstance(three, Answer)
    assert (one.prediction, three.prediction) == (1.0, 7.0)
    assert isinstance(unreadable, UsageError)
    assert "SERVE-032" in {fault.code for fault in unreadable.faults}
    assert isinstance(unanswered, UsageError)
    assert [(fault.code, fault.where) for fault in unanswered.faults] == [("SERVE-037", ())]
    assert [record["prediction_id"] for record in log.records()] == [one.prediction_id, three.prediction_id]


def test_requests_of_which_none_can_be_read_write_nothing() -> None:
    log = MemoryPredictionLog()
    (refused,) = Service(tiny_served(), log, FrozenClock()).predict_each([{}])
    assert isinstance(refused, UsageError)
    assert not list(log.records())


def test_without_a_champion_nobody_is_answered() -> None:
    with pytest.raises(EnvironmentFault, match="no champion"):
        Service(None, MemoryPredictionLog(), FrozenClock()).predict_each([{}])
