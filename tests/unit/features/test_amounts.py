from math import log

import polars as pl
import pytest
from tests.engines import Evaluate

from steward.features.column import KM_PER_MILE, distance_category, log1p, price_per_mile, ratio, speed_kmh


def pairs(*rows: tuple[float | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"a": pl.Float64, "b": pl.Float64}, orient="row")


def test_a_speed_needs_a_time_that_passes(evaluate: Evaluate) -> None:
    frame = pairs((10, 30), (10, 0), (10, -5), (0, 5), (None, 5), (10, None))
    assert evaluate(frame, speed_kmh).to_list() == pytest.approx([20, None, None, 0, None, None])


def test_a_price_of_a_mile_needs_a_distance(evaluate: Evaluate) -> None:
    frame = pairs((12.5, 2.5), (12.5, 0), (-5, 2), (12.5, -1), (None, 1), (3, None))
    assert evaluate(frame, price_per_mile).to_list() == [5.0, None, -2.5, None, None, None]
    assert evaluate(pairs((8.0, 2 * KM_PER_MILE)), lambda usd, km: price_per_mile(usd, km * (1 / KM_PER_MILE)))[0] == pytest.approx(
        4
    )


def test_a_ratio_is_null_or_what_is_asked_for_where_the_second_is_zero(evaluate: Evaluate) -> None:
    frame = pairs((3, 2), (3, 0), (0, 0), (None, 0), (3, None), (-3, 2))
    assert evaluate(frame, ratio).to_list() == [1.5, None, None, None, None, -1.5]
    assert evaluate(frame, lambda a, b: ratio(a, b, at_zero=0.0)).to_list() == [1.5, 0.0, 0.0, None, None, -1.5]


def test_whole_numbers_divide_like_any(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"a": [3, 3, None], "b": [2, 0, 1]})
    assert evaluate(frame, ratio).to_list() == [1.5, None, None]


def test_a_logarithm_that_keeps_zero_and_ends_at_minus_one(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"x": [0.0, 99.0, -0.5, -1.0, -7.0, None]})
    assert evaluate(frame, log1p).to_list() == pytest.approx([0.0, log(100), log(0.5), None, None, None])


def test_distances_fall_into_classes(evaluate: Evaluate) -> None:
    frame = pl.DataFrame({"miles": [0.0, 1.999, 2.0, 5.0, 14.9, 15.0, None]})
    words = ["short", "short", "medium", "long", "long", "far", None]
    assert evaluate(frame, distance_category).to_list() == words
    assert evaluate(frame, lambda x: distance_category(x, (3,), ("near", "far"))).to_list() == [
        *(["near"] * 3 + ["far"] * 3),
        None,
    ]
