import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.quality.outliers import Bounds, Fence, beyond, bounds


def far(values: list[float | None], by: str, times: float) -> list[float]:
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64})
    (near,) = bounds(frame, [Fence("x", by, times)])  # type: ignore[arg-type] # iqr or zscore
    return frame.drop_nulls().filter(beyond("x", near.low, near.high))["x"].to_list()


def test_tukeys_fences_of_five_numbers() -> None:
    # quartiles 11 and 13, distance 2: 11 - 1.5*2 = 8 and 13 + 1.5*2 = 16
    frame = pl.DataFrame({"x": [10, 11, 12, 13, 100]})
    assert bounds(frame, [Fence("x", "iqr", 1.5)]) == (Bounds(8.0, 16.0),)
    assert far([10, 11, 12, 13, 100], "iqr", 1.5) == [100.0]


def test_quartiles_between_two_values_are_interpolated() -> None:
    # of 1 2 3 4: first quartile at place 0.75 = 1.75, third at 2.25 = 3.25, distance 1.5
    assert bounds(pl.DataFrame({"x": [4, 1, 3, 2]}), [Fence("x", "iqr", 1.0)]) == (Bounds(0.25, 4.75),)


def test_a_value_on_the_fence_is_near() -> None:
    assert far([10, 11, 12, 13, 16], "iqr", 1.5) == []
    assert far([10, 11, 12, 13, 16.01], "iqr", 1.5) == [16.01]


def test_the_standard_score_of_one_in_eleven() -> None:
    # ten times 0 and once 11: mean 1, variance (10*1 + 100) / 10 = 11; (11 - 1) / sqrt(11) = 3.015
    values: list[float | None] = [0.0] * 10 + [11.0]
    assert far(values, "zscore", 3.0) == [11.0]
    assert far(values, "zscore", 3.02) == []


def test_empty_cells_take_no_part() -> None:
    values = [10, None, 11, math.nan, 12, 13, 100]
    assert bounds(pl.DataFrame({"x": values}, strict=False), [Fence("x", "iqr", 1.5)]) == (Bounds(8.0, 16.0),)


@pytest.mark.parametrize("values", [[], [None], [3.0], [0.1] * 7, [None, 0.1, 0.1, 0.1]])
def test_what_does_not_differ_is_never_far(values: list[float | None]) -> None:
    assert far(values, "zscore", 0.001) == []
    assert far(values, "iqr", 0.001) == []


def test_infinite_values_leave_no_bound_where_there_is_no_number_for_it() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, math.inf]})
    assert bounds(frame, [Fence("x", "zscore", 3.0)]) == (Bounds(None, None),)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=30), st.integers(-1000, 1000))
def test_moving_all_values_moves_the_fences(values: list[int], by: int) -> None:
    here, there = (bounds(pl.DataFrame({"x": moved}), [Fence("x", "iqr", 1.5)])[0] for moved in (values, [v + by for v in values]))
    assert here.low is not None
    assert here.high is not None
    assert (there.low, there.high) == (pytest.approx(here.low + by), pytest.approx(here.high + by))
