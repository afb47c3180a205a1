"""What if far more ask than can be answered? Whoever came too late for this turn is told so before it costs anything.

A turn of the event loop takes in what came since the last one. Up to `most` requests of it are let in; the others are answered
by one that lies ready: come back in a second. That takes about a quarter of what a prediction takes.
"""

import socket
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import uuid4

from starlette.types import Message
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from steward.apps.api.connection import Impatient, Patience
from steward.apps.api.errors import fault_answer
from steward.apps.api.headers import added_headers
from steward.apps.api.once import ONCE_PATH
from steward.apps.api.together import MOST_WAITING
from steward.core.errors import Fault

_CONNECTIONS_A_TURN = 16


class Turn:
    """Counts the predictions that are asked for in one turn of the event loop.

    Args:
        most: how many are let in.
        note: called for each that is not.
    """

    def __init__(self, most: int, note: Callable[[], None]) -> None:
        self.most = most
        self.note = note
        self.asked = 0

    def end(self) -> None:
        """Begin another turn."""
        self.asked = 0


class Crowded(Impatient):
    """A connection that is one of many; all of a process have one `turn` in common."""

    def __init__(self, *given: Any, turn: Turn, late: "tuple[Message, Message]", **named: Any) -> None:
        super().__init__(*given, **named)
        self._turn, self._late = turn, late

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # Of requests that were sent before their predecessors were answered only the last may be turned away: that ends a line.
        if cycle is self.cycle and cycle.scope["path"] == ONCE_PATH and self._is_too_late() and not self.flow.write_paused:
            self._turn_away(cycle)
        else:
            super()._start_asgi_task(cycle, app)

    def _is_too_late(self) -> bool:
        turn = self._turn
        if not turn.asked:
            self.loop.call_soon(turn.end)
        turn.asked += 1
        return turn.asked > turn.most

    def _turn_away(self, cycle: RequestResponseCycle) -> None:
        start, body = self._late
        self._turn.note()
        headers = [*start["headers"], (b"x-request-id", uuid4().hex.encode())]
        _at_once(cycle.send({**start, "headers": headers}))  # type: ignore[arg-type] # uvicorn has types of its own for them
        _at_once(cycle.send(body))  # type: ignore[arg-type]


def crowded(patience: Patience, note: Callable[[], None], *, most: int = MOST_WAITING) -> partial[Crowded]:
    """Return what makes uvicorn's connections, for ``uvicorn.Config(http=...)``; `note` is called for each that is turned away."""
    return partial(Crowded, patience=patience, silent={}, turn=Turn(most, note), late=_late(most))


def entrances_of(listening: socket.socket) -> list[socket.socket]:
    """Return a socket that listens as often as connections may come in a turn: the event loop takes one of each.

    By one alone, who comes newly to a busy server waits for seconds, while those who are connected are answered in turn.
    """
    return [listening, *(listening.dup() for _ in range(_CONNECTIONS_A_TURN - 1))]


def _late(most: int) -> tuple[Message, Message]:
    fix = "ask again as Retry-After says, send several rows in one request, or run more servers"
    told = fault_answer(503, [Fault("SERVE-012", f"more than {most} requests came at once", fix=fix)], {"Retry-After": "1"})
    start = {"type": "http.response.start", "status": told.status_code, "headers": [*told.raw_headers, *added_headers(ONCE_PATH)]}
    return start, {"type": "http.response.body", "body": told.body}


def _at_once(sending: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing, as sending does while the client reads."""
    try:
        sending.send(None)
    except StopIteration:
        return
    sending.close()
