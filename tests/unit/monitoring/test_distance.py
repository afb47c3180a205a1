from math import log, pi, sqrt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from steward.monitoring.distance import Kind, Sample, by_chance, critical_distance, distance, gap, is_stuck, unseen_share
from steward.monitoring.sketch import CategorySketch, NumberSketch, sketch_like, sketch_reference

floats = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=50)


def numbers(values: list[float | None], current: list[float | None]) -> tuple[Sample, Sample]:
    frames = [pl.DataFrame({"x": pl.Series(one, dtype=pl.Float64)}) for one in (values, current)]
    reference = sketch_reference(frames[0], ())
    return Sample(len(values), reference.columns["x"]), Sample(len(current), sketch_like(frames[1], reference).columns["x"])


def made(rows: int, above: int = 0) -> Sample:
    return Sample(rows, NumberSketch((1.0,), (rows - above, above), 0, 0, 1.0, 2.0, 0.0, 0.0))


def levels(**counts: int) -> Sample:
    missing, other, new = (counts.pop(name, 0) for name in ("missing", "other", "new"))
    return Sample(sum(counts.values()) + missing + other + new, CategorySketch(counts, {"new": new}, other, missing))


def test_two_numbers_by_hand() -> None:
    # After 2 the reference has seen 2/4 of its rows, the current sample none.
    assert distance(*numbers([1, 2, 3, 4], [3, 4, 5, 6])) == 0.5


@settings(deadline=None)
@given(floats, floats)
def test_numbers_differ_by_the_largest_gap_between_their_step_functions(a: list[float], b: list[float]) -> None:
    gaps = [abs(sum(x <= point for x in a) / len(a) - sum(x <= point for x in b) / len(b)) for point in a + b]
    assert distance(*numbers([*a], [*b])) == pytest.approx(max(gaps))


def test_long_columns_agree_with_scipy_to_a_part_in_five_hundred() -> None:
    a, b = [float(i % 997) for i in range(20_000)], [float(i % 911) for i in range(7_000)]
    assert distance(*numbers([*a], [*b])) == pytest.approx(ks_2samp(a, b).statistic, abs=0.002)


def test_two_categories_by_hand() -> None:
    # (|0.5-0.25| + |0.5-0.5| + |0-0.25|) / 2
    assert distance(levels(a=2, b=2), levels(a=1, b=2, c=1)) == 0.25
    assert distance(levels(a=5), levels(other=3)) == 1.0


def test_missing_rows_are_a_place_of_their_own() -> None:
    assert distance(*numbers([1, 2, 3, 4], [1, 2, 3, 4, None])) == pytest.approx(0.2)
    assert distance(*numbers([1, 2], [None, None])) == 1.0
    assert distance(levels(a=4), levels(a=3, missing=1)) == 0.25
    assert distance(*numbers([None], [None])) == 0.0


def test_numbers_and_levels_share_nothing() -> None:
    assert distance(made(2), levels(a=2)) == 1.0
    assert unseen_share(made(2), levels(a=1, missing=1)) == 0.5
    assert critical_distance(made(2), levels(a=2), chance=0.01) > 0
    assert not is_stuck(made(2), levels(a=2))


def test_the_critical_distance_of_numbers_by_hand() -> None:
    # sqrt(ln(2/0.05)/2 · (1/100 + 1/400)) = 1.3581 · 0.1118
    assert critical_distance(made(100, above=50), made(400), chance=0.05) == pytest.approx(0.15184, abs=1e-5)


def test_where_nearly_all_rows_share_a_value_chance_explains_less() -> None:
    # 100 of 10,000 rows above: variance 0.0099, with Bernstein's own bound on it (x = ln(2/0.01) = 5.2983)
    x, third = log(200), log(200) / 10_000 / 3
    safe = (0.0099 + third + sqrt(third**2 + 2 * x * 0.0099 / 10_000)) * (1 / 10_000 + 1 / 500)
    over, jump = log(400), log(400) / 500 / 3
    expected = jump + sqrt(jump**2 + 2 * over * safe)
    assert critical_distance(made(10_000, above=100), made(500), chance=0.01) == pytest.approx(expected)
    assert expected < 0.4 * critical_distance(made(10_000, above=5000), made(500), chance=0.01)


