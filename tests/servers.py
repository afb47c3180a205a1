"""Real database servers for the tests: throw-away, on a free port of this machine, started when a test asks for them.

Each lives in a folder of its own under the system's temporary folder, because the server's user must be able to enter it.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

PASSWORD = "s3cret:/@pass"
_QUOTED = "s3cret%3A%2F%40pass"
_READY_S = 60


@dataclass(slots=True)
class Server:
    """A server that can be stopped, killed and started again on the same data folder."""

    folder: Path
    port: int
    command: Sequence[str]
    ready: Sequence[str]
    stop_by: signal.Signals
    scheme: str
    user: str
    run_sql: Sequence[str]
    environ: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._launch()
        give_up = time.monotonic() + _READY_S
        while subprocess.run(self.ready, capture_output=True, env=self.environ, check=False).returncode:
            if time.monotonic() > give_up:
                raise RuntimeError(f"{self.command[0]} does not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            if self.process is None or self.process.poll() is not None:
                self._launch()  # what a killed one left running may still hold the folder for a moment
            time.sleep(0.05)

    def _launch(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.environ)

    def stop(self) -> None:
        """Stop it in order."""
        self._end(self.stop_by)

    def kill(self) -> None:
        """End it as a power cut would, with the processes it has started: PostgreSQL's would finish what they are at."""
        children = [] if self.process is None else _children(self.process.pid)
        self._end(signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def sql(self, statement: str) -> None:
        """Run one statement as the server's own superuser."""
        subprocess.run([*self.run_sql, statement], capture_output=True, env=self.environ, check=True)

    def url(self, database: str, *, password: str = _QUOTED) -> str:
        """Return the address of a database on it."""
        return f"{self.scheme}://{self.user}:{password}@127.0.0.1:{self.port}/{database}"

    def _end(self, by: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(by)
            self.process.wait(_READY_S)


def _children(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _need(program: str, *places: str) -> str:
    """Return the full path of a program; skip without it, but fail in CI, where it was to be installed."""
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *places]))
    if found is None:
        reason = f"{program} is not installed; as root:  make services"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _postgresql_places() -> list[str]:
    return [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]


@contextmanager
def _folder(owner: str) -> Iterator[tuple[Path, list[str]]]:
    """Give a folder its server may enter, and the words that run a command as the server's user."""
    folder = Path(tempfile.mkdtemp(prefix="steward-test-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # these servers refuse to run as root
        shutil.chown(folder, owner, owner)
        as_user = [_need("setpriv"), f"--reuid={owner}", f"--regid={owner}", "--init-groups"]
    try:
        yield folder, as_user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def start_postgresql() -> Iterator[Server]:
    places = _postgresql_places()
    initdb, postgres = _need("initdb", *places), _need("postgres", *places)
    ready, psql = _need("pg_isready", *places), _need("psql", *places)
    with _folder("postgres") as (folder, as_user):
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        make = [initdb, "-D", str(folder / "data"), "-U", "postgres", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"]
        words = [*as_user, *make, "--locale=C.UTF-8", f"--pwfile={folder / 'password'}"]
        subprocess.run(words, check=True, capture_output=True, cwd="/")
        port = free_port()
        at = ["-h", "127.0.0.1", "-p", str(port)]
        # Fast and still right after a killed server; only a machine that loses power would lose data.
        fast = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=60"]
        command = [*as_user, postgres, "-D", str(folder / "data"), *at, "-k", str(folder), *fast]
        environ = {**os.environ, "PGPASSWORD": PASSWORD}
        asked = [psql, *at, "-U", "postgres", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c"]
        yield from _started(
            Server(folder, port, command, [ready, "-q", *at], signal.SIGINT, "postgresql", "postgres", asked, environ)
        )


@contextmanager
def start_mariadb() -> Iterator[Server]:
    install, mariadbd = _need("mariadb-install-db"), _need("mariadbd")
    admin, client = _need("mariadb-admin"), _need("mariadb")
    with _folder("mysql") as (folder, _):
        user = ["--user=mysql"] if os.geteuid() == 0 else []
        data = f"--datadir={folder / 'data'}"
        words = [install, "--no-defaults", *user, data, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(words, check=True, capture_output=True, cwd="/")
        port, at = free_port(), [f"--socket={folder / 's.sock'}", "-uroot"]
        net = [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve", f"--pid-file={folder / 'pid'}"]
        fast = ["--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=128M", "--innodb-log-file-size=96M"]
        command = [mariadbd, "--no-defaults", *user, data, at[0], *net, *fast]
        ready = [admin, "--no-defaults", *at, "ping"]
        asked = [client, "--no-defaults", *at, "-e"]
        server = Server(folder, port, command, ready, signal.SIGTERM, "mariadb", "steward", asked, dict(os.environ))
        for started in _started(server):
            started.sql(f"CREATE USER 'steward'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO 'steward'@'127.0.0.1'")
            yield started


def _started(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with start_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    with start_mariadb() as server:
        yield server


DATABASES = ("sqlite", "postgresql", "mariadb")


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """A function that makes an empty database of a kind and returns its address; all are dropped at the end."""
    made: list[tuple[Server, str]] = []

    def make(kind: str) -> str:
        name = f"t{uuid4().hex[:12]}"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        server: Server = request.getfixturevalue(kind)
        server.sql(f"CREATE DATABASE {name}")
        made.append((server, name))
        return server.url(name)

    yield make
    for server, name in made:
        server.sql(f"DROP DATABASE {name}{' WITH (FORCE)' if server.scheme == 'postgresql' else ''}")


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """The address of an empty database, once of each kind."""
    return new_database(request.param)
