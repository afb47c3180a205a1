"""Opening, migrating and sharing the database, on each kind."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pymysql
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect, select, text, update
from sqlalchemy.exc import OperationalError
from tests.servers import DATABASES, PASSWORD, Server

from steward.adapters.sql import database as module
from steward.adapters.sql import migrate
from steward.adapters.sql.database import Database, open_database, sqlite_url
from steward.adapters.sql.faults import Clash, retried
from steward.adapters.sql.journal import SqlJournal
from steward.adapters.sql.registry import SqlRegistry
from steward.adapters.sql.tables import champions, journal_head, metadata
from steward.core.errors import EnvironmentFault, StewardError, UsageError
from steward.core.journal import verify_chain
from steward.registry.versions import Draft
from steward.testing.clock import FrozenClock

MIGRATIONS = Path(module.__file__).parent / "migrations"
OPEN_EACH = """
import sys
from steward.adapters.sql.database import open_database
for line in sys.stdin:
    open_database(line.strip()).close()
    print("opened", flush=True)
"""


@pytest.fixture(scope="module")
def eight() -> Iterator[list["subprocess.Popen[str]"]]:
    """Eight processes that open each database they are told of, as soon as they are told."""
    command = [sys.executable, "-W", "error", "-c", OPEN_EACH]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    started = [subprocess.Popen(command, text=True, **pipes) for _ in range(8)]
    yield started
    assert [process.communicate()[0] for process in started] == [""] * 8
    assert [process.returncode for process in started] == [0] * 8


def test_the_tables_are_what_the_migrations_make(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_known_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == migrate.HEAD


def test_a_database_of_a_newer_steward_is_refused(database_url: str) -> None:
    database = open_database(database_url)
    with database.bulk() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(EnvironmentFault, match="DB-002"):
        open_database(database_url)


def test_a_file_that_is_no_database_is_refused_with_a_fix(tmp_path: Path) -> None:
    (tmp_path / "steward.db").write_text("this is not a database, but it is long enough to be taken for one" * 20)
    with pytest.raises(EnvironmentFault, match="STEWARD_HOME"):
        open_database(sqlite_url(tmp_path / "steward.db"))


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as connection:
            connection.execute(update(journal_head).values(number=7, hash="x"))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    with database.read() as connection:
        assert connection.execute(select(journal_head.c.number)).scalar_one() == 0


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    with database.read() as reading:
        before = reading.execute(select(journal_head.c.number)).scalar_one()
        SqlJournal(database, FrozenClock()).append("run.started", "run 1", {}, actor="me", key="k")
        assert reading.execute(select(journal_head.c.number)).scalar_one() == before == 0


@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.campaign)])
def test_eight_processes_start_on_an_empty_database_at_once(
    new_database: Callable[[str], str], eight: list["subprocess.Popen[str]"], kind: str, rounds: int
) -> None:
    for _ in range(rounds):
        url = new_database(kind)
        for process in eight:
            print(url, file=process.stdin, flush=True)
        assert [process.stdout.readline() for process in eight if process.stdout] == ["opened\n"] * 8
        database = open_database(url)
        with database.read() as connection:
            assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [migrate.HEAD]
            assert connection.execute(select(journal_head.c.number)).scalars().all() == [0]
        database.close()


@pytest.mark.parametrize("statement", [1, 4, 9, 16])
def test_a_migration_that_was_killed_is_completed_by_the_next_start(database_url: str, statement: int) -> None:
    seen = 0

    class Killed(BaseException):
        pass

    def stop(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            raise Killed

    def count_creates(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if sql.strip().upper().startswith("CREATE"):
            stop()

    half = module.connect(database_url)
    event.listen(half.engine, "before_cursor_execute", count_creates)
    with pytest.raises(Killed):
        module._migrate(half)
    half.close()
    database = open_database(database_url)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(select(journal_head.c.number)).scalars().all() == [0]


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("sqlite:///x.db", "sqlite"),
        ("postgres://u:p@h/n", "postgresql+psycopg"),
        ("postgresql://u:p@h/n", "postgresql+psycopg"),
        ("postgresql+psycopg2://u:p@h/n", "postgresql+psycopg"),
        ("mysql://u:p@h/n", "mysql+pymysql"),
        ("mariadb://u:p@h/n", "mysql+pymysql"),
        ("mysql+mysqldb://u:p@h/n", "mysql+pymysql"),
    ],
)
def test_the_addresses_people_write_are_understood(written: str, driver: str) -> None:
    assert module.connect(written).engine.url.drivername == driver


@pytest.mark.parametrize(
    "written", ["", "s3cret", "oracle://u:s3cret@h/n", "postgresql//u:s3cret@h", "postgresql://u:s3cret@h:port/n"]
)
def test_an_address_that_cannot_be_read_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(UsageError, match="DB-010") as caught:
        open_database(written)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("scheme", "extra"), [("postgresql", "postgres"), ("mysql", "mysql")])
def test_a_missing_driver_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch, scheme: str, extra: str) -> None:
    monkeypatch.setattr("steward.adapters.sql.address.find_spec", lambda _: None)
    with pytest.raises(EnvironmentFault, match=rf"pip install 'steward\[{extra}\]'"):
        open_database(f"{scheme}://u:p@h/n")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_is_away_is_named_without_the_password(scheme: str) -> None:
    with pytest.raises(EnvironmentFault, match="DB-001") as caught:
        open_database(f"{scheme}://somebody:s3cret@127.0.0.1:9/n")
    assert "s3cret" not in str(caught.value)
    assert "server runs" in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_an_option_that_the_driver_does_not_know_is_refused(scheme: str) -> None:
    with pytest.raises(StewardError, match="colour") as caught:
        open_database(f"{scheme}://somebody:s3cret@127.0.0.1:9/n?colour=red&my_password=s3cret")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_wrong_password_is_refused_and_not_repeated(request: pytest.FixtureRequest, kind: str) -> None:
    server: Server = request.getfixturevalue(kind)
    with pytest.raises(EnvironmentFault, match="DB-001") as caught:
        open_database(server.url("mysql" if kind == "mariadb" else "postgres", password="wr0ng-one"))
    assert "wr0ng-one" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_lost_connection_is_noticed_before_the_next_use(store_of: Callable[[str], Database], kind: str) -> None:
    database = store_of(kind)
    ask = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}[database.kind]
    end = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}[database.kind]
    with database.read() as connection:
        mine = connection.exec_driver_sql(ask).scalar_one()
    other = create_engine(database.engine.url)
    with other.connect() as connection:
        connection.exec_driver_sql(end.format(mine))
    other.dispose()
    with database.read() as connection:
        assert connection.exec_driver_sql(ask).scalar_one() != mine


DEADLOCKS = {
    "postgresql": lambda: psycopg.errors.DeadlockDetected("deadlock detected"),
    "mysql": lambda: pymysql.err.OperationalError(1213, "Deadlock found when trying to get lock"),
}


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_deadlock_at_any_statement_is_retried_to_the_same_end(store_of: Callable[[str], Database], kind: str) -> None:
    def statements(fail_at: int | None) -> tuple[int, object]:
        database, seen = store_of(kind), 0

        def maybe_fail(_connection: object, _cursor: object, sql: str, *_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == fail_at:
                raise OperationalError(sql, {}, DEADLOCKS[database.kind]())

        event.listen(database.engine, "before_cursor_execute", maybe_fail)
        try:
            draft = Draft("taxi", "a", "run1", "digest", {"model.txt": "00"}, {"verdict": {"passed": True}})
            made = SqlRegistry(database, FrozenClock()).register(draft, actor="me")
        finally:
            event.remove(database.engine, "before_cursor_execute", maybe_fail)
        journal = SqlJournal(database, FrozenClock())
        assert verify_chain(journal.entries(), expected_head=journal.head()) == ()
        return seen, (made, journal.head())

    count, plain = statements(None)
    assert count >= 6
    for number in range(1, count + 1):
        assert statements(number)[1] == plain


def test_after_five_tries_the_clash_is_told(store_of: Callable[[str], Database]) -> None:
    database, tries = store_of("postgresql"), 0

    @retried
    def always() -> None:
        nonlocal tries
        tries += 1
        with database.bulk() as connection:
            raise OperationalError("SELECT", {}, DEADLOCKS["postgresql"]()) from connection.info.get("nothing")

    with pytest.raises(Clash, match="DB-004"):
        always()
    assert tries == 5


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_two_who_really_deadlock_both_get_through(store_of: Callable[[str], Database], kind: str) -> None:
    database, meet = store_of(kind), threading.Barrier(2, timeout=30)
    with database.bulk() as connection:
        rows = [{"model": model, "number": 0, "since": "", "actor": "", "sequence": 0} for model in "ab"]
        connection.execute(champions.insert(), rows)
    tries: list[str] = []

    def both(first: str, second: str) -> None:
        met = False

        @retried
        def change() -> None:
            nonlocal met
            tries.append(first)
            with database.bulk() as connection:
                for model in (first, second):
                    plus = champions.c.number + 1
                    connection.execute(update(champions).where(champions.c.model == model).values(number=plus))
                    if not met:
                        met = True
                        meet.wait()

        change()

    threads = [threading.Thread(target=both, args=pair) for pair in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.execute(select(champions.c.number)).scalars().all() == [2, 2]
    assert len(tries) == 3


def test_a_value_that_is_too_long_is_named_where_the_database_has_lengths(store_of: Callable[[str], Database]) -> None:
    for kind in ("postgresql", "mariadb"):
        with pytest.raises(UsageError, match="DB-005"):
            SqlJournal(store_of(kind), FrozenClock()).append("run.started", "run", {}, actor="a" * 129, key="k")


def test_text_of_a_megabyte_with_every_kind_of_sign_comes_back(database: Database) -> None:
    told = {"text": "Zürich 東京 🚕 'quoted' \"twice\" \\n %s :name " * 25_000}
    journal = SqlJournal(database, FrozenClock())
    journal.append("run.started", "run", told, actor="me", key="k")
    assert next(iter(journal.entries())).detail == told


def test_names_that_differ_only_in_case_are_two(database: Database) -> None:
    journal = SqlJournal(database, FrozenClock())
    for key in ("k", "K"):
        journal.append("run.started", key, {}, actor="me", key=key)
    assert [entry.subject for entry in journal.entries()] == ["k", "K"]
