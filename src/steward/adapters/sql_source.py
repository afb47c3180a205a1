"""Which rows does a table or a query of somebody's database give? Only read, in one state, and kept as Parquet."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import URL, Connection, Engine, Executable, create_engine, inspect, literal_column, select, table, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from steward.adapters.sql.address import masked, read_address, without_secrets
from steward.adapters.sql.faults import translate
from steward.core.digest import digest_json
from steward.core.errors import EnvironmentFault, Fault, StewardError, UsageError, did_you_mean, unknown_name
from steward.core.progress import Progress, Silent
from steward.data.arriving import arriving
from steward.data.unavailable import NotPublished

MAX_ROWS = 50_000_000
_SILENT = Silent()
_BATCH_ROWS = 50_000
_CONNECT_S, _BUSY_S = 10, 30
_PASSING = ("DB-003", "DB-004")  # the server went away, or somebody else holds a lock


def fetch_query(
    url: str,
    query: str,
    parameters: Mapping[str, object],
    into: Path,
    *,
    max_rows: int = MAX_ROWS,
    progress: Progress = _SILENT,
) -> Path:
    r"""Run a query and return its rows as a Parquet file in the cache; each call asks the database again.

    Args:
        url: sqlite, postgresql or mysql (MariaDB too); nothing is ever written there.
        query: one SELECT; `:name` stands for a parameter, `\:` for a colon. Without ORDER BY a database may give the same
            rows in another order each time.
        parameters: text, numbers, dates and times by name. SQLite, which has no times, gets them as ISO 8601 text, a
            midnight as its date alone, which compares right with either spelling.
        into: the cache folder; each address, query and set of parameters has a folder of its own in it.
        max_rows: more are refused.
        progress: told of the rows that arrive.

    Returns:
        Columns in the query's order: Int64, Float64, Boolean, text, dates, times, Decimal as far as needed (whole ones of
        at most 18 digits are Int64), times with a zone in UTC; a column without a value has the null type.

    Raises:
        UsageError: DATA-094 the query cannot be run, DATA-096 its columns fit no table, DATA-097 too many rows, DB-010 the
            address cannot be read.
        NotPublished: DATA-095 the query gives no rows.
        EnvironmentFault: DB-001 the database cannot be opened, DB-003 it went away, DB-004 it is busy, DB-011 its driver is
            missing, DATA-090 and DATA-091 no room.
    """
    address = _address(url)
    statement = text(query.strip().rstrip(";"))
    wanted = _wanted(statement.compile().params, parameters, address)
    path = into / "sql" / digest_json([masked(address), query, {name: str(value) for name, value in wanted.items()}])[:12]
    return _fetch(address, lambda _: statement, wanted, path / "rows.parquet", max_rows, progress)


def fetch_table(url: str, name: str, into: Path, *, max_rows: int = MAX_ROWS, progress: Progress = _SILENT) -> Path:
    """Return all rows of a table or view, `NAME` or `SCHEMA.NAME`, as a Parquet file in the cache.

    Raises:
        UsageError: DATA-094 there is no such table; else as `fetch_query`.
        NotPublished: DATA-095 it has no rows.
        EnvironmentFault: as `fetch_query`.
    """
    address = _address(url)
    path = into / "sql" / digest_json([masked(address), name])[:12] / "rows.parquet"
    return _fetch(address, lambda connection: _all_of(connection, name), {}, path, max_rows, progress)


def _address(url: str) -> URL:
    try:
        return read_address(url)
    except UsageError as error:  # it would name Steward's own database
        raise UsageError(*(replace(fault, where=("source.sql.connection",)) for fault in error.faults)) from error


def _fetch(
    address: URL,
    ask: Callable[[Connection], Executable],
    parameters: Mapping[str, object],
    path: Path,
    max_rows: int,
    progress: Progress,
) -> Path:
    from steward.adapters.exact_columns import write_unified

    progress.started("query")
    with arriving(path) as beside, TemporaryDirectory(dir=path.parent, prefix=".parts.") as folder:
        with _reading(address) as connection, _told(address):
            streaming = connection.execution_options(stream_results=True, max_row_buffer=_BATCH_ROWS)
            with streaming.execute(ask(connection), parameters) as result:
                parts = _keep(result, Path(folder), address, max_rows, progress)
        write_unified(parts, beside)
    progress.finished("query", f"{path.stat().st_size:,} bytes")
    return path


def _keep(result: Any, folder: Path, address: URL, max_rows: int, progress: Progress) -> list[Path]:
    """Write the rows to Arrow files as they come, so that never more than a batch is in memory."""
    import pyarrow as pa

    from steward.adapters.exact_columns import to_batch

    names = _names(result, address)
    parts: list[Path] = []
    done = 0
    for rows in result.partitions(_BATCH_ROWS):
        done += len(rows)
        if done > max_rows:
            what = f"the query gives more than {max_rows:,} rows"
            raise UsageError(Fault("DATA-097", what, (masked(address),), fix="narrow it, for example by :start and :end"))
        batch = to_batch(names, rows)
        parts.append(folder / f"{len(parts)}.arrow")
        with pa.OSFile(str(parts[-1]), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
            writer.write_batch(batch)
        progress.advanced("query", done, None)
    if not parts:
        what = "the query gives no rows"
        raise NotPublished(
            Fault("DATA-095", what, (masked(address),), fix="check the period, and the query in the database's own client")
        )
    return parts


def _names(result: Any, address: URL) -> list[str]:
    if not result.returns_rows:
        raise UsageError(Fault("DATA-094", "the query gives no table", (masked(address),), fix="write a SELECT"))
    names = list(result.keys())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        what = f"the query gives two columns called {twice[0]!r}"
        raise UsageError(Fault("DATA-096", what, (masked(address),), fix=f"rename one:  ... AS {twice[0]}_2"))
    return names


def _wanted(names: Mapping[str, Any], parameters: Mapping[str, object], address: URL) -> dict[str, object]:
    for name in names:
        if name not in parameters:
            what = f"the query names :{name}, which is no parameter"
            fix = f"{did_you_mean(name, parameters)}  (a colon that is meant as such is written \\:)"
            raise UsageError(Fault("DATA-094", what, ("source.sql.query",), fix=fix))
    if address.get_backend_name() != "sqlite":
        return {name: parameters[name] for name in names}
    return {name: _as_text(parameters[name]) for name in names}


def _as_text(value: object) -> object:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.replace(tzinfo=None).isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else value


def _all_of(connection: Connection, name: str) -> Executable:
    schema, _, plain = name.rpartition(".")
    inspector = inspect(connection)
    known = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
    if plain not in known:
        raise unknown_name("table", plain, known, code="DATA-094", where=(masked(connection.engine.url),))
    return select(literal_column("*")).select_from(table(plain, schema=schema or None))


@contextmanager
def _reading(address: URL) -> Iterator[Connection]:
    """Give a connection that cannot write; ended, not drained, when the work breaks off."""
    engine = _engine(address)
    try:
        connection = engine.connect()
    except DBAPIError as error:
        why, fix = (
            without_secrets(str(error.orig), address),
            "check that the server runs, the database exists, user and password are right",
        )
        raise EnvironmentFault(Fault("DB-001", f"the database {masked(address)} cannot be opened", why=why, fix=fix)) from error
    try:
        for statement in _READ_ONLY[address.get_backend_name()]:
            connection.exec_driver_sql(statement)
        connection.commit()  # taken back, PostgreSQL would forget them
        yield connection.execution_options(**({"postgresql_readonly": True} if address.get_backend_name() == "postgresql" else {}))
    except BaseException:
        if address.get_backend_name() == "mysql":
            connection.invalidate()  # closing would first fetch all that the server still has to say
        raise
    finally:
        connection.close()
        engine.dispose()


# The rows do not depend on this machine's zone, and a statement that would write is refused by the server itself.
_READ_ONLY: Mapping[str, tuple[str, ...]] = {
    "sqlite": ("PRAGMA query_only = ON",),
    "postgresql": ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET SESSION TIME ZONE 'UTC'"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION time_zone = '+00:00'"),
}


def _engine(address: URL) -> Engine:
    if address.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=lambda: _open_sqlite(address), poolclass=NullPool)
    more = {"charset": "utf8mb4"} if address.get_backend_name() == "mysql" else {"application_name": "steward"}
    return create_engine(address, poolclass=NullPool, connect_args={"connect_timeout": _CONNECT_S, **more, **address.query})


def _open_sqlite(address: URL) -> sqlite3.Connection:
    path = Path(address.database or "").absolute()
    if not path.is_file():  # SQLite's own message names no file
        raise sqlite3.OperationalError(f"there is no file {path}")
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)


@contextmanager
def _told(address: URL) -> Iterator[None]:
    """Give a driver's errors their meaning: the server's absence may pass, all else is the query's own fault."""
    try:
        yield
    except DBAPIError as error:
        told = translate(error, address)
        if told is not None and told.faults[0].code in _PASSING:
            raise told from error
        raise _wrong(address, str(error.orig)) from error
    except StewardError:
        raise
    except (SQLAlchemyError, ValueError, OverflowError) as error:  # a driver that cannot read a value it was sent
        raise _wrong(address, str(error)) from error


def _wrong(address: URL, why: str) -> UsageError:
    why = " ".join(without_secrets(why, address).split())[:500]
    fix = "mend the query under source.sql; try it in the database's own client first"
    return UsageError(Fault("DATA-094", "the database cannot run the query", (masked(address),), why, fix))
