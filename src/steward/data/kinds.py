"""What kind of file is this - by its first bytes, and does its name say the same?"""

import re
from pathlib import Path
from typing import Literal

from steward.core.errors import Fault, UsageError

Kind = Literal["parquet", "csv", "csv.gz", "csv.zst", "json", "json.gz", "json.zst"]
"""`json` is JSON lines: one object a line."""

_CSV, _JSON = (".csv", ".tsv", ".txt", ".data"), (".jsonl", ".ndjson", ".json")
_PACKED = {".gz": ".gz", ".gzip": ".gz", ".zst": ".zst", ".zstd": ".zst"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD_BYTES = 4096
_STRANGERS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK", "a zip archive", "unpack it, or name it in source.files: an archive named there is unpacked by itself"),
    (b"BZh", "a bzip2 file", "unpack it:  bunzip2 FILE"),
    (b"\xfd7zXZ", "an xz file", "unpack it:  unxz FILE"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"Rar!", "a rar archive", "unpack it"),
    (b"%PDF", "a PDF", "export the table as CSV"),
    (b"\x89HDF", "an HDF5 file", "export the table as Parquet or CSV"),
    (b"SQLite format 3", "a SQLite database", "name it as a source:  source.sql"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "export the sheet as CSV"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x95\x4b\x5d\x7d\x63\x28\x58\x8c\x71]")
_MARKUP = re.compile(rb"\s*<(\?xml|!doctype|!entity|!--|html)", re.IGNORECASE)


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
    _refuse_strangers(head, path, named)
    if found in (".gz", ".zst"):
        inside = named.partition(".")[0] if named else _inside(path)
        found = f"{inside}{found}"
    if found is None and named in ("csv", "json"):
        found = named  # no text after all: where it stops being one is told when it is read
    if found is None:
        fix = "Steward reads Parquet, CSV and JSON lines, plain, gzipped or as zstd: export the table as one of these"
        raise UsageError(Fault("DATA-006", "the file is of an unknown kind", (str(path),), fix=fix))
    if named is not None and found != named:
        what = f"the name says {named}, the content is {found}"
        raise UsageError(Fault("DATA-003", what, (str(path),), fix="rename the file after its content, or fetch it again"))
    return _KINDS[found]


_KINDS: dict[str, Kind] = {
    "parquet": "parquet",
    "csv": "csv",
    "csv.gz": "csv.gz",
    "csv.zst": "csv.zst",
    "json": "json",
    "json.gz": "json.gz",
    "json.zst": "json.zst",
}


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        fault = Fault("DATA-006", f"the file cannot be read: {error.strerror}", (str(path),), fix="check its permissions")
        raise UsageError(fault) from error


def _by_name(path: Path) -> str | None:
    """Return the kind that the name promises; None where it promises none."""
    suffix = path.suffix.casefold()
    if suffix in _PACKED:
        return f"{_inside(path)}{_PACKED[suffix]}"
    if suffix in (".parquet", ".pq"):
        return "parquet"
    if suffix in _JSON:
        return "json"
    return "csv" if suffix in _CSV else None


def _inside(path: Path) -> str:
    stem = path.name.casefold()
    return "json" if any(suffix in stem for suffix in _JSON) else "csv"


def _by_content(head: bytes) -> str | None:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x1f\x8b"):
        return ".gz"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return ".zst"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[{", b"[\n")):
        return "json"
    return "csv" if head.startswith(_UTF16) or b"\0" not in head else None


def _refuse_strangers(head: bytes, path: Path, named: str | None) -> None:
    known = next(((what, fix) for sign, what, fix in _STRANGERS if head.startswith(sign)), None)
    if known is None and (_PICKLE.match(head) or path.suffix.casefold() in (".pkl", ".pickle")):
        known = ("a pickle: loading one runs the code inside it, so nobody here does", "export the table as Parquet or CSV")
    if known is None and _MARKUP.match(head):
        known = (
            "XML or HTML, not a table: nothing in it is looked up",
            "export the table as CSV; a web page may have come instead",
        )
    if known is not None:
        what = f"the file is {known[0]}" if named is None else f"the name says {named}, the content is {known[0]}"
        raise UsageError(Fault("DATA-006" if named is None else "DATA-003", what, (str(path),), fix=known[1]))
