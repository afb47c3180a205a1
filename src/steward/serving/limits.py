"""May somebody go on asking, and if not, when again?

A bucket of tokens a name: it holds what a minute allows, is full at the start, and fills evenly.
"""

from collections.abc import Hashable
from ipaddress import IPv6Address, ip_address, ip_network

_NAMES = 10_000
_CUSTOMER_BITS = 64  # of an IPv6 address: one customer has all addresses that begin so


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
        tokens = min(float(per_minute), tokens + (now_s - then_s) * per_minute / 60)
        free = tokens >= 1
        self._left[name] = (tokens - 1 if free else tokens, now_s)  # put back as the newest
        if len(self._left) > self._names:
            del self._left[next(iter(self._left))]
        return 0.0 if free else (1 - tokens) * 60 / per_minute


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
