"""What is each database's own fast way to take many rows?"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER
from typing import Any, TypeVar

import polars as pl
import polars.selectors as cs
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from steward.adapters.sql.driver import driver_of, quoted
from steward.core.errors import EnvironmentFault, Fault

T = TypeVar("T")

_SLICE = 1 << 14  # rows that are turned into text at a time
_FILE_SLICE = 1 << 18  # rows that a file for MariaDB holds
_AT_ONCE = 100  # rows that one statement of SQLite takes; more save nothing
_CACHE_KB = 65536
_NAN = float("nan")
_PLAIN: Mapping[str, Any] = {"include_header": False, "datetime_format": "%Y-%m-%d %H:%M:%S%.6f"}
# What means something else in PostgreSQL's text form. In its CSV form a line of only \. would end the rows, quoted or not.
_SPECIAL = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_NO_LOCAL_FILES = frozenset({1148, 3948, 4166})


def insert_rows(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    """Write storable rows inside the connection's transaction; their columns are columns of the table, by name.

    Raises:
        DBAPIError: the database did not take them; nothing is left of them when the transaction ends.
        EnvironmentFault: DB-024 it took them otherwise than they are.
    """
    if frame.height:
        _INSERTS[connection.dialect.name](connection, table, frame)


def _into_postgresql(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    copy = f"COPY {quoted(connection, table.name)} ({_columns(connection, frame)}) FROM STDIN"
    with driver_of(connection, copy) as driver, driver.cursor() as cursor, cursor.copy(copy) as stream:
        for text in _one_ahead(_tabbed, frame.iter_slices(_SLICE)):
            stream.write(text)


def _tabbed(frame: pl.DataFrame) -> str:
    text: str = _escaped(frame).write_csv(separator="\t", null_value="\\N", quote_style="never", **_PLAIN)
    return text


def _escaped(frame: pl.DataFrame) -> pl.DataFrame:
    texts = frame.select(cs.string())
    if not texts.width:
        return frame
    odd = texts.select(pl.all().str.contains_any(list(_SPECIAL)).any()).row(0, named=True)
    return frame.with_columns(pl.col(name).str.replace_many(_SPECIAL) for name, found in odd.items() if found)


def _into_mysql(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    with tempfile.TemporaryDirectory(prefix="steward-") as folder:
        files = (Path(folder) / f"{number}.csv" for number in count())
        for some, path in _one_ahead(lambda some: (some, _quoted_csv(some, next(files))), frame.iter_slices(_FILE_SLICE)):
            try:
                _load_file(connection, table, some, path)
            except DBAPIError as error:
                if error.orig is None or error.orig.args[0] not in _NO_LOCAL_FILES:
                    raise
                connection.execute(table.insert(), some.to_dicts())  # slow, but every server takes it
            path.unlink()


def _quoted_csv(frame: pl.DataFrame, path: Path) -> Path:
    # A bare NULL is an empty cell; the word itself stands in quotes, as all text does.
    plain = frame.with_columns(cs.boolean().cast(pl.Int8))
    plain.write_csv(path, quote_style="non_numeric", null_value="NULL", **_PLAIN)
    return path


def _load_file(connection: Connection, table: Table, frame: pl.DataFrame, path: Path) -> None:
    form = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY '\\n'"
    into = f"INTO TABLE {quoted(connection, table.name)} CHARACTER SET utf8mb4 {form} ({_columns(connection, frame)})"
    load = f"LOAD DATA LOCAL INFILE '{path}' {into}"
    with driver_of(connection, load) as driver, driver.cursor() as cursor:
        taken = cursor.execute(load)
        cursor.execute("SHOW WARNINGS LIMIT 1")
        warning = cursor.fetchone()
    # What is an error in an INSERT is only a warning here.
    if warning is not None or taken != frame.height:
        why = str(warning[2]) if warning is not None else f"{taken} of {frame.height} rows arrived"
        raise EnvironmentFault(Fault("DB-024", "the server did not take all rows as they are", why=why, fix="mend the value"))


def _into_sqlite(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    filled = frame.select(pl.col(name) for name in frame.columns if frame[name].null_count() < frame.height)
    rows = filled if filled.width else frame.select(pl.first())
    head = f"INSERT INTO {quoted(connection, table.name)} ({_columns(connection, rows)}) VALUES "  # noqa: S608 - names are quoted
    one = f"({', '.join('?' * rows.width)})"
    with driver_of(connection, head) as driver:
        driver.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        many = max(1, min(_AT_ONCE, driver.getlimit(SQLITE_LIMIT_VARIABLE_NUMBER) // rows.width))
        for some in _one_ahead(_with_texts, rows.iter_slices(_SLICE)):
            values, whole = _row_by_row(some), some.height // many * many * some.width
            step = many * some.width
            driver.executemany(head + ", ".join([one] * many), (values[at : at + step] for at in range(0, whole, step)))
            driver.executemany(head + one, (values[at : at + some.width] for at in range(whole, len(values), some.width)))


def _with_texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(cs.temporal().cast(pl.String), cs.boolean().cast(pl.Int64))


def _row_by_row(frame: pl.DataFrame) -> list[Any]:
    """Return all cells, one row after the other, put there a column at a time."""
    cells: list[Any] = [None] * (frame.height * frame.width)
    for index, column in enumerate(frame.get_columns()):
        cells[index :: frame.width] = _cells(column)
    return cells


def _cells(column: pl.Series) -> list[Any]:
    """Return a column as SQLite takes it; NaN arrives as an empty cell, and Python hands it over ten times as fast as None."""
    if column.dtype.is_float():
        return list(column.fill_null(_NAN).to_numpy().tolist())
    plain = (
        column.cast(pl.Int64) if column.dtype == pl.Boolean else column.cast(pl.String) if column.dtype.is_temporal() else column
    )
    values = plain.to_list()
    return [_NAN if value is None else value for value in values] if column.null_count() else values


def _one_ahead(make: Callable[[pl.DataFrame], T], slices: Iterable[pl.DataFrame]) -> Iterator[T]:
    """Make something of each slice while the one before it is on its way to the database."""
    with ThreadPoolExecutor(1) as pool:
        made: list[Future[T]] = []
        for some in slices:
            made.append(pool.submit(make, some))
            if len(made) > 1:
                yield made.pop(0).result()
        for last in made:
            yield last.result()


def _columns(connection: Connection, frame: pl.DataFrame) -> str:
    return ", ".join(quoted(connection, name) for name in frame.columns)


_INSERTS: Mapping[str, Callable[[Connection, Table, pl.DataFrame], None]] = {
    "postgresql": _into_postgresql,
    "mysql": _into_mysql,
    "sqlite": _into_sqlite,
}
