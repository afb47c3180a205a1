"""Was this request answered before, perhaps by another worker of this server? Answers under an `Idempotency-Key` lie in files.

A file an answer, named by a hash of who asked and of the key. Whoever is at it holds a lock on the file, which the kernel frees
when a process dies: then the next one begins again. An answer is in its file before it is sent, and looked for no longer than an
hour; `steward.apps.api.shared_folder.tidy` removes what is older or too much.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steward.apps.api.errors import fault_answer
from steward.apps.api.once import (
    BAD_KEY,
    OTHER_BODY,
    is_key,
    is_worth_keeping,
    marked,
    read_body,
)
from steward.apps.api.shared_folder import LASTS_S
from steward.core.errors import Fault

_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given: what was asked (SHA-256 of the body), when, and what went back."""

    asked: str
    at_s: float
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def messages(self) -> Sequence[Message]:
        """Return the answer as ASGI sends it."""
        start = {"type": "http.response.start", "status": self.status, "headers": list(self.headers)}
        return start, {"type": "http.response.body", "body": self.body}


class OnceShared:
    """Answers by who asked and by which key, in a folder that all workers of a server share.

    Args:
        folder: is there already.
        seconds: the same clock for all of them.
    """

    def __init__(self, folder: Path, seconds: Callable[[], float]) -> None:
        self._folder = folder
        self._seconds = seconds

    async def answer(self, app: ASGIApp, owner: str, key: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by `app`, or as it was answered before; what is not a success is not kept."""
        if not is_key(key):
            await BAD_KEY(scope, receive, send)
            return
        body, again = await read_body(receive)
        asked = hashlib.sha256(body).hexdigest()
        try:
            found = await self._claim(self._folder / hashlib.sha256(b"%b\n%b" % (owner.encode(), key)).hexdigest())
        except OSError:
            await _NOT_NOW(scope, receive, send)
            return
        if isinstance(found, _Claim):
            await self._first(app, found, asked, scope, again, send)
        elif found.asked != asked:
            await OTHER_BODY(scope, receive, send)
        else:
            for message in found.messages():
                await send(marked(message))

    async def _claim(self, path: Path) -> "_Claim | Given":
        """Return what was answered, after a request that is under way somewhere, or the right to answer."""
        while True:
            found = _take(path, self._seconds())
            if found is not None:
                return found
            await asyncio.sleep(_AGAIN_S)

    async def _first(self, app: ASGIApp, claim: "_Claim", asked: str, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def collecting(message: Message) -> None:
            messages.append(message)

        try:
            await app(scope, receive, collecting)
        finally:
            if is_worth_keeping(messages):
                claim.keep(_given(asked, self._seconds(), messages))
            else:
                claim.drop()
        for message in messages:
            await send(message)


@dataclass(frozen=True, slots=True)
class _Claim:
    """The right to answer, which other processes wait for."""

    path: Path
    file: int

    def keep(self, given: Given) -> None:
        """Write the answer down for whoever asks again; where the disk does not take it, it is answered all the same."""
        try:
            _write(self.file, _encode(given))
        except OSError:
            self.drop()
        else:
            os.close(self.file)

    def drop(self) -> None:
        """Leave it to the next one."""
        self.path.unlink(missing_ok=True)
        os.close(self.file)


def _take(path: Path, now_s: float) -> _Claim | Given | None:
    """Return what was answered before, or the right to answer; None while somebody is at it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_nlink:
            found = _decode(_read(file))
            if found is None or now_s - found.at_s > LASTS_S:
                os.ftruncate(file, 0)
                claim = _Claim(path, file)
                file = -1  # it stays open
                return claim
            return found
    except BlockingIOError:
        pass
    finally:
        if file >= 0:
            os.close(file)
    return None


def _given(asked: str, at_s: float, messages: Sequence[Message]) -> Given:
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return Given(asked, at_s, messages[0]["status"], tuple(messages[0].get("headers", ())), body)


def _encode(given: Given) -> bytes:
    head = {
        "asked": given.asked,
        "at_s": given.at_s,
        "status": given.status,
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in given.headers],
        "length": len(given.body),
        "crc": zlib.crc32(given.body),
    }
    return json.dumps(head).encode() + b"\n" + given.body


def _decode(content: bytes) -> Given | None:
    """Return the answer in a file; None where it is empty or not whole."""
    line, _, body = content.partition(b"\n")
    with suppress(ValueError, KeyError, TypeError):
        head = json.loads(line)
        if (head["length"], head["crc"]) == (len(body), zlib.crc32(body)):
            headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"])
            return Given(head["asked"], head["at_s"], head["status"], headers, body)
    return None


def _read(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


def _write(file: int, content: bytes) -> None:
    if os.pwrite(file, content, 0) != len(content):
        raise OSError("the disk is full")


_NOT_NOW = fault_answer(
    503,
    [
        Fault(
            "SERVE-065", "this Idempotency-Key cannot be remembered now", ("idempotency-key",), fix="ask again as Retry-After says"
        )
    ],
    {"Retry-After": "1"},
)
