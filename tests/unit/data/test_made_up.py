from pathlib import Path

import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.data.made_up import origin_of, write_made_up

ROWS = pl.DataFrame({"km": [1.0, 2.0]})


def test_a_file_says_what_its_rows_are_whatever_it_is_called(tmp_path: Path) -> None:
    write_made_up(ROWS, tmp_path / "made" / "x.parquet", "bent", {"seed": 7})
    moved = (tmp_path / "made" / "x.parquet").rename(tmp_path / "green_tripdata_2023-01.parquet")
    assert origin_of(moved) == "bent"
    assert pl.read_parquet(moved).equals(ROWS)


def test_files_of_others_say_nothing(tmp_path: Path) -> None:
    plain, odd, text, cut = (tmp_path / name for name in ("plain.parquet", "odd.parquet", "rows.csv", "cut.parquet"))
    ROWS.write_parquet(plain)
    ROWS.write_parquet(odd, metadata={"steward.made": "[1"})
    ROWS.write_csv(text)
    cut.write_bytes(b"PAR1")
    assert [origin_of(path) for path in (plain, odd, text, cut, tmp_path / "none.parquet")] == [None] * 5


def test_a_file_whose_rows_were_not_made_up_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    ROWS.write_parquet(path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="SIM-019"):
        write_made_up(ROWS, path, "simulated", {})
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["x.parquet"]
