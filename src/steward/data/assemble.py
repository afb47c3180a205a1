"""How do the files of some periods become the rows of a project?

Each file is read once. A file that holds several periods gives each its own rows; where the rows lie in
several tables, these are joined, period by period, to the first of them.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.period import Period
from steward.data.locate import SourceFile
from steward.data.read import TableRead, read_table
from steward.project.dictionary import DictionarySpec
from steward.project.sources import SourceSpec

PERIOD = "period"
_MOST_THREADS = 4  # each holds one unpacked file in memory

_Key = tuple[Path, str]
_Tables = Mapping[_Key, TableRead]


@dataclass(frozen=True, slots=True)
class RowsRead:
    """All rows in the order of their periods and files, with their period in a column `period`.

    `apart` are rows that could not be read: `file`, `line`, `reason` and `content`. `notes` say what was read unusually.
    """

    frame: pl.DataFrame
    apart: pl.DataFrame
    notes: tuple[str, ...]


def read_rows(
    files: Sequence[SourceFile], source: SourceSpec, dictionary: DictionarySpec, *, max_unreadable: float = 0.01
) -> RowsRead:
    """Return the rows of all files, one period after the other.

    Unpacking, parsing and converting of different files overlap; at most four files are in memory at a time.
    Of each file up to `max_unreadable` of its rows (a share) may be unreadable.

    Raises:
        UsageError: every fault of every file; DATA-007 a column is called period; DATA-008 a file holds several periods and
            nothing tells them apart; DATA-009 a joined table has two rows for one key.
    """
    if PERIOD in dictionary.columns:
        fault = Fault("DATA-007", "a column may not be called 'period'", fix="choose another name for it in dictionary.yaml")
        raise UsageError(fault)
    tables = _read_all(files, source, dictionary, max_unreadable)
    periods = list(dict.fromkeys(file.period for file in files))
    frames = [_one_period(period, [file for file in files if file.period == period], tables, source) for period in periods]
    apart = [read.apart.with_columns(pl.lit(path.name).alias("file")) for (path, _), read in tables.items()]
    return RowsRead(pl.concat(frames), pl.concat(apart), _noted(tables))


def _noted(tables: _Tables) -> tuple[str, ...]:
    """Return what was normalised: a note that holds for several files is told once."""
    files: dict[str, list[str]] = {}
    for (path, _), read in tables.items():
        for note in read.notes:
            files.setdefault(note, []).append(path.name)
    return tuple(f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {note}" for note, names in files.items())


def _read_all(files: Sequence[SourceFile], source: SourceSpec, dictionary: DictionarySpec, max_unreadable: float) -> _Tables:
    keys = list(dict.fromkeys((file.path, file.table) for file in files))
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        running = {
            (path, table): pool.submit(
                read_table,
                path,
                dictionary,
                columns=_columns(table, source, dictionary),
                header=source.header,
                max_unreadable=max_unreadable,
            )
            for path, table in keys
        }
    faults = [fault for future in running.values() for fault in _faults(future)]
    if faults:
        raise UsageError(*faults)
    return {key: future.result() for key, future in running.items()}


def _columns(table: str, source: SourceSpec, dictionary: DictionarySpec) -> list[str] | None:
    """Return what a table brings: its own columns and those it is joined by; all there are where there is one table."""
    if not table:
        return None
    first = table == next(iter(source.tables))
    keys = {key for spec in source.tables.values() for key in spec.on} if first else set(source.tables[table].on)
    return [name for name, column in dictionary.columns.items() if column.table == table or name in keys]


def _one_period(period: str, files: Sequence[SourceFile], tables: _Tables, source: SourceSpec) -> pl.DataFrame:
    parts = {file.table: _rows_of(period, file, tables[file.path, file.table].frame, source) for file in files}
    names = list(parts)
    frame = parts[names[0]] if len(names) == 1 else _joined(parts, source)
    return frame.with_columns(pl.lit(period).alias(PERIOD))


def _joined(parts: Mapping[str, pl.DataFrame], source: SourceSpec) -> pl.DataFrame:
    first, *others = source.tables
    frame = parts[first]
    for name in others:
        keys = list(source.tables[name].on)
        _refuse_repeated_keys(name, parts[name], keys)
        fresh = [column for column in parts[name].columns if column in keys or column not in frame.columns]
        frame = frame.join(parts[name].select(fresh), on=keys, how="left", maintain_order="left")
    return frame


def _refuse_repeated_keys(name: str, table: pl.DataFrame, keys: Sequence[str]) -> None:
    repeated = table.group_by(keys).len().filter(pl.col("len") > 1)
    if repeated.height:
        example = ", ".join(f"{key} {value}" for key, value in zip(keys, repeated.sort(keys).row(0), strict=False))
        what = f"table {name!r} has several rows for {repeated.height:,} keys, for example {example}"
        why = "joining it would make several rows of one"
        raise UsageError(
            Fault("DATA-009", what, ("project.yaml: source.tables",), why, "name the columns that tell its rows apart")
        )


def _rows_of(period: str, file: SourceFile, frame: pl.DataFrame, source: SourceSpec) -> pl.DataFrame:
    """Return the rows of one period; of a file that holds only them, all."""
    if not file.whole:
        return frame
    if source.period_column is None:
        what = f"{file.path.name} holds every period, and nothing says which row belongs to {period}"
        fix = "name the column that tells:  source.period_column"
        raise UsageError(Fault("DATA-008", what, (str(file.path),), "its pattern has no {period}", fix))
    column = pl.col(source.period_column)
    if isinstance(frame.schema[source.period_column], pl.Datetime):
        span = Period.parse(period)
        return frame.filter((column >= span.start) & (column < span.end))
    return frame.filter(column.cast(pl.String) == period)


def _faults(future: Future[TableRead]) -> tuple[Fault, ...]:
    error = future.exception()
    if error is None:
        return ()
    if isinstance(error, UsageError):
        return error.faults
    raise error
