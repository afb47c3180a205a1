"""How does the server start: the log, the follower, the application, and uvicorn around it?"""

import os
import socket
from collections.abc import Callable, Sequence

from steward.apps.api.app import create_app
from steward.apps.api.door import Rules
from steward.apps.api.listening import names_of, request_log, ring_for
from steward.apps.api.shipping import log_keeper, outcome_desk
from steward.core.errors import EnvironmentFault, Fault
from steward.flows.earlier import explain_earlier
from steward.flows.log import open_log, open_outcome_log
from steward.flows.looks import looks
from steward.flows.ports import Ports
from steward.flows.serve import ChampionFollower
from steward.project.read import Project
from steward.serving.service import Service


def run_server(
    project: Project,
    ports: Ports,
    host: str,
    port: int,
    announce: Callable[[str], None],
    *,
    names: Sequence[str] = (),
    requests: str | None = None,
) -> None:
    """Serve the champion until interrupted; `announce` is told the address once the port is taken.

    Args:
        project: whose champion answers.
        ports: the outside world.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        announce: told the address.
        names: names the server answers to beside its address; see `steward.apps.api.listening`.
        requests: file for a line a request, ``-`` for stderr; in the workspace by default.

    Raises:
        Refused: SERVE-002 the address can be reached from elsewhere, and there is no key.
        UsageError: SERVE-064 one of `names` cannot be one.
        EnvironmentFault: SERVE-001 the port cannot be used, SERVE-090 the key of the log's hashes cannot be read.
    """
    import uvicorn

    ring, hosts = ring_for(host, ports.keys, ports.clock), names_of(host, names)
    listening = _listen(host, port)
    worker = f"{os.getpid()}"
    log, outcome_log = open_log(project, ports, worker), open_outcome_log(project, ports, worker)
    keeper = log_keeper(project, ports, (log, outcome_log))
    follower = ChampionFollower(project, ports, worker)
    service = Service(follower.load_current(), log, ports.clock)
    tell = request_log(requests, ports.workspace.logs, f"{project.spec.name}-{listening.getsockname()[1]}")
    app = create_app(
        service,
        follower.load_current,
        door=Rules(ring, hosts, tell),
        looks=looks(project.spec.name, ports),
        earlier=explain_earlier(project, ports, service),
        desk=outcome_desk(project, ports, outcome_log, keeper),
        keeper=keeper,
    )
    announce(f"http://{host}:{listening.getsockname()[1]}")
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5, server_header=False, proxy_headers=False)
    )
    try:
        server.run(sockets=[listening])
    finally:
        log.close()
        outcome_log.close()


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
