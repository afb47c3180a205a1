from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.core.errors import UsageError
from steward.data.split import split_rows
from steward.project.spec import SplitSpec

JANUARY = datetime(2023, 1, 1)  # noqa: DTZ001 - wall clock


def table(*times: datetime | None) -> pl.DataFrame:
    return pl.DataFrame({"at": pl.Series(times, dtype=pl.Datetime("us")), "row": range(len(times))})


def days(*numbers: float) -> pl.DataFrame:
    return table(*(JANUARY + timedelta(days=number) for number in numbers))


def test_validation_is_the_last_share_of_the_training_months() -> None:
    frame = days(40, 3, 1, 0, 2, 35, 4, 5, 6, 7, 8, 9)  # days 35 and 40 lie in February
    split = split_rows(frame, SplitSpec(train=("2023-01",), test=("2023-02",), validation_share=0.2), "at")
    assert split.train["row"].to_list() == [3, 2, 4, 1, 6, 7, 8, 9]
    assert split.validation["row"].to_list() == [10, 11]
    assert split.test["row"].to_list() == [5, 0]


def test_without_test_months_the_last_rows_are_the_test() -> None:
    split = split_rows(days(*range(20)), SplitSpec(train=("2023-01",), validation_share=0.25, test_share=0.2), "at")
    assert [part.height for part in (split.train, split.validation, split.test)] == [12, 4, 4]
    assert split.test["row"].to_list() == [16, 17, 18, 19]


def test_rows_of_no_declared_month_and_rows_without_a_time_are_left_out() -> None:
    frame = pl.concat([days(0, 1, 2, 3, 100, -400), table(None)])
    split = split_rows(frame, SplitSpec(train=("2023-01",), validation_share=0.25, test_share=0.25), "at")
    assert sum(part.height for part in (split.train, split.validation, split.test)) == 4


def test_months_are_half_open() -> None:
    split = split_rows(
        days(0, 1, 30.9, 31, 58.9, 59), SplitSpec(train=("2023-01",), test=("2023-02",), validation_share=0.34), "at"
    )
    assert split.test["row"].to_list() == [3, 4]


def test_rows_of_one_instant_stay_together_in_the_later_part() -> None:
    split = split_rows(days(0, 1, 2, 2, 2), SplitSpec(train=("2023-01",), test_share=0.2, validation_share=0.5), "at")
    assert split.test["row"].to_list() == [2, 3, 4]
    assert split.train["row"].to_list() == [0]


PARTS = pl.DataFrame({"period": ["north"] * 40 + ["south"] * 10, "ill": ([1] + [0] * 3) * 10 + [0] * 10, "row": range(50)})


def test_without_a_time_named_parts_teach_and_judge() -> None:
    split = split_rows(PARTS, SplitSpec(train=("north",), test=("south",), validation_share=0.25), None, "ill")
    assert (split.train.height, split.validation.height) == (30, 10)
    assert sorted(split.test["row"]) == list(range(40, 50))
    assert split.test["row"].to_list() != list(range(40, 50))  # what stands together in a file does not here


def test_a_shuffle_gives_every_part_its_share_of_each_class() -> None:
    # 10 of 40 are ill: a fifth is 2 of 8 for the test; of the other 8 and 24, a quarter is 2 and 6 for validation.
    spec = SplitSpec(train=("north",), test_share=0.2, validation_share=0.25)
    split = split_rows(PARTS, spec, None, "ill")
    counted = [(part.height, part["ill"].sum()) for part in (split.train, split.validation, split.test)]
    assert counted == [(24, 6), (8, 2), (8, 2)]
    everything = sorted(row for part in (split.train, split.validation, split.test) for row in part["row"])
    assert everything == list(range(40))


def test_the_same_seed_shuffles_alike_and_another_does_not() -> None:
    spec = SplitSpec(train=("north",), test_share=0.2, validation_share=0.25)
    tests = [split_rows(PARTS, s, None).test["row"].to_list() for s in (spec, spec, spec.model_copy(update={"seed": 8}))]
    assert tests[0] == tests[1] != tests[2]


def test_empty_parts_are_all_named() -> None:
    with pytest.raises(UsageError) as caught:
        split_rows(days(0), SplitSpec(train=("2023-03",), test=("2023-04",)), "at")
    assert [fault.code for fault in caught.value.faults] == ["DATA-040"] * 3
    assert "no test rows" in str(caught.value)


shares = st.floats(0.05, 0.6)


@given(st.lists(st.integers(0, 30 * 24), min_size=1, max_size=60), shares, shares)
def test_parts_never_overlap_in_time_and_lose_no_row(hours: list[int], validation: float, test: float) -> None:
    frame = table(*(JANUARY + timedelta(hours=hour) for hour in hours))
    try:
        split = split_rows(frame, SplitSpec(train=("2023-01",), validation_share=validation, test_share=test), "at")
    except UsageError:
        return
    parts = [split.train["at"], split.validation["at"], split.test["at"]]
    assert sum(map(len, parts)) == len(hours)
    assert all(part.is_sorted() for part in parts)
    assert parts[0].max() < parts[1].min() <= parts[1].max() < parts[2].min()  # type: ignore[operator]
