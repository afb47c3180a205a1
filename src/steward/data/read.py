"""Which rows does a source file hold, in the dictionary's names and types?"""

import os
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.convert import DTYPES
from steward.data.delimited import read_delimited
from steward.data.gunzip import gunzip
from steward.data.kinds import Kind, file_kind
from steward.data.locate import SourceFile
from steward.data.parquet import read_parquet
from steward.project.dictionary import DictionarySpec

PERIOD = "period"
_MOST_THREADS = 4  # each holds one unpacked file in memory

_Reader = Callable[[Path, DictionarySpec, Sequence[str]], pl.DataFrame]


def read_table(path: Path, dictionary: DictionarySpec, *, columns: Collection[str] | None = None) -> pl.DataFrame:
    """Return one file's rows in file order.

    Args:
        path: a Parquet, CSV or gzipped CSV file.
        dictionary: names, aliases and types; columns it does not know are left out.
        columns: canonical names to read; all of the dictionary where absent.

    Returns:
        The columns in the dictionary's order and exact types (Int64, Float64, String, Boolean, Datetime("us") without
        zone); an optional column that the file does not have is null.

    Raises:
        UsageError: DATA-001 to DATA-006 the file or its header, DATA-012 cells that cannot be read.
    """
    wanted = [name for name in dictionary.columns if columns is None or name in columns]
    frame = _READERS[file_kind(path)](path, dictionary, wanted)
    absent = [pl.lit(None, DTYPES[dictionary.columns[name].type]).alias(name) for name in wanted if name not in frame.columns]
    return frame.with_columns(absent).select(wanted)


def read_many(files: Sequence[SourceFile], dictionary: DictionarySpec) -> pl.DataFrame:
    """Return the rows of all files one after the other, with the month of their file in a column `period`.

    Unpacking, parsing and converting of different files overlap; at most four files are in memory at a time.

    Raises:
        UsageError: every fault of every file.
    """
    if PERIOD in dictionary.columns:
        fault = Fault("DATA-007", "a column may not be called 'period'", fix="choose another name for it in dictionary.yaml")
        raise UsageError(fault)
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        running = [pool.submit(read_table, file.path, dictionary) for file in files]
    faults = [fault for future in running for fault in _faults(future)]
    if faults:
        raise UsageError(*faults)
    frames = [future.result().with_columns(pl.lit(file.period).alias(PERIOD)) for file, future in zip(files, running, strict=True)]
    return pl.concat(frames)


def _faults(future: Future[pl.DataFrame]) -> tuple[Fault, ...]:
    error = future.exception()
    if error is None:
        return ()
    if isinstance(error, UsageError):
        return error.faults
    raise error


def _csv(path: Path, dictionary: DictionarySpec, wanted: Sequence[str]) -> pl.DataFrame:
    return read_delimited(path.read_bytes(), dictionary, wanted, path)


def _csv_gz(path: Path, dictionary: DictionarySpec, wanted: Sequence[str]) -> pl.DataFrame:
    return read_delimited(gunzip(path.read_bytes(), path), dictionary, wanted, path)


_READERS: dict[Kind, _Reader] = {"csv": _csv, "csv.gz": _csv_gz, "parquet": read_parquet}
