"""How is each kind of database spoken to, so that transactions mean the same on all of them?"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

_BUSY_S = 30
_TURN_S = 0.01
_CONNECT_S = 10
# A connection that was lost is noticed before it is used, and none is kept for longer than a proxy's patience.
_POOL: Mapping[str, Any] = {"pool_pre_ping": True, "pool_size": 5, "max_overflow": 15, "pool_timeout": 30, "pool_recycle": 1800}
# A value that does not fit is an error, also where the server's settings would cut it to fit.
_STRICT = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
_MYSQL: Mapping[str, Any] = {"charset": "utf8mb4", "connect_timeout": _CONNECT_S, "init_command": _STRICT}


def make_engine(url: URL) -> Engine:
    """Return an engine for an address of `steward.adapters.sql.address`; nothing is opened yet."""
    return _ENGINES[url.get_backend_name()](url)


def make_loading_engine(url: URL) -> Engine:
    """Return an engine whose MariaDB connections may send files, which a server could abuse: for bulk loads alone."""
    if url.get_backend_name() != "mysql":
        return make_engine(url)
    return create_engine(url, connect_args={**_MYSQL, "local_infile": True}, poolclass=NullPool)


def _sqlite(url: URL) -> Engine:
    # A connection is cheap to open; kept ones would stay open in whoever forgets the database.
    engine = create_engine(url, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in (f"busy_timeout={_BUSY_S * 1000}", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        _log_ahead(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that will write takes the lock at once: two that read first and write later
        # would deadlock, and SQLite would refuse one of them without waiting.
        writes = connection.get_execution_options().get("steward_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _log_ahead(connection: Any) -> None:
    """Let readers go on while somebody writes; of many who open a new file at once, each waits for its turn.

    SQLite waits by itself everywhere but here: for this one change it refuses at once.
    """
    give_up = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(_TURN_S)
        else:
            return


def _postgresql(url: URL) -> Engine:
    arguments = {"connect_timeout": _CONNECT_S, "application_name": "steward", **url.query}
    return create_engine(url, connect_args=arguments, isolation_level="READ COMMITTED", **_POOL)


def _mysql(url: URL) -> Engine:
    return create_engine(url, connect_args=dict(_MYSQL), isolation_level="REPEATABLE READ", **_POOL)


_ENGINES: Mapping[str, Callable[[URL], Engine]] = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql}
