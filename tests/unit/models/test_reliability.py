import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.models.evaluate import evaluate_predictions
from steward.models.reliability import calibration_error, calibration_error_by_luck, drawn_calibration_error


def two(positive: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - positive, positive])


def outcomes(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are exactly right, and what came of them."""
    draw = np.random.default_rng(seed)
    said = draw.beta(1, 3, rows)
    return (draw.random(rows) < said).astype(np.float64), said


def test_the_error_of_two_bins_matches_the_hand_calculation() -> None:
    # 0.1 and 0.3 were said of the lower half, of which none came; 0.6 and 0.8 of the upper half, of which one did
    truth, said = np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.1, 0.3, 0.8, 0.6])
    assert calibration_error(truth, two(said), bins=2) == pytest.approx((abs(0.4 - 0) + abs(1.4 - 1)) / 4)


def test_of_several_classes_the_most_likely_one_is_looked_at() -> None:
    # 0.5, 0.6 and 0.7 are said of the answered class, which is right twice: 1.8 against 2
    predicted = np.array([[0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0.1, 0.2, 0.7]])
    assert calibration_error(np.array([0.0, 1.0, 0.0]), predicted, bins=1) == pytest.approx(0.2 / 3)


def test_rows_of_which_the_same_was_said_are_never_parted() -> None:
    # were they, the first bin would hold only misses and the second only hits
    truth = np.repeat([0.0, 1.0], 50)
    assert calibration_error(truth, two(np.full(100, 0.5)), bins=2) == pytest.approx(0)


def test_a_model_that_is_too_sure_is_off_by_as_much() -> None:
    truth, said = outcomes(40_000, 1)
    assert calibration_error(truth, two(said)) < 0.01
    assert calibration_error(truth, two(np.clip(said + 0.1, 0, 1))) == pytest.approx(0.1, abs=0.01)


def test_the_samples_lie_around_the_error_although_each_is_uneven_twice() -> None:
    truth, said = outcomes(2000, 2)
    error = calibration_error(truth, two(said))
    drawn = drawn_calibration_error(truth, two(said), 400, seed=3)["calibration_error"]
    assert drawn.mean() == pytest.approx(error, abs=0.002)
    measured = evaluate_predictions(truth, two(said), task="binary", resamples=400, seed=3).metrics["calibration_error"]
    assert measured.low < error == measured.value < measured.high


def test_luck_explains_the_error_of_right_probabilities_in_about_95_of_100_samples() -> None:
    tries = [outcomes(400, seed) for seed in range(200)]
    below = sum(
        calibration_error(truth, two(said)) <= calibration_error_by_luck(two(said), confidence=0.95, seed=seed)
        for seed, (truth, said) in enumerate(tries)
    )
    assert below in range(180, 199)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_the_error_lies_between_0_and_1(said: list[float], chance: object) -> None:
    truth = np.array([float(chance.random() < 0.5) for _ in said])  # type: ignore[attr-defined]
    assert 0 <= calibration_error(truth, two(np.array(said))) <= 1
