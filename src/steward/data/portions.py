"""How is a file read that may be larger than the memory? In portions, each by the reader of its kind.

A portion's rows are the ones that reading the whole file gives; only what a reader learns from a whole column - which form
its dates have, whether a comma stands before decimals - is learnt anew from each.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.data.blocks import Block, lines_of, text_blocks
from steward.data.delimited import read_delimited
from steward.data.header import header_remarks, match_header
from steward.data.json_lines import read_json_lines
from steward.data.kinds import Kind, file_kind
from steward.data.parquet import row_texts
from steward.data.remarks import TableRead
from steward.data.settle import Cells, converted, settle
from steward.project.dictionary import DictionarySpec

ROWS = 200_000
_BYTES = 16 << 20
_ANY = 1.0  # however many rows cannot be read, the others can


@dataclass(frozen=True, slots=True)
class Portion:
    """Some rows of a file in the dictionary's names and types, and those among them that could not be read (`APART`).

    `lines` says where each row stands: the line, from 1, on which it ends; of a Parquet file its row. `share` is how much
    of the file has been read by now, 0 to 1.
    """

    frame: pl.DataFrame
    lines: pl.Series
    apart: pl.DataFrame
    share: float


def read_portions(
    path: Path,
    dictionary: DictionarySpec,
    columns: Collection[str],
    *,
    header: Sequence[str] = (),
    rows: int = ROWS,
    size: int = _BYTES,
) -> Iterator[Portion]:
    """Return a file's rows in file order, portion by portion.

    Args:
        path: a Parquet, CSV or JSON lines file; the latter two may be packed by gzip or zstd.
        dictionary: names, aliases and types.
        columns: canonical names to read; a column that is not required and not in the file is null.
        header: the columns' names where a text table has no header line.
        rows: of a portion of a Parquet file.
        size: bytes of a portion of any other, unpacked.

    Raises:
        UsageError: as `steward.data.read.read_table`, but for rows that cannot be read: these come apart, however many.
    """
    wanted = [name for name in dictionary.columns if name in columns]
    kind = file_kind(path)
    found = _parquet(path, dictionary, wanted, rows) if kind == "parquet" else _text(path, kind, dictionary, wanted, header, size)
    for portion in found:
        absent = [
            pl.lit(None, dtype).alias(name) for name, dtype in _types(dictionary, wanted) if name not in portion.frame.columns
        ]
        yield Portion(portion.frame.with_columns(absent).select(wanted), portion.lines, portion.apart, portion.share)


def _types(dictionary: DictionarySpec, wanted: Sequence[str]) -> list[tuple[str, pl.DataType]]:
    from steward.data.convert import DTYPES

    return [(name, DTYPES[dictionary.columns[name].type]) for name in wanted]


def _text(
    path: Path, kind: Kind, dictionary: DictionarySpec, wanted: Sequence[str], header: Sequence[str], size: int
) -> Iterator[Portion]:
    table = kind.startswith("csv")
    for block in text_blocks(path, kind, dictionary, header, size):
        try:
            read = (
                read_delimited(block.data, dictionary, wanted, path, header, _ANY)
                if table
                else read_json_lines(block.data, dictionary, wanted, path, _ANY)
            )
        except UsageError as error:
            raise _placed(error, block, path) from error
        yield _portion(read, block, quoted=table)


def _portion(read: TableRead, block: Block, *, quoted: bool) -> Portion:
    """Return what was read of a block, its lines counted from the beginning of the file."""
    lines = pl.Series("line", lines_of(block.data, quoted=quoted)[block.header_records :], dtype=pl.Int64)
    lines = lines.head(read.frame.height + read.apart.height)
    kept = lines.filter(~lines.is_in(read.apart["line"].to_list())) if read.apart.height else lines
    apart = read.apart.with_columns(pl.col("line") + block.before)
    return Portion(read.frame, kept + block.before, apart, block.share)


def _placed(error: UsageError, block: Block, path: Path) -> UsageError:
    """Return the error with the place of the whole block where its own lines would mislead."""
    if block.before <= 0:
        return error
    where = (f"{path}: in the lines from {block.before + block.header_records + 1:,} on",)
    return UsageError(*(Fault(fault.code, fault.what, where, fault.why, fault.fix) for fault in error.faults))


def _parquet(path: Path, dictionary: DictionarySpec, wanted: Sequence[str], rows: int) -> Iterator[Portion]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            names, total, before = list(file.schema_arrow.names), file.metadata.num_rows, 0
            places = match_header(names, dictionary, wanted, path)
            chosen = [names[place] for place in places.values()]
            remarks = tuple(header_remarks(names, dictionary, places))
            for batch in file.iter_batches(batch_size=rows, columns=chosen):
                frame = pl.DataFrame(pl.from_arrow(batch))
                cells = Cells(
                    path, {n: frame[names[p]] for n, p in places.items()}, row_texts(frame, before), "row", {}, remarks=remarks
                )
                read = settle(cells, converted(cells, dictionary), dictionary, _ANY)
                lines = pl.int_range(before + 1, before + frame.height + 1, eager=True).alias("line")
                kept = lines.filter(~lines.is_in(read.apart["line"].to_list())) if read.apart.height else lines
                before += frame.height
                yield Portion(read.frame, kept, read.apart, before / max(1, total))
    except (pa.ArrowException, OSError) as error:
        why = str(error).partition("\n")[0][:200]
        raise UsageError(
            Fault("DATA-002", "the Parquet file is cut or corrupt", (str(path),), why, "fetch the file again")
        ) from error
    if not before:
        raise UsageError(Fault("DATA-001", "the file has column names and no rows", (str(path),), fix="export it again"))
