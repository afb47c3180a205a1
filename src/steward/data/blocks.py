"""Where may a text file be cut, so that each piece holds whole rows - and on which line does a row end?"""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from steward.core.errors import Fault, UsageError
from steward.data.kinds import Kind
from steward.data.layout import find_layout
from steward.data.plain_text import as_utf8
from steward.project.dictionary import DictionarySpec

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_BLOCKS = 4  # that a row may go on for: a quote that nobody closes must not take all memory
_NEWLINE, _QUOTE = ord("\n"), ord('"')


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows of a text file as UTF-8, under the file's header where it has one of its own.

    `before` is to be added to a line in `data` for its line in the file; `header_records` is 1 with a header, else 0;
    `share` is how much of the file has been read, 0 to 1.
    """

    data: bytes
    before: int
    header_records: int
    share: float


def text_blocks(path: Path, kind: Kind, dictionary: DictionarySpec, header: Sequence[str], size: int) -> Iterator[Block]:
    """Return a file piece by piece, each about `size` bytes unpacked.

    Raises:
        UsageError: DATA-002 a packed file is cut or corrupt; DATA-002, DATA-006, DATA-010, DATA-011, DATA-013, DATA-014 as
            reading the whole file.
    """
    table, head, passed = kind.startswith("csv"), b"", 0
    for number, (raw, share) in enumerate(_pieces(path, kind, size, quoted=table)):
        data = as_utf8(raw, path)
        if number == 0 and table and find_layout(data, dictionary, header, path).own_header:
            head = data[: _first_end(data)]
            data = data[len(head) :]
            passed = head.count(b"\n")
            raw_lines = raw.count(b"\n") - passed
        else:
            raw_lines = raw.count(b"\n")
        yield Block(head + data, passed - head.count(b"\n"), 1 if head else 0, share)
        passed += raw_lines


def lines_of(data: bytes, *, quoted: bool) -> npt.NDArray[np.int64]:
    r"""Return the line, from 1, on which each record ends; with `quoted` a record may be several lines.

    >>> lines_of(b'a,b\n1,"x\ny"\n2,z', quoted=True).tolist()
    [1, 3, 4]
    """
    ends = _record_ends(data, quoted=quoted)
    newlines = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE)
    lines = np.searchsorted(newlines, ends).astype(np.int64) + 1
    return lines if data.endswith(b"\n") or not data else np.append(lines, len(newlines) + 1)


def _record_ends(data: bytes, *, quoted: bool) -> npt.NDArray[np.intp]:
    """Return the places of the line feeds that end a record: those outside quotes."""
    bytes_ = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(bytes_ == _NEWLINE)
    if not quoted or b'"' not in data:
        return newlines
    quotes = np.flatnonzero(bytes_ == _QUOTE)
    outside: npt.NDArray[np.intp] = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    return outside


def _first_end(data: bytes) -> int:
    ends = _record_ends(data, quoted=True)
    return int(ends[0]) + 1 if len(ends) else len(data)


def _pieces(path: Path, kind: Kind, size: int, *, quoted: bool) -> Iterator[tuple[bytes, float]]:
    """Return the unpacked bytes, cut after whole records, and how much of the file was read for them."""
    total, rest, begun = max(1, path.stat().st_size), b"", False
    with path.open("rb") as raw, _unpacked(raw, kind, path) as file:
        while True:
            read = file.read(-1 if rest.startswith(_UTF16) else size)
            data = rest + read
            if not read:
                break
            cut = 0 if data.startswith(_UTF16) else _last_end(data, quoted=quoted, least=1 if begun else 2)
            if not cut and len(data) > _MOST_BLOCKS * size:
                cut = len(data)  # whoever reads it says what is wrong with it
            if cut:
                begun = True
                yield data[:cut], raw.tell() / total
            rest = data[cut:]
    if rest.strip(b"\r\n"):
        yield rest, 1.0


def _last_end(data: bytes, *, quoted: bool, least: int) -> int:
    """Return where the last whole record ends; 0 with fewer than `least` of them: a header alone says nothing of its rows."""
    ends = _record_ends(data, quoted=quoted)
    return int(ends[-1]) + 1 if len(ends) >= least else 0


@contextmanager
def _unpacked(raw: IO[bytes], kind: Kind, path: Path) -> Iterator[IO[bytes]]:
    """Give what a file holds, unpacked as it is read."""
    try:
        if kind.endswith(".gz"):
            with gzip.GzipFile(fileobj=raw) as file:
                yield file  # type: ignore[misc] # it reads as any other file does
        elif kind.endswith(".zst"):
            import pyarrow as pa

            with pa.CompressedInputStream(pa.PythonFile(raw), "zstd") as file:
                yield file
        else:
            yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _broken(path, error) from error
    except OSError as error:
        if kind.endswith(".zst") and error.errno is None:
            raise _broken(path, error) from error
        raise


def _broken(path: Path, error: Exception) -> UsageError:
    why = f"it is cut or corrupt ({str(error)[:200]})"
    return UsageError(Fault("DATA-002", "the packed file cannot be unpacked", (str(path),), why, "fetch the file again"))
