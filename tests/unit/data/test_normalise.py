"""What is spelt in another way, and what is said of it."""

from pathlib import Path

import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.data.convert import convert
from steward.data.read import read_table
from steward.data.remarks import sentences, shown
from steward.project.dictionary import ColumnSpec, DictionarySpec


def spec(kind: str, **more: object) -> ColumnSpec:
    return ColumnSpec.model_validate({"type": kind, "meaning": "-", "known_at": "request", **more})


def read(
    cells: list[str | None], kind: str, *, decimal_comma: bool = False, **more: object
) -> tuple[list[object], tuple[str, ...]]:
    found = convert(pl.Series("c", cells, dtype=pl.String), spec(kind, **more), decimal_comma=decimal_comma)
    assert found.unreadable is None
    return found.values.to_list(), sentences(found.remarks)


def test_spellings_of_nothing_are_counted_word_by_word() -> None:
    values, notes = read(["1", "?", "-", "?", "", "#REF!", None], "integer")
    assert values == [1, None, None, None, None, None, None]
    assert notes == ('read as empty: "?" in 2 cells of "c"; "#REF!" in 1 cell of "c"; "-" in 1 cell of "c"',)


def test_declared_spellings_count_as_text_and_as_numbers_and_need_no_note() -> None:
    assert read(["1", "?", "-9", "-9.0", "0"], "integer", missing=["?", -9]) == ([1, None, None, None, 0], ())
    assert read(["1.5", "-9", "-9.00"], "number", missing=["-9"]) == ([1.5, None, None], ())
    assert read(["?", "-9", "-9.0", "none"], "text", missing=["?", -9]) == ([None, None, "-9.0", "none"], ())


def test_a_typed_column_loses_its_declared_codes_too() -> None:
    found = convert(pl.Series("c", [1, -9, 0]), spec("integer", missing=[-9, "0"]))
    assert found.values.to_list() == [1, None, None]


def test_a_code_is_never_taken_for_nothing() -> None:
    assert read(["0", "1", "?"], "integer", missing=[0, "?"], codes={"0": "none", "1": "some"})[0] == [0, 1, None]
    assert read(["?", "-"], "text", missing=["?"], codes={"?": "asked"})[0] == ["?", "-"]
    kept = convert(pl.Series("c", ["-", "1"]), spec("integer", codes={"-": "none"}))
    assert kept.unreadable is not None
    assert kept.unreadable.to_list() == [True, False]


@pytest.mark.parametrize(
    ("cells", "decimal_comma", "values"),
    [
        (["$1,234.50", "-$3", "€ 7", "8 USD", "9"], False, [1234.5, -3.0, 7.0, 8.0, 9.0]),
        (["1,234", "2,000,000", "3"], False, [1234.0, 2_000_000.0, 3.0]),
        (["1,5", "1.234,25", "3"], True, [1.5, 1234.25, 3.0]),
        (["1,234.50", "2,000"], True, [1234.5, 2000.0]),
        (["1,234", "2.5"], True, [1234.0, 2.5]),
    ],
)
def test_money_thousands_and_decimal_commas(cells: list[str | None], values: list[float], *, decimal_comma: bool) -> None:
    found, notes = read(cells, "number", decimal_comma=decimal_comma)
    assert found == values
    assert notes


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["1,5", "2.5"], "decimal commas beside decimal points"),
        (["1,250", "2,750"], "commas that may stand before thousands or before decimals"),
        (["1,5", "2,750.5"], "decimal commas beside decimal points"),
    ],
)
def test_commas_that_contradict_are_not_guessed(cells: list[str], says: str) -> None:
    assert convert(pl.Series("c", cells), spec("number"), decimal_comma=True).hopeless == says


def test_large_amounts_stay_exact_integers() -> None:
    assert read(["9,007,199,254,740,993"], "integer")[0] == [9007199254740993]


