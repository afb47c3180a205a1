import math

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from steward.quality.null_blocks import NullBlock, null_blocks

N = None


def test_columns_that_are_empty_in_the_same_rows_are_one_block() -> None:
    frame = pl.DataFrame(
        {
            "id": [1, 2, 3, 4, 5],
            "vendor": [1, N, N, 2, 2],
            "flag": ["Y", N, N, "N", "N"],
            "fee": pl.Series([N] * 5, dtype=pl.Float64),
            "tip": [N, 1.0, math.nan, 1.0, 1.0],  # empty in one of the two rows, and in another one
        }
    )
    found = null_blocks(frame, frame.columns, min_share=0.01, overlap=0.9)
    assert found.blocks == (NullBlock(("vendor", "flag"), 2),)
    assert found.always == ("fee",)


def test_a_few_rows_more_do_not_tear_a_block_apart_and_only_common_rows_count() -> None:
    rows = 100
    a = [N if row < 40 else 1 for row in range(rows)]
    b = [N if row < 42 else 1 for row in range(rows)]  # 40 of 42 in common: 0.95
    found = null_blocks(pl.DataFrame({"a": a, "b": b}), ["a", "b"], min_share=0.4, overlap=0.95)
    assert found.blocks == (NullBlock(("a", "b"), 40),)
    assert null_blocks(pl.DataFrame({"a": a, "b": b}), ["a", "b"], min_share=0.41, overlap=0.95).blocks == ()
    assert null_blocks(pl.DataFrame({"a": a, "b": b}), ["a", "b"], min_share=0.4, overlap=0.96).blocks == ()


def test_two_blocks_are_told_apart_and_the_larger_comes_first() -> None:
    frame = pl.DataFrame({"a": [N, 1, 1, 1], "b": [N, 1, 1, 1], "c": [1, N, N, 1], "d": [1, N, N, 1], "e": [1, 1, 1, N]})
    blocks = null_blocks(frame, frame.columns, min_share=0.01, overlap=0.9).blocks
    assert blocks == (NullBlock(("c", "d"), 2), NullBlock(("a", "b"), 1))


def test_more_columns_than_a_number_has_bits() -> None:
    frame = pl.DataFrame({f"c{i}": [N, 1, N if i % 2 else 1] for i in range(130)})
    blocks = null_blocks(frame, frame.columns, min_share=0.01, overlap=0.9).blocks
    assert [len(block.columns) for block in blocks] == [65, 65]
    assert blocks[0] == NullBlock(tuple(f"c{i}" for i in range(1, 130, 2)), 2)


def test_rows_without_gaps_and_no_rows_have_no_blocks() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [1, 2]})
    for rows in (frame, frame.clear()):
        found = null_blocks(rows, rows.columns, min_share=0.01, overlap=0.9)
        assert (found.blocks, found.always) == ((), ())


cells = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=12)


@given(cells)
def test_all_columns_of_a_block_are_empty_in_as_many_rows_as_it_says(rows: list[tuple[bool, bool, bool]]) -> None:
    frame = pl.DataFrame(
        {name: [None if row[i] else 1 for row in rows] for i, name in enumerate("abc")}, schema=dict.fromkeys("abc", pl.Int64)
    )
    for block in null_blocks(frame, frame.columns, min_share=0.01, overlap=0.5).blocks:
        positions = ["abc".index(name) for name in block.columns]
        assert block.rows == sum(all(row[i] for i in positions) for row in rows) > 0
        assert len(positions) > 1
