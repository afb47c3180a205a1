"""Which rows does a source file hold, in the dictionary's names and types?"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.convert import DTYPES
from steward.data.delimited import read_delimited
from steward.data.gunzip import LIMIT_BYTES, gunzip, unzstd
from steward.data.json_lines import read_json_lines
from steward.data.kinds import Kind, file_kind
from steward.data.parquet import read_parquet
from steward.data.remarks import APART, TableRead
from steward.project.dictionary import DictionarySpec

__all__ = ["APART", "TableRead", "read_table"]


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked of a file: whose names and types, which columns, names for a file without any, and how many bad rows."""

    path: Path
    dictionary: DictionarySpec
    wanted: Sequence[str]
    header: Sequence[str]
    max_unreadable: float


def read_table(
    path: Path,
    dictionary: DictionarySpec,
    *,
    columns: Collection[str] | None = None,
    header: Sequence[str] = (),
    max_unreadable: float = 0.01,
) -> TableRead:
    """Return one file's rows in file order.

    Args:
        path: a Parquet, CSV or JSON lines file; the latter two may be packed by gzip or zstd.
        dictionary: names, aliases and types; columns it does not know are left out.
        columns: canonical names to read; all of the dictionary where absent.
        header: the columns' names where the file has no header line; a header in the file goes before it.
        max_unreadable: greatest share of the file's rows that may be unreadable and are set apart; above it the file is refused.

    Returns:
        The columns in the dictionary's order and exact types (Int64, Float64, String, Boolean, Datetime("us") without
        zone); an optional column that the file does not have is null.

    Raises:
        UsageError: DATA-001 to DATA-006 and DATA-010 to DATA-015: docs/bad_input.md lists what is refused.
    """
    wanted = [name for name in dictionary.columns if columns is None or name in columns]
    read = _READERS[file_kind(path)](_Request(path, dictionary, wanted, header, max_unreadable))
    absent = [pl.lit(None, DTYPES[dictionary.columns[name].type]).alias(name) for name in wanted if name not in read.frame.columns]
    return TableRead(read.frame.with_columns(absent).select(wanted), read.apart, read.notes)


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LIMIT_BYTES:
        what = f"the file has {size:,} bytes, {LIMIT_BYTES:,} are allowed"
        raise UsageError(Fault("DATA-013", what, (str(path),), fix="split it into periods, or write it as Parquet"))
    return path.read_bytes()


def _gz(path: Path) -> bytes:
    return gunzip(_content(path), path)


def _zst(path: Path) -> bytes:
    return unzstd(_content(path), path)


def _csv(unpack: Callable[[Path], bytes]) -> Callable[[_Request], TableRead]:
    return lambda asked: read_delimited(
        unpack(asked.path), asked.dictionary, asked.wanted, asked.path, asked.header, asked.max_unreadable
    )


def _json(unpack: Callable[[Path], bytes]) -> Callable[[_Request], TableRead]:
    return lambda asked: read_json_lines(unpack(asked.path), asked.dictionary, asked.wanted, asked.path, asked.max_unreadable)


def _parquet(asked: _Request) -> TableRead:
    return read_parquet(asked.path, asked.dictionary, asked.wanted, asked.max_unreadable)


_READERS: dict[Kind, Callable[[_Request], TableRead]] = {
    "csv": _csv(_content),
    "csv.gz": _csv(_gz),
    "csv.zst": _csv(_zst),
    "json": _json(_content),
    "json.gz": _json(_gz),
    "json.zst": _json(_zst),
    "parquet": _parquet,
}
