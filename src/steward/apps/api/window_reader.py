"""Who looks at a model's newest windows while Prometheus reads? A thread of its own: a database that hangs delays no reading.

What it found last is told meanwhile, and `steward_watch_read_ok` says that it may be old.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from steward.apps.api.model_metrics import gauge, judged_at, window_metrics
from steward.core.clock import Clock
from steward.flows.ports import Ports
from steward.monitoring.budget import SPANS
from steward.monitoring.history import ListedWindow, WatchedWindow
from steward.project.read import Project

_NEWEST = 50
_PATIENCE_S = 5
_STOP_S = 5


class NewestWindows(Protocol):
    """Where windows are read, newest first: with what their verdicts say, or without."""

    def windows(self, model: str, *, limit: int) -> Sequence[WatchedWindow]:
        """Return the newest windows of a model."""
        ...

    def listed(self, model: str, *, limit: int) -> Sequence[ListedWindow]:
        """Return the same without the details of their verdicts."""
        ...


class WindowReader:
    """Reads the newest windows every few seconds, and remembers them.

    Args:
        model: whose windows.
        store: gives them; it may raise, and take as long as it wants.
        clock: tells how long ago the last window was judged.
        due: how often the model is to be watched.
        every_s: seconds between two looks at whether there is a new window.
        all_every_s: seconds between two looks at all of them.
    """

    def __init__(
        self,
        model: str,
        store: NewestWindows,
        clock: Clock,
        *,
        due: timedelta,
        every_s: float = 5.0,
        all_every_s: float = 60.0,
    ) -> None:
        self.model = model
        self.due = due
        self.windows: Sequence[WatchedWindow] = ()
        self._store = store
        self._clock = clock
        self._every_s = every_s
        self._all_every_s = all_every_s
        self._read_all_at_s = 0.0
        self._begun = clock.now()
        self._failed = False
        self._looking_since: float | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ok(self) -> bool:
        """Whether the last look went well, and this one does not hang."""
        since = self._looking_since
        return not self._failed and (since is None or time.monotonic() - since < _PATIENCE_S)

    @property
    def age_s(self) -> float:
        """Seconds since a window was judged, or, where none was, since this began."""
        return max(0.0, (self._clock.now() - (judged_at(self.windows) or self._begun)).total_seconds())

    def start(self) -> None:
        """Begin, or begin again after `stop`."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stopping,), name="steward-windows", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a database that does not answer is waited for a few seconds only."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def look(self) -> None:
        """Look once; all windows are read where there is a new one, and now and then, because outcomes change older ones."""
        now_s = self._looking_since = time.monotonic()
        try:
            newest = [(one.key, one.content) for one in self._store.listed(self.model, limit=1)]
            if now_s >= self._read_all_at_s or newest != [(one.key, one.content) for one in self.windows[:1]]:
                self.windows = self._store.windows(self.model, limit=_NEWEST)
                self._read_all_at_s = now_s + self._all_every_s
        except Exception:  # noqa: BLE001 - whatever the database does, the server goes on, and says what it knew
            self._failed = True
        else:
            self._failed = False
        finally:
            self._looking_since = None

    def _run(self, stopping: threading.Event) -> None:
        self.look()
        while not stopping.wait(self._every_s):
            self.look()


def window_reader(project: Project, ports: Ports) -> WindowReader:
    """Return the reader of a project's windows; a model that does not say how often it is watched is due once a month."""
    return WindowReader(project.spec.name, ports.windows, ports.clock, due=SPANS[project.spec.watch.every or "1mo"])


class ModelWatched(Collector):
    """Says at each reading what is known of the windows of the version that answers."""

    def __init__(self, reader: WindowReader, version: Callable[[], int | None]) -> None:
        self._reader = reader
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges; the database is not asked."""
        reader, version = self._reader, self._version()
        about = {"model": reader.model}
        yield from gauge("steward_watch_read_ok", "0 where the newest windows cannot be read", about, reader.ok)
        yield from gauge("steward_watch_age_seconds", "Seconds since a window was judged", about, reader.age_s)
        yield from gauge("steward_watch_due_seconds", "How often the model is to be watched", about, reader.due.total_seconds())
        if version is not None:
            yield from window_metrics(reader.windows, version)
