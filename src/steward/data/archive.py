"""Which table does a zip, gzip or zstd archive hold, and is it safe to unpack it?

Unpacked block by block into a file named after the archive's content, so that the same archive is unpacked once. What grows
beyond what a table does, or holds another archive, is refused before it fills the disk.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steward.core.digest import digest_file, digest_json
from steward.core.errors import Fault, UsageError
from steward.data.arriving import arriving
from steward.data.zipped import choose, corrupt, is_harmless, last_part, open_zip

Kind = Literal["zip", "gzip", "zstd"]

_KINDS: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\3\4", "zip"),
    (b"PK\5\6", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_OTHERS = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\0", b"BZh")
_TAR, _TAR_AT, _HEAD_BYTES = b"ustar", 257, 512
_SUFFIXES = (".gz", ".gzip", ".zst", ".zstd")
_BLOCK = 1 << 20
_GZIP = 31


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """How much may come out of an archive: `max_bytes` at all, `max_ratio` times its size once that is above `free_bytes`."""

    max_bytes: int = 4 << 30
    max_ratio: int = 200
    free_bytes: int = 64 << 20
    max_members: int = 10_000

    def of(self, packed_bytes: int) -> int:
        """Return how many bytes may come out of so many."""
        return min(self.max_bytes, max(self.free_bytes, self.max_ratio * packed_bytes))


@dataclass(frozen=True, slots=True)
class _Content:
    """One file in an archive: its name, packed and (where the archive tells) unpacked size, and its bytes block by block."""

    name: str
    packed: int
    unpacked: int | None
    blocks: Callable[[], Iterator[bytes]]


def archive_kind(path: Path) -> Kind | None:
    """Return what kind of archive a file is by its first bytes; None where it is none that is unpacked here."""
    if not path.is_file():  # a pipe or a device would block
        return None
    with path.open("rb") as file:
        head = file.read(8)
    return next((kind for sign, kind in _KINDS if head.startswith(sign)), None)


def extract(archive: Path, into: Path, *, member: str | None, limits: UnpackLimits = UnpackLimits()) -> Path:
    """Return the one file an archive holds, unpacked below a cache folder; a second call finds it there.

    Args:
        archive: a zip, gzip or zstd file, whatever it is called.
        into: the cache folder; each content has a folder of its own in it.
        member: which file of a zip archive, by its path in it or its name; None means the only one. The others hold one.
        limits: sizes and numbers above which it is refused.

    Raises:
        UsageError: DATA-080 no archive, DATA-081 cut or corrupt, DATA-082 it grows too much, DATA-083 too many members,
            DATA-084 a name that leads elsewhere, DATA-085 a link, DATA-086 encrypted, DATA-087 and DATA-088 which member,
            DATA-089 it holds another archive.
        EnvironmentFault: DATA-090 no room, DATA-091 the cache cannot be written to.
    """
    kind = archive_kind(archive)
    if kind is None:
        fix = "Steward unpacks zip, gzip and zstd: give one of these, or the unpacked file"
        raise UsageError(Fault("DATA-080", "the file is no archive that is unpacked here", (str(archive),), fix=fix))
    folder = into / digest_json([digest_file(archive), member])[:16]
    with _OPEN[kind](archive, member, limits) as content:
        path = folder / content.name
        if not path.is_file() or content.unpacked not in (None, path.stat().st_size):
            _unpack(content, archive, path, limits)
    return path


@contextmanager
def _from_zip(path: Path, member: str | None, limits: UnpackLimits) -> Iterator[_Content]:
    with open_zip(path, limits.max_members) as archive:
        chosen = choose(archive, path, member)

        def blocks() -> Iterator[bytes]:
            with archive.open(chosen) as file:
                while block := file.read(_BLOCK):
                    yield block

        yield _Content(last_part(chosen.filename), chosen.compress_size, chosen.file_size, blocks)


@contextmanager
def _from_gzip(path: Path, _member: str | None, _limits: UnpackLimits) -> Iterator[_Content]:
    yield _Content(_inner_name(path), path.stat().st_size, None, lambda: _gunzipped(path))


@contextmanager
def _from_zstd(path: Path, _member: str | None, _limits: UnpackLimits) -> Iterator[_Content]:
    yield _Content(_inner_name(path), path.stat().st_size, None, lambda: _unzstd(path))


_OPEN = {"zip": _from_zip, "gzip": _from_gzip, "zstd": _from_zstd}


def _inner_name(path: Path) -> str:
    name = path.stem if path.suffix.casefold() in _SUFFIXES else path.name
    return name if is_harmless(name) else "content"


def _unpack(content: _Content, archive: Path, path: Path, limits: UnpackLimits) -> None:
    limit = limits.of(content.packed)
    if content.unpacked is not None and content.unpacked > limit:
        raise _bomb(archive, limit)
    with arriving(path, content.unpacked) as beside:
        with beside.open("wb") as file:
            for block in _whole(content, archive):
                file.write(block)
                if file.tell() > limit:
                    raise _bomb(archive, limit)
        _refuse_nested(beside, archive)


def _whole(content: _Content, archive: Path) -> Iterator[bytes]:
    """Give the blocks; whatever a library says about bytes that make no sense becomes one error."""
    blocks = content.blocks()
    while True:
        try:
            block = next(blocks, None)
        except (zlib.error, zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise corrupt(archive, str(error) or type(error).__name__) from error
        if block is None:
            return
        yield block


def _gunzipped(path: Path) -> Iterator[bytes]:
    """Give the content of all members of a gzip file, one after the other; padding with zero bytes is allowed."""
    with path.open("rb") as file:
        packed = file.read(_BLOCK)
        while packed:
            member = zlib.decompressobj(_GZIP)
            while not member.eof:
                yield member.decompress(packed, _BLOCK)
                packed = member.unconsumed_tail or (b"" if member.eof else file.read(_BLOCK))
                if not packed and not member.eof:
                    raise EOFError("it ends too early: the file was cut")
            packed = member.unused_data.lstrip(b"\0")
            while not packed and (more := file.read(_BLOCK)):
                packed = more.lstrip(b"\0")


def _unzstd(path: Path) -> Iterator[bytes]:
    import pyarrow as pa

    with pa.OSFile(str(path)) as file, pa.CompressedInputStream(file, "zstd") as stream:
        while block := stream.read(_BLOCK):
            yield block


def _refuse_nested(path: Path, archive: Path) -> None:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    signs = (*(sign for sign, _ in _KINDS), *_OTHERS)
    if head.startswith(signs) or head[_TAR_AT:_HEAD_BYTES].startswith(_TAR):
        what = "the archive holds another archive"
        raise UsageError(Fault("DATA-089", what, (str(archive),), fix="unpack it by hand and give its folder with --data"))


def _bomb(archive: Path, limit: int) -> UsageError:
    what = f"the archive unpacks to more than {limit:,} bytes"
    why = f"it has {archive.stat().st_size:,} bytes itself; a table does not shrink that much"
    fix = "if it is what you expect, unpack it by hand and give its folder with --data"
    return UsageError(Fault("DATA-082", what, (str(archive),), why, fix))
