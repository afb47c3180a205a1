"""When does another model begin to answer? As soon as the champion changed and the new one was found whole."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio
import anyio.to_thread

from steward.core.clock import Clock
from steward.core.errors import StewardError
from steward.serving.answer import Served
from steward.serving.service import Service

LoadCurrent = Callable[[], Served | None]

_MAX_CHARS = 300


@dataclass(frozen=True, slots=True)
class FollowState:
    """Whether the last look at the champion worked, and since when that is so (ISO 8601, UTC)."""

    ok: bool
    last_error: str | None
    since: str


class Following:
    """Remembers how following goes, for those who ask after the service's health."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.state = FollowState(ok=True, last_error=None, since=clock.now().isoformat())

    def note(self, failure: Exception | None) -> None:
        """Note how a look at the champion went; None is well. The last error stays to be seen after it passed."""
        ok = failure is None
        error = self.state.last_error if failure is None else _in_short(failure)
        since = self.state.since if ok == self.state.ok else self._clock.now().isoformat()
        self.state = FollowState(ok, error, since)


async def follow(service: Service, load_current: LoadCurrent, every_s: float, note: Callable[[Exception | None], None]) -> None:
    """Look at the champion every `every_s` seconds until cancelled; loading happens in a thread, beside the old one."""
    while True:
        await anyio.sleep(every_s)
        note(await anyio.to_thread.run_sync(_look, service, load_current))


def _look(service: Service, load_current: LoadCurrent) -> Exception | None:
    try:
        served = load_current()
        if served is not None:
            service.swap(served)
    except SystemExit as end:  # a version's own code may ask for it
        return RuntimeError(f"loading ended by {end!r}")
    except Exception as error:  # noqa: BLE001 - whatever a new version's files and code do, the old one goes on answering
        return error
    return None


def _in_short(error: Exception) -> str:
    if isinstance(error, StewardError):
        return "; ".join(f"{fault.code}: {fault.what}" for fault in error.faults)[:_MAX_CHARS]
    return f"{type(error).__name__}: {error}"[:_MAX_CHARS]
