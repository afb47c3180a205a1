"""Questions are answered; nothing is ever changed by one."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from steward.adapters.sql.ask import ask
from steward.adapters.sql.client import client_of
from steward.adapters.sql.database import Database, open_database, sqlite_url
from steward.adapters.sql.journal import SqlJournal
from steward.adapters.sql.tables import journal
from steward.core.errors import EnvironmentFault, Refused, UsageError
from steward.testing.clock import FrozenClock


@pytest.fixture
def told(database: Database) -> Database:
    """A database with three entries in its journal."""
    for number in range(3):
        SqlJournal(database, FrozenClock()).append("run.started", f"run {number} %s", {}, actor="me", key=f"k{number}")
    return database


def test_a_question_is_answered_up_to_a_limit(told: Database) -> None:
    answer = ask(told, "SELECT number, subject FROM journal ORDER BY number", limit=2)
    assert (answer.columns, answer.rows, answer.more) == (("number", "subject"), ((1, "run 0 %s"), (2, "run 1 %s")), True)
    counted = "-- a comment\n/* and another */ SELECT count(*) FROM journal WHERE subject LIKE 'run%';"
    assert ask(told, counted, limit=9).rows == ((3,),)
    assert ask(told, "WITH one AS (SELECT 1 AS n) SELECT n FROM one", limit=1).more is False


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM journal",
        "-- SELECT\nDELETE FROM journal",
        "/* SELECT */ UPDATE journal SET actor = 'x'",
        "",
        "COMMIT",
        "PRAGMA query_only = OFF",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "selected",
    ],
)
def test_what_is_no_question_is_refused(told: Database, sql: str) -> None:
    with pytest.raises(Refused, match="DB-030"):
        ask(told, sql, limit=9)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; DELETE FROM journal",
        "SELECT 1; COMMIT; DELETE FROM journal",
        "WITH one AS (SELECT 1) DELETE FROM journal",
        "WITH gone AS (DELETE FROM journal RETURNING number) SELECT * FROM gone",
        "EXPLAIN ANALYZE DELETE FROM journal",
        "SELECT * FROM nowhere",
    ],
)
def test_a_change_in_a_question_is_stopped_by_the_database(told: Database, sql: str) -> None:
    with pytest.raises(UsageError, match="DB-031"):
        ask(told, sql, limit=9)
    with told.read() as connection:
        assert connection.execute(select(func.count()).select_from(journal)).scalar_one() == 3
    # The connection that was asked writes again afterwards.
    SqlJournal(told, FrozenClock()).append("run.started", "run", {}, actor="me", key="later")


def test_the_client_gets_the_password_where_no_list_of_processes_shows_it() -> None:
    for address, program in (
        ("postgresql://me:s3cret@db.example:6543/trips", "psql"),
        ("mysql://me:s3cret@db.example/trips", "mariadb"),
    ):
        client = client_of(address)
        assert client.command[0] == program
        assert "s3cret" not in " ".join(client.command)
        assert "s3cret" in client.environment.values()


def test_the_client_of_a_file_reads_only(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "steward.db")
    with pytest.raises(UsageError, match="DB-012"):
        client_of(url)
    open_database(url).close()
    assert "-readonly" in client_of(url).command


def test_a_client_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(EnvironmentFault, match="psql is not installed") as caught:
        client_of("postgresql://me:s3cret@db.example/trips")
    assert "s3cret" not in str(caught.value)
