import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.models.resample import (
    BLOCKS,
    Dependence,
    block_of_rows,
    block_sums,
    dependence,
    draws,
    resampled_medians,
    resampled_sums,
)


@given(st.integers(1, 5000))
def test_blocks_hold_every_row_once(rows: int) -> None:
    blocks = block_sums(np.column_stack([np.ones(rows), np.arange(rows)]))
    assert len(blocks) == min(rows, BLOCKS)
    assert blocks.sum(axis=0).tolist() == [rows, rows * (rows - 1) / 2]
    assert np.ptp(blocks[:, 0]) <= 1


def test_the_spread_of_resampled_means_is_that_of_the_mean() -> None:
    rows = np.random.default_rng(1).normal(10, 2, 20_000)
    sums = resampled_sums(np.column_stack([np.ones_like(rows), rows]), 2000, seed=3)
    means = sums[:, 1] / sums[:, 0]
    # standard error of a mean: 2 / sqrt(20,000) = 0.01414
    assert means.std() == pytest.approx(0.01414, rel=0.1)


def test_neighbours_that_are_alike_widen_the_spread() -> None:
    hours = np.repeat(np.random.default_rng(1).normal(10, 2, 200), 100)
    sums = resampled_sums(np.column_stack([np.ones_like(hours), hours]), 2000, seed=3)
    single = hours.std() / np.sqrt(len(hours))
    assert (sums[:, 1] / sums[:, 0]).std() > 2 * single


def test_the_same_seed_draws_the_same_samples_in_any_number_of_steps() -> None:
    rows = np.random.default_rng(2).normal(size=(3000, 1))
    few, many = resampled_sums(rows, 100, seed=5), resampled_sums(rows, 5000, seed=5)
    assert np.array_equal(few, resampled_sums(rows, 100, seed=5))
    assert np.array_equal(few, many[:100])


def test_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        resampled_sums(np.empty((0, 1)), 10, seed=1)


@pytest.mark.parametrize(("rows", "blocks"), [(61, 1000), (400, 50), (2500, 1000)])
def test_drawn_medians_are_those_of_the_rows_that_were_drawn(rows: int, blocks: int) -> None:
    values = np.round(np.random.default_rng(1).exponential(5, rows), 1)
    medians = resampled_medians(values, 6, seed=2, blocks=blocks)
    for median, times in zip(medians, next(draws(rows, 6, seed=2, blocks=blocks)).astype(int), strict=True):
        assert median == pytest.approx(np.median(np.repeat(values, times[block_of_rows(rows, blocks)])))


def test_fewer_blocks_hold_longer_runs() -> None:
    assert block_sums(np.ones((600, 1)), 50).ravel().tolist() == [12] * 50


@pytest.mark.parametrize(("run", "most", "fewest"), [(1, 1000, 400), (100, 250, 15)])
def test_blocks_grow_until_neighbours_are_no_longer_alike(run: int, most: int, fewest: int) -> None:
    series = np.repeat(np.random.default_rng(3).normal(size=20_000 // run), run)
    seen = dependence(series)
    assert fewest <= seen.blocks <= most
    assert 0 <= seen.likeness < 0.2


def test_the_spread_of_drawn_means_is_right_although_neighbours_are_alike() -> None:
    # 200 values, each for 50 rows: the mean of 10,000 rows varies by 1 / sqrt(200)
    runs = np.random.default_rng(5).normal(size=(40, 200)).repeat(50, axis=1)
    spreads = [resampled_sums(row[:, None], 300, 1, blocks=dependence(row).blocks).std() / 10_000 for row in runs]
    assert np.mean(spreads) == pytest.approx(1 / 200**0.5, rel=0.15)


def test_few_blocks_widen_bounds_by_students_quantile_and_neighbours_alike_by_their_variance() -> None:
    # t of 10 degrees at 95 % is 1.8125 where a normal one is 1.6449
    assert Dependence(11, 0.0).widening(0.95) == pytest.approx(1.8125 / 1.6449 * (11 / 10) ** 0.5, rel=1e-4)
    assert Dependence(11, 0.25).widening(0.95) == pytest.approx(Dependence(11, 0.0).widening(0.95) * 1.5**0.5)


def test_rows_that_do_not_vary_are_not_alike() -> None:
    assert dependence(np.zeros(50)) == Dependence(50, 0.0)
