"""The same behaviour of the journal in memory and in the database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, update
from tests.servers import DATABASES

from steward.adapters.sql.database import Database
from steward.adapters.sql.journal import SqlJournal
from steward.adapters.sql.tables import journal as table
from steward.core.journal import Journal, verify_chain
from steward.testing.clock import FrozenClock
from steward.testing.journal import MemoryJournal


@pytest.fixture(params=["memory", *DATABASES])
def journal(request: pytest.FixtureRequest, store_of: Callable[[str], Database]) -> Journal:
    if request.param == "memory":
        return MemoryJournal(FrozenClock())
    return SqlJournal(store_of(request.param), FrozenClock())


def fill(journal: Journal, count: int) -> None:
    for number in range(count):
        journal.append("run.started", f"run {number}", {"n": number}, actor="me", key=f"k{number}")


def test_entries_are_numbered_from_one_and_linked(journal: Journal) -> None:
    fill(journal, 3)
    entries = list(journal.entries())
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert verify_chain(entries, expected_head=journal.head()) == ()


def test_the_same_key_is_written_once(journal: Journal) -> None:
    first = journal.append("run.started", "run 1", {"n": 1}, actor="me", key="k")
    again = journal.append("run.started", "run 1", {"n": 2}, actor="you", key="k")
    assert again == first
    assert len(list(journal.entries())) == 1


@pytest.mark.parametrize("column", ["at", "kind", "subject", "actor", "detail", "previous", "hash"])
def test_one_changed_byte_in_the_database_is_found_and_named(database: Database, column: str) -> None:
    journal = SqlJournal(database, FrozenClock())
    fill(journal, 5)
    with database.bulk() as connection:
        text = connection.execute(select(table.c[column]).where(table.c.number == 3)).scalar_one()
        swapped = text[:-1] + ("0" if text[-1] != "0" else "1")
        connection.execute(update(table).where(table.c.number == 3).values({column: swapped}))
    breaks = verify_chain(journal.entries(), expected_head=journal.head())
    assert breaks[0].number == 3


def test_a_deleted_tail_is_found(database: Database) -> None:
    journal = SqlJournal(database, FrozenClock())
    fill(journal, 5)
    with database.bulk() as connection:
        connection.execute(delete(table).where(table.c.number > 3))
    assert verify_chain(journal.entries(), expected_head=journal.head())


def test_eight_who_write_at_once_make_one_chain_without_gaps(database: Database) -> None:
    journal = SqlJournal(database, FrozenClock())

    def write(writer: int) -> None:
        for number in range(5):
            journal.append("run.started", f"run {writer}.{number}", {}, actor="me", key=f"{writer}.{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    entries = list(journal.entries())
    assert [entry.number for entry in entries] == list(range(1, 41))
    assert verify_chain(entries, expected_head=journal.head()) == ()
