"""Which programs does the demonstration start, and how do they end? Prometheus and Alertmanager with the files beside this one.

Only addresses and intervals are changed, so that what the demonstration shows is what these files do.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

OPS = Path(__file__).parent
PATIENCE_S = 120.0
_END_S = 20.0


@dataclass
class Webhook:
    """What was received, and what of it carried no token, or another one."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    received: list[Mapping[str, Any]] = field(default_factory=list)
    refused: int = 0
    port: int = 0

    def alerts(self, status: str) -> list[Mapping[str, Any]]:
        """Return all alerts of one status, `firing` or `resolved`, as Alertmanager told them."""
        return [alert for message in tuple(self.received) for alert in message["alerts"] if alert["status"] == status]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Listen on a free port of loopback for what Alertmanager sends."""
    heard = Webhook()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            known = secrets.compare_digest(self.headers.get("authorization", ""), f"Bearer {heard.token}")
            if known:
                heard.received.append(json.loads(body))
            else:
                heard.refused += 1
            self.send_response(200 if known else 401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: what came in is told by the demonstration."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    heard.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def alertmanager(folder: Path, heard: Webhook) -> Iterator[str]:
    """Start Alertmanager, which tells the webhook, and yield its address."""
    settings = yaml.safe_load((OPS / "alertmanager" / "alertmanager.yml").read_text())
    settings["route"].update(group_wait="0s", group_interval="1s")
    token = folder / "webhook.token"
    token.write_text(heard.token)
    hook = settings["receivers"][0]["webhook_configs"][0]
    hook["url"] = f"http://127.0.0.1:{heard.port}/alerts"
    hook["http_config"]["authorization"]["credentials_file"] = str(token)
    path, port = folder / "alertmanager.yml", free_port()
    path.write_text(yaml.safe_dump(settings))
    program = find_program("prometheus-alertmanager", "alertmanager")
    options = [f"--config.file={path}", f"--storage.path={folder / 'alertmanager'}", f"--web.listen-address=127.0.0.1:{port}"]
    with running([program, *options, "--cluster.listen-address="], folder / "alertmanager.log"):
        yield ready(f"http://127.0.0.1:{port}")


@contextmanager
def prometheus(folder: Path, server: str, alerts: str) -> Iterator[str]:
    """Start Prometheus, which reads the server every second and tells Alertmanager, and yield its address."""
    settings = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    settings["rule_files"] = [str(OPS / "prometheus" / "rules.yml")]
    settings["scrape_configs"][0]["static_configs"][0]["targets"] = [server.removeprefix("http://")]
    settings["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [alerts.removeprefix("http://")]
    path, port = folder / "prometheus.yml", free_port()
    path.write_text(yaml.safe_dump(settings))
    data, listen = f"--storage.tsdb.path={folder / 'prometheus'}", f"--web.listen-address=127.0.0.1:{port}"
    command = [find_program("prometheus"), f"--config.file={path}", data, listen, "--log.level=warn"]
    with running(command, folder / "prometheus.log"):
        yield ready(f"http://127.0.0.1:{port}")


@contextmanager
def running(command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as it is needed; SIGTERM ends it, and SIGKILL if that does not."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environ, process_group=0)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def find_program(*names: str) -> str:
    """Return the path of the first of some programs that is installed, or end with what to do."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    found = next(filter(None, (shutil.which(name, path=places) for name in names)), None)
    if found is None:
        sys.exit(f"{names[0]} is not installed; as root:  make services")
    return found


def ready(address: str) -> str:
    """Return the address once its server says that it is ready."""
    until(f"{address} to be ready", lambda: _answers(f"{address}/-/ready"), every_s=0.05)
    return address


def until(what: str, holds: Callable[[], Any], *, every_s: float = 0.2) -> Any:
    """Look again and again until something holds, and return it; end the demonstration where it does not come."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if found := holds():
            return found
        time.sleep(every_s)
    sys.exit(f"waited {PATIENCE_S:.0f} s in vain for {what}")


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
