import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score

from steward.models.classification import binary_metrics, decide_at
from steward.models.threshold import Confusion, Costs, choose_threshold, confusion_at

scored = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=40).filter(
    lambda rows: len({hit for hit, _ in rows}) == 2
)


def two(positive: list[float] | np.ndarray) -> np.ndarray:
    last = np.asarray(positive, dtype=np.float64)
    return np.column_stack([1 - last, last])


# by falling probability: yes, no, yes, yes, no, no
TRUTH = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
SAID = two([0.9, 0.5, 0.4, 0.3, 0.2, 0.1])


def test_the_best_f1_matches_the_hand_calculation() -> None:
    # above 0.25 four are called yes, three of them rightly: 2 * 3 / (4 + 3); above a half only the first: 2 * 1 / (1 + 3)
    chosen = choose_threshold(TRUTH, SAID, metric="f1")
    assert chosen.value == pytest.approx(0.25)
    assert (chosen.figure, chosen.at_half) == pytest.approx((6 / 7, 1 / 2))
    assert chosen.confusion == Confusion(true_positives=3, false_positives=1, true_negatives=2, false_negatives=0)


def test_a_mistake_that_costs_more_moves_the_threshold() -> None:
    # ten for a missed yes: better one no called yes; ten for a wrong yes: only the first is sure
    missed = choose_threshold(TRUTH, SAID, metric="cost", costs=Costs(false_positive=1, false_negative=10))
    wrong = choose_threshold(TRUTH, SAID, metric="cost", costs=Costs(false_positive=10, false_negative=1))
    assert (missed.value, missed.figure) == pytest.approx((0.25, 1 / 6))
    assert (wrong.value, wrong.figure) == pytest.approx((0.7, 2 / 6))
    assert missed.at_half == pytest.approx((10 + 10) / 6)


def test_of_equals_the_one_nearest_to_a_half_is_taken() -> None:
    # all between 0.1 and 0.9 parts them; one half is in the middle
    assert choose_threshold(np.array([0.0, 1.0]), two([0.1, 0.9]), metric="f1").value == pytest.approx(0.5)


@given(scored)
@settings(max_examples=40)
def test_no_other_threshold_is_better_and_figures_are_scikit_learns(rows: list[tuple[bool, int]]) -> None:
    truth, said = np.array([float(hit) for hit, _ in rows]), np.array([score / 20 for _, score in rows])
    chosen = {metric: choose_threshold(truth, two(said), metric=metric) for metric in ("f1", "balanced_accuracy")}
    assert all(0 < threshold.value < 1 for threshold in chosen.values())
    assert chosen["f1"].figure == pytest.approx(f1_score(truth, said > chosen["f1"].value))
    assert chosen["f1"].at_half == pytest.approx(f1_score(truth, said > 0.5))
    balanced = chosen["balanced_accuracy"]
    assert balanced.figure == pytest.approx(balanced_accuracy_score(truth, said > balanced.value))
    for other in np.linspace(0.025, 0.975, 20):
        figures = binary_metrics(truth, decide_at(two(said), other))
        assert all(figures[metric] <= chosen[metric].figure + 1e-9 for metric in chosen)


@given(scored, st.floats(0.05, 0.95))
def test_the_metrics_at_a_threshold_are_made_of_its_confusion(rows: list[tuple[bool, int]], threshold: float) -> None:
    truth, said = np.array([float(hit) for hit, _ in rows]), two([score / 20 for _, score in rows])
    counts, figures = confusion_at(truth, said, threshold), binary_metrics(truth, decide_at(said, threshold))
    assert figures["accuracy"] == pytest.approx((counts.true_positives + counts.true_negatives) / len(rows))
    assert figures["recall"] == pytest.approx(counts.true_positives / (counts.true_positives + counts.false_negatives))


def test_what_cannot_be_chosen_from_is_refused() -> None:
    with pytest.raises(ValueError, match="both classes"):
        choose_threshold(np.ones(3), two([0.1, 0.2, 0.3]), metric="f1")
    with pytest.raises(ValueError, match="two classes"):
        choose_threshold(np.ones(3), np.ones((3, 3)) / 3, metric="f1")
    with pytest.raises(ValueError, match="costs are positive"):
        Costs(false_positive=-1)
