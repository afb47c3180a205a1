"""How is a question in SQL answered without a chance of changing anything?"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from steward.adapters.sql.database import Database
from steward.adapters.sql.driver import driver_of
from steward.core.errors import Fault, Refused, UsageError
from steward.data.tables import Answer

_QUESTIONS = ("select", "with", "values", "table", "show", "explain", "describe", "desc")
_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\()*", re.DOTALL)


def ask(database: Database, sql: str, *, limit: int) -> Answer:
    """Answer one question; the database itself refuses whatever would change it.

    Raises:
        Refused: DB-030 it is no question.
        UsageError: DB-031 the database does not understand it.
    """
    first = re.match(r"[a-z]*", sql[_end_of_comments(sql) :].casefold())
    if first is None or first[0] not in _QUESTIONS:
        fix = "begin with SELECT or WITH;  make db-shell  opens the database's own client"
        raise Refused(Fault("DB-030", "only questions are answered here", why="nothing may be changed this way", fix=fix))
    with database.read() as connection:
        try:
            return _answer(connection, sql, limit)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            why = " ".join(str(part) for part in (error.orig or error).args)
            raise UsageError(Fault("DB-031", "the question was not answered", (sql,), why, "see  steward db tables")) from error


def _end_of_comments(sql: str) -> int:
    found = _COMMENTS.match(sql)
    return found.end() if found else 0


def _answer(connection: Connection, sql: str, limit: int) -> Answer:
    with driver_of(connection, sql) as driver:
        cursor = driver.cursor()
        try:
            _ASK[connection.dialect.name](cursor, sql)
            columns = tuple(str(column[0]) for column in cursor.description or ())
            rows = tuple(tuple(row) for row in cursor.fetchmany(limit + 1)) if columns else ()
        finally:
            cursor.close()
    return Answer(columns, rows[:limit], len(rows) > limit)


def _ask_sqlite(cursor: Any, sql: str) -> None:
    cursor.execute("PRAGMA query_only = ON")  # this connection is closed after the answer
    cursor.execute(sql)


def _ask_postgresql(cursor: Any, sql: str) -> None:
    # The transaction is one that reads. Prepared, the text can only be one statement and cannot end it.
    cursor.execute(sql, prepare=True)


def _ask_mysql(cursor: Any, sql: str) -> None:
    cursor.execute("START TRANSACTION READ ONLY")  # the driver sends one statement at a time, so the text cannot end it
    cursor.execute(sql)


_ASK: Mapping[str, Callable[[Any, str], None]] = {"sqlite": _ask_sqlite, "postgresql": _ask_postgresql, "mysql": _ask_mysql}
