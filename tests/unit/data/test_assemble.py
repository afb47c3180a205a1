from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from tests.unit.data.test_read_table import HEADER, ROW, TYPES, write

from steward.core.errors import UsageError
from steward.data.assemble import read_rows
from steward.data.locate import SourceFile
from steward.project.dictionary import DictionarySpec
from steward.project.sources import SourceSpec


def source(path: Path, period: str) -> SourceFile:
    return SourceFile(period, path, "folder", "", 0, "")


def test_many_files_are_one_table_in_order_with_their_month(tmp_path: Path, small: DictionarySpec) -> None:
    first = write(tmp_path / "a.csv", HEADER, ROW, ROW)
    pl.DataFrame({"zone": [1], "at": [datetime(2023, 2, 1, tzinfo=UTC)]}).write_parquet(tmp_path / "b.parquet")
    frame = read_rows([source(first, "2023-01"), source(tmp_path / "b.parquet", "2023-02")], SourceSpec(), small).frame
    assert frame.select("zone", "period").rows() == [(74, "2023-01"), (74, "2023-01"), (1, "2023-02")]
    assert dict(frame.schema) == {**TYPES, "period": pl.String}


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path, small: DictionarySpec) -> None:
    paths = [write(tmp_path / "a.csv", HEADER), write(tmp_path / "b.csv", HEADER, ROW.replace("74", "x"))]
    with pytest.raises(UsageError) as caught:
        read_rows([source(path, "2023-01") for path in paths], SourceSpec(), small)
    assert [fault.code for fault in caught.value.faults] == ["DATA-001", "DATA-012"]


FARES = DictionarySpec.model_validate(
    {
        "columns": {
            "at": {"type": "datetime", "meaning": "when", "known_at": "request"},
            "fare": {"type": "number", "meaning": "how much", "known_at": "outcome"},
        }
    }
)


def test_a_file_of_many_periods_is_read_once_and_divided(tmp_path: Path) -> None:
    path = write(tmp_path / "all.csv", "at,fare", "2012-05-01 10:00:00,1", "2013-01-01 00:00:00,2", "2012-12-31 23:59:59,3")
    files = [SourceFile(year, path, "folder", "", 0, "", whole=True) for year in ("2013", "2012")]
    frame = read_rows(files, SourceSpec(period_column="at"), FARES).frame
    assert frame.select("fare", "period").rows() == [(2.0, "2013"), (1.0, "2012"), (3.0, "2012")]
    with pytest.raises(UsageError, match=r"source\.period_column") as caught:
        read_rows(files, SourceSpec(), FARES)
    assert caught.value.faults[0].code == "DATA-008"


CRASHES = DictionarySpec.model_validate(
    {
        "columns": {
            "accident": {"type": "integer", "meaning": "which accident", "known_at": "request"},
            "injury": {"type": "integer", "meaning": "how badly", "known_at": "outcome", "table": "users"},
            "road": {"type": "text", "meaning": "which road", "known_at": "request", "table": "places"},
        }
    }
)
TWO = SourceSpec.model_validate({"tables": {"users": {}, "places": {"on": ["accident"]}}})


def crash_files(folder: Path, *places: str) -> list[SourceFile]:
    users = write(folder / "users.csv", "accident,injury,colour", "7,1,red", "8,2,blue", "7,4,green")
    roads = write(folder / "places.csv", "accident,road", *places)
    return [SourceFile("2016", path, "folder", "", 0, "", table) for path, table in ((users, "users"), (roads, "places"))]


def test_tables_are_joined_to_the_first_which_keeps_its_rows_and_order(tmp_path: Path) -> None:
    frame = read_rows(crash_files(tmp_path, "7,A", "9,B"), TWO, CRASHES).frame
    assert frame.rows() == [(7, 1, "A", "2016"), (8, 2, None, "2016"), (7, 4, "A", "2016")]


def test_a_join_that_would_make_several_rows_of_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="table 'places' has several rows for 1 keys, for example accident 7") as caught:
        read_rows(crash_files(tmp_path, "7,A", "7,B"), TWO, CRASHES)
    assert caught.value.faults[0].code == "DATA-009"
