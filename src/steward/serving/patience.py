"""How is something done that may never end, by somebody who cannot wait for it? In a thread of its own, for so long."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

Done = TypeVar("Done")


class Late(Exception):  # noqa: N818 - it is an answer
    """It took too long, or what was asked before it still does."""


class Patience:
    """One thread that does one thing after another; it begins with the first and keeps no process from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._late: Future[object] | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(self, work: Callable[[], Done], seconds: float) -> Done:
        """Return what `work` returns, or raise what it raises.

        Raises:
            Late: it did not end within `seconds`; or, at once, earlier work that was late has not ended yet, or it was closed.
        """
        with self._lock:
            if self._closed:
                raise Late("it was let go")
            if self._late is not None and not self._late.done():
                raise Late("it is still busy with what it was asked before")
            self._begin()
            future: Future[Done] = Future()
            self._asked.put(lambda: _do(work, future))
        try:
            return future.result(seconds)
        except TimeoutError as error:
            if future.done():  # the work's own error, and no lateness
                raise
            self._late = future  # type: ignore[assignment] # only whether it is done is asked of it
            raise Late(f"it took longer than {seconds:g} seconds") from error

    def close(self) -> None:
        """Let the thread end after what it was asked."""
        with self._lock:
            self._closed = True
            self._asked.put(None)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (work := self._asked.get()) is not None:
            work()


def _do(work: Callable[[], Done], future: Future[Done]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - also one that asks the process to end: it goes to whoever asked
        future.set_exception(error)
