"""What does one of several processes of a server do? The same as the only one, on a port that its parent holds.

Started by `steward.apps.api.workers` as ``python -m steward.apps.api.worker ORDERS``. It ends when the parent does, however that
came about: what it reads there ends then.
"""

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from steward.apps.api.orders import Orders, open_beside


def main(text: str) -> None:
    """Answer until the parent says otherwise, or is gone; a fault is told on stderr, and its exit code is the process's."""
    from steward.core.errors import StewardError

    threading.Thread(target=_end_with_parent, name="steward-parent", daemon=True).start()
    try:
        _work(Orders.of_text(text))
    except StewardError as error:
        sys.stderr.write("\n".join(map(str, error.faults)) + "\n")
        sys.exit(error.exit_code)


def _work(orders: Orders) -> None:
    from steward.apps.api.crew import Crew
    from steward.apps.api.metrics import count_in_files
    from steward.apps.api.server import Asked, serve_on
    from steward.bootstrap import Settings, build_ports
    from steward.core.errors import StewardError
    from steward.core.progress import Silent
    from steward.project.read import read_project

    crew = Crew(Path(orders.folder), orders.number, orders.of)
    count_in_files(crew)
    ports, project = build_ports(Settings(), Silent()), read_project(orders.project)
    if orders.after is not None:
        pid, code = orders.after
        detail = {"worker": orders.number, "pid": pid, "exit": code}
        with suppress(StewardError):  # a database that is down keeps nobody from answering
            ports.journal.append(
                "worker.died", f"model {project.spec.name}", detail, actor=ports.actor, key=f"worker.died:{uuid4()}"
            )
    reserved = socket.socket(fileno=orders.socket)
    listening = open_beside(reserved.family, reserved.getsockname())
    serve_on(listening, project, ports, Asked(orders.host, orders.names, orders.requests), crew)


def _end_with_parent() -> None:
    while os.read(0, 1):  # it writes nothing; its end is the end of this
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1])
