"""What are the processes of a server told, by whoever starts them? One text, which fits into a command."""

import json
import os
import socket
import sys
from dataclasses import asdict, dataclass
from typing import NoReturn


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is told: whose project, beside which bound socket, how it may be asked, and which of how many it is.

    `folder` is shared by all of them, `after` the process whose place it takes, with its exit code (negative: the signal).
    """

    project: str
    socket: int
    host: str
    names: tuple[str, ...]
    requests: str | None
    folder: str
    number: int
    of: int
    after: tuple[int, int] | None = None

    def as_text(self) -> str:
        """Return the orders as one argument of a command."""
        return json.dumps(asdict(self))

    @staticmethod
    def of_text(text: str) -> "Orders":
        """Return the orders that `as_text` wrote."""
        told = json.loads(text)
        return Orders(**{**told, "names": tuple(told["names"]), "after": told["after"] and tuple(told["after"])})


def open_beside(family: int, address: tuple[object, ...]) -> socket.socket:
    """Return a socket on an address that several processes of one user listen on; the system gives each its share of connections.

    One socket for all would be simpler, but whoever wakes up first takes all connections that come at once, and keeps them.
    """
    beside = socket.socket(family, socket.SOCK_STREAM)
    beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    beside.bind(address)
    return beside


def become_parent(orders: Orders, server: str) -> NoReturn:
    """Put the parent of all workers in the place of this process: `steward.apps.api.workers`.

    Args:
        orders: of the workers; `folder` is the one in which they get theirs.
        server: names it among those of the same workspace.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os.set_inheritable(orders.socket, True)
    os.execv(sys.executable, [sys.executable, "-m", "steward.apps.api.workers", orders.as_text(), server])  # noqa: S606 - ourselves
