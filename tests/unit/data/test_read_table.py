import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.errors import UsageError
from steward.data.read import read_table as read_whole_table
from steward.project.dictionary import DictionarySpec

HEADER = "PULocationID,pickup_datetime,trip_distance,store_and_fwd_flag,paid"
ROW = "74,2023-01-31 23:59:59,1.5,N,true"
NOON = datetime(2023, 1, 31, 12)  # noqa: DTZ001 - wall clock
TYPES = {"zone": pl.Int64, "at": pl.Datetime("us"), "miles": pl.Float64, "flag": pl.String, "paid": pl.Boolean, "fee": pl.Float64}


def read_table(path: Path, spec: DictionarySpec, **options: Any) -> pl.DataFrame:
    return read_whole_table(path, spec, **options).frame


def write(path: Path, *lines: str, end: str = "\n", encoding: str = "utf-8") -> Path:
    content = (end.join(lines) + end).encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def refusal(path: Path, dictionary: DictionarySpec) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read_table(path, dictionary)
    return caught.value


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.unknown"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_has_the_dictionarys_names_order_and_types(tmp_path: Path, small: DictionarySpec, name: str, end: str) -> None:
    frame = read_table(write(tmp_path / name, HEADER, ROW, ",2023-01-01 00:00:00,,,", end=end), small)
    assert dict(frame.schema) == TYPES
    assert frame.rows() == [
        (74, datetime(2023, 1, 31, 23, 59, 59), 1.5, "N", True, None),  # noqa: DTZ001
        (None, datetime(2023, 1, 1), None, None, None, None),  # noqa: DTZ001
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_recognised_by_the_names_it_gives(tmp_path: Path, small: DictionarySpec, separator: str) -> None:
    path = write(tmp_path / "t.csv", HEADER.replace(",", separator), ROW.replace(",", separator))
    assert read_table(path, small)["zone"].to_list() == [74]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, small: DictionarySpec, encoding: str) -> None:
    assert read_table(write(tmp_path / "t.csv", HEADER, ROW, encoding=encoding), small)["zone"].to_list() == [74]


def test_names_match_in_any_case_with_spaces_around_and_in_any_order(tmp_path: Path, small: DictionarySpec) -> None:
    path = write(tmp_path / "t.csv", "extra, PICKUP_DATETIME ,pulocationid,", "x,2023-01-31 12:00:00,7,y")
    assert read_table(path, small).select("zone", "at").rows() == [(7, NOON)]


def test_only_the_asked_columns_are_read_and_required(tmp_path: Path, small: DictionarySpec) -> None:
    frame = read_table(write(tmp_path / "t.csv", "trip_distance,fee,extra", "1.5,2,z"), small, columns={"fee", "miles"})
    assert frame.columns == ["miles", "fee"]
    assert frame.rows() == [(1.5, 2.0)]


def test_quoted_fields_may_hold_separators_and_line_ends(tmp_path: Path, small: DictionarySpec) -> None:
    frame = read_table(write(tmp_path / "t.csv", HEADER, '74,2023-01-31 12:00:00,1,"a,""b""\nc",1'), small)
    assert frame["flag"].to_list() == ['a,"b"\nc']


def test_integers_written_as_floats_are_integers_wherever_they_begin(tmp_path: Path, small: DictionarySpec) -> None:
    early = write(tmp_path / "early.csv", HEADER, *[ROW.replace("74", "74.0")] * 3)
    late = write(tmp_path / "late.csv", HEADER, *[ROW] * 200, ROW.replace("74", "75.0"), ROW.replace("74", "9007199254740993"))
    assert read_table(early, small)["zone"].to_list() == [74, 74, 74]
    assert read_table(late, small)["zone"].to_list()[-3:] == [74, 75, 9007199254740993]  # 2**53 + 1 stays exact


