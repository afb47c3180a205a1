"""Who keeps connections open and says little: python -m tests.loop.siege PORT, until it is ended; it says when all are there.

In a process of its own, so that it does not hold up those who measure.
"""

import socket
import sys
import time
from itertools import count

from steward.apps.api.connection import most_connections

SILENT, DRIPPING, HALF_CLOSED = 1000, 100, 50
HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"


def besiege(port: int) -> None:
    """Hold silent, dripping and half-closed connections; before the server gives one up, another one is there."""

    def arrive() -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=60)

    most_connections()
    silent, dripping = [arrive() for _ in range(SILENT)], [arrive() for _ in range(DRIPPING)]
    half = [arrive() for _ in range(HALF_CLOSED)]
    for client in (*dripping, *half):
        drip(client, HEAD)
    for client in half:
        client.shutdown(socket.SHUT_WR)
    sys.stdout.write("here\n")
    sys.stdout.flush()
    for turn in count():
        time.sleep(0.01)
        silent[turn % SILENT].close()
        silent[turn % SILENT] = arrive()
        if not drip(dripping[turn % DRIPPING], b"X: y\r\n"):
            dripping[turn % DRIPPING].close()
            dripping[turn % DRIPPING] = arrive()


def drip(client: socket.socket, some: bytes) -> bool:
    """Send a little; False where nobody listens any more."""
    try:
        client.sendall(some)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    besiege(int(sys.argv[1]))
