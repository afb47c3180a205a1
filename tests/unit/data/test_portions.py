import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import UsageError
from steward.data.blocks import lines_of
from steward.data.portions import Portion, read_portions
from steward.data.read import read_table
from steward.project.dictionary import ColumnSpec, DictionarySpec

_COLUMNS = {
    "at": ColumnSpec(type="datetime", known_at="request", meaning="when"),
    "zone": ColumnSpec(type="integer", known_at="request", meaning="where", aliases=("PULocationID",)),
    "km": ColumnSpec(type="number", known_at="request", meaning="how far", required=False),
    "note": ColumnSpec(type="text", known_at="request", meaning="what was said", required=False),
}
DICTIONARY = DictionarySpec(columns=_COLUMNS)
ALL = tuple(_COLUMNS)


def rows(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "at": [f"2024-01-01 00:{i % 60:02d}:00" for i in range(count)],
            "PULocationID": [str(i) for i in range(count)],
            "km": ["" if i % 7 == 0 else f"{i / 4}" for i in range(count)],
            "note": [f'say "{i}"\nand, more' if i % 3 == 0 else f"ü{i}" for i in range(count)],
        }
    )


def as_csv(path: Path, frame: pl.DataFrame) -> Path:
    frame.write_csv(path)
    return path


def as_gzip(path: Path, frame: pl.DataFrame) -> Path:
    path.write_bytes(gzip.compress(frame.write_csv().encode()))
    return path


def as_zstd(path: Path, frame: pl.DataFrame) -> Path:
    import pyarrow as pa

    with pa.CompressedOutputStream(str(path), "zstd") as file:
        file.write(frame.write_csv().encode())
    return path


def as_utf16(path: Path, frame: pl.DataFrame) -> Path:
    path.write_bytes(frame.write_csv().encode("utf-16"))
    return path


def as_latin(path: Path, frame: pl.DataFrame) -> Path:
    path.write_bytes(frame.write_csv().encode("latin-1"))
    return path


def as_json(path: Path, frame: pl.DataFrame) -> Path:
    frame.write_ndjson(path)
    return path


def as_parquet(path: Path, frame: pl.DataFrame) -> Path:
    frame.write_parquet(path)
    return path


KINDS: dict[str, Callable[[Path, pl.DataFrame], Path]] = {
    "rows.csv": as_csv,
    "rows.csv.gz": as_gzip,
    "rows.csv.zst": as_zstd,
    "utf16.csv": as_utf16,
    "latin.csv": as_latin,
    "rows.jsonl": as_json,
    "rows.parquet": as_parquet,
}


def portions(path: Path, *, size: int = 500, header: tuple[str, ...] = ()) -> list[Portion]:
    return list(read_portions(path, DICTIONARY, ALL, header=header, rows=13, size=size))


@pytest.mark.parametrize("name", KINDS)
def test_the_portions_of_a_file_are_together_what_it_holds(tmp_path: Path, name: str) -> None:
    path = KINDS[name](tmp_path / name, rows(100))
    found = portions(path)
    assert len(found) > 5 or name == "utf16.csv"
    assert pl.concat([one.frame for one in found]).equals(read_table(path, DICTIONARY).frame)
    assert [one.share for one in found] == sorted(one.share for one in found)
    assert found[-1].share == 1.0


def test_a_row_stands_on_the_line_on_which_it_ends(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "rows.csv", rows(4))  # rows 0 and 3 take two lines each
    for size in (40, 10_000):
        assert pl.concat([one.lines for one in portions(path, size=size)]).to_list() == [3, 4, 5, 7]


def test_a_row_of_a_parquet_file_is_counted(tmp_path: Path) -> None:
    found = portions(as_parquet(tmp_path / "rows.parquet", rows(30)))
    assert [one.lines.to_list() for one in found] == [list(range(1, 14)), list(range(14, 27)), list(range(27, 31))]


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_rows_that_cannot_be_read_come_apart_with_their_line_however_many(tmp_path: Path, name: str) -> None:
    frame = rows(50).with_columns(PULocationID=pl.Series(["x" if i >= 10 else str(i) for i in range(50)]), note=pl.lit("n"))
    found = portions(KINDS[name](tmp_path / name, frame))
    first = 2 if name == "rows.csv" else 1
    assert pl.concat([one.lines for one in found]).to_list() == list(range(first, first + 10))
    apart = pl.concat([one.apart for one in found])
    assert apart["line"].to_list() == list(range(first + 10, first + 50))
    assert apart["reason"][0] == "PULocationID is not an integer of at most 64 bits: x"


def test_a_table_without_a_header_line_has_the_names_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"2024-01-01 00:00:00,{i},1.5,n\n" for i in range(60)))
    found = portions(path, header=("at", "zone", "km", "note"))
    assert pl.concat([one.frame["zone"] for one in found]).to_list() == list(range(60))
    assert found[0].lines[0] == 1


def test_a_column_that_is_not_there_is_null(tmp_path: Path) -> None:
    (found,) = portions(as_csv(tmp_path / "rows.csv", rows(5).drop("km")), size=10_000)
    assert found.frame["km"].null_count() == 5
    assert found.frame.schema["km"] == pl.Float64


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "DATA-001"),
        ("header.csv", b"at,PULocationID\n", "DATA-001"),
        ("cut.csv.gz", gzip.compress(b"at,zone\n" + b"2024-01-01 00:00:00,1\n" * 500, mtime=0)[:-20], "DATA-002"),
        ("cut.parquet", b"PAR1 and no more", "DATA-002"),
        ("open.csv", b'at,zone\n2024-01-01 00:00:00,"1\n' + b"2024-01-01 00:00:00,1\n" * 500, "DATA-002"),
        ("strange.csv", b"a,b\nx,y\n", "DATA-004"),
        ("page.csv", b"<html></html>", "DATA-003"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        portions(path)
    assert refused.value.faults[0].code == code


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="DATA-001"):
        portions(as_parquet(tmp_path / "rows.parquet", rows(0)))


def test_what_is_wrong_far_down_is_placed_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("at,zone\n" + "2024-01-01 00:00:00,1\n" * 100 + "2024-01-01 00:00:00,1,2,3\n")
    with pytest.raises(UsageError) as refused:
        portions(path)
    assert refused.value.faults[0].code == "DATA-002"
    assert f"{path}: in the lines from 9" in refused.value.faults[0].where[0]


@given(st.lists(st.lists(st.text('ab"\n,', max_size=6), min_size=2, max_size=2), min_size=1, max_size=30))
def test_lines_of_records_are_those_of_the_csv_reader(table: list[list[str]]) -> None:
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    reader = csv.reader(io.StringIO(text.getvalue()))
    assert lines_of(text.getvalue().encode(), quoted=True).tolist() == [reader.line_num for _ in reader]