@pytest.mark.parametrize("word", ["NaN", "NA", "null", "nan"])
def test_spellings_of_nothing_are_nulls_except_in_text(tmp_path: Path, small: DictionarySpec, word: str) -> None:
    frame = read_table(write(tmp_path / "t.csv", HEADER, ROW, f"{word},2023-01-31 12:00:00,{word},{word},{word}"), small)
    assert frame.rows()[1] == (None, NOON, None, word, None, None)


@pytest.mark.parametrize("word", ["true", "TRUE", "T", "yes", "Y", "1"])
def test_six_spellings_of_true(tmp_path: Path, small: DictionarySpec, word: str) -> None:
    assert read_table(write(tmp_path / "t.csv", HEADER, ROW.replace("true", word)), small)["paid"].to_list() == [True]


@pytest.mark.parametrize(
    ("cell", "column", "bad"),  # the cell of ROW that is replaced, its column, and by what
    [
        ("74,", "PULocationID", "x1"),
        ("74,", "PULocationID", "1.5"),
        ("74,", "PULocationID", "99999999999999999999"),
        ("1.5,", "trip_distance", "1 234,50"),
        ("1.5,", "trip_distance", "inf"),
        ("1.5,", "trip_distance", "1e400"),
        ("2023-01-31 23:59:59,", "pickup_datetime", "2023-02-31 00:00:00"),
        ("2023-01-31 23:59:59,", "pickup_datetime", "31/01/2023"),
        ("true", "paid", "maybe"),
    ],
)
def test_a_cell_of_the_wrong_kind_is_named_with_its_line(
    tmp_path: Path, small: DictionarySpec, cell: str, column: str, bad: str
) -> None:
    wrong = ROW.replace(cell, cell.replace(cell.strip(","), f'"{bad}"'))
    path = write(tmp_path / "t.csv", HEADER, ROW, ROW, wrong, ROW, wrong, wrong, wrong)
    [fault] = refusal(path, small).faults
    assert fault.code == "DATA-012"
    held = {"9" * 20: "integers above 64 bits", "inf": "infinite numbers", "1e400": "infinite numbers"}.get(bad, "text")
    assert fault.what == f'column "{column}" holds {held} in 4 of 7 rows'
    assert fault.where == (f'{path}:4, :6, :7   ("{bad}", "{bad}", "{bad}")',)


def test_every_bad_column_is_told_at_once_and_lines_count_quoted_line_ends(tmp_path: Path, small: DictionarySpec) -> None:
    path = write(tmp_path / "t.csv", HEADER, ROW.replace("N", '"a\nb"'), "x,2023-01-31 12:00:00,y,N,true")
    faults = refusal(path, small).faults
    assert [fault.code for fault in faults] == ["DATA-012", "DATA-012"]
    assert [fault.where for fault in faults] == [(f'{path}:4   ("x")',), (f'{path}:4   ("y")',)]


