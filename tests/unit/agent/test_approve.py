import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.agent.approve import Approval, FrozenAction, refuse_unless_valid
from steward.core.errors import Refused

NOW = datetime(2020, 9, 2, 12, tzinfo=UTC)
ACTION = FrozenAction(
    kind="retrain",
    model="taxi",
    champion=3,
    periods=("2020-08",),
    overrides=(),
    severity=0.83,
    reason="severity 0.83",
    requested_by="steward agent",
    requested_at="2020-09-01T12:00:00+00:00",
    expires_at="2020-09-08T12:00:00+00:00",
)
PENDING = Approval("a1", "i1", ACTION, ACTION.digest, "pending", None, None, None)


def refusal(approval: Approval, *, by: str = "ada", now: datetime = NOW, champion_now: int | None = 3) -> str:
    with pytest.raises(Refused) as caught:
        refuse_unless_valid(approval, by=by, now=now, champion_now=champion_now)
    return str(caught.value)


def test_a_pending_approval_may_be_given_by_another_person_in_time() -> None:
    last = NOW + timedelta(days=6)
    for at in (NOW, last - timedelta(microseconds=1)):
        assert refuse_unless_valid(PENDING, by="ada", now=at, champion_now=3) is None  # type: ignore[func-returns-value]
    with pytest.raises(Refused):
        refuse_unless_valid(PENDING, by="ada", now=last, champion_now=3)


@pytest.mark.parametrize("status", ["approved", "rejected", "superseded", "expired"])
def test_what_was_decided_is_decided(status: Any) -> None:
    decided = replace(PENDING, status=status, decided_by="bob", decided_at="2020-09-02T10:00:00+00:00")
    message = refusal(decided)
    assert f"error[AGENT-001]: approval a1 is {status}, not pending" in message
    assert "by bob at 2020-09-02T10:00:00+00:00" in message


def test_an_action_that_was_edited_is_refused() -> None:
    assert "error[AGENT-002]" in refusal(replace(PENDING, action=replace(ACTION, periods=("2020-07",))))


def test_it_expires_at_its_instant_in_any_zone() -> None:
    at = NOW + timedelta(days=6)
    assert "error[AGENT-003]: approval a1 expired at 2020-09-08T12:00:00+00:00" in refusal(PENDING, now=at)
    assert "AGENT-003" in refusal(PENDING, now=at.astimezone(timezone(timedelta(hours=-5))))


def test_a_champion_that_changed_makes_it_stale() -> None:
    assert "error[AGENT-004]: approval a1 was asked about v3; champion is v4 now" in refusal(PENDING, champion_now=4)
    assert "there is no champion now" in refusal(PENDING, champion_now=None)


@pytest.mark.parametrize("by", ["steward agent", "Steward  Agent ", "", "  "])
def test_nobody_approves_what_they_asked_for(by: str) -> None:
    assert "error[AGENT-005]" in refusal(PENDING, by=by)


def test_every_reason_is_named_at_once() -> None:
    message = refusal(replace(PENDING, status="superseded"), champion_now=9, by="", now=NOW + timedelta(days=30))
    assert [code in message for code in ("AGENT-001", "AGENT-003", "AGENT-004", "AGENT-005")] == [True] * 4


def test_an_action_survives_json() -> None:
    fields = json.loads(json.dumps(asdict(ACTION)))
    assert FrozenAction(**{**fields, "periods": tuple(fields["periods"]), "overrides": tuple(fields["overrides"])}) == ACTION


@settings(deadline=None)
@given(st.sampled_from(sorted(asdict(ACTION))), st.text(min_size=1))
def test_any_change_changes_the_digest(field: str, noise: str) -> None:
    changes: dict[str, Any] = {"champion": 4, "severity": None, "periods": (noise,), "expires_at": "2020-09-08T12:00:01+00:00"}
    changed = replace(
        ACTION, **{field: changes.get(field, "2020-08-01T00:00:00+00:00" if field == "requested_at" else noise + "!")}
    )
    assert changed.digest != ACTION.digest


@pytest.mark.parametrize("expires_at", ["2020-09-01T12:00:00+00:00", "2020-09-08T12:00:00", "soon"])
def test_an_action_needs_a_real_and_aware_end(expires_at: str) -> None:
    with pytest.raises(ValueError, match=r"expires after|offset|isoformat"):
        replace(ACTION, expires_at=expires_at)
