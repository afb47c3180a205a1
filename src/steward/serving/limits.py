"""May somebody go on asking, and if not, when again?

A bucket of tokens a name: it holds what a minute allows, is full at the start, and fills evenly. Several processes of one
server count in one file, so that nobody may ask more often because there are more of them.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Hashable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from time import sleep
from typing import Protocol

_NAMES = 10_000
_CUSTOMER_BITS = 64  # of an IPv6 address: one customer has all addresses that begin so


_GROUPS, _WAYS = 2048, 8
_SLOT = struct.Struct("<Qdd")  # whose bucket, tokens, seconds
_GROUP = struct.Struct("<" + "Qdd" * _WAYS)
_TRIES, _PATIENT_TRIES = 20, 120
_PAUSE_S = 0.0002


class Limits(Protocol):
    """Who counts how often somebody asks."""

    def take(self, name: Hashable, per_minute: int, now_s: float) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        ...


class Buckets:
    """Counts by name, in bounded memory: past `names`, the one that has not asked for the longest time is forgotten."""

    def __init__(self, names: int = _NAMES) -> None:
        self._names = names
        self._left: dict[Hashable, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._left)

    def take(self, name: Hashable, per_minute: int, now_s: float) -> float:
        """Take a token and return 0, or return the seconds until there is one.

        Args:
            name: whose bucket.
            per_minute: its size, and what comes back in a minute; at least 1.
            now_s: any clock that never goes back, in seconds.
        """
        tokens, then_s = self._left.pop(name, (float(per_minute), now_s))
        left, wait_s = _taken(tokens, then_s, per_minute, now_s)
        self._left[name] = (left, now_s)  # put back as the newest
        if len(self._left) > self._names:
            del self._left[next(iter(self._left))]
        return wait_s


class SharedBuckets:
    """The same, counted by all processes that open one file; they must see the same clock, as those of one machine do.

    The file holds 16,384 buckets in groups of eight, chosen by a hash of the name: in a full group the one that has not asked for
    the longest time makes room. A process that ends in the middle leaves its lock to the kernel, and one that is stopped there
    is not waited for.
    """

    def __init__(self, path: Path) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(file, _GROUPS * _GROUP.size)
            self._left = mmap.mmap(file, _GROUPS * _GROUP.size)
        except OSError:
            os.close(file)
            raise
        self._file = file

    def close(self) -> None:
        """Let go of the file."""
        self._left.close()
        os.close(self._file)

    def take(self, name: Hashable, per_minute: int, now_s: float) -> float:
        """Take a token and return 0, or return the seconds until there is one; as `Buckets.take` has it."""
        tag = _tag(name)
        group_at = tag // 2 % _GROUPS * _GROUP.size
        held = self._hold(group_at)
        try:
            slots = _GROUP.unpack_from(self._left, group_at)
            tags, times = slots[::3], slots[2::3]
            known = tag in tags
            way = tags.index(tag) if known else times.index(min(times))
            tokens, then_s = slots[3 * way + 1 : 3 * way + 3] if known else (float(per_minute), now_s)
            left, wait_s = _taken(tokens, then_s, per_minute, now_s)
            _SLOT.pack_into(self._left, group_at + way * _SLOT.size, tag, left, now_s)
        finally:
            if held:
                fcntl.lockf(self._file, fcntl.LOCK_UN, _GROUP.size, group_at)
        return wait_s

    def _hold(self, group_at: int) -> bool:
        for tried in range(_PATIENT_TRIES):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, _GROUP.size, group_at)
            except OSError:
                if tried >= _TRIES:  # whoever holds it does not run: let it
                    sleep(_PAUSE_S)
            else:
                return True
        return False


@lru_cache(_NAMES)
def _tag(name: Hashable) -> int:
    return int.from_bytes(blake2b(repr(name).encode(), digest_size=8).digest(), "little") | 1  # 0 is nobody


def _taken(tokens: float, then_s: float, per_minute: int, now_s: float) -> tuple[float, float]:
    """Return the tokens left after one was asked for, and the seconds until there is one; 0 where there was."""
    tokens = min(float(per_minute), tokens + max(0.0, now_s - then_s) * per_minute / 60)
    return (tokens - 1, 0.0) if tokens >= 1 else (tokens, (1 - tokens) * 60 / per_minute)


def source_of(address: str) -> str:
    """Return what stands for whoever is at an address; of IPv6 the network, of which one customer has a whole one.

    >>> source_of("2001:db8::1"), source_of("::ffff:10.0.0.1"), source_of("a socket's file")
    ('2001:db8::/64', '10.0.0.1', 'unknown')
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(ip_network((int(found), _CUSTOMER_BITS), strict=False)) if mapped is None else str(mapped)
    return str(found)
