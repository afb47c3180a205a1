"""How is the database opened, brought to the current schema, and written to by one process at a time?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from steward.core.errors import EnvironmentFault, Fault

# The newest revision under migrations/versions; a test keeps the two equal. Comparing one row with it
# saves every command the half second that importing Alembic costs.
HEAD = "0001"
_BUSY_S = 30


class Database:
    """An engine with two ways in: `read` sees one state, `write` is alone while it lasts."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that only reads."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction that commits as a whole or not at all, after all earlier writers."""
        with self.engine.connect().execution_options(steward_writes=True) as connection, connection.begin():
            yield connection


def open_database(url: str) -> Database:
    """Open the database at `url`, creating or upgrading its tables where needed.

    Raises:
        EnvironmentFault: it cannot be opened, or a newer Steward wrote it (DB-001, DB-002).
    """
    # A SQLite connection is cheap to open; kept ones would stay open in whoever forgets the database.
    engine = create_engine(url, poolclass=NullPool) if url.startswith("sqlite") else create_engine(url)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    database = Database(engine)
    try:
        _migrate(database)
    except DatabaseError as error:
        fix = "check that the folder is writable and the file is whole; STEWARD_HOME names another workspace"
        what = f"the database {engine.url.render_as_string(hide_password=True)} cannot be opened"
        raise EnvironmentFault(Fault("DB-001", what, why=str(error.orig), fix=fix)) from error
    return database


def sqlite_url(path: Path) -> str:
    """Return the address of a SQLite file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in (f"busy_timeout={_BUSY_S * 1000}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that will write takes the lock at once: two that read first and write later
        # would deadlock, and SQLite would refuse one of them without waiting.
        writes = connection.get_execution_options().get("steward_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _migrate(database: Database) -> None:
    with database.read() as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        what = f"the database is at schema {found}; this Steward knows up to {HEAD}"
        raise EnvironmentFault(Fault("DB-002", what, fix="install the newer Steward that wrote it:  pip install -U steward"))
    with database.write() as connection:
        if _revision(connection) != HEAD:  # another process may have been first
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
