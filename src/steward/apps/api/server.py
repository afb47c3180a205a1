"""How does the server start: the log, the follower, the application, and uvicorn around it?"""

import os
import socket
from collections.abc import Callable

from steward.apps.api.app import create_app
from steward.core.errors import EnvironmentFault, Fault, Refused
from steward.flows.ports import Ports
from steward.flows.serve import ChampionFollower
from steward.project.read import Project
from steward.serving.log import SegmentLog
from steward.serving.service import Service

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def run_server(project: Project, ports: Ports, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve the champion until interrupted; `announce` is told the address once the port is taken.

    Raises:
        Refused: SERVE-002 the address can be reached from elsewhere.
        EnvironmentFault: SERVE-001 the port cannot be used.
    """
    import uvicorn

    _refuse_beyond_loopback(host)
    listening = _listen(host, port)
    worker = f"{os.getpid()}"
    log = SegmentLog(ports.workspace.predictions / project.spec.name, worker)
    follower = ChampionFollower(project, ports, worker)
    service = Service(follower.load_current(), log, ports.clock)
    app = create_app(service, follower.load_current)
    announce(f"http://{host}:{listening.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5, server_header=False))
    try:
        server.run(sockets=[listening])
    finally:
        log.close()


def _refuse_beyond_loopback(host: str) -> None:
    if host not in LOOPBACK:
        fix = "put a proxy with authentication in front, and let it speak to 127.0.0.1"
        why = "anybody who reaches it could ask for predictions: access keys are not there yet"
        raise Refused(Fault("SERVE-002", f"refusing to listen on {host}", why=why, fix=fix))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        fix = f"stop what uses it, or take another:  --port {port + 1}   (--port 0 takes a free one)"
        raise EnvironmentFault(Fault("SERVE-001", f"port {port} on {host} cannot be used", why=str(error), fix=fix)) from error
    return listening
