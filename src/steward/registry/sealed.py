"""Are these, to the last byte, the files that were recorded?

Files are read into memory once, compared there with hashes kept elsewhere, and only those bytes are used:
nothing can be exchanged between looking and loading. Nothing is parsed before all of them matched.
"""

import os
import re
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from steward.core.digest import digest_bytes
from steward.core.errors import Fault, Refused

LARGEST = 1 << 30
"""Bytes above which a file is not read at all."""

_FIX = "put the bundle back from a backup, roll back to another version, or train again"

# No symbolic link is followed, and a pipe that was put in the place of a file does not hang the reader.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_sealed(folder: Path, recorded: Mapping[str, str], allowed: re.Pattern[str]) -> Mapping[str, bytes]:
    """Return the content of every recorded file, verified.

    Args:
        folder: holds these files and no others.
        recorded: name relative to the folder, with ``/``, to SHA-256; comes from outside the folder.
        allowed: what a name may look like.

    Raises:
        Refused: BUNDLE-001 a name or kind of file that has no place here, BUNDLE-002 files missing or
            added, BUNDLE-003 content that does not match its hash. All faults of a stage at once.
    """
    strange = [
        Fault("BUNDLE-001", f"no bundle holds a file named {name!r}", fix=_FIX) for name in recorded if not allowed.fullmatch(name)
    ]
    _refuse(strange)
    _refuse(_differences(folder, recorded, _names(folder)))
    contents = {name: _read(folder / name) for name in sorted(recorded)}
    changed = [
        Fault(
            "BUNDLE-003",
            f"{name} is not what was recorded",
            (str(folder / name),),
            "its SHA-256 differs: it was changed or damaged",
            _FIX,
        )
        for name, content in contents.items()
        if digest_bytes(content) != recorded[name]
    ]
    _refuse(changed)
    return contents


def _names(folder: Path) -> list[str]:
    if folder.is_symlink() or not folder.is_dir():
        raise Refused(Fault("BUNDLE-002", "the bundle's folder is not there", (str(folder),), fix=_FIX))
    names: list[str] = []
    for place, folders, files in os.walk(folder):
        inside = Path(place)
        links = [inside / name for name in folders if (inside / name).is_symlink()]
        _refuse([_not_a_file(path) for path in links])
        names += [(inside / name).relative_to(folder).as_posix() for name in files]
    return names


def _differences(folder: Path, recorded: Mapping[str, str], found: Collection[str]) -> list[Fault]:
    added, missing = sorted(set(found) - set(recorded)), sorted(set(recorded) - set(found))
    return [Fault("BUNDLE-002", f"{name} does not belong to the bundle", (str(folder / name),), fix=_FIX) for name in added] + [
        Fault("BUNDLE-002", f"{name} is missing from the bundle", (str(folder / name),), fix=_FIX) for name in missing
    ]


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise Refused(Fault("BUNDLE-001", f"{path.name} cannot be read", (str(path),), why=str(error), fix=_FIX)) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise Refused(_not_a_file(path))
        return file.read()


def _not_a_file(path: Path) -> Fault:
    why = "links, pipes and very large files have no place in a bundle"
    return Fault("BUNDLE-001", f"{path.name} is not an ordinary file", (str(path),), why=why, fix=_FIX)


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise Refused(*faults)
