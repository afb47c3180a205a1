"""How does a server learn of keys that were made, replaced or taken back while it runs?"""

import anyio
import anyio.to_thread

from steward.apps.api.request_log import Tell
from steward.core.clock import Clock
from steward.core.errors import StewardError
from steward.serving.ring import KeyRing


async def renew_keys(ring: KeyRing, tell: Tell, clock: Clock, every_s: float) -> None:
    """Look the keys up every `every_s` seconds until cancelled; say when that fails, and when it works again, once."""
    failing: str | None = None
    while True:
        await anyio.sleep(every_s)
        now = await anyio.to_thread.run_sync(_look, ring, abandon_on_cancel=True)
        if now != failing:
            event = {"event": "keys.unreadable", "because": now} if now else {"event": "keys.readable"}
            tell({"at": clock.now().isoformat(), **event})
        failing = now


def _look(ring: KeyRing) -> str | None:
    try:
        ring.look()
    except StewardError as error:  # the keys known so far go on
        return error.faults[0].code
    except Exception as error:  # noqa: BLE001 - whatever a database does, who had a key keeps it
        return type(error).__name__
    return None
