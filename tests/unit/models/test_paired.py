import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from steward.models.paired import areas, corrected_resampled_t, delong, mcnemar

HITS = np.array([True, True, True, False, False])


def scored(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    hits = draw.random(rows) < 0.4
    shared = draw.normal(0, 1, rows)
    first, second = (hits * 1.0 + shared + draw.normal(0, 0.7, rows) for _ in range(2))
    return hits, np.round(first, 1), np.round(second, 1)


def by_pairs(hits: np.ndarray, both: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """DeLong's own formula: every hit against every miss."""
    pairs = np.stack([(s[hits][:, None] > s[~hits]) + 0.5 * (s[hits][:, None] == s[~hits]) for s in both])
    of_hits, of_misses = pairs.mean(axis=2), pairs.mean(axis=1)
    return pairs.mean(axis=(1, 2)), np.cov(of_hits) / hits.sum() + np.cov(of_misses) / (~hits).sum()


def test_two_areas_of_five_rows_match_the_hand_calculation() -> None:
    # the first model puts 5 of 6 pairs in order, hits before 2, 2 and 1 misses, misses behind 3 and 2 hits; the second all
    # variances of the first: (1, 1, 1/2) vary by 1/12, (1, 2/3) by 1/18: 1/36 + 1/36
    comparison = delong(HITS, np.array([5.0, 4.0, 2.0, 3.0, 1.0]), np.array([5.0, 4.0, 3.0, 2.0, 1.0]))
    spread = (1 / 36 + 1 / 36) ** 0.5
    assert comparison.difference == pytest.approx(-1 / 6)
    assert comparison.high == pytest.approx(-1 / 6 + 1.959964 * spread)
    assert comparison.p_value == pytest.approx(2 * stats.norm.sf(1 / 6 / spread))


@pytest.mark.parametrize("seed", range(4))
def test_the_fast_algorithm_gives_what_every_pair_gives(seed: int) -> None:
    hits, first, second = scored(150, seed)
    seen, (expected, covariance) = areas(hits, first, second), by_pairs(hits, (first, second))
    assert seen.areas == pytest.approx(expected)
    assert seen.areas[1] == pytest.approx(roc_auc_score(hits, second))
    assert seen.covariance(hits) == pytest.approx(covariance)
    assert seen.influence.sum(axis=0) == pytest.approx(0, abs=1e-12)


def test_two_areas_alike_differ_by_luck_in_one_of_twenty_samples() -> None:
    found = sum(delong(*scored(200, seed)).p_value < 0.05 for seed in range(400))
    # 20 expected; outside of these in fewer than 2 of 1,000 such experiments
    assert found in range(8, 34)


def test_a_model_and_itself_do_not_differ() -> None:
    hits, first, _ = scored(80, 1)
    same = delong(hits, first, first)
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)


def test_areas_need_both_classes_and_a_score_a_row() -> None:
    with pytest.raises(ValueError, match="rows of both classes"):
        delong(np.ones(3, dtype=bool), np.arange(3.0), np.arange(3.0))
    with pytest.raises(ValueError, match="got 3 and 2 for 3 rows"):
        delong(HITS[:3], np.arange(3.0), np.arange(2.0))


def answers(first_only: int, second_only: int, both: int, none: int) -> tuple[np.ndarray, np.ndarray]:
    sizes = (first_only, second_only, both, none)
    return np.repeat([True, False, True, False], sizes), np.repeat([False, True, True, False], sizes)


def test_few_rows_of_which_one_is_right_are_tested_exactly() -> None:
    # 10 against 2: both tails of 12 coins hold 2 * (1 + 12 + 66) of 4,096
    comparison = mcnemar(*answers(10, 2, 60, 28))
    assert comparison.difference == pytest.approx(0.08)
    assert comparison.p_value == pytest.approx(158 / 4096)
    share = stats.binomtest(10, 12).proportion_ci(method="exact")
    assert (comparison.low, comparison.high) == pytest.approx(((2 * share.low - 1) * 0.12, (2 * share.high - 1) * 0.12))


def test_many_are_tested_by_the_corrected_chi_squared() -> None:
    # (|59 - 6| - 1)^2 / 65 = 41.6
    comparison = mcnemar(*answers(59, 6, 200, 135))
    assert comparison.test == "mcnemar, chi-squared"
    assert comparison.p_value == pytest.approx(stats.chi2.sf(41.6, 1))
    share = stats.binomtest(59, 65).proportion_ci(method="wilsoncc")
    assert (comparison.low, comparison.high) == pytest.approx(((2 * share.low - 1) * 65 / 400, (2 * share.high - 1) * 65 / 400))


@given(st.integers(0, 90), st.integers(0, 90), st.integers(1, 50))
def test_the_interval_excludes_no_difference_exactly_where_the_test_does(first: int, second: int, rest: int) -> None:
    comparison = mcnemar(*answers(first, second, rest, rest))
    assert (comparison.low > 0 or comparison.high < 0) == (comparison.p_value < 0.05)
    assert comparison.low <= comparison.difference <= comparison.high
    mirrored = mcnemar(*answers(second, first, rest, rest))
    assert mirrored.low == pytest.approx(-comparison.high)


def test_answers_alike_and_answers_that_do_not_pair() -> None:
    assert mcnemar(*answers(0, 0, 5, 5)).p_value == 1
    with pytest.raises(ValueError, match="got 2 and 3"):
        mcnemar(np.ones(2, dtype=bool), np.ones(3, dtype=bool))


def test_folds_that_share_rows_match_the_hand_calculation() -> None:
    # mean 2, variance 4 / 3 of the four; (1/4 + 1/3) * 4/3 = 7/9; three degrees of freedom
    comparison = corrected_resampled_t([1.0, 1.0, 3.0, 3.0], test_to_train=1 / 3)
    spread = (7 / 9) ** 0.5
    assert comparison.difference == 2
    assert comparison.high == pytest.approx(2 + 3.182446 * spread, rel=1e-6)
    assert comparison.p_value == pytest.approx(2 * stats.t.sf(2 / spread, 3))


def test_the_correction_finds_fewer_differences_than_the_plain_test() -> None:
    differences = list(np.random.default_rng(2).normal(0.3, 1, 50))
    plain = stats.ttest_1samp(differences, 0).pvalue
    assert corrected_resampled_t(differences, test_to_train=1 / 9).p_value > plain
    assert corrected_resampled_t(differences, test_to_train=0).p_value == pytest.approx(plain)


@pytest.mark.parametrize("differences", [[], [1.0], [1.0, float("nan")]])
def test_one_fold_or_none_proves_nothing(differences: list[float]) -> None:
    with pytest.raises(ValueError, match="at least two folds"):
        corrected_resampled_t(differences, test_to_train=0.1)


def test_folds_alike_do_not_differ_and_folds_that_differ_alike_do() -> None:
    assert corrected_resampled_t([0.0, 0.0], test_to_train=0.1).p_value == 1
    assert corrected_resampled_t([1.0, 1.0], test_to_train=0.1).p_value == 0
