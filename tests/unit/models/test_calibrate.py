import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from steward.core.digest import canonical_json
from steward.models.calibrate import Calibration, Kind, Sigmoid, Steps, choose_calibration, fit_calibration
from steward.models.reliability import calibration_error

KINDS: tuple[Kind, ...] = ("sigmoid", "isotonic")
shares = arrays(np.float64, st.integers(2, 40), elements=st.floats(0, 1))


def two(positive: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - positive, positive])


def too_sure(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes, and probabilities whose log-odds are three times as large as they should be."""
    draw = np.random.default_rng(seed)
    odds = draw.normal(-0.5, 1, rows)
    truth = (draw.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    return truth, 1 / (1 + np.exp(-3 * odds))


def test_a_sigmoid_of_known_numbers_matches_the_hand_calculation() -> None:
    # log-odds of 0.8 are ln 4: half of that plus ln 2 are odds of 4
    curve = Sigmoid(0.5, float(np.log(2)))
    assert curve.apply(np.array([0.8])) == pytest.approx(4 / 5)


def test_steps_between_knots_match_the_hand_calculation() -> None:
    curve = Steps((0.2, 0.6), (0.1, 0.5))
    assert curve.apply(np.array([0.0, 0.3, 0.9])).tolist() == pytest.approx([0.1, 0.2, 0.5])


def test_a_model_that_is_three_times_too_sure_is_told_so() -> None:
    truth, said = too_sure(20_000, 1)
    (curve,) = fit_calibration("sigmoid", truth, two(said)).curves
    assert isinstance(curve, Sigmoid)
    assert curve.slope == pytest.approx(1 / 3, abs=0.02)
    # as scikit-learn, without a penalty, on the same log-odds
    odds = np.log(said / (1 - said))[:, None]
    theirs = LogisticRegression(C=np.inf).fit(odds, truth)
    assert (curve.slope, curve.intercept) == pytest.approx((theirs.coef_[0, 0], theirs.intercept_[0]), abs=1e-3)


def test_isotonic_steps_are_scikit_learns_but_never_sure() -> None:
    truth, said = too_sure(500, 2)
    mended = fit_calibration("isotonic", truth, two(said)).apply(two(said))[:, 1]
    theirs = IsotonicRegression(out_of_bounds="clip").fit(said, truth).predict(said)
    assert mended == pytest.approx(np.clip(theirs, 1 / 502, 501 / 502))


@pytest.mark.parametrize("kind", KINDS)
def test_mended_probabilities_come_true_on_rows_never_seen(kind: Kind) -> None:
    fitted = fit_calibration(kind, *_two(too_sure(5000, 3)))
    truth, said = too_sure(5000, 4)
    before, after = calibration_error(truth, two(said)), calibration_error(truth, fitted.apply(two(said)))
    assert before > 0.1
    assert after < 0.04


@pytest.mark.parametrize("kind", KINDS)
@given(said=shares, seed=st.integers(0, 99))
def test_no_curve_changes_the_order_of_rows_and_json_keeps_it(kind: Kind, said: np.ndarray, seed: int) -> None:
    truth = (np.random.default_rng(seed).random(len(said)) < 0.5).astype(np.float64)
    fitted = fit_calibration(kind, truth, two(said))
    again = Calibration.from_dict(json.loads(canonical_json(fitted.as_dict())))
    assert again == fitted
    grid = np.linspace(0, 1, 101)
    mended = again.apply(two(grid))
    assert (np.diff(mended[:, 1]) >= -1e-12).all()
    assert np.allclose(mended.sum(axis=1), 1)
    assert ((mended >= 0) & (mended <= 1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_several_classes_are_mended_one_against_the_rest(kind: Kind) -> None:
    draw = np.random.default_rng(5)
    true = draw.dirichlet(np.ones(3), 6000)
    truth = np.array([draw.choice(3, p=row) for row in true], dtype=np.float64)
    sure = true**3 / (true**3).sum(axis=1, keepdims=True)
    fitted = fit_calibration(kind, truth[:3000], sure[:3000])
    mended = fitted.apply(sure[3000:])
    assert len(fitted.curves) == 3
    assert mended.sum(axis=1) == pytest.approx(1)
    assert calibration_error(truth[3000:], mended) < calibration_error(truth[3000:], sure[3000:]) / 2


def test_what_is_wrong_is_mended_and_what_is_right_is_left_alone() -> None:
    truth, said = too_sure(2000, 6)
    chosen = choose_calibration(truth, two(said), seed=1)
    assert chosen.calibration is not None
    assert chosen.log_loss[chosen.calibration.kind] < chosen.log_loss["none"]
    right = 1 / (1 + np.exp(-np.log(said / (1 - said)) / 3))
    assert choose_calibration(truth, two(right), seed=1).calibration is None


def test_right_probabilities_are_seldom_touched() -> None:
    def touched(seed: int) -> bool:
        draw = np.random.default_rng(seed)
        said = draw.beta(1, 2, 200)
        truth = (draw.random(200) < said).astype(np.float64)
        return choose_calibration(truth, two(said), seed=seed).calibration is not None

    assert sum(touched(seed) for seed in range(40)) <= 5


def test_too_few_rows_of_a_class_leave_things_as_they_are() -> None:
    chosen = choose_calibration(np.array([1.0, 0, 0, 0, 0, 0, 0]), two(np.full(7, 0.9)), seed=1)
    assert chosen.calibration is None
    assert list(chosen.log_loss) == ["none"]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"kind": "sigmoid"},
        {"kind": "pickle", "curves": []},
        {"kind": "sigmoid", "curves": []},
        {"kind": "sigmoid", "curves": [[]]},
        {"kind": "sigmoid", "curves": [{"slope": -1, "intercept": 0}]},
        {"kind": "sigmoid", "curves": [{"slope": "1", "intercept": 0}]},
        {"kind": "sigmoid", "curves": [{"slope": float("nan"), "intercept": 0}]},
        {"kind": "sigmoid", "curves": [{"slope": 1, "intercept": 0, "run": 1}]},
        {"kind": "sigmoid", "curves": [{"slope": [1.0], "intercept": 0}]},
        {"kind": "isotonic", "curves": [{"knots": [0.1, 0.2], "values": [0.5]}]},
        {"kind": "isotonic", "curves": [{"knots": [0.1, 0.2], "values": [0.5, 0.4]}]},
        {"kind": "isotonic", "curves": [{"knots": [0.2, 0.1], "values": [0.4, 0.5]}]},
        {"kind": "isotonic", "curves": [{"knots": [0.1, 0.2], "values": [0.4, 1.5]}]},
        {"kind": "isotonic", "curves": [{"knots": 0.1, "values": 0.4}]},
        {"kind": "isotonic", "curves": [{"knots": [], "values": []}]},
        {"kind": "sigmoid", "curves": [{"slope": 1, "intercept": 0}] * 2},
    ],
)
def test_json_of_another_shape_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"calibration|sigmoid|isotonic|curve"):
        Calibration.from_dict(value)


def test_another_number_of_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="2 classes are needed"):
        Calibration("sigmoid", (Sigmoid(1, 0),)).apply(np.ones((4, 3)) / 3)


def test_a_row_of_which_nothing_is_left_keeps_its_probabilities() -> None:
    nothing = Steps((0.0, 1.0), (0.0, 0.0))
    assert Calibration("isotonic", (nothing,) * 3).apply(np.array([[0.5, 0.3, 0.2]])).tolist() == [[0.5, 0.3, 0.2]]


def _two(sample: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return sample[0], two(sample[1])
