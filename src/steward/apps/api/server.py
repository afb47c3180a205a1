"""How does the server start: the log, the follower, the application, and uvicorn around it?"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import NoReturn

from steward.apps.api.app import create_app
from steward.apps.api.crew import Crew
from steward.apps.api.door import Rules
from steward.apps.api.listening import names_of, request_log, ring_for
from steward.apps.api.once_shared import OnceShared
from steward.apps.api.orders import open_beside
from steward.apps.api.shipping import log_keeper, outcome_desk
from steward.apps.api.window_reader import window_reader
from steward.core.errors import EnvironmentFault, Fault
from steward.flows.earlier import explain_earlier
from steward.flows.log import open_log, open_outcome_log, open_shadow_log
from steward.flows.looks import looks
from steward.flows.ports import Ports
from steward.flows.serve import ChampionFollower
from steward.models.lean import load_lightgbm_alone
from steward.project.read import Project
from steward.serving.service import Service


@dataclass(frozen=True, slots=True)
class Asked:
    """How a server may be asked.

    `host` is the address it listens on, `names` those it answers to beside that (`steward.apps.api.listening`), and `requests`
    the file for a line a request: ``-`` for stderr, by default one in the workspace.
    """

    host: str = "127.0.0.1"
    names: tuple[str, ...] = ()
    requests: str | None = None


def run_server(
    project: Project,
    ports: Ports,
    port: int,
    announce: Callable[[str], None],
    *,
    asked: Asked,
    workers: int = 1,
) -> None:
    """Serve the champion until interrupted; `announce` is told the address once the port is taken.

    Args:
        project: whose champion answers.
        ports: the outside world.
        port: port to listen on; 0 takes a free one.
        announce: told the address.
        asked: on which address, by whom and how.
        workers: processes that answer; with one it is this process itself.

    Raises:
        Refused: SERVE-002 the address can be reached from elsewhere, and there is no key.
        UsageError: SERVE-064 one of the names cannot be one.
        EnvironmentFault: SERVE-001 the port cannot be used, SERVE-090 the key of the log's hashes cannot be read.
    """
    ring_for(asked.host, ports.keys, ports.clock)
    names_of(asked.host, asked.names)
    listening = _listen(asked.host, port)
    address = f"http://{asked.host}:{listening.getsockname()[1]}"
    if workers == 1:
        serve_on(listening, project, ports, asked, announce=partial(announce, address))
    else:
        # Nobody else may have the port; after that it is the workers', who each listen on a socket of their own.
        family, taken = listening.family, listening.getsockname()
        listening.close()
        reserved = open_beside(family, taken)
        announce(address)
        _become_parent(reserved, project, ports, asked, workers)


def serve_on(
    listening: socket.socket,
    project: Project,
    ports: Ports,
    asked: Asked,
    crew: Crew | None = None,
    *,
    announce: Callable[[], None] = lambda: None,
) -> None:
    """Serve the champion on a socket until interrupted, alone or as one of the workers of a server; raises as `run_server`."""
    import uvicorn

    from steward.apps.api.connection import Patience, most_connections
    from steward.apps.api.crowd import crowded, entrances_of
    from steward.apps.api.drain import DrainingServer

    load_lightgbm_alone()
    worker = f"{os.getpid()}"
    log, outcome_log = open_log(project, ports, worker), open_outcome_log(project, ports, worker)
    shadow_log = open_shadow_log(project, ports, worker)
    keeper = log_keeper(project, ports, (log, outcome_log, shadow_log))
    follower = ChampionFollower(project, ports, worker)
    service = Service(follower.load_current(), log, ports.clock)
    follower.follow_challenges(service, shadow_log)
    app = create_app(
        service,
        follower.load_current,
        door=_rules(project, ports, listening, asked, crew),
        looks=looks(project.spec.name, ports),
        earlier=explain_earlier(project, ports, service),
        desk=outcome_desk(project, ports, outcome_log, keeper),
        keeper=keeper,
        crew=crew,
        reader=window_reader(project, ports),
    )
    announce()
    server = DrainingServer(
        uvicorn.Config(
            app,
            http=crowded(Patience(connections=most_connections()), app.state.turned_away),  # type: ignore[arg-type] # it is called, and no more
            ws="none",
            log_level="warning",
            timeout_graceful_shutdown=5,
            server_header=False,
            proxy_headers=False,
        )
    )
    try:
        server.run(sockets=entrances_of(listening))
    finally:
        service.challenge(None)
        for one in (log, outcome_log, shadow_log):
            one.close()


def _become_parent(listening: socket.socket, project: Project, ports: Ports, asked: Asked, workers: int) -> NoReturn:
    from steward.apps.api.orders import Orders, become_parent

    server = f"{project.spec.name}-{listening.getsockname()[1]}"
    requests = asked.requests or str(ports.workspace.logs / f"requests-{server}.jsonl")
    folder = str(ports.workspace.workers)
    become_parent(Orders(str(project.folder), listening.fileno(), asked.host, asked.names, requests, folder, 1, workers), server)


def _rules(project: Project, ports: Ports, listening: socket.socket, asked: Asked, crew: Crew | None) -> Rules:
    ring, hosts = ring_for(asked.host, ports.keys, ports.clock), names_of(asked.host, asked.names)
    server = f"{project.spec.name}-{listening.getsockname()[1]}"
    # A file a worker: one that grew too large is put aside, which others that write to it would not notice.
    tell = request_log(asked.requests, ports.workspace.logs, server, worker=None if crew is None else crew.number)
    if crew is None:
        return Rules(ring, hosts, tell)
    return Rules(ring, hosts, tell, limits=crew.limits, once=OnceShared(crew.answers, monotonic))


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
