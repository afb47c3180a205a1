"""What rows does a Parquet file hold?"""

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.header import header_remarks, match_header
from steward.data.remarks import TableRead
from steward.data.settle import Cells, Stand, converted, settle
from steward.project.dictionary import DictionarySpec

# A footer that lies can make the decoder panic, which Polars raises beside its own errors.
_BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, OverflowError)
_CELL_BYTES = 8
_FREE_BYTES = 512 << 20
_MAX_RATIO = 200
_HEAD_BYTES = 64
_NEXT_NUMBER = b"\x15"  # of Thrift's compact form: the next field is an integer
_BATCH = 65_536


def read_parquet(path: Path, dictionary: DictionarySpec, wanted: Sequence[str], max_unreadable: float) -> TableRead:
    """Return the wanted columns that the file has, under their canonical names and in their exact types.

    Raises:
        UsageError: DATA-001 no rows, DATA-002 cut or corrupt, DATA-004 and DATA-005 the column names,
            DATA-012 values that are not of the promised type.
    """
    header = _names(path)
    places = match_header(header, dictionary, wanted, path)
    if _has_page_checksums(path):
        _refuse_wrong_checksums(path)
    frame = _read(path, [header[place] for place in places.values()])
    given = {name: frame[header[place]] for name, place in places.items()}

    cells = Cells(path, given, row_texts(frame), "row", {}, remarks=tuple(header_remarks(header, dictionary, places)))
    return settle(cells, converted(cells, dictionary), dictionary, max_unreadable)


def row_texts(frame: pl.DataFrame, before: int = 0) -> Stand:
    """Return what tells the number in the file and the content, as JSON, of some rows of a frame with `before` rows before it."""

    def stand(rows: Sequence[int]) -> tuple[list[int], list[str]]:
        texts = [json.dumps(row, ensure_ascii=False, default=str) for row in frame[list(rows)].to_dicts()]
        return [before + row + 1 for row in rows], texts

    return stand


def _names(path: Path) -> list[str]:
    try:
        return list(pl.read_parquet_schema(path))
    except _BROKEN as error:
        raise _corrupt(path, error) from error


def _read(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    try:
        claimed = int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
        _refuse_claim(claimed, len(columns), path)
        frame = pl.read_parquet(path, columns=list(columns), glob=False)
    except _BROKEN as error:
        raise _corrupt(path, error) from error
    if frame.height != claimed:
        why = f"its footer claims {claimed:,} rows, {frame.height:,} are there"
        raise UsageError(_fault(path, why))
    return frame


def _has_page_checksums(path: Path) -> bool:
    """Tell whether the first page of a Parquet file carries a checksum: the fourth number of its header, if any."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    place = len(b"PAR1")
    for _ in ("type", "unpacked size", "packed size"):
        if head[place : place + 1] != _NEXT_NUMBER:
            return False
        place += 1
        while head[place : place + 1] >= b"\x80":
            place += 1
        place += 1
    return head[place : place + 1] == _NEXT_NUMBER


def _refuse_wrong_checksums(path: Path) -> None:
    """Read the pages once with a reader that compares them with their checksums: Polars does not."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for _ in file.iter_batches(batch_size=_BATCH):
                pass
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _corrupt(path, error) from error


def _refuse_claim(rows: int, columns: int, path: Path) -> None:
    """Refuse what would fill the memory with more than a table of this size could be, before anything is read."""
    needed, size = rows * columns * _CELL_BYTES, path.stat().st_size
    if needed > max(_FREE_BYTES, _MAX_RATIO * size):
        raise UsageError(_fault(path, f"its footer claims {rows:,} rows in {size:,} bytes"))


def _corrupt(path: Path, error: BaseException) -> UsageError:
    return UsageError(_fault(path, str(error).partition("\n")[0][:200]))


def _fault(path: Path, why: str) -> Fault:
    return Fault("DATA-002", "the Parquet file is cut or corrupt", (str(path),), why, "fetch the file again")
