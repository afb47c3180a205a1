"""A journal in memory."""

from collections.abc import Iterable, Mapping

from steward.core.clock import Clock
from steward.core.journal import GENESIS, Entry, seal


class MemoryJournal:
    """Keeps entries in a list; see `steward.core.journal.Journal`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_key: dict[str, Entry] = {}

    def append(self, kind: str, subject: str, detail: Mapping[str, object], *, actor: str, key: str) -> Entry:
        """Add an entry, or return the one that already carries `key`."""
        if key not in self._by_key:
            number, previous = self.head()
            at = self._clock.now().isoformat()
            self._by_key[key] = seal(number + 1, at, kind, subject, actor, detail, previous)
        return self._by_key[key]

    def entries(self) -> Iterable[Entry]:
        """Return all entries by number."""
        return tuple(self._by_key.values())

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry; (0, GENESIS) for none."""
        last = next(reversed(self._by_key.values()), None)
        return (last.number, last.hash) if last else (0, GENESIS)
