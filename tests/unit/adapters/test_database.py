"""Opening, migrating and sharing the database."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from steward.adapters.sql import database as module
from steward.adapters.sql.database import HEAD, open_database, sqlite_url
from steward.adapters.sql.tables import metadata
from steward.core.errors import EnvironmentFault

MIGRATIONS = Path(module.__file__).parent / "migrations"


def test_the_tables_are_what_the_migrations_make(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "steward.db"))
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_known_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


def test_a_database_of_a_newer_steward_is_refused(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "steward.db")
    open_database(url)
    with sqlite3.connect(tmp_path / "steward.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(EnvironmentFault, match="DB-002"):
        open_database(url)


def test_a_file_that_is_no_database_is_refused_with_a_fix(tmp_path: Path) -> None:
    (tmp_path / "steward.db").write_text("this is not a database, but it is long enough to be taken for one" * 20)
    with pytest.raises(EnvironmentFault, match="STEWARD_HOME"):
        open_database(sqlite_url(tmp_path / "steward.db"))


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "steward.db"))

    def write_and_fail() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO journal_head VALUES (1, 7, 'x')")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM journal_head").scalar_one() == 0


def test_four_processes_start_on_an_empty_database_at_once(tmp_path: Path) -> None:
    code = "import sys; from steward.adapters.sql.database import *; open_database(sys.argv[1])"
    url = sqlite_url(tmp_path / "steward.db")
    started = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate()[1].decode() for process in started] == [""] * 4
    assert [process.returncode for process in started] == [0] * 4
