"""How does a table larger than the memory come into a file, whole or not at all?

It is written piece by piece beside the place where it belongs and gets its name when it is complete. A killed run leaves a
hidden part, which the next one writes over; the same pieces make the same bytes.
"""

import fcntl
import gzip
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import polars as pl

from steward.core.errors import Fault, Refused, UsageError

Write = Callable[[pl.DataFrame], None]
"""Adds some rows, the first time at least the columns."""

_LEVEL = 1  # of gzip: the next ones cost several times the time for a tenth of the size


@contextmanager
def table_file(path: Path) -> Iterator[Write]:
    """Give a function that adds rows to a file; after any error the file is as it was.

    Args:
        path: its name says the kind: .parquet, .csv or .jsonl, the latter two also with .gz.

    Raises:
        UsageError: SCORE-003 the name says no kind.
        Refused: SCORE-004 another process writes the same file at this moment.
    """
    begin = _writer(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    with beside.open("ab") as file:
        _refuse_other_writer(file, path)
        file.truncate(0)
        try:
            with begin(file) as write:
                yield write
            file.flush()
            os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _writer(path: Path) -> Callable[[IO[bytes]], Any]:
    name = path.name.lower()
    found = next((writer for ending, writer in _WRITERS.items() if name.endswith(ending)), None)
    if found is None:
        fix = f"let its name end in {', '.join(_WRITERS)}"
        raise UsageError(Fault("SCORE-003", f"{path.name} does not say what kind of file it is to be", (str(path),), fix=fix))
    return found


def _refuse_other_writer(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        fix = "wait until it has ended, or name another file"
        raise Refused(Fault("SCORE-004", "another process writes this file", (str(path),), fix=fix)) from error


@contextmanager
def _parquet(file: IO[bytes]) -> Iterator[Write]:
    import pyarrow.parquet as pq

    writer: Any = None

    def write(frame: pl.DataFrame) -> None:
        nonlocal writer
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if writer is None:
            # What counts up or rarely repeats gains nothing from a dictionary of its values.
            texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and name != "prediction_id"]
            writer = pq.ParquetWriter(file, table.schema, compression="zstd", compression_level=1, use_dictionary=texts)
        writer.write_table(table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


@contextmanager
def _csv(file: IO[bytes]) -> Iterator[Write]:
    header = True

    def write(frame: pl.DataFrame) -> None:
        nonlocal header
        frame.write_csv(file, include_header=header)
        header = False

    yield write


@contextmanager
def _json(file: IO[bytes]) -> Iterator[Write]:
    yield lambda frame: frame.write_ndjson(file)


@contextmanager
def _packed(inner: Callable[[IO[bytes]], Any], file: IO[bytes]) -> Iterator[Write]:
    # Neither name nor time: the same rows make the same bytes.
    with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed, inner(packed) as write:  # type: ignore[arg-type]
        yield write


_WRITERS: Mapping[str, Callable[[IO[bytes]], Any]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".csv.gz": partial(_packed, _csv),
    ".jsonl": _json,
    ".jsonl.gz": partial(_packed, _json),
}