def test_levels_seen_once_announce_levels_never_seen() -> None:
    # 10 of 100 rows are of levels seen once: a tenth of later rows will be of levels that nobody has seen (Good 1953).
    rare, frequent = levels(a=90, **{f"z{i}": 1 for i in range(10)}), levels(a=90, **{f"z{i}": 2 for i in range(5)})
    gap = critical_distance(rare, rare, chance=0.01) - critical_distance(frequent, frequent, chance=0.01)
    assert gap == pytest.approx(0.1, abs=0.02)


def test_the_critical_distance_of_levels_adds_what_their_number_brings() -> None:
    a = levels(a=50, b=50)
    expected = 2 * sqrt(0.5 * 0.5 * 0.02) * sqrt(2 / pi) / 2
    assert critical_distance(a, a, chance=0.05) == pytest.approx(expected + sqrt(log(40) / 2 * 0.02))


def test_unseen_is_what_lies_outside_the_reference() -> None:
    assert unseen_share(*numbers([1, 9], [0, 1, 9, 10])) == 0.5
    assert unseen_share(*numbers([1, 9], [100, None])) == 0.5
    assert unseen_share(levels(a=9, other=1), levels(a=5, new=4, other=1)) == pytest.approx(0.4)
    assert unseen_share(levels(a=1), levels(missing=3)) == 0.0


def test_a_column_is_stuck_when_many_values_became_one() -> None:
    many, few = [float(i) for i in range(20)], [float(i) for i in range(7)]
    assert is_stuck(*numbers([*many], [5, 5, None]))
    assert is_stuck(*numbers([*many], [1e9]))
    assert not is_stuck(*numbers([*few], [5, 5]))
    assert not is_stuck(*numbers([*many], [5, 6]))
    assert not is_stuck(*numbers([*many], [None]))
    assert is_stuck(levels(**{f"z{i}": 1 for i in range(20)}), levels(z1=4, z2=0))


counted = st.lists(st.integers(0, 200), min_size=3, max_size=12).filter(lambda counts: sum(counts) > 0)


@settings(deadline=None)
@given(counted, st.sampled_from(["number", "category"]), st.integers(2, 5000), st.floats(1e-9, 0.4))
def test_chance_explains_less_of_larger_samples_and_more_where_it_may_err_less(
    counts: list[int], kind: Kind, rows: int, chance: float
) -> None:
    shares, held = np.array(counts) / sum(counts), float(sum(counts))
    one = by_chance(kind, shares, (held, rows), chance)
    assert one.typical >= 0
    assert one.most > 0
    assert by_chance(kind, shares, (held, 2 * rows), chance).most <= one.most + 1e-12
    assert by_chance(kind, shares, (held, rows), chance / 10).most >= one.most
    if kind == "number":
        assert one.most <= sqrt(log(2 / chance) / 2 * (1 / held + 1 / rows)) + 1e-12


@pytest.mark.parametrize("kind", ["number", "category"])
@pytest.mark.parametrize("rows", [50, 400, 5000])
def test_samples_drawn_alike_pass_chance_as_rarely_as_it_says(kind: Kind, rows: int) -> None:
    random = np.random.default_rng(rows)
    shares = np.append(random.dirichlet(np.full(30, 0.4)), [0.0, 0.0])
    critical = by_chance(kind, shares, (1e9, rows), 0.05).most
    drawn = random.multinomial(rows, shares / shares.sum(), size=4000) / rows
    passed = sum(gap(kind, shares - one) > critical for one in drawn)
    assert passed <= 0.05 * 4000
