"""Which database does an address mean, through which driver, and how is it shown without its password?"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from steward.core.errors import EnvironmentFault, Fault, UsageError

_SECRET_WORDS = ("password", "passwd", "secret", "token")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of database: what people call it, its driver's name for SQLAlchemy, its package, Steward's extra."""

    called: str
    driver: str
    package: str
    extra: str


_POSTGRESQL = _Kind("PostgreSQL", "postgresql+psycopg", "psycopg", "postgres")
_MYSQL = _Kind("MySQL or MariaDB", "mysql+pymysql", "pymysql", "mysql")
# What people write before the colon, also with a driver of their own behind a plus.
_KINDS: Mapping[str, _Kind] = {
    "sqlite": _Kind("SQLite", "sqlite", "sqlite3", ""),
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}


def read_address(text: str) -> URL:
    """Return a database's address with the driver that Steward uses.

    Raises:
        UsageError: DB-010 it is no address, or of a database nobody here speaks with.
        EnvironmentFault: DB-011 the driver is not installed.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    kind = _KINDS.get(url.get_backend_name().casefold()) if url is not None else None
    if url is None or kind is None:
        # The text is not repeated: it may hold a password.
        what = "the database's address cannot be read"
        fix = "write  sqlite:///FILE  or  postgresql://USER:PASSWORD@HOST/NAME  or  mysql://USER:PASSWORD@HOST/NAME"
        why = "it begins with none of sqlite:, postgresql:, mysql:, mariadb:, or a sign in it needs %-escaping"
        raise UsageError(Fault("DB-010", what, ("STEWARD_DATABASE_URL",), why, fix))
    if find_spec(kind.package) is None:
        what = f"{kind.called} needs the package {kind.package}, which is not installed"
        raise EnvironmentFault(Fault("DB-011", what, fix=f"pip install 'steward[{kind.extra}]'"))
    return url.set(drivername=kind.driver)


def masked(url: URL) -> str:
    """Return an address for people: without the password, wherever in it that stands."""
    query = {name: "***" if any(word in name.casefold() for word in _SECRET_WORDS) else value for name, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=True)


def without_secrets(text: str, url: URL) -> str:
    """Return a driver's message with the address's password blotted out, should it ever repeat it."""
    return text.replace(url.password, "***") if url.password else text
