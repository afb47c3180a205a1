"""Rows that cannot be read: apart with line, reason and text while they are few; above that the file is refused."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.data.read import read_table
from steward.project.dictionary import DictionarySpec

HEADER = "zone,at,trip_distance,store_and_fwd_flag,paid"
ROW = "74,2023-01-31 23:59:59,1.5,N,true"


def write(path: Path, *lines: str) -> Path:
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def test_line_reason_and_text_are_kept_and_counted_by_column(tmp_path: Path, small: DictionarySpec) -> None:
    text, short = ROW.replace("1.5", "far").replace("74", "x"), "74,2023-01-31 23:59:59"
    path = write(tmp_path / "t.csv.gz", HEADER, ROW, text, ROW.replace("N", '"a\nb"'), short, ROW)
    read = read_table(path, small, max_unreadable=0.4)
    assert read.frame.height == 3
    assert read.frame["flag"].to_list() == ["N", "a\nb", "N"]
    assert read.apart.rows() == [
        (3, "zone is not an integer of at most 64 bits: x; trip_distance is not a finite number: far", text),
        (6, "2 of 5 cells", short),
    ]
    told = "2 of 5 rows cannot be read and were set apart: 1 by zone, 1 by trip_distance, 1 with too few cells (line 3, 6)"
    assert read.notes == (told,)


@pytest.mark.parametrize(("share", "kept"), [(0.25, True), (0.2499, False), (0.0, False)])
def test_the_share_of_unreadable_rows_may_not_be_above_the_limit(
    tmp_path: Path, small: DictionarySpec, share: float, *, kept: bool
) -> None:
    path = write(tmp_path / "t.csv", HEADER, ROW, ROW, ROW, ROW.replace("74", "x"))
    if kept:
        assert read_table(path, small, max_unreadable=share).apart["line"].to_list() == [5]
    else:
        with pytest.raises(UsageError, match='column "zone" holds text in 1 of 4 rows'):
            read_table(path, small, max_unreadable=share)


@pytest.mark.parametrize("bad", ["inf", "1e400", "99999999999999999999"])
def test_what_no_type_holds_refuses_the_file_however_little_it_is(tmp_path: Path, small: DictionarySpec, bad: str) -> None:
    path = write(tmp_path / "t.csv", HEADER, *[ROW] * 300, ROW.replace("74", bad))
    with pytest.raises(UsageError, match="302") as caught:
        read_table(path, small, max_unreadable=1.0)
    assert caught.value.faults[0].code == "DATA-012"


def test_short_lines_and_cells_are_both_told_where_they_are_too_many(tmp_path: Path, small: DictionarySpec) -> None:
    path = write(tmp_path / "t.csv", HEADER, "1,2", ROW.replace("true", "perhaps"))
    with pytest.raises(UsageError) as caught:
        read_table(path, small)
    assert [fault.code for fault in caught.value.faults] == ["DATA-002", "DATA-012"]
    assert [fault.where[0].rpartition("/")[2] for fault in caught.value.faults] == [
        "t.csv:2 has 2 of 5 cells",
        't.csv:3   ("perhaps")',
    ]


def test_a_cut_last_line_is_called_that(tmp_path: Path, small: DictionarySpec) -> None:
    (tmp_path / "t.csv").write_text(f"{HEADER}\n{ROW}\n{ROW}\n74,2023-01-31 23")
    read = read_table(tmp_path / "t.csv", small, max_unreadable=0.5)
    assert read.apart.rows() == [(4, "the last line is cut: 2 of 5 cells", "74,2023-01-31 23")]


def test_parquet_rows_are_set_apart_by_their_number(tmp_path: Path, small: DictionarySpec) -> None:
    table = pl.DataFrame({"zone": ["1", "two", "3"], "at": ["2023-01-31 23:59:59"] * 3, "miles": [1.0] * 3, "paid": [True] * 3})
    table.with_columns(flag=pl.lit("N")).write_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet", small, max_unreadable=0.5)
    assert read.frame["zone"].to_list() == [1, 3]
    assert read.apart["line"].to_list() == [2]
    assert json.loads(read.apart["content"][0])["zone"] == "two"


def test_json_lines_that_are_no_json_are_set_apart(tmp_path: Path, small: DictionarySpec) -> None:
    good = {"zone": 1, "at": "2023-01-31 23:59:59", "miles": 1, "flag": None, "paid": True}
    path = write(tmp_path / "t.jsonl", json.dumps(good), '{"zone": 1,', json.dumps({**good, "miles": 2.5, "flag": "N"}))
    read = read_table(path, small, max_unreadable=0.5)
    assert read.frame["miles"].to_list() == [1.0, 2.5]
    assert read.frame["flag"].to_list() == [None, "N"]
    assert read.apart.select("line", "content").rows() == [(2, '{"zone": 1,')]
    assert read.apart["reason"][0].startswith("no JSON")


def test_integers_in_json_stay_exact_and_larger_ones_are_refused(tmp_path: Path, small: DictionarySpec) -> None:
    def lines(zone: int) -> list[str]:
        return [json.dumps({"zone": value, "at": "2023-01-31 23:59:59"}) for value in (zone, None, 1)]

    read = read_table(write(tmp_path / "t.jsonl", *lines(2**53 + 1)), small)
    assert read.frame["zone"].to_list() == [9007199254740993, None, 1]
    with pytest.raises(UsageError, match="integers above 64 bits"):
        read_table(write(tmp_path / "t.jsonl", *lines(2**63)), small)
