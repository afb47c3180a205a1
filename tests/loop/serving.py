"""A server in a process of its own, for as long as a test needs it."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.loop.conftest import Steward


@dataclass(frozen=True)
class Server:
    """Where it listens on loopback, its process, and a client that is patient with it."""

    address: str
    process: subprocess.Popen[str]
    client: httpx.Client

    @property
    def port(self) -> int:
        """Where on loopback."""
        return int(self.address.rpartition(":")[2])


@contextmanager
def serving(steward: Steward, project: str, *options: str) -> Iterator[Server]:
    """Start ``steward serve`` on a free port, yield it once it said where, and end it by SIGTERM."""
    process = steward.start("serve", project, "--port", "0", *options)
    try:
        assert process.stdout is not None
        port = next(found[1] for line in process.stdout if (found := re.search(r"http://\S+:(\d+)", line)))
        address = f"http://127.0.0.1:{port}"
        # The address is said once the port is taken; a moment later somebody answers there.
        with httpx.Client(base_url=address, timeout=60, transport=httpx.HTTPTransport(retries=8)) as client:
            yield Server(address, process, client)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def until(holds: Callable[[], bool]) -> bool:
    """Look every tenth of a second, for as long as a slow machine may need."""
    return any(holds() or time.sleep(0.1) for _ in range(300))
