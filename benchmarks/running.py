"""How long does a server take to be ready, how much memory has it, and what does it answer?

A server and all the processes it starts are one session: what is measured is the session, and nothing of it is left at the end.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PATIENCE_S = 90
SILENT = {"STEWARD_OFFLINE": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "True"}
"""No server tells anybody that it runs."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Server:
    """How a server is started and asked; `{port}` in a command or variable is the port, `{other}` and `{third}` are free ones."""

    name: str
    command: Sequence[str | Path]
    ready: str
    paths: tuple[str, str]
    """Where one row is asked, and where many are."""
    body: Callable[[Sequence[Row]], object]
    answers: Callable[[Any], Sequence[float]]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers, on which port, and how many seconds after its start it did."""

    server: Server
    port: int
    ready_s: float
    process: subprocess.Popen[bytes]

    def url(self, rows: int) -> str:
        """Return where some rows are asked."""
        return f"http://127.0.0.1:{self.port}{self.server.paths[rows > 1]}"

    def body(self, rows: Sequence[Row]) -> str:
        """Return what asks about some rows."""
        return json.dumps(self.server.body(rows))

    def answer(self, rows: Sequence[Row]) -> Sequence[float]:
        """Ask once."""
        request = Request(self.url(len(rows)), self.body(rows).encode(), {"Content-Type": "application/json"})
        with urlopen(request) as told:
            return self.server.answers(json.load(told))

    def memory_mb(self) -> float:
        """Return the resident memory of all its processes, shared pages counted in each."""
        pages = sum(resident for session, resident in _processes() if session == self.process.pid)
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


class CannotStart(Exception):  # noqa: N818 - a fact that is printed, not an error of ours
    """A server that did not come up, and why."""


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return this process's variables and more; compiled modules are kept, as a start is the second one of an installation."""
    return {**{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}, **SILENT, **more}


@contextmanager
def running(server: Server, log: Path) -> Iterator[Running]:
    """Start a server on a free port and yield it once it is ready; at the end all its processes are gone.

    Raises:
        CannotStart: it ended, or was not ready in `PATIENCE_S`; the end of what it wrote says why.
    """
    ports = _free_ports(3)
    named = {"port": str(ports[0]), "other": str(ports[1]), "third": str(ports[2])}
    command = [str(part).format_map(named) for part in server.command]
    path = f"{Path(command[0]).parent}:{os.environ['PATH']}"
    env = environment({"PATH": path} | {name: value.format_map(named) for name, value in server.env.items()})
    began = time.perf_counter()
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=env, cwd=server.folder, stdout=said, stderr=said, start_new_session=True)
    try:
        _until_ready(process, f"http://127.0.0.1:{ports[0]}{server.ready}", log)
        yield Running(server, ports[0], time.perf_counter() - began, process)
    finally:
        _end(process)


def _until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until and process.poll() is None:
        try:
            with urlopen(url):
                return
        except HTTPError as not_yet:
            not_yet.close()
        except OSError:
            pass
        time.sleep(0.02)
    last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
    raise CannotStart(last if process.poll() is not None else f"not ready in {PATIENCE_S} s: {last}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _processes() -> Iterator[tuple[int, int]]:
    """Yield the session and the resident pages of each process."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            session = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
            yield session, int((folder / "statm").read_text().split()[1])
        except (OSError, ValueError):
            continue
