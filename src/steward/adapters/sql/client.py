"""How is the database's own client started, so that its password shows in no list of processes?"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from steward.adapters.sql.address import masked, read_address
from steward.core.errors import EnvironmentFault, Fault, UsageError


@dataclass(frozen=True, slots=True)
class Client:
    """A command and what its environment holds besides; the password is only ever there."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def client_of(address: str) -> Client:
    """Return the client for a database, set to read only.

    Raises:
        UsageError: DB-010 the address cannot be read, DB-012 the SQLite file is not there yet.
        EnvironmentFault: DB-013 the client is not installed.
    """
    url = read_address(address)
    client = _CLIENTS[url.get_backend_name()](url)
    if shutil.which(client.command[0]) is None:
        what = f"{client.command[0]} is not installed, which asks {masked(url)}"
        raise EnvironmentFault(Fault("DB-013", what, fix='as root:  make services   (or ask with  steward db sql "SELECT ...")'))
    return client


def _sqlite(url: URL) -> Client:
    if url.database is None or not Path(url.database).is_file():
        raise UsageError(Fault("DB-012", f"{url.database} is not there yet", fix="make it:  steward db init"))
    return Client(("sqlite3", "-readonly", "-header", "-column", url.database))


def _postgresql(url: URL) -> Client:
    # As it is but for the driver, which psql does not know, and the password.
    open_part = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    password = {"PGPASSWORD": url.password} if url.password else {}
    return Client(("psql", masked(open_part)), {**password, "PGOPTIONS": "-c default_transaction_read_only=on"})


def _mysql(url: URL) -> Client:
    program = "mariadb" if shutil.which("mariadb") else "mysql"
    known = {"host": url.host, "port": url.port, "user": url.username}
    options = (f"--{name}={value}" for name, value in known.items() if value is not None)
    command = (program, *options, "--init-command=SET SESSION TRANSACTION READ ONLY", *((url.database,) if url.database else ()))
    return Client(command, {"MYSQL_PWD": url.password} if url.password else {})


_CLIENTS: Mapping[str, Callable[[URL], Client]] = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql}
