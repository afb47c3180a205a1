"""Which keys would be there? Kept in memory, with the same promises as those in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from steward.core.errors import Fault, Refused, UsageError
from steward.serving.keys import Key


class MemoryKeyStore:
    """Keys without a database; set `broken` to see what happens while it is away."""

    def __init__(self, *keys: Key) -> None:
        self.broken: Exception | None = None
        self._keys = {key.prefix: key for key in keys}

    def all(self) -> Sequence[Key]:
        """Return all keys, oldest first; raise `broken` where that is set."""
        if self.broken is not None:
            raise self.broken
        return tuple(sorted(self._keys.values(), key=lambda key: (key.created_at, key.prefix)))

    def add(self, key: Key, *, replaces: Key | None, actor: str) -> None:  # noqa: ARG002 - there is no journal here
        """Keep a new key and let the one it replaces end; Refused AUTH-015 where that one ended before."""
        if replaces is not None and replaces.expires_at is not None:
            now = self._keys[replaces.prefix]
            if now.revoked_at is not None or (now.expires_at is not None and now.expires_at < replaces.expires_at):
                raise Refused(Fault("AUTH-015", "somebody else ended the key in the meantime", fix="see  steward keys list"))
            self._keys[replaces.prefix] = replaces
        self._keys[key.prefix] = key

    def revoke(self, prefix: str, at: datetime, reason: str, *, actor: str) -> Key:  # noqa: ARG002 - there is no journal here
        """Let a key open nothing from now on; UsageError AUTH-010 where there is none."""
        if prefix not in self._keys:
            raise UsageError(Fault("AUTH-010", "there is no such key", fix="see  steward keys list"))
        if self._keys[prefix].revoked_at is None:
            self._keys[prefix] = replace(self._keys[prefix], revoked_at=at)
        return self._keys[prefix]

    def note_used(self, used: Mapping[str, datetime]) -> None:
        """Keep when keys were last used; an earlier time changes nothing."""
        for prefix, at in used.items():
            known = self._keys.get(prefix)
            if known is not None and (known.last_used_at is None or known.last_used_at < at):
                self._keys[prefix] = replace(known, last_used_at=at)
