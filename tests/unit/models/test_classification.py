import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from steward.core.tasks import RULES, TaskKind
from steward.models.classification import binary_metrics, confusion, decide_at, multiclass_metrics
from steward.models.measure import MEASURES, redraw
from steward.models.reliability import calibration_error
from steward.models.resample import block_of_rows, draws

Sample = tuple[np.ndarray, np.ndarray]


def answers(rows: int, classes: int, seed: int) -> Sample:
    """Codes, and probabilities that lean towards them; rounded, so that some are equal."""
    draw = np.random.default_rng(seed)
    truth = draw.choice(classes, rows, p=np.arange(classes, 0, -1) / (classes * (classes + 1) / 2)).astype(np.float64)
    lean = draw.dirichlet(np.ones(classes), rows) + 0.4 * np.eye(classes)[truth.astype(int)]
    coarse = np.round(lean, 1) + 0.1
    return truth, coarse / coarse.sum(axis=1, keepdims=True)


def brier(truth: np.ndarray, predicted: np.ndarray) -> float:
    """As scikit-learn from 1.7 on: the half of it for two classes."""
    distance = np.square(predicted - np.eye(predicted.shape[1])[truth.astype(int)]).sum(axis=1).mean()
    return float(distance / 2 if predicted.shape[1] == 2 else distance)


