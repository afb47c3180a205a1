from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import UsageError
from steward.data.split import split_by_time
from steward.project.spec import SplitSpec

JANUARY = datetime(2023, 1, 1)  # noqa: DTZ001 - wall clock


def table(*times: datetime | None) -> pl.DataFrame:
    return pl.DataFrame({"at": pl.Series(times, dtype=pl.Datetime("us")), "row": range(len(times))})


def days(*numbers: float) -> pl.DataFrame:
    return table(*(JANUARY + timedelta(days=number) for number in numbers))


def test_validation_is_the_last_share_of_the_training_months() -> None:
    frame = days(40, 3, 1, 0, 2, 35, 4, 5, 6, 7, 8, 9)  # days 35 and 40 lie in February
    split = split_by_time(frame, SplitSpec(train=("2023-01",), test=("2023-02",), validation_share=0.2), "at")
    assert split.train["row"].to_list() == [3, 2, 4, 1, 6, 7, 8, 9]
    assert split.validation["row"].to_list() == [10, 11]
    assert split.test["row"].to_list() == [5, 0]


def test_without_test_months_the_last_rows_are_the_test() -> None:
    split = split_by_time(days(*range(20)), SplitSpec(train=("2023-01",), validation_share=0.25, test_share=0.2), "at")
    assert [part.height for part in (split.train, split.validation, split.test)] == [12, 4, 4]
    assert split.test["row"].to_list() == [16, 17, 18, 19]


def test_rows_of_no_declared_month_and_rows_without_a_time_are_left_out() -> None:
    frame = pl.concat([days(0, 1, 2, 3, 100, -400), table(None)])
    split = split_by_time(frame, SplitSpec(train=("2023-01",), validation_share=0.25, test_share=0.25), "at")
    assert sum(part.height for part in (split.train, split.validation, split.test)) == 4


def test_months_are_half_open() -> None:
    split = split_by_time(
        days(0, 1, 30.9, 31, 58.9, 59), SplitSpec(train=("2023-01",), test=("2023-02",), validation_share=0.34), "at"
    )
    assert split.test["row"].to_list() == [3, 4]


def test_rows_of_one_instant_stay_together_in_the_later_part() -> None:
    split = split_by_time(days(0, 1, 2, 2, 2), SplitSpec(train=("2023-01",), test_share=0.2, validation_share=0.5), "at")
    assert split.test["row"].to_list() == [2, 3, 4]
    assert split.train["row"].to_list() == [0]


def test_months_written_as_text_serve_where_events_have_no_time() -> None:
    frame = pl.DataFrame({"period": ["2023-02", "2023-01", "2023-01", "2023-01", "2023-01"], "row": range(5)})
    split = split_by_time(frame, SplitSpec(train=("2023-01",), test=("2023-02",), validation_share=0.25), "period")
    assert (split.train["row"].to_list(), split.validation["row"].to_list(), split.test["row"].to_list()) == ([1, 2, 3], [4], [0])


def test_empty_parts_are_all_named() -> None:
    with pytest.raises(UsageError) as caught:
        split_by_time(days(0), SplitSpec(train=("2023-03",), test=("2023-04",)), "at")
    assert [fault.code for fault in caught.value.faults] == ["DATA-040"] * 3
    assert "no test rows" in str(caught.value)


shares = st.floats(0.05, 0.6)


@given(st.lists(st.integers(0, 30 * 24), min_size=1, max_size=60), shares, shares)
def test_parts_never_overlap_in_time_and_lose_no_row(hours: list[int], validation: float, test: float) -> None:
    frame = table(*(JANUARY + timedelta(hours=hour) for hour in hours))
    try:
        split = split_by_time(frame, SplitSpec(train=("2023-01",), validation_share=validation, test_share=test), "at")
    except UsageError:
        return
    parts = [split.train["at"], split.validation["at"], split.test["at"]]
    assert sum(map(len, parts)) == len(hours)
    assert all(part.is_sorted() for part in parts)
    assert parts[0].max() < parts[1].min() <= parts[1].max() < parts[2].min()  # type: ignore[operator]
