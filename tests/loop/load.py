"""Who asks a server as hard as it can be asked? Plain HTTP/1.1 over sockets, in a thread beside the test.

Two ways to ask. Closed: a number of connections, each asks again as soon as it was answered, so a slow server is asked less.
Open: so many requests a second, whatever comes back, as people do who know nothing of each other.
"""

import json
import re
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from steward.serving.log import read_segments

_TICK_S = 0.001
_BLOCK = 1 << 20
_AGAIN_S = 0.02
_LEFT_S = 10.0
_IDLE_S = 2.0
_ID = re.compile(rb'"prediction_id":"([0-9a-f]{32})"')


@dataclass(frozen=True, slots=True)
class Reply:
    """One request's fate: the status, 0 where no whole answer came; when it was sent and when its last byte came."""

    status: int
    sent_s: float
    ended_s: float
    body: bytes = b""
    retry_after: bool = False

    @property
    def took_ms(self) -> float:
        """Milliseconds from when it was sent; what the asker itself was late with does not count."""
        return (self.ended_s - self.sent_s) * 1000


def post(path: str, body: object, key: str | None = None, *, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a request as it goes over the wire."""
    content = json.dumps(body).encode()
    said = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
    said |= {"Authorization": f"Bearer {key}"} if key else {}
    return (
        f"POST {path} HTTP/1.1\r\n{''.join(f'{name}: {value}{chr(13)}{chr(10)}' for name, value in said.items())}\r\n".encode()
        + content
    )


class Load:
    """Asks until it is told to stop; `replies` grows meanwhile.

    Args:
        port: on loopback.
        request: what is asked, again and again.
        connections: how many at a time; where a `rate` is given, how many there may be at most.
        rate: requests a second of the open way; None is the closed one.
        keep: bytes of each answer's body that are kept.
    """

    def __init__(self, port: int, request: bytes, *, connections: int, rate: float | None, keep: int) -> None:
        self.replies: list[Reply] = []
        self.unsent = 0
        self._port = port
        self._request = request
        self._connections = connections
        self._rate = rate
        self._keep = keep
        self._stopping = False
        self._lines: dict[int, _Line] = {}
        self._free: list[_Line] = []
        self._connect_at_s = 0.0
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> Sequence[Reply]:
        """Ask no more, wait for the answers that are owed, and return all replies."""
        self._stopping = True
        self._thread.join()
        return self.replies

    def _run(self) -> None:
        with select.epoll() as poll:
            began, due = time.perf_counter(), 0
            while not self._stopping:
                before, due = due, self._due(time.perf_counter() - began, due)
                for _ in range(due - before):
                    self._ask(poll)
                self._read(poll)
            give_up = time.perf_counter() + _LEFT_S
            while any(line.asked for line in self._lines.values()) and time.perf_counter() < give_up:
                self._read(poll)
        for line in self._lines.values():
            line.close()

    def _due(self, passed_s: float, due: int) -> int:
        """Return how many requests should have been sent by now: all connections ask at once, or what the rate says."""
        if self._rate is None:
            return due + self._connections - sum(line.asked for line in self._lines.values())
        return int(passed_s * self._rate)

    def _ask(self, poll: select.epoll) -> None:
        line = next(self._fresh(), None)
        if line is None and len(self._lines) < self._connections:
            line = self._connect(poll)
        if line is not None:
            line.send(self._request)
        elif self._rate is not None:
            self.unsent += 1

    def _fresh(self) -> "Iterator[_Line]":
        """Yield free connections; a server closes what was idle for some seconds, and a request may cross that on its way."""
        while self._free:
            line = self._free.pop()
            if line.file in self._lines and time.perf_counter() - line.sent_s < _IDLE_S:
                yield line
            else:
                self._drop(line)

    def _connect(self, poll: select.epoll) -> "_Line | None":
        if time.perf_counter() < self._connect_at_s:
            return None
        try:
            line = _Line(socket.create_connection(("127.0.0.1", self._port), timeout=_LEFT_S))
        except OSError:  # nobody listens there now
            self._connect_at_s = time.perf_counter() + _AGAIN_S
            return None
        self._lines[line.file] = line
        poll.register(line.file, select.EPOLLIN)
        return line

    def _read(self, poll: select.epoll) -> None:
        for file, _ in poll.poll(_TICK_S):
            line = self._lines[file]
            reply = line.read(self._keep)
            if reply is not None:
                self.replies.append(reply)
            if line.closed:
                self._drop(line)
            elif not line.asked:
                self._free.append(line)

    def _drop(self, line: "_Line") -> None:
        if self._lines.get(line.file) is line:
            del self._lines[line.file]
        line.close()


class _Line:
    """One connection: a request, its answer, and the next."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._got = b""
        self.file = connected.fileno()
        self.sent_s = time.perf_counter()
        self.asked = False
        self.closed = False

    def send(self, request: bytes) -> None:
        """Ask; that it did not go out is found when the answer is read."""
        self._got, self.sent_s, self.asked = b"", time.perf_counter(), True
        with suppress(OSError):
            self._socket.sendall(request)

    def read(self, keep: int) -> Reply | None:
        """Read on and return the reply once it is whole, or came to nothing."""
        try:
            more = self._socket.recv(_BLOCK)
        except OSError:
            more = b""
        if not more:
            self.closed = True
            return self._replied(0, self._got) if self.asked else None
        self._got += more
        head, end, body = self._got.partition(b"\r\n\r\n")
        head = head.lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length or 0):
            return None
        self.closed = b"connection: close" in head
        return self._replied(int(head[9:12]), body[:keep], retry_after=b"\r\nretry-after: " in head)

    def _replied(self, status: int, body: bytes, *, retry_after: bool = False) -> Reply:
        self.asked = False
        return Reply(status, self.sent_s, time.perf_counter(), body, retry_after)

    def close(self) -> None:
        """Hang up."""
        self.closed = True
        self._socket.close()


@contextmanager
def loading(port: int, request: bytes, *, connections: int = 16, rate: float | None = None, keep: int = 1 << 30) -> Iterator[Load]:
    """Ask for as long as the block lasts; afterwards the load's `replies` are whole."""
    load = Load(port, request, connections=connections, rate=rate, keep=keep)
    load.start()
    try:
        yield load
    finally:
        load.stop()


def ask_for(
    seconds: float, port: int, request: bytes, *, connections: int = 16, rate: float | None = None, keep: int = 1 << 30
) -> Sequence[Reply]:
    """Ask for some seconds and return the replies."""
    with loading(port, request, connections=connections, rate=rate, keep=keep) as load:
        time.sleep(seconds)
    return load.replies


def ids_given(replies: Sequence[Reply]) -> list[str]:
    """Return the ids of the predictions that were given to whoever asked, whole answers only."""
    return [found.decode() for one in replies if one.status == 200 for found in _ID.findall(one.body)]


def ids_logged(folder: Path) -> list[str]:
    """Return the ids of the predictions in a folder's segments; a line that is not whole has none."""
    return [str(record["prediction_id"]) for record in read_segments(folder)]


def statuses(replies: Sequence[Reply]) -> Mapping[int, int]:
    """Return how often each status came; 0 is no whole answer."""
    return dict(Counter(one.status for one in replies))


def percentile_ms(replies: Sequence[Reply], share: float) -> float:
    """Return the time within which this share of the replies came, in ms."""
    times = sorted(one.took_ms for one in replies)
    return times[min(len(times) - 1, int(share * len(times)))]


def memory_mb(pid: int) -> float:
    """Return what a process holds in memory now."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in told.splitlines() if line.startswith("VmRSS:"))) / 1024
