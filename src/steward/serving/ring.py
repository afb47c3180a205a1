"""Who asks, told without asking a database? A server looks its keys up every second and remembers them in between."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from steward.core.clock import Clock
from steward.serving.keys import Key, KeyStore, Role, verify

_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks: the holder of a key by its prefix, or the local user, who has none and no limit."""

    name: str
    role: Role
    prefix: str | None = None
    per_minute: int | None = None


LOCAL = Caller("local", "admin")


class KeyRing:
    """The keys as they were at the last look; while the database is away they go on as they were.

    Args:
        store: where keys are kept.
        clock: tells which keys have expired.
        alone: only this machine reaches the server: while the workspace has no key at all, whoever asks is the local
            user. The first key ends that, and a key that ended does not bring it back.
    """

    def __init__(self, store: KeyStore, clock: Clock, *, alone: bool) -> None:
        self._store = store
        self._clock = clock
        self._alone = alone
        self._keys: Mapping[str, Key] = {}
        self._used: dict[str, datetime] = {}
        self._noted: dict[str, datetime] = {}

    @property
    def active(self) -> int:
        """How many keys open something now."""
        now = self._clock.now()
        return sum(key.status(now) == "active" for key in self._keys.values())

    def look(self) -> None:
        """Read the keys, and let the store know which were used; call it in a thread.

        Raises:
            StewardError: the store does not answer; what was known stays.
        """
        self._keys = {key.prefix: key for key in self._store.all()}
        self._alone = self._alone and not self._keys
        due = {prefix: at for prefix, at in dict(self._used).items() if self._is_due(prefix, at)}
        if due:
            self._store.note_used(due)
            self._noted |= due

    def caller(self, presented: str | None) -> Caller | None:
        """Return who asks with this secret (None: with none), or None for nobody we know."""
        if self._alone:
            return LOCAL
        now = self._clock.now()
        key = None if presented is None else verify(presented, self._keys, now)
        if key is None:
            return None
        self._used[key.prefix] = now
        return Caller(key.name, key.role, key.prefix, key.per_minute)

    def _is_due(self, prefix: str, at: datetime) -> bool:
        noted = self._noted.get(prefix)
        return noted is None or at - noted >= _NOTED_EVERY
