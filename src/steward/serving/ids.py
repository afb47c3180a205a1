"""What is an answer called? A name that nobody can guess, and that sorts by the time it was given.

Names in time keep a database's index of them small and warm: with random ones every new row lands on a page of its own.
"""

import os
import time

_RANDOM_A = (1 << 12) - 1
_RANDOM_B = (1 << 62) - 1


def new_id(now_ms: int | None = None) -> str:
    """Return a UUID of version 7 (RFC 9562, 2024) as 32 hex digits: 48 bits of Unix milliseconds, 74 random ones.

    >>> new_id(0x0190_0000_0000)[:13]
    '0190000000007'
    """
    at = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    chance = int.from_bytes(os.urandom(10))
    head = at << 16 | 0x7000 | chance & _RANDOM_A
    tail = 0b10 << 62 | (chance >> 12) & _RANDOM_B
    return f"{head:016x}{tail:016x}"
