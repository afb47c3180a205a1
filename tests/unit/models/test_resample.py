import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.models.resample import BLOCKS, block_of_rows, block_sums, draws, resampled_medians, resampled_sums


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
