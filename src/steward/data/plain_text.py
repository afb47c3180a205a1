"""Are these bytes text, and in which encoding?"""

import re
from dataclasses import dataclass
from pathlib import Path

from steward.core.errors import Fault, UsageError
from steward.data.remarks import Remark

LONGEST = 1 << 20
"""No line and no cell of a table has more bytes than this."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_BLANK_END = (b"\n\n", b"\n\r\n")
_STEP = LONGEST // 2
_UTF8 = rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
_UTF8_WORD = re.compile(rb"(?<![\x80-\xff])(?:" + _UTF8 + rb")+(?![\x80-\xff])")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_READ_AGAIN = "fetch or export it again"


@dataclass(frozen=True, slots=True)
class PlainText:
    """Text as UTF-8 without byte-order mark, with line feeds, without blank lines at the end; and what was changed for that."""

    data: bytes
    remarks: tuple[Remark, ...] = ()


def as_utf8(data: bytes, path: Path) -> bytes:
    """Return text as `plain_text` does, without what was changed."""
    return plain_text(data, path).data


def plain_text(data: bytes, path: Path) -> PlainText:
    """Return text in one form, whatever it was written in.

    Copies only where something changes: a table is usually much larger than what is wrong with it.

    Raises:
        UsageError: DATA-006 it mixes encodings, or is not text at all; DATA-013 a line is too long.
    """
    remarks: list[Remark] = []
    if data.startswith(_UTF16):
        data = _from_utf16(data, path)
        remarks.append(Remark("the file is UTF-16 and was read as that"))
    elif data.startswith(_UTF8_MARK):
        data = data.removeprefix(_UTF8_MARK)
        remarks.append(Remark("a byte-order mark was taken off"))
    # before anything is copied again
    _refuse_long_lines(data, path)
    if b"\0" in data:
        what = "the file holds NUL bytes: it is not text"
        raise UsageError(Fault("DATA-006", what, (_line(data, data.index(b"\0"), path),), fix=_READ_AGAIN))
    if not data.isascii() and not _is_utf8(data):
        data, encoding = _from_one_byte(data, path)
        remarks.append(Remark(f"the file is not UTF-8 and was read as {encoding}"))
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    if data.endswith(_BLANK_END):
        data = data.rstrip(b"\r\n") + b"\n"
        remarks.append(Remark("blank lines at the end were left out"))
    return PlainText(data, tuple(remarks))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_utf16(data: bytes, path: Path) -> bytes:
    try:
        return data.decode("utf-16").encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        line = data[: error.start].count(b"\n") + 1
        fault = Fault("DATA-006", "the file is marked as UTF-16 and is not", (f"{path}:{line}",), str(error.reason), _READ_AGAIN)
        raise UsageError(fault) from error


def _from_one_byte(data: bytes, path: Path) -> tuple[bytes, str]:
    """Return text of one byte a character as UTF-8; what is partly UTF-8 is nobody's encoding."""
    good = next((word.start() for word in _UTF8_WORD.finditer(data) if _is_utf8(word[0])), None)
    if good is not None:
        bad = _first_bad(data)
        where = (_line(data, bad, path),)
        why = f"{_line(data, good, path)} is UTF-8, this line is not: nobody can tell what its letters are"
        fix = "write all of it in one encoding; two files may have been put one after the other"
        raise UsageError(Fault("DATA-006", "the file mixes encodings", where, why, fix))
    if found := _CONTROL.search(data):
        why = f"it holds the byte {found[0].hex()}"
        raise UsageError(Fault("DATA-006", "the file is not text", (_line(data, found.start(), path),), why, _READ_AGAIN))
    try:
        return data.decode("cp1252").encode(), "cp1252 (latin-1)"
    except UnicodeDecodeError as error:
        why = f"byte {data[error.start]:02x} is no letter in UTF-8 or latin-1"
        fix = "save it as UTF-8, for example:  iconv -f ENCODING -t utf-8 OLD > NEW"
        raise UsageError(Fault("DATA-006", "the file is not text", (_line(data, error.start, path),), why, fix)) from error


def _first_bad(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _refuse_long_lines(data: bytes, path: Path) -> None:
    """Refuse a line longer than LONGEST: some half as long piece of it holds no line end, so few places need a look."""
    end = b"\n" if b"\n" in data else b"\r"
    for start in range(0, len(data) - _STEP, _STEP):
        if data.find(end, start, start + _STEP) < 0:
            begin, stop = data.rfind(end, 0, start) + 1, data.find(end, start)
            length = (stop if stop >= 0 else len(data)) - begin
            if length > LONGEST:
                why = f"it has {length:,} bytes, {LONGEST:,} are allowed: a quote or line end is missing, or this is no table"
                raise UsageError(Fault("DATA-013", "a line is too long", (_line(data, start, path),), why, _READ_AGAIN))


def _line(data: bytes, place: int, path: Path) -> str:
    line = data.count(b"\n", 0, place) + 1
    return f"{path}:{line}"
