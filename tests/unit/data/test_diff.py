"""Differences of two tables, with numbers counted by hand."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.data.diff import PeriodChange, what_changed

OLD = pl.DataFrame(
    {
        "period": ["2023-01", "2023-01", "2023-01", "2023-02"],
        "id": [1, 2, 3, 4],
        "fare": [5.0, 6.0, None, 8.0],
        "flag": ["a", "b", "c", None],
    }
)


def test_rows_that_came_went_and_changed_are_counted_by_period() -> None:
    new = pl.DataFrame(
        {
            "period": ["2023-01", "2023-01", "2023-02", "2023-02"],
            "id": [2, 3, 4, 5],
            "fare": [6.0, 7.0, 8.0, 9.0],
            "flag": ["b", "c", None, "e"],
        }
    )
    # January: 1 went, 3 got a fare; February: 5 came.
    assert what_changed(OLD, new, ["id"]).periods == (
        PeriodChange("2023-01", 3, 2, added=0, removed=1, changed=1),
        PeriodChange("2023-02", 1, 2, added=1, removed=0, changed=0),
    )
    # Without a key the trip that got a fare is one row that went and one that came.
    assert what_changed(OLD, new).periods[0] == PeriodChange("2023-01", 3, 2, added=1, removed=2, changed=None)


def test_nulls_and_means_are_told_for_the_whole_table() -> None:
    new = OLD.with_columns(pl.col("fare").fill_null(9.0))
    changed = {column.name: column for column in what_changed(OLD, new).columns}
    assert (changed["fare"].nulls_before, changed["fare"].nulls_after) == (0.25, 0.0)
    assert changed["fare"].mean_before == pytest.approx(19 / 3)
    assert changed["fare"].mean_after == pytest.approx(7.0)
    assert changed["fare"].moved == pytest.approx((2 / 3) / (7 / 3) ** 0.5)  # variance of 5, 6, 8 is 7/3
    assert (changed["flag"].mean_before, changed["flag"].moved) == (None, None)
    assert "period" not in changed


def test_columns_that_came_went_or_changed_their_type_are_named_and_left_out_of_the_rows() -> None:
    new = OLD.drop("flag").with_columns(pl.col("id").cast(pl.String), pl.lit(0).alias("tip"))
    changed = what_changed(OLD, new, ["id"])
    assert (changed.added, changed.removed, changed.retyped) == ({"tip": "Int32"}, {"flag": "String"}, {"id": ("Int64", "String")})
    assert changed.compared == ("period", "fare")
    assert all(period.same for period in changed.periods)
    assert not changed.same
    assert changed.text == "new column tip (Int32); column flag is gone; id is String, was Int64"


def test_the_line_names_period_counts_and_what_moved_most() -> None:
    newcomer = OLD[3:].with_columns(pl.lit(9, pl.Int64).alias("id"), pl.lit(80.0).alias("fare"))
    assert what_changed(OLD, pl.concat([OLD[:1], OLD[3:], newcomer]), ["id"]).text == (
        "2023-01: 2 rows removed; 2023-02: 1 row added; nulls of flag 25.0% -> 66.7%; nulls of fare 25.0% -> 0.0%; "
        "mean of fare 6.333 -> 31; mean of id 2.5 -> 4.667"
    )


def test_order_does_not_count_and_equal_rows_count_as_often_as_they_stand() -> None:
    assert what_changed(OLD, OLD.reverse()).same
    twice = pl.concat([OLD, OLD[:1]])
    assert what_changed(OLD, twice).periods[0] == PeriodChange("2023-01", 3, 4, added=1, removed=0, changed=None)
    assert what_changed(OLD, OLD).text == "the same rows"


def test_tables_without_rows_or_without_a_period_are_compared_too() -> None:
    assert what_changed(OLD.clear(), OLD.clear()).same
    assert what_changed(OLD.drop("period"), OLD.drop("period").clear()).periods == (
        PeriodChange("", 4, 0, added=0, removed=4, changed=None),
    )


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_added_and_removed_are_the_difference_of_the_multisets(before: list[str], after: list[str]) -> None:
    frames = [pl.DataFrame({"x": pl.Series(values, dtype=pl.String)}) for values in (before, after)]
    old, new = Counter(before), Counter(after)
    periods = what_changed(*frames).periods
    assert sum(period.added for period in periods) == (new - old).total()
    assert sum(period.removed for period in periods) == (old - new).total()
