import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from steward.monitoring.blocks import NORMAL_95, block_means, blocks_of, quiet_at, sizes_of, spread_to_hold


def test_sizes_of_which_eight_runs_fit() -> None:
    assert list(sizes_of(1599)) == []
    assert list(sizes_of(1600)) == [200]
    assert list(sizes_of(9000)) == [200, 500, 1000]


def test_the_last_run_takes_what_is_left() -> None:
    assert blocks_of(7, 3).tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert blocks_of(2, 3).tolist() == [0, 0]


def test_means_of_runs_by_hand() -> None:
    count, means = block_means(np.array([1.0, 3.0, 5.0, 6.0, 7.0]), blocks_of(5, 2))
    assert count.tolist() == [2, 3]
    assert means.tolist() == [2.0, 6.0]


def test_runs_within_their_sampling_need_no_more() -> None:
    assert spread_to_hold(np.full(20, 1.9), np.ones(20)) == 0.0


def test_the_spread_by_hand() -> None:
    # 3.92 is two standard errors of 1.96; with a sampling variance of 1, sqrt(2² - 1) more are needed
    assert spread_to_hold(np.full(20, 3.92), np.ones(20)) == pytest.approx(3**0.5, abs=1e-3)


def test_fewer_than_eight_runs_claim_nothing() -> None:
    gaps = np.array([9.0] * 7 + [np.nan])
    assert spread_to_hold(gaps, np.ones(8)) == 0.0


@given(arrays(np.float64, 40, elements=st.floats(-5, 5)))
def test_with_it_intervals_hold_nearly_all_runs(gaps: np.ndarray) -> None:
    spread = spread_to_hold(gaps, np.full(40, 0.01))
    assert np.mean(np.abs(gaps) <= NORMAL_95 * np.sqrt(0.01 + spread**2) + 1e-6) >= 0.95


def test_a_window_is_given_the_runs_of_its_size() -> None:
    quiet = [(200, 0.4), (1000, 0.2)]
    assert [quiet_at(quiet, rows) for rows in (50, 200, 999, 1000, 10**6)] == [0.4, 0.4, 0.4, 0.2, 0.2]
