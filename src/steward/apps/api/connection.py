"""How long is a client waited for that says little or nothing, and how much may it say before it is answered?

uvicorn waits for ever for the first request of a connection, for the rest of one, for more of whoever says anything after an
answer, and for an answer to be read, and takes headers, and trailers behind a body, of any size. Who does that on purpose must not
keep others out: each of these has an end here, and where no more connections fit into the process, the one that has been silent
for the longest time makes room.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

Phase = Literal["head", "body"] | None

_OTHER_FILES = 128
_MOST_FILES = 65_536
_FEWEST = 16
_MOST_WITHOUT_LIMIT = 1000
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout"
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large"
_REST = b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """What a connection may take.

    `head_s` seconds from its beginning, or from the first byte after an answer, to the end of the next headers; `body_s` from there
    to the end of the body; `answer_s` in which nothing of an answer is read; `head_bytes` that are neither the beginning of a
    request nor part of a body; `connections` at once.
    """

    head_s: float = 10.0
    body_s: float = 60.0
    answer_s: float = 60.0
    head_bytes: int = 65_536
    connections: int = _MOST_WITHOUT_LIMIT


def most_connections() -> int:
    """Return how many connections this process can hold, after asking the system for as many files as it gives."""
    try:
        import resource
    except ImportError:  # Windows
        return _MOST_WITHOUT_LIMIT
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    # The log, the database and the model need files too.
    return max(_FEWEST, (wanted if soft == resource.RLIM_INFINITY else soft) - _OTHER_FILES)


class Impatient(HttpToolsProtocol):
    """A connection with alarms; a request that comes whole and at once sets none.

    Args:
        given: what uvicorn gives each connection.
        patience: what a connection may take.
        silent: connections of which only a request is waited for, the longest first; one collection for all of them.
        named: what uvicorn gives each connection.
    """

    def __init__(self, *given: Any, patience: Patience, silent: dict["Impatient", None], **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience, self._silent = patience, silent
        self._phase: Phase = None
        self._alarm: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None
        # How often a request began or some of a body came, and how many bytes came since the last beginning that were neither.
        self._came_on = self._idle_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
        """Begin to wait for the first request; past the most connections, another one is given up for it."""
        super().connection_made(transport)
        self._enter("head")
        if len(self.connections) > self._patience.connections:
            next(iter(self._silent)).give_up(_TOO_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._silent.pop(self, None)
        self._enter(None)
        self._read_again()
        if self._answering is not None:  # uvicorn tells the last request only, and this one may be another
            self._answering.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and wait for the rest where a request is not whole."""
        came_on = self._came_on
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._came_on == came_on and self._is_too_long(len(data)):
            self.give_up(_TOO_LONG)
            return
        phase = self._awaited()
        if phase is not self._phase:
            self._enter(phase)

    def on_message_begin(self) -> None:
        """Begin with a request."""
        super().on_message_begin()
        self._in_head, self._idle_bytes = True, 0
        self._came_on += 1
        if self._phase is not None:
            self._enter(None)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what stands behind a body is none, and nobody asks for it."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Know that the headers are whole."""
        self._in_head = False
        self._silent.pop(self, None)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take some of a body."""
        self._came_on += 1
        super().on_body(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(self._patience.answer_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the client reads."""
        super().resume_writing()
        self._read_again()

    def give_up(self, why: bytes) -> None:
        """Close the connection, and say why where no answer has begun."""
        self._silent.pop(self, None)
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
                self.transport.write(why + _REST)
            self.transport.close()

    def _is_too_long(self, more: int) -> bool:
        self._idle_bytes += more
        return self._idle_bytes > self._patience.head_bytes

    def _awaited(self) -> Phase:
        """Return what of a request is not there yet."""
        if self._in_head:
            return "head"
        if not self.cycle.response_complete:
            return "body" if self.cycle.more_body else None
        # Any byte ends uvicorn's own waiting after an answer, also a blank line, which begins no request, or more of an old body.
        return "head" if self.timeout_keep_alive_task is None else None

    def _enter(self, phase: Phase) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        seconds = self._patience.head_s if phase == "head" else self._patience.body_s
        self._alarm = None if phase is None else self.loop.call_later(seconds, self.give_up, _TOO_SLOW)
        self._phase = phase
        if phase == "head" and (self.cycle is None or self.cycle.response_complete):
            self._silent[self] = None

    def _read_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def impatient(patience: Patience) -> partial[Impatient]:
    """Return what makes uvicorn's connections, for ``uvicorn.Config(http=...)``."""
    return partial(Impatient, patience=patience, silent={})
