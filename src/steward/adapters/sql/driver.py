"""How is a driver used by itself, where SQLAlchemy has no way to say it?"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_QUOTES = {"mysql": "`"}


@contextmanager
def driver_of(connection: Connection, statement: str) -> Iterator[Any]:
    """Give the driver's own connection; its errors leave in the shape that SQLAlchemy's have."""
    driver, dialect = connection.connection.driver_connection, connection.dialect
    errors = dialect.loaded_dbapi.Error
    try:
        yield driver
    except errors as error:
        lost = dialect.is_disconnect(error, driver, None)
        if lost:
            connection.invalidate(error)
        told = DBAPIError.instance(statement, None, error, errors, connection_invalidated=lost, dialect=dialect)
        raise told from error


def quoted(connection: Connection, name: str) -> str:
    """Return a name for a statement that goes to the driver as it is; SQLAlchemy's own quoting doubles percent signs."""
    sign = _QUOTES.get(connection.dialect.name, '"')
    return f"{sign}{name.replace(sign, sign * 2)}{sign}"
