import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sklearn

from steward.core.errors import UsageError
from steward.core.tasks import RULES
from steward.models.measure import MEASURES, redraw
from steward.models.metrics import defined_rows, from_mean_loss, pinball_loss, regression_metrics, row_losses
from steward.models.resample import block_of_rows, draws

minutes = arrays(np.float64, 12, elements=st.floats(0, 60))


def test_metrics_of_three_trips_match_the_hand_calculation() -> None:
    # errors 1, -1, 3: squares sum to 11, absolutes to 5, the truth varies by (4 + 0 + 4) / 3 around 4
    metrics = regression_metrics(np.array([2.0, 4.0, 6.0]), np.array([3.0, 3.0, 9.0]))
    assert metrics["rmse"] == pytest.approx((11 / 3) ** 0.5)
    assert metrics["mae"] == pytest.approx(5 / 3)
    assert metrics["bias"] == pytest.approx(1.0)
    assert metrics["r2"] == pytest.approx(1 - 11 / 8)


def test_what_too_much_and_too_little_cost_matches_the_hand_calculation() -> None:
    # 2 too low, 1 too high: the median error is 1.5; at the level 0.1 it costs 0.2 and 0.9, at 0.9 1.8 and 0.1
    truth, predicted = np.array([10.0, 10.0]), np.array([8.0, 11.0])
    figures = regression_metrics(truth, predicted)
    assert figures["median_absolute_error"] == pytest.approx(1.5)
    assert figures["pinball_10"] == pytest.approx((0.2 + 0.9) / 2)
    assert figures["pinball_90"] == pytest.approx((1.8 + 0.1) / 2)
    assert figures["mape"] == pytest.approx((0.2 + 0.1) / 2)
    assert figures["rmsle"] == pytest.approx(((np.log(9 / 11) ** 2 + np.log(12 / 11) ** 2) / 2) ** 0.5)


@given(minutes, minutes)
def test_figures_are_scikit_learns(truth: np.ndarray, predicted: np.ndarray) -> None:
    figures = regression_metrics(truth + 1, predicted)
    theirs = {
        "rmse": sklearn.root_mean_squared_error,
        "mae": sklearn.mean_absolute_error,
        "rmsle": sklearn.root_mean_squared_log_error,
        "mape": sklearn.mean_absolute_percentage_error,
        "median_absolute_error": sklearn.median_absolute_error,
    }
    assert {name: figures[name] for name in theirs} == pytest.approx({name: f(truth + 1, predicted) for name, f in theirs.items()})
    for name, level in (("pinball_10", 0.1), ("pinball_90", 0.9)):
        assert figures[name] == pytest.approx(sklearn.mean_pinball_loss(truth + 1, predicted, alpha=level))
        assert figures[name] == pytest.approx(pinball_loss(truth + 1, predicted, level))
    assert set(RULES["regression"].metrics) <= set(figures)


def test_a_quantile_lies_between_0_and_1() -> None:
    with pytest.raises(ValueError, match="between 0 and 1, got 90"):
        pinball_loss(np.ones(2), np.ones(2), 90)


def test_what_the_truth_does_not_allow_is_left_out_and_cannot_decide() -> None:
    truth, predicted = np.array([-1.0, 0.0, 2.0]), np.ones(3)
    assert {"rmsle", "mape"}.isdisjoint(regression_metrics(truth, predicted))
    assert {"rmsle", "mape"}.isdisjoint(redraw("regression", truth, predicted, resamples=5, seed=1))
    with pytest.raises(UsageError, match=r"MODEL-040.*rmsle cannot be had: the target is negative in 1 of 3 rows"):
        row_losses("rmsle", truth, predicted)
    with pytest.raises(UsageError, match="mape cannot be had: the target is 0 in 1 of 3 rows"):
        row_losses("mape", truth, predicted)


def test_where_a_metric_means_something_is_told_row_by_row() -> None:
    truth = np.array([-1.0, 0.0, 2.0, np.nan])
    told = {metric: defined_rows(metric, truth).tolist() for metric in ("rmsle", "mape", "mae", "macro_f1")}
    every = [True] * 4
    assert told == {"rmsle": [False, True, True, True], "mape": [True, False, True, True], "mae": every, "macro_f1": every}


def test_a_negative_answer_counts_as_0_in_a_logarithm() -> None:
    assert row_losses("rmsle", np.zeros(1), np.array([-5.0])).tolist() == [0]


@pytest.mark.parametrize("rows", [60, 61, 2500])
def test_drawn_figures_are_those_of_the_rows_that_were_drawn(rows: int) -> None:
    draw = np.random.default_rng(4)
    truth = draw.uniform(1, 60, rows)
    predicted = truth + np.round(draw.normal(0, 4, rows))
    drawn = redraw("regression", truth, predicted, resamples=4, seed=9)
    for sample, times in enumerate(next(draws(rows, 4, seed=9)).astype(np.int64)):
        again = np.repeat(np.arange(rows), times[block_of_rows(rows)])
        once = MEASURES["regression"].once(truth[again], predicted[again])
        assert {name: values[sample] for name, values in drawn.items()} == pytest.approx(once)


def test_explained_variance_of_a_constant_truth_is_no_division_by_zero() -> None:
    truth = np.full(4, 7.0)
    assert regression_metrics(truth, truth)["r2"] == 1
    assert regression_metrics(truth, truth + 1)["r2"] == 0


def test_row_losses_are_squares_for_rmse_and_absolutes_for_mae() -> None:
    truth, predicted = np.array([1.0, 5.0]), np.array([4.0, 3.0])
    assert row_losses("rmse", truth, predicted).tolist() == [9, 4]
    assert row_losses("mae", truth, predicted).tolist() == [3, 2]


@given(minutes, minutes, st.sampled_from(["rmse", "mae"]))
def test_the_metric_is_made_of_its_row_losses(truth: np.ndarray, predicted: np.ndarray, metric: str) -> None:
    losses = row_losses(metric, truth, predicted)
    assert from_mean_loss(metric, losses.mean()) == pytest.approx(regression_metrics(truth, predicted)[metric])


def test_a_metric_that_is_no_mean_over_rows_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"MODEL-001.*'rmsee'[\s\S]*did you mean 'rmse'"):
        row_losses("rmsee", np.ones(2), np.ones(2))


@pytest.mark.parametrize("rows", [0, 3])
def test_predictions_that_do_not_pair_with_the_truth_are_refused(rows: int) -> None:
    with pytest.raises(ValueError, match="one prediction a row"):
        regression_metrics(np.ones(rows), np.ones(rows and 2))