def test_binary_figures_of_four_rows_match_the_hand_calculation() -> None:
    # positive by 0.8 (is), 0.6 (is not), 0.3 (is), 0.1 (is not): answered as positive are the first two
    truth, positive = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.8, 0.6, 0.3, 0.1])
    figures = binary_metrics(truth, np.column_stack([1 - positive, positive]))
    assert figures["accuracy"] == figures["precision"] == figures["recall"] == figures["f1"] == pytest.approx(0.5)
    assert figures["brier"] == pytest.approx((0.2**2 + 0.6**2 + 0.7**2 + 0.1**2) / 4)
    assert figures["log_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.3, 0.9]).mean())
    assert figures["balanced_accuracy"] == pytest.approx(0.5)
    assert figures["roc_auc"] == pytest.approx(3 / 4)
    assert figures["average_precision"] == pytest.approx((1 + 2 / 3) / 2)


def test_macro_f1_of_three_classes_matches_the_hand_calculation() -> None:
    # true 0 0 1 2, answered 0 1 1 0: F1 is 2*1/(2+2), 2*1/(2+1) and 0
    truth, predicted = np.array([0.0, 0.0, 1.0, 2.0]), np.eye(3)[[0, 1, 1, 0]] * 0.7 + 0.1
    figures = multiclass_metrics(truth, predicted)
    assert figures["macro_f1"] == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert figures["macro_precision"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert figures["macro_recall"] == figures["balanced_accuracy"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    # three rows are right by 0.2, 0.1 and 0.1; the others lie at 0.9, 0.8 and 0.1 each
    assert figures["brier"] == pytest.approx((2 * (0.04 + 0.02) + 2 * (0.81 + 0.64 + 0.01)) / 4)
    assert confusion(truth, predicted).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("seed", range(5))
def test_binary_figures_are_scikit_learns(seed: int) -> None:
    truth, predicted = answers(500, 2, seed)
    score, said = predicted[:, 1], predicted[:, 1] > 0.5
    figures = binary_metrics(truth, predicted)
    assert figures == pytest.approx(
        {
            "average_precision": sklearn.average_precision_score(truth, score),
            "roc_auc": sklearn.roc_auc_score(truth, score),
            "log_loss": sklearn.log_loss(truth, predicted),
            "brier": sklearn.brier_score_loss(truth, score),
            "accuracy": sklearn.accuracy_score(truth, said),
            "f1": sklearn.f1_score(truth, said),
            "precision": sklearn.precision_score(truth, said),
            "recall": sklearn.recall_score(truth, said),
            "balanced_accuracy": sklearn.balanced_accuracy_score(truth, said),
            "calibration_error": calibration_error(truth, predicted),
        }
    )
    assert set(RULES["binary"].metrics) < set(figures)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_multiclass_figures_are_scikit_learns(classes: int) -> None:
    truth, predicted = answers(800, classes, 3)
    score, said = predicted if classes > 2 else predicted[:, 1], predicted.argmax(axis=1)
    figures = multiclass_metrics(truth, predicted)
    assert figures == pytest.approx(
        {
            "macro_f1": sklearn.f1_score(truth, said, average="macro"),
            "macro_precision": sklearn.precision_score(truth, said, average="macro"),
            "macro_recall": sklearn.recall_score(truth, said, average="macro"),
            "balanced_accuracy": sklearn.balanced_accuracy_score(truth, said),
            "roc_auc": sklearn.roc_auc_score(truth, score, multi_class="ovr"),
            "log_loss": sklearn.log_loss(truth, predicted),
            "brier": brier(truth, predicted),
            "accuracy": sklearn.accuracy_score(truth, said),
            "calibration_error": calibration_error(truth, predicted),
        }
    )
    assert set(RULES["multiclass"].metrics) < set(figures)


@pytest.mark.parametrize(("task", "classes"), [("binary", 2), ("multiclass", 3)])
@pytest.mark.parametrize("rows", [60, 2500])
def test_drawn_figures_are_those_of_the_rows_that_were_drawn(task: TaskKind, classes: int, rows: int) -> None:
    truth, predicted = answers(rows, classes, 4)
    drawn = {**redraw(task, truth, predicted, resamples=4, seed=9)}
    del drawn["calibration_error"]  # it keeps the bins of all rows
    for sample, times in enumerate(next(draws(rows, 4, seed=9)).astype(np.int64)):
        again = np.repeat(np.arange(rows), times[block_of_rows(rows)])
        once = {**MEASURES[task].once(truth[again], predicted[again])}
        del once["calibration_error"]
        assert {name: values[sample] for name, values in drawn.items()} == pytest.approx(once)


def test_one_figure_can_be_had_without_what_costs_more() -> None:
    truth, predicted = answers(300, 3, 5)
    alone = redraw("multiclass", truth, predicted, metric="macro_f1", resamples=50, seed=1)
    assert "roc_auc" not in alone
    assert np.array_equal(alone["macro_f1"], redraw("multiclass", truth, predicted, resamples=50, seed=1)["macro_f1"])


def test_a_class_that_a_sample_lacks_is_left_out_of_its_means() -> None:
    # nobody is or is called the third class: two classes make the mean, as scikit-learn has it
    truth, predicted = np.array([0.0, 1.0, 1.0, 0.0]), np.array([[0.6, 0.3, 0.1]] * 2 + [[0.2, 0.7, 0.1]] * 2)
    figures = multiclass_metrics(truth, predicted)
    assert figures["macro_f1"] == pytest.approx(sklearn.f1_score(truth, predicted.argmax(axis=1), average="macro"))
    assert figures["roc_auc"] == pytest.approx(0.5)
    # one positive row of three: some samples do not hold it
    drawn = redraw("binary", np.array([0.0, 0.0, 1.0]), np.array([[0.7, 0.3]] * 3), resamples=200, seed=3)
    assert np.isnan(drawn["recall"]).any()
    assert np.array_equal(np.isnan(drawn["recall"]), np.isnan(drawn["average_precision"]))


def test_a_class_that_is_answered_and_never_true_has_no_recall_of_its_own() -> None:
    truth, said = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 1, 1, 2])
    figures = multiclass_metrics(truth, np.eye(3)[said] * 0.7 + 0.1)
    assert figures["macro_recall"] == pytest.approx(sklearn.recall_score(truth, said, average="macro", zero_division=0))
    assert figures["balanced_accuracy"] == pytest.approx(1 / 2)


@given(st.floats(0.01, 0.99), st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_threshold_moves_the_answer_and_keeps_the_order(threshold: float, positive: list[float]) -> None:
    last = np.array([*positive, threshold])
    moved = decide_at(np.column_stack([1 - last, last]), threshold)
    assert np.array_equal(moved.argmax(axis=1) == 1, last > threshold)
    assert (np.diff(moved[np.argsort(last, kind="stable"), 1]) >= 0).all()
    assert np.allclose(moved.sum(axis=1), 1)


def test_nobody_answered_as_positive_is_no_division_by_zero() -> None:
    figures = binary_metrics(np.array([0.0, 1.0]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    assert (figures["precision"], figures["recall"], figures["f1"]) == (0, 0, 0)


def test_a_sure_mistake_costs_much_but_not_everything() -> None:
    figures = binary_metrics(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert figures["log_loss"] == pytest.approx(-np.log(np.finfo(np.float64).eps) / 2)


@given(st.integers(1, 200), st.integers(2, 5), st.integers(0, 1000))
def test_figures_stay_within_their_bounds(rows: int, classes: int, seed: int) -> None:
    figures = multiclass_metrics(*answers(rows, classes, seed))
    shares = [figures[name] for name in ("macro_f1", "accuracy", "roc_auc") if not np.isnan(figures[name])]
    assert all(0 <= share <= 1 for share in shares)
    assert figures["log_loss"] >= 0


@pytest.mark.parametrize("rows", [0, 3])
def test_probabilities_that_do_not_pair_with_the_truth_are_refused(rows: int) -> None:
    with pytest.raises(ValueError, match="one prediction a row"):
        binary_metrics(np.ones(rows), np.ones((rows and 2, 2)))
