"""A wire to a server that can be cut at any byte or grow slow, as a network does it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_BLOCK = 1 << 16


class Proxy:
    """Passes connections on to a port of this machine, each block `delay_s` later.

    `cut` ends those there are, in the middle of whatever they say.
    """

    def __init__(self, to: int) -> None:
        self.delay_s = 0.0
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def cut(self) -> int:
        """End all connections at both sides and return how many that were."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for one in (side for pair in pairs for side in pair):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        return len(pairs)

    def close(self) -> None:
        """Cut all, and take no more."""
        self._listening.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    near.close()
                    continue
                with self._lock:
                    self._pairs.append((near, far))
                threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with near, far:
            back = threading.Thread(target=self._pass_on, args=(far, near), daemon=True)
            back.start()
            self._pass_on(near, far)
            back.join()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(_BLOCK):
                time.sleep(self.delay_s)
                sink.sendall(block)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """Give a wire to a port for as long as the block lasts."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
