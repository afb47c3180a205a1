"""The same behaviour of keys in memory and in the database; what the journal and the table hold of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.servers import DATABASES

from steward.adapters.sql.database import Database
from steward.adapters.sql.journal import SqlJournal
from steward.adapters.sql.keys import SqlKeyStore
from steward.core.errors import Refused, UsageError
from steward.core.journal import verify_chain
from steward.serving.keys import Issued, KeyStore, issue, rotate
from steward.testing import FrozenClock, MemoryKeyStore

NOW = FrozenClock().now()
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", *DATABASES])
def store(request: pytest.FixtureRequest, store_of: Callable[[str], Database]) -> KeyStore:
    return MemoryKeyStore() if request.param == "memory" else SqlKeyStore(store_of(request.param), FrozenClock())


def made(name: str = "billing", hours: int = 0, lifetime: timedelta | None = None) -> Issued:
    return issue(name, "predictor", by="me", now=NOW + hours * HOUR, lifetime=lifetime)


def test_keys_come_back_as_they_were_oldest_first(store: KeyStore) -> None:
    keys = [made("é b", 2, HOUR).key, made("a", 1).key]
    for key in keys:
        store.add(key, replaces=None, actor="me")
    assert list(store.all()) == keys[::-1]


def test_a_revoked_key_stays_revoked_since_the_first_time(store: KeyStore) -> None:
    key = made().key
    store.add(key, replaces=None, actor="me")
    assert store.revoke(key.prefix, NOW + HOUR, "lost", actor="me").revoked_at == NOW + HOUR
    assert store.revoke(key.prefix, NOW + 2 * HOUR, "again", actor="you").revoked_at == NOW + HOUR
    assert [kept.revoked_at for kept in store.all()] == [NOW + HOUR]
    with pytest.raises(UsageError, match="AUTH-010"):
        store.revoke("0000000000", NOW, "never was", actor="me")


def test_the_last_use_never_goes_back(store: KeyStore) -> None:
    key = made().key
    store.add(key, replaces=None, actor="me")
    for hours in (1, 3, 2):
        store.note_used({key.prefix: NOW + hours * HOUR, "0000000000": NOW})
    store.note_used({})
    assert [kept.last_used_at for kept in store.all()] == [NOW + 3 * HOUR]


def test_of_two_who_rotate_at_once_one_is_told(store: KeyStore) -> None:
    key = made().key
    store.add(key, replaces=None, actor="me")
    first, ends_first = rotate(key, by="me", now=NOW, overlap=HOUR)
    second, ends_later = rotate(key, by="me", now=NOW + HOUR, overlap=HOUR)
    store.add(first.key, replaces=ends_first, actor="me")
    with pytest.raises(Refused, match="AUTH-015"):
        store.add(second.key, replaces=ends_later, actor="me")
    kept = {one.prefix: one.expires_at for one in store.all()}
    assert kept == {key.prefix: NOW + HOUR, first.key.prefix: None}


def test_the_journal_tells_of_each_and_neither_it_nor_the_table_knows_a_secret(database: Database) -> None:
    keys = SqlKeyStore(database, FrozenClock())
    first = made()
    keys.add(first.key, replaces=None, actor="me")
    following, ending = rotate(first.key, by="me", now=NOW, overlap=HOUR)
    keys.add(following.key, replaces=ending, actor="me")
    keys.revoke(first.key.prefix, NOW, "lost", actor="you")
    entries = list(SqlJournal(database, FrozenClock()).entries())
    told = [(entry.kind, entry.subject, entry.actor) for entry in entries]
    one, two = f"key {first.key.prefix}", f"key {following.key.prefix}"
    assert told == [
        ("key.created", one, "me"),
        ("key.created", two, "me"),
        ("key.replaced", one, "me"),
        ("key.revoked", one, "you"),
    ]
    assert verify_chain(entries) == ()
    with database.read() as connection:
        table = str(connection.execute(text("SELECT * FROM api_keys")).all())
    for made_key in (first, following):
        assert made_key.secret.split("_", 2)[2] not in table + str(entries)
        assert made_key.key.digest not in str(entries)


def test_many_at_once_are_all_kept(database: Database) -> None:
    keys = SqlKeyStore(database, FrozenClock())
    many = [made(f"n{number}").key for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: keys.add(key, replaces=None, actor="me"), many))
        list(pool.map(lambda _: keys.note_used({key.prefix: NOW for key in many}), many))
    assert {key.name: key.last_used_at for key in keys.all()} == dict.fromkeys([key.name for key in many], NOW)
