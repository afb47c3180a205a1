"""What does a driver's error mean to the caller: try again, wait for the server, or mend a value?"""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, InternalError, OperationalError

from steward.adapters.sql.address import masked, without_secrets
from steward.core.errors import EnvironmentFault, Fault, StewardError, UsageError

P = ParamSpec("P")
R = TypeVar("R")

_TRIES = 5
_FIRST_WAIT_S = 0.02
# Another transaction was in the way and this one was taken back as a whole: doing it again is right.
# SQLSTATE of PostgreSQL: serialisation failure, deadlock. Numbers of MariaDB and MySQL: lock wait, deadlock, changed record.
_CLASHES = frozenset({"40001", "40P01", 1205, 1213, 1020})
_AWAY = frozenset({"57P01", "57P02", "57P03", 1040, 1053, 1927, 2002, 2003, 2006, 2013})
_BUSY = ("locked", "busy")
_READ_ONLY = "readonly"  # SQLite's word


class Clash(EnvironmentFault):
    """A transaction lost against another one and left nothing; the same again may well succeed."""


def retried(work: Callable[P, R]) -> Callable[P, R]:
    """Do some work again, up to five times in all, when its transaction was taken back for the sake of another."""

    @wraps(work)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(_TRIES - 1):
            try:
                return work(*args, **kwargs)
            except Clash:
                # Whoever waits a random while does not meet the same other one again.
                time.sleep(random.uniform(0, _FIRST_WAIT_S * 2**attempt))  # noqa: S311 - no secret
        return work(*args, **kwargs)

    return again


def translate(error: DBAPIError, url: URL) -> StewardError | None:
    """Return what a driver's error is to a caller; None where it is a mistake in the statement itself."""
    sign, why, where = _sign(error), _why(error, url), (masked(url),)
    again = "try again; what was not finished left nothing behind"
    if sign in _CLASHES:
        what = "the database was busy with the same rows and took this change back"
        return Clash(Fault("DB-004", what, where, why, again))
    if _is_away(error, sign):
        fix = "start the server or check the network, then give the same command again; nothing was half done"
        return EnvironmentFault(Fault("DB-003", "the database server does not answer", where, why, fix))
    if isinstance(error, DataError):
        return UsageError(Fault("DB-005", "the database does not take a value", where, why, "shorten or mend the value"))
    if isinstance(error, OperationalError | InternalError | InterfaceError):
        if any(word in why for word in _BUSY):
            return EnvironmentFault(Fault("DB-004", "the database is busy with somebody else's change", where, why, again))
        what = "make the database's file and its folder writable" if _READ_ONLY in why else "mend what the reason names"
        fix = f"{what}, then give the same command again; nothing was half done"
        return EnvironmentFault(Fault("DB-006", "the database could not do it", where, why, fix))
    return None


def _sign(error: DBAPIError) -> str | int | None:
    """Return the driver's own number of an error: SQLSTATE of psycopg, the number of PyMySQL, None of SQLite."""
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        return state
    first = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return first if isinstance(first, int) else None


def _is_away(error: DBAPIError, sign: str | int | None) -> bool:
    if error.connection_invalidated or sign in _AWAY:
        return True
    # What a PostgreSQL server says has a sign; without one, psycopg could not speak with it.
    silent = sign is None and hasattr(error.orig, "sqlstate") and isinstance(error, OperationalError)
    return silent or (isinstance(sign, str) and sign.startswith("08"))


def _why(error: DBAPIError, url: URL) -> str:
    cause = error.orig if error.orig is not None else error
    parts = [str(part) for part in cause.args if not isinstance(part, int)] or [str(cause)]
    return without_secrets(" ".join(" ".join(parts).split()), url)
