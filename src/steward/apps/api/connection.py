"""How long is a client waited for that says little or nothing, and how much may it say before it is answered?

uvicorn waits for ever for the first request of a connection, for the rest of one, and for an answer to be read, and takes headers
of any size. Who does that on purpose must not keep others out: each of these has an end here, and where no more connections fit
into the process, the one that has been silent for the longest time makes room.
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

    `head_s` seconds from its beginning, or from the first byte of a later request, to the end of the headers; `body_s` from there
    to the end of the body; `answer_s` in which nothing of an answer is read; `head_bytes` of headers; `connections` at once.
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
        silent: connections that wait for their first request, the oldest first; one collection for all of them.
        named: what uvicorn gives each connection.
    """

    def __init__(self, *given: Any, patience: Patience, silent: dict["Impatient", None], **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience, self._silent = patience, silent
        self._phase: Phase = None
        self._alarm: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None
        self._in_head, self._begun, self._head_bytes = True, 0, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
        """Begin to wait for the first request; past the most connections, another one is given up for it."""
        super().connection_made(transport)
        self._silent[self] = None
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
        begun = self._begun
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._in_head:
            phase: Phase = "body" if self.cycle.more_body and not self.cycle.response_complete else None
        elif self._begun == begun and self._is_too_long(len(data)):
            self.give_up(_TOO_LONG)
            return
        else:
            phase = "head"
        if phase is not self._phase:
            self._enter(phase)

    def on_message_begin(self) -> None:
        """Begin with a request."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._begun += 1
        if self._phase is not None:
            self._enter(None)

    def on_headers_complete(self) -> None:
        """Know that the headers are whole."""
        self._in_head = False
        self._silent.pop(self, None)
        super().on_headers_complete()

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
        self._head_bytes += more
        return self._head_bytes > self._patience.head_bytes

    def _enter(self, phase: Phase) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        seconds = self._patience.head_s if phase == "head" else self._patience.body_s
        self._alarm = None if phase is None else self.loop.call_later(seconds, self.give_up, _TOO_SLOW)
        self._phase = phase

    def _read_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def impatient(patience: Patience) -> partial[Impatient]:
    """Return what makes uvicorn's connections, for ``uvicorn.Config(http=...)``."""
    return partial(Impatient, patience=patience, silent={})
