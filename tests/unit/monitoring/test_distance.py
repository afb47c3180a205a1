from math import log, pi, sqrt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from steward.monitoring.distance import Sample, critical_distance, distance, is_stuck, unseen_share
from steward.monitoring.profile import CategoryProfile, NumberProfile, profile

floats = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=50)


def numbers(values: list[float | None]) -> Sample:
    return Sample(len(values), profile(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}), ()).columns["x"])


def levels(**counts: int) -> Sample:
    missing, other = counts.pop("missing", 0), counts.pop("other", 0)
    return Sample(sum(counts.values()) + missing + other, CategoryProfile(missing, counts, other))


def test_two_numbers_by_hand() -> None:
    # After 2 the reference has seen 2/4 of its rows, the current sample none.
    assert distance(numbers([1, 2, 3, 4]), numbers([3, 4, 5, 6])) == 0.5


@settings(deadline=None)
@given(floats, floats)
def test_numbers_differ_by_the_largest_gap_between_their_step_functions(a: list[float], b: list[float]) -> None:
    gaps = [abs(sum(x <= point for x in a) / len(a) - sum(x <= point for x in b) / len(b)) for point in a + b]
    assert distance(numbers([*a]), numbers([*b])) == pytest.approx(max(gaps))


def test_long_columns_agree_with_scipy_to_a_part_in_five_hundred() -> None:
    a, b = [float(i % 997) for i in range(20_000)], [float(i % 911) for i in range(7_000)]
    assert distance(numbers([*a]), numbers([*b])) == pytest.approx(ks_2samp(a, b).statistic, abs=0.002)


def test_two_categories_by_hand() -> None:
    # (|0.5-0.25| + |0.5-0.5| + |0-0.25|) / 2
    assert distance(levels(a=2, b=2), levels(a=1, b=2, c=1)) == 0.25
    assert distance(levels(a=5), levels(other=3)) == 1.0


def test_missing_rows_are_a_place_of_their_own() -> None:
    assert distance(numbers([1, 2, 3, 4]), numbers([1, 2, 3, 4, None])) == pytest.approx(0.2)
    assert distance(numbers([1, 2]), numbers([None, None])) == 1.0
    assert distance(levels(a=4), levels(a=3, missing=1)) == 0.25
    assert distance(numbers([None]), numbers([None])) == 0.0


def test_numbers_and_levels_share_nothing() -> None:
    assert distance(numbers([1, 2]), levels(a=2)) == 1.0
    assert unseen_share(numbers([1, 2]), levels(a=1, missing=1)) == 0.5
    assert critical_distance(numbers([1, 2]), levels(a=2), chance=0.01) > 0


def test_the_critical_distance_of_numbers_by_hand() -> None:
    # sqrt(ln(2/0.05)/2 · (1/100 + 1/400)) = 1.3581 · 0.1118
    a, b = Sample(100, NumberProfile(0, (1.0,))), Sample(400, NumberProfile(0, (1.0,)))
    assert critical_distance(a, b, chance=0.05) == pytest.approx(0.15184, abs=1e-5)


def test_the_critical_distance_of_levels_adds_what_their_number_brings() -> None:
    a = levels(a=50, b=50)
    expected = 2 * sqrt(0.5 * 0.5 * 0.02) * sqrt(2 / pi) / 2
    assert critical_distance(a, a, chance=0.05) == pytest.approx(expected + sqrt(log(40) / 2 * 0.02))


def test_unseen_is_what_lies_outside_the_reference() -> None:
    assert unseen_share(numbers([1, 9]), numbers([0, 1, 9, 10])) == 0.5
    assert unseen_share(numbers([1, 9]), numbers([100, None])) == 0.5
    assert unseen_share(levels(a=9, other=1), levels(a=5, c=4, other=1)) == pytest.approx(0.4)
    assert unseen_share(levels(a=1), levels(missing=3)) == 0.0


def test_a_column_is_stuck_when_many_values_became_one() -> None:
    many, few = numbers([float(i) for i in range(20)]), numbers([float(i) for i in range(7)])
    assert is_stuck(many, numbers([5, 5, None]))
    assert not is_stuck(few, numbers([5, 5]))
    assert not is_stuck(many, numbers([5, 6]))
    assert not is_stuck(many, numbers([None]))
    assert is_stuck(levels(**{f"z{i}": 1 for i in range(20)}), levels(z1=4, z2=0))
