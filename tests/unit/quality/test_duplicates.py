import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.quality.duplicates import conflicting_rows, repeated_rows

numbers = st.sampled_from([None, 0.0, -0.0, 1.5, math.nan, -math.nan, math.inf])
texts = st.sampled_from([None, "", "a", "b"])
rows = st.lists(st.tuples(numbers, texts), max_size=30)


def _frame(cells: list[tuple[float | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(cells, schema={"position": pl.Float64, "text": pl.String}, orient="row")


def _first_rows(frame: pl.DataFrame) -> list[int]:
    return frame.with_row_index("nr").unique(subset=frame.columns, keep="first", maintain_order=True)["nr"].to_list()


def test_later_copies_are_repeats_and_the_first_is_not() -> None:
    frame = pl.DataFrame({"id": [1, 2, 1, 3, 1], "note": ["a", "b", "c", "d", "a"]})
    assert repeated_rows(frame, ["id"]).to_list() == [False, False, True, False, True]
    assert repeated_rows(frame, ["id", "note"]).to_list() == [False, False, False, False, True]


@pytest.mark.parametrize("height", [0, 1])
def test_a_table_too_short_to_repeat_itself_has_no_repeats(height: int) -> None:
    frame = pl.DataFrame({"id": [None]}, schema={"id": pl.Int64}).head(height)
    assert repeated_rows(frame, ["id"]).to_list() == [False] * height


@given(rows)
def test_the_rows_that_are_left_are_those_polars_would_keep(cells: list[tuple[float | None, str | None]]) -> None:
    frame = _frame(cells)
    assert (~repeated_rows(frame, frame.columns)).arg_true().to_list() == _first_rows(frame)


@given(rows)
def test_rows_that_share_a_hash_are_still_told_apart(cells: list[tuple[float | None, str | None]]) -> None:
    frame = _frame(cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pl.DataFrame, "hash_rows", lambda table: pl.repeat(7, table.height, dtype=pl.UInt64, eager=True))
        assert (~repeated_rows(frame, frame.columns)).arg_true().to_list() == _first_rows(frame)


def test_rows_of_one_key_with_two_values_contradict_each_other() -> None:
    rows = pl.DataFrame({"id": [1, 1, 2, 2, 3, None, None, 4, 4, 4], "y": [0, 1, 1, 1, 0, 0, 1, 1, None, 0]})
    assert conflicting_rows(rows, ["id"], "y").arg_true().to_list() == [0, 1, 7, 9]


def test_a_key_of_two_columns_needs_both() -> None:
    rows = pl.DataFrame({"a": [1, 1, 1], "b": [1, 2, 1], "y": ["p", "q", "r"]})
    assert conflicting_rows(rows, ["a", "b"], "y").to_list() == [True, False, True]
    assert not conflicting_rows(rows.head(2), ["a", "b"], "y").any()


def test_two_gaps_are_no_contradiction() -> None:
    rows = pl.DataFrame({"id": [1, 1, 1], "y": [float("nan"), None, 2.0]})
    assert not conflicting_rows(rows, ["id"], "y").any()
