"""The same behaviour of the journal in memory and in the database."""

import sqlite3
from pathlib import Path

import pytest

from steward.adapters.sql.database import open_database, sqlite_url
from steward.adapters.sql.journal import SqlJournal
from steward.core.journal import Journal, verify_chain
from steward.testing.clock import FrozenClock
from steward.testing.journal import MemoryJournal


@pytest.fixture(params=["memory", "sql"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    if request.param == "memory":
        return MemoryJournal(FrozenClock())
    return SqlJournal(open_database(sqlite_url(tmp_path / "steward.db")), FrozenClock())


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
def test_one_changed_byte_in_the_database_is_found_and_named(tmp_path: Path, column: str) -> None:
    path = tmp_path / "steward.db"
    journal = SqlJournal(open_database(sqlite_url(path)), FrozenClock())
    fill(journal, 5)
    with sqlite3.connect(path) as connection:
        text = connection.execute(f"SELECT {column} FROM journal WHERE number = 3").fetchone()[0]
        swapped = text[:-1] + ("0" if text[-1] != "0" else "1")
        connection.execute(f"UPDATE journal SET {column} = ? WHERE number = 3", (swapped,))
    connection.close()
    breaks = verify_chain(journal.entries(), expected_head=journal.head())
    assert breaks[0].number == 3


def test_a_deleted_tail_is_found(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    journal = SqlJournal(open_database(sqlite_url(path)), FrozenClock())
    fill(journal, 5)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM journal WHERE number > 3")
    connection.close()
    assert verify_chain(journal.entries(), expected_head=journal.head())
