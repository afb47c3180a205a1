from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.data.infer import Guess, guess_columns, read_raw

ROWS = 40


def guess(*cells: object, name: str = "x") -> Guess:
    """What a column of these cells, repeated to 40 rows, seems to hold."""
    [found] = guess_columns(pl.DataFrame({name: (list(cells) * ROWS)[:ROWS]}, strict=False))
    return found


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (("1", "2"), "integer"),
        (("1", "2.5"), "number"),
        (("007", "008"), "text"),
        (("yes", "no"), "boolean"),
        (("2023-01-31 12:00:00", "2023-02-01 00:00:00"), "datetime"),
        (("31/01/2023", "01/02/2023"), "datetime"),
        (("2009-07-17 20:04:56 UTC", "2009-08-24 21:45:00 UTC"), "datetime"),
        (("1", "two"), "text"),
        ((1.0, 2.5), "number"),
        ((True, False), "boolean"),
    ],
)
def test_a_type_is_what_fits_every_cell(cells: tuple[object, ...], kind: str) -> None:
    assert guess(*cells).kind == kind


def test_spellings_of_nothing_are_named_and_do_not_make_numbers_text() -> None:
    found = guess("1", "?", "2", "n/a")
    assert (found.kind, found.missing, found.nulls, found.distinct) == ("integer", ("?", "n/a"), ROWS // 2, 2)


def test_holes_turn_whole_numbers_into_floats_and_are_seen_through() -> None:
    assert guess(1.0, None, 2.0).kind == "integer"


@pytest.mark.parametrize(
    ("name", "values", "identifies"), [("", range(7, 47), True), ("n", range(7, 47), True), ("age", range(0, 80, 2), False)]
)
def test_a_number_identifies_a_row_if_it_counts_or_is_called_so(name: str, values: range, *, identifies: bool) -> None:
    assert guess_columns(pl.DataFrame({name: list(values)}))[0].identifies is identifies


def test_names_become_identifiers_once_each() -> None:
    frame = pl.DataFrame({"Vendor ID": [1], "vendor-id": [1], "2nd": [1], "pickupAt": [1], "class": [1]})
    assert [found.name for found in guess_columns(frame)] == ["vendor_id", "vendor_id_2", "c_2nd", "pickup_at", "c_class"]


def test_a_table_with_twin_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,a\n1,2,3\n")
    with pytest.raises(UsageError, match="several columns are called 'a'"):
        read_raw(path)


def test_the_separator_is_the_one_that_divides_the_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a;"b, c";d\n1;2;3\n')
    assert read_raw(path).columns == ["a", "b, c", "d"]


def test_levels_come_with_the_most_frequent_first() -> None:
    assert guess("red", "blue", "red").levels == ("red", "blue")
    assert guess_columns(pl.DataFrame({"t": [datetime(2023, 1, 1)]}))[0].kind == "datetime"  # noqa: DTZ001


def test_json_lines_are_a_table_too(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n')
    assert [(found.name, found.kind) for found in guess_columns(read_raw(path))] == [("a", "integer"), ("b", "text")]