def test_times_keep_the_wall_clock_of_the_usual_zone() -> None:
    values, notes = read(["2023-01-31T12:00:00+01:00", "2023-02-01T12:00:00.5+01:00"], "datetime")
    assert [str(value) for value in values] == ["2023-01-31 12:00:00", "2023-02-01 12:00:00.500000"]
    assert notes == ('times are the wall clock of their zone: "c" UTC+01:00',)
    assert read(["2023-01-31 12:00:00Z", "2023-01-31 12:00:00 UTC"], "datetime")[1] == (
        'times are the wall clock of their zone: "c" UTC',
    )
    mixed = convert(pl.Series("c", ["2023-01-31T12:00:00+01:00"] * 3 + ["2023-01-31T12:00:00-05:00"]), spec("datetime"))
    assert mixed.unreadable is not None
    assert mixed.unreadable.to_list() == [False, False, False, True]


def test_the_usual_form_counts_and_not_the_first() -> None:
    found = convert(pl.Series("c", ["31/01/2023", *["2023-01-31 12:00"] * 5]), spec("datetime"))
    assert found.unreadable is not None
    assert found.unreadable.to_list() == [True, *[False] * 5]


def test_an_hour_that_never_was_is_unreadable_where_the_zone_is_known() -> None:
    cells = pl.Series("c", ["2023-03-26 01:59:59", "2023-03-26 02:30:00", "2023-10-29 02:30:00"])
    there = convert(cells, spec("datetime", unit="Europe/Paris"))
    assert there.unreadable is not None
    assert there.unreadable.to_list() == [False, True, False]
    for unit in ("", "Europe/Nowhere", "local wall clock of Paris"):
        assert convert(cells, spec("datetime", unit=unit)).unreadable is None


def test_bytes_become_hexadecimal_text() -> None:
    found = convert(pl.Series("c", [b"\x80\x04.", None]), spec("text"))
    assert found.values.to_list() == ["80042e", None]


def test_what_cannot_be_seen_is_written_out() -> None:
    assert shown("a\x1b[2J\u200b\nb") == "a\\x1b[2J\\u200b\\nb"
    assert shown("x" * 50) == "x" * 37 + "..."


@pytest.fixture
def heart() -> DictionarySpec:
    columns = {
        "age": {"type": "number"},
        "ca": {"type": "integer", "missing": ["?", -9]},
        "num": {"type": "integer", "aliases": ["target"]},
    }
    return DictionarySpec.model_validate(
        {"columns": {name: {**one, "meaning": "-", "known_at": "request"} for name, one in columns.items()}}
    )


def test_a_file_without_a_header_takes_the_declared_names(tmp_path: Path, heart: DictionarySpec) -> None:
    (tmp_path / "p.data").write_text("63.0,0.0,0\n67.0,?,2\n41.0,-9,0\n")
    found = read_table(tmp_path / "p.data", heart, header=["age", "ca", "num"])
    assert found.frame.rows() == [(63.0, 0, 0), (67.0, None, 2), (41.0, None, 0)]
    assert found.notes == ()


def test_a_header_in_the_file_goes_before_the_declared_one(tmp_path: Path, heart: DictionarySpec) -> None:
    (tmp_path / "p.csv").write_text("target;ca;age\n1;0;63.0\n0;2;67.0\n")
    found = read_table(tmp_path / "p.csv", heart, header=["age", "ca", "num"])
    assert found.frame.rows() == [(63.0, 0, 1), (67.0, 2, 0)]
    assert "the file has a header line of its own, which was used instead of source.header" in found.notes


def test_lines_of_a_file_without_a_header_are_counted_from_its_first_row(tmp_path: Path, heart: DictionarySpec) -> None:
    (tmp_path / "p.data").write_text("63.0,0,0\nold,1,2\n")
    assert read_table(tmp_path / "p.data", heart, header=["age", "ca", "num"], max_unreadable=0.5).apart["line"].to_list() == [2]


def test_as_many_names_as_cells_must_be_declared(tmp_path: Path, heart: DictionarySpec) -> None:
    (tmp_path / "p.data").write_text("63.0,0.0,0\n67.0,?,2\n")
    with pytest.raises(UsageError, match=r"source\.header names 2 columns, the first line has 3 cells") as caught:
        read_table(tmp_path / "p.data", heart, header=["age", "ca"])
    assert caught.value.faults[0].code == "DATA-011"
