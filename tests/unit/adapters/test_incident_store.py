"""One open incident a model, one question at a time, each decided once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from steward.adapters.sql.database import Database
from steward.adapters.sql.incidents import SqlIncidentStore
from steward.adapters.sql.journal import SqlJournal
from steward.agent.approve import FrozenAction
from steward.core.errors import Refused, UsageError
from steward.testing.clock import FrozenClock

ACTION = FrozenAction(
    kind="retrain",
    model="taxi",
    champion=1,
    periods=("2020-04",),
    overrides=(),
    severity=0.8,
    reason="the world moved",
    requested_by="steward agent",
    requested_at="2026-01-01T00:00:00+00:00",
    expires_at="2026-01-08T00:00:00+00:00",
)


@pytest.fixture
def store(database: Database) -> SqlIncidentStore:
    return SqlIncidentStore(database, FrozenClock())


def test_a_second_alarm_joins_and_the_worst_severity_stays(store: SqlIncidentStore) -> None:
    first = store.raise_alarm("taxi", 1, "2020-05", 0.97, actor="agent")
    joined = store.raise_alarm("taxi", 1, "2022-01", 0.67, actor="agent")
    assert joined.id == first.id
    assert (joined.severity, joined.labels) == (0.97, ("2020-05", "2022-01"))


def test_the_same_window_twice_counts_once(store: SqlIncidentStore) -> None:
    store.raise_alarm("taxi", 1, "2020-05", 0.8, actor="agent")
    assert store.raise_alarm("taxi", 1, "2020-05", 0.8, actor="agent").labels == ("2020-05",)


def test_an_alarm_of_another_champion_closes_the_old_incident_and_its_question(store: SqlIncidentStore) -> None:
    old = store.raise_alarm("taxi", 1, "2020-05", 0.8, actor="agent")
    asked = store.ask(old, ACTION)
    new = store.raise_alarm("taxi", 2, "2020-06", 0.8, actor="agent")
    assert new.id != old.id
    assert store.incident(old.id).status == "closed"
    assert store.approval(asked.id).status == "superseded"


def test_the_same_question_at_another_time_is_not_asked_again(store: SqlIncidentStore) -> None:
    incident = store.raise_alarm("taxi", 1, "2020-04", 0.8, actor="agent")
    first = store.ask(incident, ACTION)
    later = replace(ACTION, requested_at="2026-01-02T00:00:00+00:00", expires_at="2026-01-09T00:00:00+00:00")
    assert store.ask(incident, later) == first


def test_a_question_that_ran_out_is_asked_again(database: Database) -> None:
    clock = FrozenClock()
    store = SqlIncidentStore(database, clock)
    incident = store.raise_alarm("taxi", 1, "2020-04", 0.8, actor="agent")
    first = store.ask(incident, ACTION)
    clock.advance(timedelta(days=7))  # the very moment it expires
    later = replace(ACTION, requested_at="2026-01-08T00:00:00+00:00", expires_at="2026-01-15T00:00:00+00:00")
    second = store.ask(incident, later)
    assert second.id != first.id
    assert store.approval(first.id).status == "expired"
    assert [one.id for one in store.approvals("taxi", status="pending")] == [second.id]


def test_a_changed_question_replaces_the_pending_one(store: SqlIncidentStore) -> None:
    incident = store.raise_alarm("taxi", 1, "2020-04", 0.8, actor="agent")
    first = store.ask(incident, ACTION)
    second = store.ask(incident, replace(ACTION, periods=("2020-04", "2020-08")))
    assert store.approval(first.id).status == "superseded"
    assert [one.id for one in store.approvals("taxi", status="pending")] == [second.id]


def test_a_question_is_decided_once(store: SqlIncidentStore) -> None:
    asked = store.ask(store.raise_alarm("taxi", 1, "2020-04", 0.8, actor="agent"), ACTION)
    store.decide(asked, approved=True, by="Ada", reason="")
    with pytest.raises(Refused, match="by Ada"):
        store.decide(asked, approved=False, by="Bob", reason="")


def test_a_closed_incident_keeps_its_outcome_and_its_question_ends(store: SqlIncidentStore, database: Database) -> None:
    incident = store.raise_alarm("taxi", 1, "2020-04", 0.8, actor="agent")
    asked = store.ask(incident, ACTION)
    store.close(incident.id, "retrained", actor="agent")
    store.close(incident.id, "rejected", actor="Ada")
    assert store.incident(incident.id).outcome == "retrained"
    assert store.approval(asked.id).status == "superseded"
    closed = [entry for entry in SqlJournal(database, FrozenClock()).entries() if entry.kind == "incident.closed"]
    assert [entry.detail for entry in closed] == [{"outcome": "retrained"}]


def test_what_is_not_there_says_where_to_look(store: SqlIncidentStore) -> None:
    with pytest.raises(UsageError, match="steward status"):
        store.approval("nope")
    with pytest.raises(UsageError, match="steward status"):
        store.incident("nope")


def test_an_approval_comes_back_as_it_was_asked(store: SqlIncidentStore) -> None:
    asked = store.ask(store.raise_alarm("taxi", 1, "2020-04", 0.8, actor="agent"), ACTION)
    assert store.approval(asked.id).action == ACTION
    assert store.approval(asked.id).digest == ACTION.digest
