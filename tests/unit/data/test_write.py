import fcntl
import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from steward.core.errors import Refused, UsageError
from steward.data.write import table_file

FIRST = pl.DataFrame({"line": [1, 2], "note": ["a,b", None]})
SECOND = pl.DataFrame({"line": [3], "note": ["ü"]})
READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "out.parquet": pl.read_parquet,
    "out.csv": pl.read_csv,
    "out.csv.gz": pl.read_csv,
    "out.jsonl": pl.read_ndjson,
    "out.jsonl.gz": lambda path: pl.read_ndjson(gzip.decompress(path.read_bytes())),
}


def write(path: Path) -> bytes:
    with table_file(path) as add:
        add(FIRST)
        add(SECOND)
    return path.read_bytes()


@pytest.mark.parametrize("name", READERS)
def test_what_was_added_piece_by_piece_is_read_back_and_always_the_same(tmp_path: Path, name: str) -> None:
    content = write(tmp_path / "folder" / name)
    assert READERS[name](tmp_path / "folder" / name).equals(pl.concat([FIRST, SECOND]))
    assert write(tmp_path / "folder" / name) == content
    assert [path.name for path in (tmp_path / "folder").iterdir()] == [name]


@pytest.mark.parametrize("name", READERS)
def test_a_table_without_rows_still_has_its_columns(tmp_path: Path, name: str) -> None:
    with table_file(tmp_path / name) as add:
        add(FIRST.clear())
    if name.startswith("out.jsonl"):
        assert (tmp_path / name).exists()
    else:
        assert READERS[name](tmp_path / name).columns == ["line", "note"]


def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail() -> None:
        with table_file(path) as add:
            add(FIRST)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".out.csv.part").write_text("half a li")
    assert write(tmp_path / "out.csv").startswith(b"line,note\n1,")


def test_two_do_not_write_the_same_file_at_once(tmp_path: Path) -> None:
    with (tmp_path / ".out.csv.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="SCORE-004"):
            write(tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_name_that_says_no_kind_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"SCORE-003.*out\.xlsx") as refused:
        write(tmp_path / "out.xlsx")
    assert ".parquet" in refused.value.faults[0].fix
    assert list(tmp_path.iterdir()) == []
