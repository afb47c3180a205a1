import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.features.alone import Alone, drawn, score_alone

LUCK = np.random.default_rng(3)
Z = LUCK.normal(size=1000)
NOISE = LUCK.normal(size=1000)


def of(column: np.ndarray, target: np.ndarray, classes: int = 0, cut: int = 700) -> Alone:
    learned, judging = (column[:cut, None], target[:cut]), (column[cut:, None], target[cut:])
    return score_alone(learned, judging, ["x"], classes=classes)[0]


@pytest.mark.parametrize("copy", [Z, -3 * Z + 2, np.exp(Z), np.round(Z, 2)])
def test_the_answer_in_other_clothes_is_suspicious(copy: np.ndarray) -> None:
    alone = of(copy, Z)
    assert (alone.metric, alone.suspicious) == ("r2", True)


@pytest.mark.parametrize("cut", [180, 900])
def test_a_few_far_values_do_not_hide_a_copy(cut: int) -> None:
    assert of(Z, np.exp(3 * Z), cut=cut).suspicious


def test_a_strong_feature_is_no_leak_and_noise_tells_nothing() -> None:
    strong, noise = of(Z + 0.3 * NOISE, Z), of(NOISE, Z)
    assert strong.value is not None
    assert 0.85 < strong.value < 0.99
    assert not strong.suspicious
    assert noise.value is not None
    assert abs(noise.value) < 0.05


def test_r2_of_two_values_is_what_their_means_explain() -> None:
    # a half of the rows has target 0, 2 and the other 10, 12: variance within 1, between 25, so 25 of 26
    column, target = np.tile([0.0, 0.0, 1.0, 1.0], 100), np.tile([0.0, 2.0, 10.0, 12.0], 100)
    found = score_alone((column[:, None], target), (column[:, None], target), ["x"], classes=0)[0]
    assert found.value == pytest.approx(25 / 26)


def test_auc_of_two_bins_matches_the_hand_calculation() -> None:
    # at 0: 30 of class 0 and 10 of class 1; at 1: 10 and 30. Pairs right 30*30, tied 30*10 + 10*30, of 40*40
    column = np.repeat([0.0, 0.0, 1.0, 1.0], [30, 10, 10, 30])
    target = np.repeat([0.0, 1.0, 0.0, 1.0], [30, 10, 10, 30])
    found = score_alone((column[:, None], target), (column[:, None], target), ["x"], classes=2)[0]
    assert found.value == pytest.approx((900 + 0.5 * 600) / 1600)
    assert (found.metric, found.about) == ("auc", 1)


def test_the_class_that_is_told_best_is_named() -> None:
    classes = LUCK.integers(0, 3, 1000).astype(float)
    alone = of(np.where(classes == 2, 1.0, 0.0), classes, classes=3)
    assert (alone.about, alone.value, alone.suspicious) == (2, pytest.approx(1.0), True)


def test_being_empty_may_be_the_answer() -> None:
    sick = (Z > 0).astype(float)
    assert of(np.where(sick > 0, 1.0, np.nan), sick, classes=2).suspicious
    assert of(np.where(sick > 0, NOISE, np.nan), sick, classes=2).suspicious


def test_with_few_rows_of_a_class_nothing_is_measured() -> None:
    rare = np.zeros(1000)
    rare[[5, 10, 900]] = 1.0
    assert of(rare, rare, classes=2).value is None


def test_what_never_differs_is_not_measured() -> None:
    assert of(np.full(1000, 4.0), Z).value is None
    assert of(np.full(1000, np.nan), Z).value is None
    assert of(Z, np.full(1000, 1.0)).value is None
    assert of(np.full(1000, np.inf), (Z > 0).astype(float), classes=2).value is None


def test_a_lucky_order_of_few_judging_rows_is_not_enough() -> None:
    learned, judging = np.column_stack([NOISE[:200]]), np.arange(20.0)[:, None]
    answers = (np.arange(20) >= 10).astype(float)
    known = (LUCK.random(200) < 0.5).astype(float)
    assert not score_alone((learned, known), (judging, answers), ["x"], classes=2)[0].suspicious


def test_rows_are_drawn_with_a_seed_and_keep_their_order() -> None:
    matrix, target = np.arange(100.0)[:, None], np.arange(100.0)
    one, again, other = (drawn(matrix, target, 10, seed) for seed in (7, 7, 8))
    assert one[1].tolist() == again[1].tolist() != other[1].tolist()
    assert one[1].tolist() == sorted(one[1]) == one[0][:, 0].tolist()
    assert len(drawn(matrix, target, 100, 7)[1]) == 100


@given(st.lists(st.floats(-100, 100) | st.just(float("nan")), min_size=30, max_size=60), st.integers(0, 99))
def test_scores_stay_within_their_bounds(column: list[float], seed: int) -> None:
    target = np.random.default_rng(seed).integers(0, 2, len(column)).astype(float)
    pair = (np.array(column)[:, None], target)
    auc, r2 = (score_alone(pair, pair, ["x"], classes=classes)[0].value for classes in (2, 0))
    assert auc is None or 0.5 <= auc <= 1.0 + 1e-12  # judged on what it was fitted to
    assert r2 is None or -1e-9 <= r2 <= 1.0 + 1e-12
