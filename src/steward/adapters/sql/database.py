"""How is the database opened, read in one state, and written to by one process at a time?"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from steward.adapters.sql.address import masked, read_address, without_secrets
from steward.adapters.sql.engines import make_engine
from steward.adapters.sql.faults import translate
from steward.adapters.sql.migrate import is_current, upgrade
from steward.adapters.sql.tables import journal_head
from steward.core.digest import digest_bytes
from steward.core.errors import EnvironmentFault, Fault, UsageError

_LOCK_S = 600


class Database:
    """An engine with three ways in: `read` sees one state, `write` is alone while it lasts, `bulk` is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # Pooled connections end with the database they belong to, also when nobody thinks of closing it.
        self._closer = weakref.finalize(self, engine.dispose)

    @property
    def kind(self) -> str:
        """Which database it is: sqlite, postgresql or mysql (MariaDB too)."""
        return self.engine.dialect.name

    @property
    def address(self) -> str:
        """Where it is, without the password."""
        return masked(self.engine.url)

    def close(self) -> None:
        """Give all connections back."""
        self._closer()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that only reads."""
        # MariaDB's and SQLite's transactions see one state anyway.
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if self.kind == "postgresql" else {}
        with self._told(), self._connection(**options) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction that commits as a whole or not at all, after all earlier writers."""
        with self.bulk() as connection:
            if self.kind != "sqlite":
                # Whoever holds the journal's head numbers and compares alone; each writer takes it first, so none deadlock.
                connection.execute(select(journal_head.c.id).with_for_update())
            yield connection

    @contextmanager
    def bulk(self) -> Iterator[Connection]:
        """Give a transaction that commits as a whole or not at all; on a server it may run beside the stores' own."""
        with self._told(), self._connection(steward_writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def only_one(self, name: str) -> Iterator[None]:
        """Keep every other process out of the same name; a file database has its own lock in each transaction.

        Raises:
            EnvironmentFault: DB-004 another process holds it for longer than ten minutes.
        """
        if self.kind == "sqlite":
            yield
            return
        with self._told(), self._connection(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # closing it is what frees the name, whatever happens
            _take(connection, name)
            yield

    def _connection(self, **options: Any) -> Connection:
        return self.engine.connect().execution_options(**options)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Give a driver's errors their meaning; a mistake in a statement is passed on as it is."""
        try:
            yield
        except DBAPIError as error:
            told = translate(error, self.engine.url)
            if told is None:
                raise
            raise told from error
        except PoolTimeout as error:
            what = "all connections to the database are in use"
            raise EnvironmentFault(Fault("DB-004", what, (self.address,), fix="try again in a moment")) from error


def open_database(url: str) -> Database:
    """Open the database at `url`, creating or upgrading its tables where needed.

    Raises:
        UsageError: the address cannot be read (DB-010).
        EnvironmentFault: it cannot be opened, a newer Steward wrote it, or its driver is missing (DB-001, DB-002, DB-011).
    """
    database = connect(url)
    try:
        _migrate(database)
    except (DatabaseError, EnvironmentFault) as error:
        cause = error if isinstance(error, DatabaseError) else error.__cause__
        if isinstance(cause, DatabaseError):
            raise _not_opened(database, cause) from error
        raise
    except TypeError as error:  # so PyMySQL refuses an option it does not know
        fix = "take the option out of STEWARD_DATABASE_URL"
        raise UsageError(Fault("DB-010", "the database's address has an unknown option", why=str(error), fix=fix)) from error
    return database


def connect(url: str) -> Database:
    """Return the database at `url` as it is; nothing is asked of it yet."""
    return Database(make_engine(read_address(url)))


def sqlite_url(path: Path) -> str:
    """Return the address of a SQLite file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def _migrate(database: Database) -> None:
    with database.read() as connection:
        if is_current(connection):
            return
    with database.only_one("schema"), database.bulk() as connection:
        if not is_current(connection):  # another process may have been first
            upgrade(connection)


def _take(connection: Connection, name: str) -> None:
    digest = digest_bytes(f"{connection.engine.url.database} {name}".encode())
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET lock_timeout = '{_LOCK_S}s'")
        connection.execute(select(func.pg_advisory_lock(int(digest[:15], 16))))
    elif connection.execute(select(func.get_lock(digest[:60], _LOCK_S))).scalar_one() != 1:
        what = f"another process has held the lock {name!r} for {_LOCK_S // 60} minutes"
        raise EnvironmentFault(Fault("DB-004", what, (masked(connection.engine.url),), fix="see that it ends, then try again"))


def _not_opened(database: Database, error: DatabaseError) -> EnvironmentFault:
    if database.kind == "sqlite":
        fix = "check that the folder is writable and the file is whole; STEWARD_HOME names another workspace"
    else:
        fix = "check that the server runs, the database exists, and user and password in STEWARD_DATABASE_URL are right"
    why = without_secrets(str(error.orig), database.engine.url)
    return EnvironmentFault(Fault("DB-001", f"the database {database.address} cannot be opened", why=why, fix=fix))
