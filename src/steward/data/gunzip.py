"""Is a packed file whole, and how large is what it holds?

zlib lets other threads run while it works, and its checksum at the end tells a cut file from a short one.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from steward.core.errors import Fault, UsageError

LIMIT_BYTES = 4 << 30
_FREE_BYTES = 64 << 20
_MAX_RATIO = 200  # tables shrink 4 to 40 times; a bomb does it a thousand times
_MAX_MEMBERS = 100_000  # programs that pack in blocks of 64 kB need no more below the limit
_BLOCK = 1 << 16
_FIRST_BLOCK = 1 << 12
_GZIP = 31
_PADDING = re.compile(rb"\0*")


def gunzip(packed: bytes, path: Path) -> bytes:
    """Return what a gzip file holds, all its members one after the other.

    Args:
        packed: the whole file.
        path: only named in messages.

    Raises:
        UsageError: DATA-002 it is cut, corrupt or unpacks to more than a table of this size could be.
    """
    limit = _limit(packed)
    member = zlib.decompressobj(_GZIP)
    try:
        content = member.decompress(packed, limit + 1)
    except zlib.error as error:
        raise _broken(path, f"it is corrupt ({error})") from error
    _refuse_more(len(content), limit, path)
    if not member.eof:
        raise _cut(path)
    # padding with zero bytes is allowed
    rest = member.unused_data.lstrip(b"\0")
    return content + _join(_members(rest, path), limit - len(content), path) if rest else content


def unzstd(packed: bytes, path: Path) -> bytes:
    """Return what a zstd file holds.

    Raises:
        UsageError: DATA-002 it is cut, corrupt or unpacks to more than a table of this size could be.
    """
    import pyarrow as pa

    def blocks() -> Iterator[bytes]:
        try:
            with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
                while block := stream.read(_BLOCK):
                    yield block
        except OSError as error:
            raise _broken(path, f"it is cut or corrupt ({str(error)[:200]})") from error

    return _join(blocks(), _limit(packed), path)


def _members(packed: bytes, path: Path) -> Iterator[bytes]:
    """Give the content of each member; fed block by block, so that very many small ones are not copied again and again."""
    place = 0
    for _ in range(_MAX_MEMBERS):
        member, size = zlib.decompressobj(_GZIP), _FIRST_BLOCK  # what a small member leaves over is copied: let it be little
        while not member.eof:
            block = member.unconsumed_tail or packed[place : place + size]
            place, size = place + (0 if member.unconsumed_tail else len(block)), _BLOCK
            if not block:
                raise _cut(path)
            try:
                yield member.decompress(block, 1 << 20)
            except zlib.error as error:
                raise _broken(path, f"it is corrupt ({error})") from error
        place = _after_padding(packed, place - len(member.unused_data))
        if place == len(packed):
            return
    raise _broken(path, f"it has more than {_MAX_MEMBERS:,} parts")


def _after_padding(packed: bytes, place: int) -> int:
    found = _PADDING.match(packed, place)
    return found.end() if found else place


def _join(blocks: Iterable[bytes], limit: int, path: Path) -> bytes:
    content = bytearray()
    for block in blocks:
        content += block
        _refuse_more(len(content), limit, path)
    return bytes(content)


def _limit(packed: bytes) -> int:
    return min(LIMIT_BYTES, max(_FREE_BYTES, _MAX_RATIO * len(packed)))


def _refuse_more(found: int, limit: int, path: Path) -> None:
    if found > limit:
        why = f"it unpacks to more than {limit:,} bytes; a table does not shrink that much"
        raise _broken(path, why, "if it is what you expect, unpack it by hand and name the unpacked file")


def _cut(path: Path) -> UsageError:
    return _broken(path, "it ends too early: the file was cut")


def _broken(path: Path, why: str, fix: str = "fetch the file again") -> UsageError:
    return UsageError(Fault("DATA-002", "the packed file cannot be unpacked", (str(path),), why, fix))
