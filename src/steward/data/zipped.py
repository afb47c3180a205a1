"""Which file of a zip archive is meant, and is the archive's table of contents harmless?

Nothing of a member's path is ever used but its last part; an archive with a name that would lead elsewhere is refused as a whole,
for nobody makes one by accident.
"""

import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from steward.core.errors import Fault, UsageError, did_you_mean

_END, _END_BYTES = b"PK\5\6", 22
_LOCATOR, _LOCATOR_BYTES, _END64_BYTES = b"PK\6\7", 20, 56
_TAIL_BYTES = 65_535 + _END_BYTES + _LOCATOR_BYTES + _END64_BYTES
_LONG_ENTRY = 256  # bytes: a name, a comment and what programs add
_ENCRYPTED = 0x1 | 0x40
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack in blocks without a bound
_MAX_NAME_BYTES = 200
_KINDS = (0, stat.S_IFREG, stat.S_IFDIR)


@contextmanager
def open_zip(path: Path, max_members: int) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose table of contents is of a sane size.

    Raises:
        UsageError: DATA-081 cut or corrupt, DATA-083 too many members.
    """
    if _contents_bytes(path) > max_members * _LONG_ENTRY:
        raise _too_many(path, max_members)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError, ValueError, struct.error) as error:
        raise corrupt(path, str(error)) from error
    with archive:
        if len(archive.infolist()) > max_members:
            raise _too_many(path, max_members)
        yield archive


def choose(archive: zipfile.ZipFile, path: Path, member: str | None) -> zipfile.ZipInfo:
    """Return the member that is meant: the one named, by its path or its last part, else the only one.

    Raises:
        UsageError: DATA-084 a name that leads elsewhere, DATA-085 a link, DATA-086 encrypted or of a method not read here,
            DATA-087 none or several and none named, DATA-088 no such member.
    """
    for one in archive.infolist():
        _refuse_name(one, path)
        _refuse_link(one, path)
    files = [one for one in archive.infolist() if not one.is_dir() and not _is_leftover(one.filename)]
    found = _only(files, path) if member is None else _named(files, member, path)
    if found.flag_bits & _ENCRYPTED:
        what = f"{found.filename} is encrypted"
        raise UsageError(Fault("DATA-086", what, (str(path),), fix="unpack it by hand and give its folder with --data"))
    if found.compress_type not in _METHODS:
        what = f"{found.filename} is packed by a method that is not read here ({found.compress_type})"
        raise UsageError(Fault("DATA-086", what, (str(path),), fix="pack it again with the ordinary method (deflate)"))
    return found


def last_part(name: str) -> str:
    """Return the file name at the end of a member's path."""
    return PurePosixPath(name.replace("\\", "/")).name


def is_harmless(name: str) -> bool:
    r"""Say whether a member's path stays below the folder it would be unpacked to, on any system.

    >>> [is_harmless(name) for name in ("data/a.csv", "../a.csv", "/etc/a", "C:\\a.csv", "a\0.csv")]
    [True, False, False, False, False]
    """
    parts = name.replace("\\", "/").split("/")
    if not parts[0] or any(part == ".." or part[1:2] == ":" for part in parts):  # a drive leads elsewhere wherever it stands
        return False
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        return False
    return last_part(name) not in ("", ".") and len(last_part(name).encode()) <= _MAX_NAME_BYTES


def corrupt(path: Path, why: str) -> UsageError:
    """Return the error for an archive that cannot be unpacked to its end."""
    return UsageError(Fault("DATA-081", "the archive is cut or corrupt", (str(path),), why, "fetch the file again"))


def _contents_bytes(path: Path) -> int:
    """Return how large the table of contents says it is, without reading it: zipfile would take all of it into memory."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = file.read()
    at = tail.rfind(_END)
    large = at - _LOCATOR_BYTES - _END64_BYTES  # where archives of four gigabytes and more say it again
    try:
        if large >= 0 and tail.startswith(_LOCATOR, at - _LOCATOR_BYTES):
            return int(struct.unpack_from("<Q", tail, large + 40)[0])
        return int(struct.unpack_from("<I", tail, at + 12)[0]) if at >= 0 else 0
    except struct.error as error:
        raise corrupt(path, "it ends within its table of contents") from error


def _refuse_name(one: zipfile.ZipInfo, path: Path) -> None:
    if not is_harmless(one.orig_filename):  # `filename` ends where a NUL stands
        what = f"the archive holds a name that leads elsewhere: {one.orig_filename[:100]!r}"
        why = "unpacked by a careless program it would overwrite a file outside its folder"
        raise UsageError(Fault("DATA-084", what, (str(path),), why, "do not trust this archive; ask its publisher"))


def _refuse_link(one: zipfile.ZipInfo, path: Path) -> None:
    if stat.S_IFMT(one.external_attr >> 16) not in _KINDS:
        what = f"the archive holds a link or a device: {one.filename!r}"
        raise UsageError(Fault("DATA-085", what, (str(path),), fix="pack the file itself instead of a link to it"))


def _is_leftover(name: str) -> bool:
    """Say whether a member is what macOS and Windows leave in archives."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _only(files: Sequence[zipfile.ZipInfo], path: Path) -> zipfile.ZipInfo:
    if len(files) == 1:
        return files[0]
    what = f"the archive holds {len(files)} files" if files else "the archive holds no file"
    names = ", ".join(one.filename for one in files[:10])
    fix = f"name one under source:  member: {files[0].filename}" if files else "fetch the file again"
    raise UsageError(Fault("DATA-087", what, (str(path),), f"it holds {names}" if files else "", fix))


def _named(files: Sequence[zipfile.ZipInfo], member: str, path: Path) -> zipfile.ZipInfo:
    found = [one for one in files if one.filename == member] or [one for one in files if last_part(one.filename) == member]
    if len(found) == 1:
        return found[0]
    if found:
        what = f"the archive holds {len(found)} files called {member!r}"
        raise UsageError(Fault("DATA-087", what, (str(path),), fix=f"write its path under source:  member: {found[0].filename}"))
    fix = did_you_mean(member, [one.filename for one in files][:50])
    raise UsageError(Fault("DATA-088", f"the archive holds no file called {member!r}", (str(path),), fix=fix))


def _too_many(path: Path, limit: int) -> UsageError:
    what = f"the archive holds more than {limit:,} files"
    return UsageError(Fault("DATA-083", what, (str(path),), fix="unpack it by hand and give its folder with --data"))
