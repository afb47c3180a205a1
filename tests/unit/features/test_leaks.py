from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.features.leaks import find_copies, moving_times, names_rows, nearly_unique, telling_columns


def rows(*cells: tuple[float | None, str | None, int], first: int = 0) -> pl.DataFrame:
    return pl.DataFrame(list(cells), schema=["x", "word", "y"], orient="row").with_row_index("place", offset=first)


def test_copies_are_found_with_their_places_and_those_that_disagree_are_counted() -> None:
    learned = rows((1.5, "a", 0), (2.5, None, 1), (1.5, "b", 0), (None, "a", 1))
    judging = rows((2.5, None, 1), (1.5, "a", 1), (9.0, "a", 0), (None, "a", 1), first=10)
    found = find_copies(learned, judging, ["x", "word"], place="place", target="y")
    assert found.pairs == ((10, 1), (11, 0), (13, 3))
    assert (found.rows, found.of, found.disagree) == (3, 4, 1)
    assert found.too_many


def test_a_copy_disagrees_as_well_where_the_learned_ones_disagree_among_themselves() -> None:
    learned = rows((1.0, "a", 0), (1.0, "a", 1))
    found = find_copies(learned, rows((1.0, "a", 1)), ["x", "word"], place="place", target="y")
    assert (found.rows, found.pairs, found.disagree) == (1, ((0, 0),), 1)


def test_two_copies_are_chance_and_so_is_one_percent() -> None:
    one = rows((1.0, "a", 0))
    two = find_copies(one, pl.concat([one, one]), ["x", "word"], place="place", target="y")
    assert (two.rows, two.share, two.too_many) == (2, 1.0, False)
    others = pl.DataFrame({"place": range(297), "x": [5.0] * 297, "word": ["z"] * 297, "y": [0] * 297}, schema=one.schema)
    three = find_copies(one, pl.concat([one, one, one, others]), ["x", "word"], place="place", target="y")
    assert (three.rows, three.of, three.too_many) == (3, 300, False)


def test_nothing_to_compare_by_finds_nothing() -> None:
    assert find_copies(rows((1.0, "a", 0)), rows((1.0, "a", 0)), [], place="place", target="y").rows == 0


cells = st.tuples(st.sampled_from([None, 0.0, 1.5]), st.sampled_from([None, "a", "b"]), st.integers(0, 1))


@given(st.lists(cells, min_size=1, max_size=12), st.lists(cells, min_size=1, max_size=12))
def test_copies_are_what_comparing_every_row_with_every_other_finds(
    learned: list[tuple[float | None, str | None, int]], judging: list[tuple[float | None, str | None, int]]
) -> None:
    schema = {"x": pl.Float64, "word": pl.String, "y": pl.Int64}
    tables = [pl.DataFrame(part, schema=schema, orient="row").with_row_index("place") for part in (learned, judging)]
    found = find_copies(*tables, ["x", "word"], place="place", target="y")
    known: dict[tuple[float | None, str | None], set[int]] = {}
    for x, word, y in learned:
        known.setdefault((x, word), set()).add(y)
    copies = [(x, word, y) for x, word, y in judging if (x, word) in known]
    assert found.rows == len(copies)
    assert found.disagree == sum(known[x, word] != {y} for x, word, y in copies)


LUCK = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (pl.Series([f"K{n:05d}" for n in range(200)]), "200 different texts in 200 rows"),
        (pl.Series(range(7000, 7200)), "in steps of 1"),
        (pl.Series(range(0, 2000, 10)).cast(pl.Float64), "in steps of 10"),
        (pl.Series(np.sort(LUCK.choice(2_000, 200, replace=False))), "evenly spread"),
        (pl.Series(LUCK.integers(0, 2**62, 5000)), "evenly spread"),
        (pl.Series([*range(1, 199), None, None]), "198 different whole numbers in 198 rows"),
    ],
)
def test_numbers_of_rows_are_told_from_measures(column: pl.Series, told: str) -> None:
    assert told in names_rows(column)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(LUCK.normal(size=5000)),  # fractions are measured
        pl.Series(np.exp(LUCK.normal(10, 1, 5000)).astype(int)),  # money crowds at the low end
        pl.Series(LUCK.normal(100_000, 20_000, 5000).astype(int)),
        pl.Series(range(5000)).cast(pl.Datetime("us")),
        pl.Series(LUCK.integers(0, 1000, 5000)),  # codes come again
        pl.Series(["a", "b"] * 100),
        pl.Series(range(20)),  # too few rows to tell
        pl.Series([None] * 50, dtype=pl.Int64),
        pl.Series([True, False] * 50),
        pl.Series([*(float(n) for n in range(98)), float("inf"), float("nan")]),
    ],
)
def test_measures_codes_and_few_rows_are_not_taken_for_numbers_of_rows(column: pl.Series) -> None:
    assert names_rows(column) == ""


def test_columns_tell_something_of_a_row_unless_they_name_it_or_never_differ() -> None:
    frame = pl.DataFrame({"id": range(100), "same": ["x"] * 100, "empty": [None] * 100, "age": [20, 30] * 50, "x": [0.5, 1.5] * 50})
    assert telling_columns(frame, frame.columns) == ("age", "x")


def test_nearly_unique_counts_values_and_not_gaps() -> None:
    assert nearly_unique(pl.Series([1, 2, 3, None, None]))
    assert not nearly_unique(pl.Series([1, 1, 2, 2]))


def test_a_time_moves_where_it_is_not_always_the_same() -> None:
    frame = pl.DataFrame(
        {"at": [datetime(2024, 1, 1, 1), datetime(2024, 1, 2)], "day": [date(2024, 1, 1)] * 2, "none": [None, None], "n": [1, 2]}  # noqa: DTZ001
    )
    assert moving_times(frame, frame.columns) == ("at",)
