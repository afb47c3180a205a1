"""What rows does a Parquet file hold?"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.convert import convert
from steward.data.header import match_header
from steward.data.unreadable import unreadable_cells
from steward.project.dictionary import DictionarySpec

# A footer that lies can make the decoder panic, which Polars raises beside its own errors.
_BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def read_parquet(path: Path, dictionary: DictionarySpec, wanted: Sequence[str]) -> pl.DataFrame:
    """Return the wanted columns that the file has, under their canonical names and in their exact types.

    Raises:
        UsageError: DATA-001 no rows, DATA-002 cut or corrupt, DATA-004 and DATA-005 the column names,
            DATA-012 values that are not of the promised type.
    """
    header = _names(path)
    places = match_header(header, dictionary, wanted, path)
    frame = _read(path, [header[place] for place in places.values()])
    if not frame.height:
        raise UsageError(Fault("DATA-001", "the file has columns and no rows", (str(path),), fix="fetch or export it again"))
    given = {name: frame[header[place]] for name, place in places.items()}
    columns = {name: convert(column, dictionary.columns[name]) for name, column in given.items()}

    def where(rows: Sequence[int]) -> str:
        return f"{path}, rows {', '.join(str(row + 1) for row in rows)}"

    faults = [
        unreadable_cells(given[name].name, dictionary.columns[name], given[name], mask, where)
        for name, column in columns.items()
        if (mask := column.unreadable) is not None
    ]
    if faults:
        raise UsageError(*faults)
    return pl.DataFrame([column.values.alias(name) for name, column in columns.items()])


def _names(path: Path) -> list[str]:
    try:
        return list(pl.read_parquet_schema(path))
    except _BROKEN as error:
        raise _corrupt(path, error) from error


def _read(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, columns=list(columns), glob=False)
    except _BROKEN as error:
        raise _corrupt(path, error) from error


def _corrupt(path: Path, error: BaseException) -> UsageError:
    why = str(error).partition("\n")[0][:200]
    return UsageError(Fault("DATA-002", "the Parquet file is cut or corrupt", (str(path),), why, "fetch the file again"))