@pytest.mark.parametrize(
    ("name", "content", "refused"),
    [
        ("t.csv", b"", ("DATA-001", "empty")),
        ("t.csv", b"\n \n", ("DATA-001", "empty")),
        ("t.csv", f"{HEADER}\n".encode(), ("DATA-001", "no rows")),
        ("t.csv", HEADER.encode(), ("DATA-001", "no rows")),
        ("t.csv", f"{HEADER}\n{ROW}\n74,2023-01-31 23".encode(), ("DATA-002", "the last line is cut")),
        ("t.csv", f"{HEADER}\n{ROW}\n1,2023-01-01 00:00:00\n{ROW}\n".encode(), ("DATA-002", ":3 has 2 of 5 cells")),
        ("t.csv", f"{HEADER}\n{ROW}\n{ROW},9\n{ROW}\n".encode(), ("DATA-002", ":3 has 6 of 5 cells")),
        ("t.csv", f"{HEADER}\n{ROW}\n\n{ROW}\n".encode(), ("DATA-002", ":3")),
        ("t.csv", f'{HEADER}\n{ROW}\n74,2023-01-31 12:00:00,1,"N,1\n{ROW}\n'.encode(), ("DATA-002", "a quote is opened")),
        ("t.csv.gz", gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 50)[:-9], ("DATA-002", "cut")),
        ("t.csv.gz", gzip.compress(f"{HEADER}\n{ROW}\n".encode(), mtime=0)[:20] + b"rubbish!" * 9, ("DATA-002", "corrupt")),
        ("t.csv.gz", gzip.compress(b"0" * (100 << 20)), ("DATA-002", "unpacks to more")),
        ("t.parquet", f"{HEADER}\n{ROW}\n".encode(), ("DATA-003", "the name says parquet, the content is csv")),
        ("t.csv.gz", f"{HEADER}\n{ROW}\n".encode(), ("DATA-003", "the name says csv.gz, the content is csv")),
        ("t.csv", b"\x80\x04\x95\x00\x00\x00", ("DATA-003", "a pickle")),
        ("t.dat", b"PK\x03\x04\x00\x00\x00", ("DATA-006", "a zip archive")),
        ("t.parquet", b"PAR1 and then nothing PAR1", ("DATA-002", "cut or corrupt")),
        ("t.csv", f"{ROW}\n{ROW}\n".encode(), ("DATA-010", "source: {header:")),
        ("t.csv", f"{HEADER},zone\n{ROW},3\n".encode(), ("DATA-005", "'PULocationID', 'zone'")),
        ("t.csv", f"{HEADER},Extra,extra\n{ROW},3,4\n".encode(), ("DATA-005", "'Extra', 'extra'")),
        ("t.csv", f"{HEADER}\n{ROW}\n74,,1,".encode() + b"caf\xc3\xa9,1\n74,,1,caf\xe9,1\n", ("DATA-006", "t.csv:4")),
        ("t.csv", f"{HEADER}\n{ROW}\n".encode() * 200 + b"\0\n", ("DATA-006", "NUL")),
    ],
)
def test_a_broken_file_is_refused_with_its_own_code(
    tmp_path: Path, small: DictionarySpec, name: str, content: bytes, refused: tuple[str, str]
) -> None:
    (code, says), path = refused, tmp_path / name
    path.write_bytes(content)
    error = refusal(path, small)
    assert error.exit_code == 2
    assert error.faults[0].code == code
    assert says in str(error)
    assert str(path) in str(error)


def test_a_folder_and_a_missing_file_are_not_sources(tmp_path: Path, small: DictionarySpec) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        assert refusal(path, small).faults[0].code == "DATA-006"


def test_missing_columns_are_told_at_once_with_the_nearest_name(tmp_path: Path, small: DictionarySpec) -> None:
    error = refusal(write(tmp_path / "t.csv", "PULocationId2,pickup_datetim,fee", "1,2,3"), small)
    assert [fault.code for fault in error.faults] == ["DATA-004", "DATA-004"]
    assert "did you mean 'PULocationId2'?" in error.faults[0].fix
    assert "did you mean 'pickup_datetim'?" in error.faults[1].fix
    assert "columns present: PULocationId2, pickup_datetim, fee" in str(error)


def test_a_file_of_strangers_is_refused_even_if_nothing_is_required(tmp_path: Path) -> None:
    loose = DictionarySpec.model_validate(
        {"columns": {"a": {"type": "text", "required": False, "meaning": "-", "known_at": "request"}}}
    )
    assert refusal(write(tmp_path / "t.csv", "b,c", "1,2"), loose).faults[0].code == "DATA-004"


