"""Who is it that asks? A key tells; only its SHA-256 is kept.

A secret reads ``stw_PREFIX_REST``: PREFIX (40 bits) finds the key in a list, in a log, or in a file somebody should not
have committed; REST is 256 random bits. A hash made slow on purpose would protect what people choose; nobody guesses these.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol, get_args

from steward.core.errors import Fault, Refused, UsageError, unknown_name

Role = Literal["viewer", "predictor", "operator", "approver", "admin"]
Status = Literal["active", "expired", "revoked"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most; each may do what those before it may."""

PER_MINUTE = 6000
_MARK = "stw"
_LONGEST = 200
_MAX_NAME = 64
_NOBODY = "0" * 64
_PREFIX = re.compile(rf"(?:{_MARK}_)?([0-9a-f]{{10}})(?:_|\Z)")
_RANK: Mapping[Role, int] = {role: rank for rank, role in enumerate(ROLES)}


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept, which nobody can ask with.

    `digest` is the SHA-256 of the whole secret, `per_minute` how many requests it may make; times are aware and in UTC.
    """

    prefix: str
    name: str
    role: Role
    digest: str
    per_minute: int
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def status(self, now: datetime) -> Status:
        """Tell whether it opens anything at a moment; it ends at `expires_at`, not after it."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.expires_at is None or now < self.expires_at else "expired"


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key and its secret, which is shown once and kept nowhere."""

    key: Key
    secret: str


class KeyStore(Protocol):
    """Where keys are kept: the SQL store, or memory in tests."""

    def all(self) -> Sequence[Key]:
        """Return all keys, also those that ended, oldest first."""
        ...

    def add(self, key: Key, *, replaces: Key | None, actor: str) -> None:
        """Keep a new key; with `replaces` that older one, as it stands there, is kept in place of itself."""
        ...

    def revoke(self, prefix: str, at: datetime, reason: str, *, actor: str) -> Key:
        """Let a key open nothing from now on, for good; one that was revoked before stays as it is."""
        ...

    def note_used(self, used: Mapping[str, datetime]) -> None:
        """Keep when keys, by prefix, were last used; an earlier time changes nothing."""
        ...


def issue(
    name: str, role: str, *, by: str, now: datetime, lifetime: timedelta | None = None, per_minute: int = PER_MINUTE
) -> Issued:
    """Return a new key of 256 random bits.

    Raises:
        UsageError: AUTH-012 the role is none, AUTH-013 the name is empty, too long, or holds signs that nobody sees.
    """
    known = next((one for one in ROLES if one == role), None)
    if known is None:
        raise unknown_name("role", role, ROLES, code="AUTH-012")
    if not (0 < len(name) <= _MAX_NAME and name.isprintable() and name == name.strip()):
        fix = f"say in 1 to {_MAX_NAME} signs who will use it, for example  billing-service"
        raise UsageError(Fault("AUTH-013", "this cannot be the name of a key", fix=fix))
    prefix = secrets.token_hex(5)
    secret = f"{_MARK}_{prefix}_{secrets.token_urlsafe(32)}"
    expires_at = None if lifetime is None else now + lifetime
    return Issued(Key(prefix, name, known, _digest(secret), per_minute, now, by, expires_at), secret)


def rotate(key: Key, *, by: str, now: datetime, overlap: timedelta) -> tuple[Issued, Key]:
    """Return a key that follows another one, and the other one as it ends: both open until `overlap` is over.

    The new one lasts as long as the old one was made for.

    Raises:
        Refused: AUTH-014 the key has ended; what nobody may use any more has no successor.
    """
    if key.status(now) != "active":
        fix = f"make another one:  steward keys create {key.name} --role {key.role}"
        raise Refused(Fault("AUTH-014", f"the key {key.prefix} of {key.name} is {key.status(now)}", fix=fix))
    lifetime = None if key.expires_at is None else key.expires_at - key.created_at
    following = issue(key.name, key.role, by=by, now=now, lifetime=lifetime, per_minute=key.per_minute)
    until = now + overlap if key.expires_at is None else min(now + overlap, key.expires_at)
    return following, replace(key, expires_at=until)


def verify(presented: str, ring: Mapping[str, Key], now: datetime) -> Key | None:
    """Return the key that a secret belongs to, or None whatever is wrong with it.

    Args:
        presented: what came over the wire; anything.
        ring: all keys by their prefixes.
        now: decides who has expired.
    """
    key = ring.get(prefix_of(presented) or "")
    # The same work for a key that is not there: how long an answer takes tells nothing.
    right = hmac.compare_digest(_digest(presented[:_LONGEST]), _NOBODY if key is None else key.digest)
    return key if right and key is not None and key.status(now) == "active" else None


def allows(role: Role, needed: Role) -> bool:
    """Tell whether a role may do what another one is needed for."""
    return _RANK[role] >= _RANK[needed]


def prefix_of(text: str) -> str | None:
    """Return the prefix in a secret, in its beginning, or alone; None in anything else.

    >>> prefix_of("stw_0123456789_xyz"), prefix_of("0123456789"), prefix_of("billing")
    ('0123456789', '0123456789', None)
    """
    found = _PREFIX.match(text)
    return found[1] if found else None


def find_key(named: str, keys: Sequence[Key], now: datetime) -> Key:
    """Return the key that somebody means: by prefix, by the beginning of its secret, or by a name that one active key has.

    Raises:
        UsageError: AUTH-010 there is none, AUTH-011 the name has several.
    """
    prefix = prefix_of(named)
    found = [key for key in keys if key.prefix == prefix]
    found = found or [key for key in keys if key.name == named and key.status(now) == "active"]
    if len(found) == 1:
        return found[0]
    if found:
        fix = f"name one by its prefix: {', '.join(key.prefix for key in found)}"
        raise UsageError(Fault("AUTH-011", f"{len(found)} keys have this name", fix=fix))
    # What was named may be a secret: it is not repeated.
    raise UsageError(Fault("AUTH-010", "there is no such key", fix="see  steward keys list"))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
