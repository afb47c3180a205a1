from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.digest import canonical_json
from steward.monitoring.performance import Capped, Losses, cap_losses, judge_performance, quiet_history, summarise_losses


def squares(rmse: float, rows: int, seed: int = 1) -> np.ndarray:
    # Twice exponential: the spread of the squared errors of real trip durations.
    errors = np.random.default_rng(seed).laplace(size=rows)
    return errors**2 * rmse**2 / np.mean(errors**2)


REFERENCE = summarise_losses(squares(5.0, 20_000))


def test_losses_by_hand() -> None:
    # mean 2, squared deviations 1 + 0 + 1 over 2; the unknown outcome is left out
    assert summarise_losses(np.array([1.0, 2.0, 3.0, np.nan])) == Losses(2.0, 1.0, 3)
    assert summarise_losses(np.array([])) == Losses(0.0, 0.0, 0)


def test_the_lower_bound_by_hand() -> None:
    # mae: log ratio ln 1.5; standard error sqrt(1/100/1 + 0/…) = 0.1; rmse halves both on the log scale
    current = np.full(400, 1.5)
    verdict = judge_performance((1.0, 1.0, 100), current, "mae")
    assert verdict.change == pytest.approx(0.5)
    assert verdict.low == pytest.approx(exp(log(1.5) - 0.164485) - 1, abs=1e-5)
    root = judge_performance((1.0, 1.0, 100), current, "rmse")
    assert (root.reference, root.current, root.change) == pytest.approx((1.0, sqrt(1.5), sqrt(1.5) - 1))
    assert root.low == pytest.approx(exp((log(1.5) - 0.164485) / 2) - 1, abs=1e-5)


@pytest.mark.parametrize("metric", ["rmse", "rmsle"])
def test_metrics_of_squares_are_told_as_roots_by_hand(metric: str) -> None:
    # mean squares 0.04 and 0.09: figures 0.2 and 0.3, half as much again; without any variance that is sure
    verdict = judge_performance((0.04, 0.0, 1000), np.full(1000, 0.09), metric)
    assert (verdict.reference, verdict.current, verdict.change, verdict.low) == pytest.approx((0.2, 0.3, 0.5, 0.5))


def test_a_rise_by_58_percent_on_thousands_of_rows_is_an_emergency() -> None:
    verdict = judge_performance(REFERENCE, squares(5.0 * 1.58, 5_000), "rmse")
    assert verdict.change == pytest.approx(0.58, abs=1e-9)
    assert verdict.severity > 0.9


@pytest.mark.parametrize("factor", [0.5, 0.95, 1.0, 1.03, 1.05])
def test_a_rise_within_5_percent_or_a_fall_is_nothing(factor: float) -> None:
    assert judge_performance(REFERENCE, squares(5.0 * factor, 50_000), "rmse").severity == 0.0


def test_half_the_scale_is_reached_at_15_percent_beyond_doubt() -> None:
    assert judge_performance((1.0, 0.0, 1000), np.full(1000, 1.15), "mae").severity == pytest.approx(0.5)


@pytest.mark.parametrize("rows", [200, 1000, 10_000])
def test_windows_of_the_same_error_are_quiet_at_every_size(rows: int) -> None:
    draws = [np.random.default_rng(seed).laplace(size=rows) ** 2 for seed in range(200)]
    severities = [judge_performance((2.0, 20.0, 20_000), draw, "rmse").severity for draw in draws]
    assert sum(severity >= 0.5 for severity in severities) == 0


def test_growth_must_pass_what_quiet_days_show() -> None:
    # as by hand above, but runs of 200 rows lie 0.3 apart on the log scale: sqrt(0.1² + 0.3²) = 0.3162
    verdict = judge_performance((1.0, 1.0, 100), np.full(400, 1.5), "mae", quiet=[(200, 0.3), (500, 0.1)])
    assert verdict.low == pytest.approx(exp(log(1.5) - 1.6448536 * 0.31622777) - 1, abs=1e-5)


def test_capped_losses_by_hand() -> None:
    # Of 0, 1, ... 100 the 99th percentile is 99: the sum falls by 1. Unordered rows have no runs.
    capped = cap_losses(np.arange(101.0), in_time=False)
    assert capped is not None
    assert (capped.cap, capped.losses.mean, capped.losses.rows, capped.quiet) == (99.0, 5049 / 101, 101, ())
    assert Capped.from_dict(capped.as_dict()) == capped
    assert cap_losses(np.array([0.0] * 199 + [1.0]), in_time=True) is None
    assert cap_losses(np.array([]), in_time=True) is None


