"""Which rows does a source file hold, in the dictionary's names and types?"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.data.convert import DTYPES
from steward.data.delimited import read_delimited
from steward.data.gunzip import gunzip
from steward.data.kinds import Kind, file_kind
from steward.data.parquet import read_parquet
from steward.project.dictionary import DictionarySpec

APART = {"line": pl.Int64(), "reason": pl.String(), "content": pl.String()}
"""What is kept of a row that cannot be read: its line (from 1), why, and its text."""

_Reader = Callable[[Path, DictionarySpec, Sequence[str]], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class TableRead:
    """One file's rows, the rows of it that could not be read (columns of `APART`), and what was normalised, in sentences."""

    frame: pl.DataFrame
    apart: pl.DataFrame
    notes: tuple[str, ...] = ()


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
        path: a Parquet, CSV or gzipped CSV file.
        dictionary: names, aliases and types; columns it does not know are left out.
        columns: canonical names to read; all of the dictionary where absent.
        header: the columns' names where the file has no header line.

    Returns:
        The columns in the dictionary's order and exact types (Int64, Float64, String, Boolean, Datetime("us") without
        zone); an optional column that the file does not have is null.

    Raises:
        UsageError: DATA-001 to DATA-006 the file or its header, DATA-012 cells that cannot be read.
    """
    wanted = [name for name in dictionary.columns if columns is None or name in columns]
    frame = _READERS[file_kind(path)](path, dictionary, wanted)
    absent = [pl.lit(None, DTYPES[dictionary.columns[name].type]).alias(name) for name in wanted if name not in frame.columns]
    return TableRead(frame.with_columns(absent).select(wanted), pl.DataFrame(schema=APART))


def _csv(path: Path, dictionary: DictionarySpec, wanted: Sequence[str]) -> pl.DataFrame:
    return read_delimited(path.read_bytes(), dictionary, wanted, path)


def _csv_gz(path: Path, dictionary: DictionarySpec, wanted: Sequence[str]) -> pl.DataFrame:
    return read_delimited(gunzip(path.read_bytes(), path), dictionary, wanted, path)


_READERS: dict[Kind, _Reader] = {"csv": _csv, "csv.gz": _csv_gz, "parquet": read_parquet}
