"""Are these bytes text, and in which encoding?"""

from pathlib import Path

from steward.core.errors import Fault, UsageError

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLANK_END = (b"\n\n", b"\n\r\n")


def as_utf8(data: bytes, path: Path) -> bytes:
    """Return text as UTF-8 without byte-order mark, with line feeds, without blank lines at the end.

    Copies only where something changes: a table is usually much larger than what is wrong with it.

    Raises:
        UsageError: DATA-006 it is not UTF-8 (nor marked UTF-16), or not text at all.
    """
    if data.startswith(_UTF16):
        data = data.decode("utf-16", errors="replace").encode()
    if not data.isascii():
        _refuse_other_encodings(data, path)
    if b"\0" in data:
        what = "the file holds NUL bytes: it is not text"
        raise UsageError(Fault("DATA-006", what, (_line(data, data.index(b"\0"), path),), fix="fetch or export it again"))
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    return data.rstrip(b"\r\n") + b"\n" if data.endswith(_BLANK_END) else data


def _refuse_other_encodings(data: bytes, path: Path) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        fix = "save it as UTF-8, for example:  iconv -f latin1 -t utf-8 OLD > NEW"
        raise UsageError(Fault("DATA-006", "the file is not UTF-8 text", (_line(data, error.start, path),), fix=fix)) from error


def _line(data: bytes, place: int, path: Path) -> str:
    line = data.count(b"\n", 0, place) + 1
    return f"{path}:{line}"
