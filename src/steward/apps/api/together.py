"""What if several ask at once? Requests of one row that wait at the same moment are answered together.

Nothing waits for company: what has come in by the next turn of the event loop is one batch - one call of the model, one append
to the log - and with a single client that is the one request. Under load batches grow by themselves, and with them what a
second can answer. The queue is bounded: who would have to wait too long is told so at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from steward.core.errors import EnvironmentFault, Fault, StewardError
from steward.serving.answer import Answer

AnswerEach = Callable[[Sequence[object]], Sequence[Answer | StewardError]]

MOST_AT_ONCE = 128
"""Rows of one batch: larger ones gain little, and hold up health checks."""

MOST_WAITING = 256
"""Requests that may wait: at a thousand answers a second, for a quarter of one."""


class Together:
    """Collects requests of one row each, inside one event loop.

    Args:
        answer_each: answers some rows, each for itself or by the error that refuses it.
        most_at_once: rows of one batch.
        most_waiting: how many may wait.
    """

    def __init__(self, answer_each: AnswerEach, *, most_at_once: int = MOST_AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._answer_each = answer_each
        self._most_at_once = most_at_once
        self._most_waiting = most_waiting
        self._waiting: deque[tuple[object, asyncio.Future[Answer]]] = deque()

    async def ask(self, row: object) -> Answer:
        """Return the answer to a row.

        Raises:
            UsageError: SERVE-030 to SERVE-037 it cannot be read or answered.
            EnvironmentFault: SERVE-012 too many wait already; SERVE-010, SERVE-011 as `Service.predict` has them.
        """
        if len(self._waiting) >= self._most_waiting:
            fix = "ask again as Retry-After says, send several rows in one request, or run more servers"
            raise EnvironmentFault(Fault("SERVE-012", f"{len(self._waiting)} requests wait already", fix=fix))
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((row, answer))
        if len(self._waiting) == 1:
            loop.call_soon(self._answer)
        return await answer

    def _answer(self) -> None:
        """Answer those that wait longest, and come back for the rest when others had their turn."""
        asked = list(islice(self._waiting, self._most_at_once))
        try:
            answers: Sequence[Answer | BaseException] = self._answer_each([row for row, _ in asked])
        except Exception as error:  # noqa: BLE001 - it goes to everybody who waits for this batch
            answers = [error] * len(asked)
        for (_, future), answer in zip(asked, answers, strict=True):
            self._waiting.popleft()
            if future.done():  # whoever asked has gone
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._answer)
