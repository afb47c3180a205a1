from datetime import timedelta

import pytest

from steward.core.errors import EnvironmentFault, Fault
from steward.serving.keys import issue
from steward.serving.ring import LOCAL, KeyRing
from steward.testing import FrozenClock, MemoryKeyStore

AWAY = EnvironmentFault(Fault("DB-003", "the database server does not answer"))


def test_without_any_key_whoever_asks_on_this_machine_is_the_local_user() -> None:
    ring = KeyRing(MemoryKeyStore(), FrozenClock(), alone=True)
    ring.look()
    assert ring.caller(None) == ring.caller("anything") == LOCAL
    assert LOCAL.role == "admin"


def test_without_any_key_nobody_comes_in_from_elsewhere() -> None:
    ring = KeyRing(MemoryKeyStore(), FrozenClock(), alone=False)
    ring.look()
    assert ring.caller(None) is None


def test_the_first_key_closes_the_door_and_its_end_does_not_open_it() -> None:
    clock, store = FrozenClock(), MemoryKeyStore()
    ring = KeyRing(store, clock, alone=True)
    made = issue("x", "viewer", by="me", now=clock.now())
    store.add(made.key, replaces=None, actor="me")
    ring.look()
    assert ring.caller(None) is None
    caller = ring.caller(made.secret)
    assert caller is not None
    assert (caller.name, caller.role, caller.prefix, caller.per_minute) == ("x", "viewer", made.key.prefix, 6000)
    store.revoke(made.key.prefix, clock.now(), "gone", actor="me")
    ring.look()
    assert ring.caller(made.secret) is ring.caller(None) is None
    assert ring.active == 0


def test_while_the_store_is_away_the_keys_go_on() -> None:
    clock = FrozenClock()
    made = issue("x", "viewer", by="me", now=clock.now(), lifetime=timedelta(hours=1))
    store = MemoryKeyStore(made.key)
    ring = KeyRing(store, clock, alone=False)
    ring.look()
    store.broken = AWAY
    with pytest.raises(EnvironmentFault):
        ring.look()
    assert ring.caller(made.secret) is not None
    clock.advance(timedelta(hours=1))
    assert ring.caller(made.secret) is None


def test_the_last_use_is_kept_at_once_and_then_every_minute() -> None:
    clock = FrozenClock()
    made = issue("x", "viewer", by="me", now=clock.now())
    store = MemoryKeyStore(made.key)
    ring = KeyRing(store, clock, alone=False)
    seen = []
    for _ in range(5):
        ring.look()
        seen.append(store.all()[0].last_used_at)
        ring.caller(made.secret)
        clock.advance(timedelta(seconds=30))
    start = FrozenClock().now()
    assert seen == [None, start, start, start + timedelta(minutes=1), start + timedelta(minutes=1)]
