"""What kind of file is this - by its first bytes, and does its name say the same?"""

from pathlib import Path
from typing import Literal

from steward.core.errors import Fault, UsageError

Kind = Literal["parquet", "csv", "csv.gz"]

_SUFFIXES: tuple[tuple[str, Kind], ...] = (
    (".parquet", "parquet"),
    (".pq", "parquet"),
    (".csv.gz", "csv.gz"),
    (".tsv.gz", "csv.gz"),
    (".gz", "csv.gz"),
    (".csv", "csv"),
    (".tsv", "csv"),
    (".txt", "csv"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD_BYTES = 4096


def file_kind(path: Path) -> Kind:
    """Return the kind of a file.

    Raises:
        UsageError: DATA-001 the file is empty, DATA-003 its content is not what its name says, DATA-006 it cannot
            be read or is of a kind nobody here reads.
    """
    if not path.is_file():  # a folder, a pipe or a device would block or mislead
        raise UsageError(
            Fault("DATA-006", "the source is not a readable file", (str(path),), fix="give the path of a regular file")
        )
    head = _head(path)
    if not head.strip():
        raise UsageError(Fault("DATA-001", "the file is empty", (str(path),), fix="fetch or export it again"))
    named, found = _by_name(path), _by_content(head)
    if named is not None and found != named:
        what = f"the name says {named}, the content is {found or 'something else'}"
        raise UsageError(Fault("DATA-003", what, (str(path),), fix="rename the file after its content, or fetch it again"))
    if found is None:
        fix = "Steward reads Parquet, CSV and gzipped CSV: export the table as one of these"
        raise UsageError(Fault("DATA-006", "the file is of an unknown kind", (str(path),), fix=fix))
    return found


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        fault = Fault("DATA-006", f"the file cannot be read: {error.strerror}", (str(path),), fix="check its permissions")
        raise UsageError(fault) from error


def _by_name(path: Path) -> Kind | None:
    name = path.name.casefold()
    return next((kind for suffix, kind in _SUFFIXES if name.endswith(suffix)), None)


def _by_content(head: bytes) -> Kind | None:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x1f\x8b"):
        return "csv.gz"
    return "csv" if head.startswith(_UTF16) or b"\0" not in head else None
