"""Is a gzip file whole, and how large is what it holds?

zlib lets other threads run while it works, and its checksum at the end tells a cut file from a short one.
"""

import zlib
from pathlib import Path

from steward.core.errors import Fault, UsageError

LIMIT_BYTES = 4 << 30
_FREE_BYTES = 64 << 20
_MAX_RATIO = 200  # tables shrink 4 to 40 times; a bomb does it a thousand times
_GZIP = 31


def gunzip(packed: bytes, path: Path) -> bytes:
    """Return what a gzip file holds, all its members one after the other.

    Args:
        packed: the whole file.
        path: only named in messages.

    Raises:
        UsageError: DATA-002 it is cut, corrupt or unpacks to more than a table of this size could be.
    """
    limit = min(LIMIT_BYTES, max(_FREE_BYTES, _MAX_RATIO * len(packed)))
    parts: list[bytes] = []
    while packed:
        part, packed = _member(packed, limit - sum(map(len, parts)), path)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _member(packed: bytes, limit: int, path: Path) -> tuple[bytes, bytes]:
    """Return one member's content and what stands after it (padding with zero bytes is allowed)."""
    member = zlib.decompressobj(_GZIP)
    try:
        content = member.decompress(packed, limit + 1)
    except zlib.error as error:
        raise _broken(path, f"it is corrupt ({error})") from error
    if len(content) > limit:
        raise _broken(path, f"it unpacks to more than {limit:,} bytes")
    if not member.eof:
        raise _broken(path, "it ends too early: the file was cut")
    return content, member.unused_data.lstrip(b"\0")


def _broken(path: Path, why: str) -> UsageError:
    return UsageError(Fault("DATA-002", "the gzip file cannot be unpacked", (str(path),), why, "fetch the file again"))
