"""The same behaviour of challenges in memory and in the database; what the journal holds of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.servers import DATABASES

from steward.adapters.sql.challenges import SqlChallengeStore
from steward.adapters.sql.database import Database
from steward.adapters.sql.journal import SqlJournal
from steward.adapters.sql.predictions import SqlPredictionStore
from steward.core.errors import EnvironmentFault, Refused, UsageError
from steward.core.journal import verify_chain
from steward.serving.challenge import Challenge, ChallengeStore, Ended, ShadowAnswer, new_challenge
from steward.serving.history import Given, Outcome, Told
from steward.testing import FrozenClock, MemoryChallengeStore

NOW = FrozenClock().now()
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", *DATABASES])
def store(request: pytest.FixtureRequest, store_of: Callable[[str], Database]) -> ChallengeStore:
    return MemoryChallengeStore() if request.param == "memory" else SqlChallengeStore(store_of(request.param), FrozenClock())


def made(model: str = "taxi", hours: int = 0, **about: Any) -> Challenge:
    return new_challenge(model, 2, 1, since=NOW + hours * HOUR, by="me", **about)


def shadow(prediction: str, challenge: Challenge) -> ShadowAnswer:
    return ShadowAnswer(prediction, challenge.id, "taxi", 2, NOW.isoformat(), {"arm": "shadow", "prediction": 1 / 3})


def test_a_challenge_comes_back_as_it_was(store: ChallengeStore) -> None:
    assert (store.now("taxi"), store.newest("taxi")) == (None, None)
    for challenge in (made(steps=(0.01, 0.1), every_s=0.5, entity="café"), made("uber"), made("heart", steps=(0.25,))):
        store.start(challenge, actor="me")
        assert store.now(challenge.model) == store.newest(challenge.model) == challenge


def test_one_is_on_at_a_time_and_ends_once(store: ChallengeStore) -> None:
    first, second = made(), made(hours=2)
    store.start(first, actor="me")
    with pytest.raises(Refused, match="SERVE-121"):
        store.start(second, actor="me")
    ended = replace(first, ended=Ended(NOW + HOUR, "stopped"))
    assert store.end(first.id, Ended(NOW + HOUR, "stopped"), {}, actor="me") == ended
    assert store.end(first.id, Ended(NOW + 2 * HOUR, "decided"), {}, actor="you") == ended
    assert (store.now("taxi"), store.newest("taxi")) == (None, ended)
    store.start(second, actor="me")
    assert store.now("taxi") == store.newest("taxi") == second
    with pytest.raises(UsageError, match="SERVE-120"):
        store.end("none", Ended(NOW, "stopped"), {}, actor="me")


def test_a_shadows_answer_is_kept_once(store: ChallengeStore) -> None:
    challenge = made()
    answers = [shadow(f"p{number}", challenge) for number in range(3)]
    assert store.keep_shadows(answers[:2]) == 2
    assert store.keep_shadows([*answers, answers[2]]) == 1
    assert store.keep_shadows([]) == 0


def given(number: int, challenge: Challenge, version: int = 1, model: str = "taxi") -> Given:
    at = (NOW + number * HOUR).isoformat()
    return Given(f"p{number}", model, version, at, {"zone": number}, {"prediction": 7.5, "challenge": challenge.id})


def told(number: int) -> Told:
    return Told(f"t{number}", "taxi", Outcome(f"p{number}", number / 7, None, NOW.isoformat()), NOW.isoformat())


def test_what_was_seen_has_outcome_and_shadow_where_these_are_known(database: Database) -> None:
    challenge, other = made(), made()
    memory, sql, predictions = MemoryChallengeStore(), SqlChallengeStore(database, FrozenClock()), SqlPredictionStore(database)
    rows = [given(2, challenge), given(0, challenge, 2), given(1, challenge), given(3, other), given(4, challenge, model="uber")]
    predictions.keep_predictions(rows)
    predictions.keep_outcomes([told(1), told(3)])
    memory.predictions, memory.outcomes = rows, {"p1": told(1).outcome, "p3": told(3).outcome}
    for store in (memory, sql):
        store.keep_shadows([shadow("p1", challenge), shadow("p2", challenge), shadow("p2", other)])
        found = store.seen(challenge)
        assert [(one.id, one.version, one.outcome is not None, one.shadow is not None) for one in found] == [
            ("p0", 2, False, False),
            ("p1", 1, True, True),
            ("p2", 1, False, True),
        ]
    assert tuple(sql.seen(challenge)) == memory.seen(challenge)


def test_what_is_forgotten_takes_its_shadows_along(database: Database) -> None:
    challenge = made()
    sql, predictions = SqlChallengeStore(database, FrozenClock()), SqlPredictionStore(database)
    predictions.keep_predictions([given(1, challenge), given(2, challenge)])
    sql.keep_shadows([shadow("p1", challenge), shadow("p2", challenge)])
    predictions.forget(["p1"])
    assert sql.keep_shadows([shadow("p1", challenge), shadow("p2", challenge)]) == 1  # only p1's had gone


def test_the_journal_tells_of_each(database: Database) -> None:
    store, challenge = SqlChallengeStore(database, FrozenClock()), made(steps=(0.1,), entity="zone")
    store.start(challenge, actor="me")
    store.end(challenge.id, Ended(NOW, "decided"), {"gain": 0.25}, actor="you")
    entries = list(SqlJournal(database, FrozenClock()).entries())
    assert [(one.kind, one.subject, one.actor) for one in entries] == [
        ("challenge.started", "taxi v2", "me"),
        ("challenge.decided", "taxi v2", "you"),
    ]
    assert entries[1].detail == {"gain": 0.25, "challenge": challenge.id}
    assert verify_chain(entries) == ()


def test_a_store_that_is_away_says_so() -> None:
    store = MemoryChallengeStore()
    store.away = True
    with pytest.raises(EnvironmentFault, match="DB-003"):
        store.now("taxi")