@pytest.mark.parametrize(
    "table",
    [
        {"zone": pl.Series([74, None], dtype=pl.Int16), "at": pl.Series([NOON] * 2, dtype=pl.Datetime("ns"))},
        {"zone": pl.Series([74.0, None], dtype=pl.Float32), "at": pl.Series([NOON] * 2, dtype=pl.Datetime("ms"))},
        {"zone": pl.Series([74, None], dtype=pl.UInt64), "at": pl.Series([NOON] * 2).dt.replace_time_zone("America/New_York")},
        {"zone": pl.Series(["74", None]), "at": pl.Series(["2023-01-31 12:00:00"] * 2)},
        {"zone": pl.Series([74.0, float("nan")]), "at": pl.Series([NOON] * 2), "fee": pl.Series([None, None], dtype=pl.Null)},
    ],
)
def test_parquet_of_any_width_and_unit_has_the_same_types(
    tmp_path: Path, small: DictionarySpec, table: dict[str, pl.Series]
) -> None:
    pl.DataFrame(table).write_parquet(tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet", small)
    assert dict(frame.schema) == TYPES
    assert frame.select("zone", "at", "fee").rows() == [(74, NOON, None), (None, NOON, None)]


@pytest.mark.parametrize(
    "values", [pl.Series([1.5, 2.0]), pl.Series([[1], [2]]), pl.Series([2**63, 1], dtype=pl.UInt64), pl.Series([True, False])]
)
def test_parquet_values_of_the_wrong_kind_are_named_with_their_rows(
    tmp_path: Path, small: DictionarySpec, values: pl.Series
) -> None:
    pl.DataFrame({"zone": values, "at": [NOON] * 2}).write_parquet(tmp_path / "t.parquet")
    [fault] = refusal(tmp_path / "t.parquet", small).faults
    assert fault.code == "DATA-012"
    assert fault.where[0].startswith(f"{tmp_path / 't.parquet'}, rows 1")


def test_parquet_faults(tmp_path: Path, small: DictionarySpec) -> None:
    good = pl.DataFrame({"zone": [1] * 1000, "at": [NOON] * 1000})
    good.clear().write_parquet(tmp_path / "none.parquet")
    assert refusal(tmp_path / "none.parquet", small).faults[0].code == "DATA-001"
    good.write_parquet(tmp_path / "cut.parquet")
    content = (tmp_path / "cut.parquet").read_bytes()
    for size in (5, len(content) // 2, len(content) - 1):
        (tmp_path / "cut.parquet").write_bytes(content[:size])
        assert refusal(tmp_path / "cut.parquet", small).faults[0].code == "DATA-002"


def test_a_gzip_file_of_two_members_is_read_whole(tmp_path: Path, small: DictionarySpec) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n{ROW}\n".encode()) + gzip.compress(f"{ROW}\n".encode()))
    assert read_table(tmp_path / "t.csv.gz", small).height == 2


def test_iso_dates_need_no_format_but_one_form_in_all_rows(tmp_path: Path) -> None:
    spec = DictionarySpec.model_validate({"columns": {"at": {"type": "datetime", "meaning": "-", "known_at": "request"}}})
    for text in ("2023-01-31T12:00:00", "2023-01-31 12:00", "2023-01-31 12:00:00.000"):
        assert read_table(write(tmp_path / "t.csv", "at", text), spec)["at"].to_list() == [NOON]
    assert read_table(write(tmp_path / "t.csv", "at", "2023-01-31"), spec)["at"].to_list() == [NOON.replace(hour=0)]
    assert refusal(write(tmp_path / "t.csv", "at", "2023-01-31T12:00:00", "2023-01-31"), spec).faults[0].code == "DATA-012"


cells = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda t: t.replace(microsecond=0)),  # noqa: DTZ001
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1),
    st.none() | st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(cells, min_size=1, max_size=12))
def test_what_polars_writes_is_read_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]
) -> None:
    spec = DictionarySpec.model_validate(
        {
            "columns": {
                name: {"type": kind, "required": True, "meaning": "-", "known_at": "request", "format": form}
                for name, kind, form in [
                    ("zone", "integer", None),
                    ("at", "datetime", "%Y-%m-%d %H:%M:%S"),
                    ("miles", "number", None),
                    ("flag", "text", None),
                    ("paid", "boolean", None),
                ]
            }
        }
    )
    schema = {name: dtype for name, dtype in TYPES.items() if name != "fee"}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    folder = tmp_path_factory.mktemp("written")
    frame.write_csv(folder / "t.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    frame.write_parquet(folder / "t.parquet")
    assert read_table(folder / "t.csv", spec).equals(frame)
    assert read_table(folder / "t.parquet", spec).equals(frame)
