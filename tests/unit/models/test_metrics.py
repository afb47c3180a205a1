import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from steward.core.errors import UsageError
from steward.models.metrics import from_mean_loss, regression_metrics, row_losses

minutes = arrays(np.float64, 12, elements=st.floats(0, 60))


def test_metrics_of_three_trips_match_the_hand_calculation() -> None:
    # errors 1, -1, 3: squares sum to 11, absolutes to 5, the truth varies by (4 + 0 + 4) / 3 around 4
    metrics = regression_metrics(np.array([2.0, 4.0, 6.0]), np.array([3.0, 3.0, 9.0]))
    assert metrics["rmse"] == pytest.approx((11 / 3) ** 0.5)
    assert metrics["mae"] == pytest.approx(5 / 3)
    assert metrics["bias"] == pytest.approx(1.0)
    assert metrics["r2"] == pytest.approx(1 - 11 / 8)


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
