import numpy as np
import polars as pl
import pytest

from steward.features.relation import relate


def test_few_values_are_levels_of_their_own_and_empty_cells_come_last() -> None:
    levels = relate(pl.Series([0.0, 1.0, 1.0, None]), np.array([2.0, 4.0, 6.0, 9.0]), classes=0)
    assert [(level.label, level.rows, level.values) for level in levels] == [
        ("0", 1, (2.0,)),
        ("1", 2, (5.0,)),
        ("empty", 1, (9.0,)),
    ]


def test_many_values_are_ten_equally_full_bins_that_say_what_they_hold() -> None:
    levels = relate(pl.Series(np.arange(100.0)), np.arange(100.0) * 2, classes=0)
    assert [level.rows for level in levels] == [10] * 10
    assert (levels[0].label, levels[-1].label) == ("0 to 9", "90 to 99")
    assert levels[3].values == (pytest.approx(69.0),)


def test_codes_go_by_their_words_and_classes_by_their_shares() -> None:
    levels = relate(
        pl.Series([1, 1, 2, 3]), np.array([0.0, 1.0, 1.0, 0.0]), classes=2, codes={"1": "car", "2": "bus"}, is_code=True, fewest=2
    )
    assert [(level.label, level.rows, level.values) for level in levels] == [("1 car", 2, (0.5, 0.5))]


def test_only_the_most_frequent_codes_are_told_in_the_order_of_their_numbers() -> None:
    column = pl.Series([number for number in range(15) for _ in range(1 + number)])
    levels = relate(column, np.zeros(len(column)), classes=0, is_code=True)
    assert [level.label for level in levels] == [str(number) for number in range(5, 15)]


def test_a_feature_that_is_always_empty_has_one_level() -> None:
    levels = relate(pl.Series([None, None], dtype=pl.Float64), np.array([1.0, 3.0]), classes=0)
    assert [(level.label, level.values) for level in levels] == [("empty", (2.0,))]
