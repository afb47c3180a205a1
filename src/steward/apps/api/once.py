"""Was this request answered before? With the same `Idempotency-Key` it is, and by the same answer.

A client that heard nothing may ask again: its row is not in the log twice. In memory, so for as long as the process
runs, and an hour at most; several workers of one server have `steward.apps.api.once_shared`.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steward.apps.api.body import MAX_BYTES
from steward.apps.api.errors import fault_answer
from steward.apps.api.shared_folder import LASTS_S, MAX_ANSWERS, MAX_BYTES_KEPT
from steward.core.errors import Fault

ONCE_PATH = "/predict"
ONCE_PARAMETER: Mapping[str, object] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same key and body within an hour give the same answer, and one record in the log",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
}
_KEY = re.compile(rb"[\x21-\x7e]{1,200}")
_SUCCESS = range(200, 300)


@dataclass(slots=True)
class _Kept:
    body: bytes
    began_s: float
    messages: list[Message] = field(default_factory=list)
    size: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Once:
    """Answers by who asked and by which key; the oldest are forgotten past 10,000, 32 MB, or an hour."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._kept: dict[Hashable, _Kept] = {}
        self._size = 0

    async def answer(self, app: ASGIApp, owner: str, key: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by `app`, or as it was answered before; what is not a success is not kept."""
        if not is_key(key):
            await BAD_KEY(scope, receive, send)
            return
        body, again = await read_body(receive)
        digest, name = hashlib.sha256(body).digest(), (owner, key)
        known = await self._known(name)
        if known is None:
            await self._first(app, name, _Kept(digest, self._seconds()), scope, again, send)
        elif known.body != digest:
            await OTHER_BODY(scope, receive, send)
        else:
            for message in known.messages:
                await send(marked(message))

    async def _known(self, name: Hashable) -> _Kept | None:
        """Return what was answered, after a request that is under way; None where nothing was, or it failed."""
        while True:
            self._forget()
            known = self._kept.get(name)
            if known is None or known.done.is_set():
                return known
            await known.done.wait()

    async def _first(self, app: ASGIApp, name: Hashable, kept: _Kept, scope: Scope, receive: Receive, send: Send) -> None:
        self._kept[name] = kept

        async def sending(message: Message) -> None:
            kept.messages.append(message)
            await send(message)

        try:
            await app(scope, receive, sending)
        finally:
            self._keep_or_drop(name, kept)
            kept.done.set()

    def _keep_or_drop(self, name: Hashable, kept: _Kept) -> None:
        if is_worth_keeping(kept.messages):
            kept.size = sum(len(message.get("body", b"")) for message in kept.messages)
            self._size += kept.size
        else:
            del self._kept[name]

    def _forget(self) -> None:
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            full = len(self._kept) > MAX_ANSWERS or self._size > MAX_BYTES_KEPT
            if not oldest.done.is_set() or not (full or self._seconds() - oldest.began_s > LASTS_S):
                return
            del self._kept[name]
            self._size -= oldest.size


class AnswersOnce(Protocol):
    """What stands between the door and the application where a request has an `Idempotency-Key`."""

    async def answer(self, app: ASGIApp, owner: str, key: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by `app`, or as it was answered before."""
        ...


def is_key(key: bytes) -> bool:
    """Tell whether a header's value can be an `Idempotency-Key`."""
    return _KEY.fullmatch(key) is not None


def is_worth_keeping(messages: Sequence[Message]) -> bool:
    """Tell whether an answer is whole and a success."""
    return len(messages) > 1 and not messages[-1].get("more_body") and messages[0]["status"] in _SUCCESS


def _refusal(status: int, code: str, what: str, fix: str) -> Response:
    return fault_answer(status, [Fault(code, what, ("idempotency-key",), fix=fix)])


BAD_KEY = _refusal(400, "SERVE-063", "the Idempotency-Key cannot be one", "send 1 to 200 visible ASCII signs, for example a UUID")
OTHER_BODY = _refusal(
    422, "SERVE-062", "this Idempotency-Key came with another body before", "send a new key with each new request"
)


def marked(message: Message) -> Message:
    """Return a message of an answer that was given before, with the header that says so."""
    if message["type"] != "http.response.start":
        return message
    return {**message, "headers": [*message["headers"], (b"idempotent-replayed", b"true")]}


async def read_body(receive: Receive) -> tuple[bytes, Receive]:
    """Return the body, as far as one may be long, and the same messages to be received again."""
    seen: list[Message] = []
    size, more = 0, True
    while more and size <= MAX_BYTES:
        message = await receive()
        seen.append(message)
        size += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    pending = iter(seen)

    async def again() -> Message:
        return next(pending, None) or await receive()

    return b"".join(message.get("body", b"") for message in seen), again