def test_a_few_giant_errors_are_no_growth_and_many_larger_ones_are() -> None:
    usual = squares(5.0, 20_000)
    capped = cap_losses(usual, in_time=True)
    giant = squares(5.0, 400, seed=2)
    giant[:2] = 20_000.0  # two of 400 rows
    worse = squares(5.0 * 1.58, 400, seed=2)

    told = {"capped": capped, "chance": 0.0003}
    without, within = judge_performance(REFERENCE, giant, "rmse"), judge_performance(REFERENCE, giant, "rmse", **told)
    assert without.change > 0.9
    assert (within.change, within.low, within.severity) == (without.change, without.low, 0.0)
    assert judge_performance(REFERENCE, worse, "rmse", **told).severity > 0.5


def test_many_giant_errors_are_no_extremes() -> None:
    # 60 rows of loss 0 to 59, a third of the later ones of 1,600: capped at 58.41 both look alike.
    capped = cap_losses(np.arange(60.0), in_time=False)
    later = np.array([*np.tile(np.arange(20.0), 20), *[1600.0] * 200])
    verdict = judge_performance(summarise_losses(np.arange(60.0)), later, "rmse", capped=capped, chance=0.0003)
    assert verdict.severity > 0.9


def test_windows_of_the_same_heavy_tail_keep_to_the_chance() -> None:
    generator = np.random.default_rng(3)
    rows = generator.standard_t(2.5, size=200_000) ** 2  # of squared errors that have no variance at all
    reference, capped = summarise_losses(rows), cap_losses(rows, in_time=True)
    windows = generator.standard_t(2.5, size=(4000, 300)) ** 2
    alarms = sum(judge_performance(reference, one, "rmse", capped=capped, chance=0.001).severity > 0 for one in windows)
    assert alarms <= 12  # 4 are expected at most; 13 or more have a probability below 0.001


def test_the_history_of_days_that_differ_and_of_days_that_do_not() -> None:
    even = np.random.default_rng(1).exponential(size=8000)
    uneven = even * np.where(np.arange(8000) // 500 % 2 == 1, 1.5, 0.75)
    assert [size for size, _ in quiet_history(even)] == [200, 500, 1000]
    assert max(spread for _, spread in quiet_history(even)) < 0.1
    assert dict(quiet_history(uneven))[500] == pytest.approx(0.22, abs=0.08)  # ln 1.35 and ln 0.675 about the mean, over 1.96
    assert quiet_history(np.zeros(8000)) == ()
    assert quiet_history(even[:1000]) == ()


def test_few_or_no_outcomes_claim_nothing() -> None:
    few = judge_performance(REFERENCE, np.full(199, 1e6), "rmse")
    assert (few.severity, few.enough, few.rows) == (0.0, False, 199)
    none = judge_performance(REFERENCE, np.array([np.nan]), "rmse")
    assert (none.change, none.severity, none.rows) == (0.0, 0.0, 0)


def test_an_error_that_vanished_is_a_fall() -> None:
    assert judge_performance(REFERENCE, np.zeros(100), "rmse").change == -1.0


@pytest.mark.parametrize("reference", [(0.0, 0.0, 10), (1.0, 1.0, 0), (float("nan"), 1.0, 5), (1.0, -1.0, 5)])
def test_a_reference_without_error_or_rows_is_refused(reference: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match="reference losses"):
        judge_performance(reference, np.ones(50), "mae")


def test_a_negative_loss_is_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        judge_performance(REFERENCE, np.full(50, -1.0), "mae")


def test_a_verdict_is_json() -> None:
    assert '"metric":"rmse"' in canonical_json(judge_performance(REFERENCE, squares(6.0, 300), "rmse").as_dict())


@settings(deadline=None)
@given(st.floats(0.1, 10), st.floats(0, 10), st.integers(200, 500))
def test_severity_is_a_share_and_grows_with_the_error(factor: float, more: float, rows: int) -> None:
    losses = squares(5.0, rows, seed=7)
    low, high = (judge_performance(REFERENCE, losses * f, "rmse").severity for f in (factor, factor + more))
    assert 0 <= low <= high <= 1
