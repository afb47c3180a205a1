import numpy as np
import pytest
from scipy.stats import entropy

from steward.features.importance import gain_shares, mutual_information

LUCK = np.random.default_rng(2)
X = np.column_stack([LUCK.normal(size=2000), LUCK.integers(0, 6, 2000).astype(float), LUCK.normal(size=2000)])


def test_what_makes_the_target_gains_most_and_noise_no_more_than_its_shadow() -> None:
    target = X[:, 0] * 3 + np.isin(X[:, 1], [1, 4]) * 2 + LUCK.normal(size=2000)
    gains = gain_shares(X, target, classes=0, codes=[1])
    assert sum(gains.shares) == pytest.approx(1.0)
    assert gains.shares[0] > gains.shares[1] > 5 * gains.shares[2]
    assert gains.shares[1] > 5 * gains.shadows[1]
    assert gains.shares[2] < 2 * gains.shadows[2]


def test_a_code_counts_where_rows_are_few() -> None:
    few = X[:200]
    gains = gain_shares(few, np.isin(few[:, 1], [1, 4, 5]).astype(float), classes=2, codes=[1])
    assert gains.shares[1] > 0.8


def test_the_same_rows_gain_the_same() -> None:
    target = (X[:, 0] > 0).astype(float) + (X[:, 1] > 4)
    assert gain_shares(X, target, classes=3) == gain_shares(X, target, classes=3)


def test_information_of_a_code_about_itself_is_its_entropy_and_of_noise_nothing() -> None:
    code = X[:, 1]
    told = mutual_information(np.column_stack([code, X[:, 2]]), code, classes=6, codes=[0])
    assert told[0] == pytest.approx(entropy(np.bincount(code.astype(int))), abs=1e-9)
    assert told[1] == pytest.approx(0.0, abs=0.05)


def test_information_between_numbers_matches_its_formula() -> None:
    # Two normal columns of correlation r share -ln(1 - r²)/2 nats; here r² = 1/2
    told = mutual_information(X[:, :1], X[:, 0] + LUCK.normal(size=2000), classes=0)
    assert told[0] == pytest.approx(np.log(2) / 2, abs=0.07)


def test_information_is_of_the_rows_that_have_the_feature_and_unknown_where_these_are_few() -> None:
    gaps = np.where(LUCK.random(2000) < 0.5, np.nan, X[:, 0])
    few = np.full(2000, np.nan)
    few[:10] = 1.0
    half, none = mutual_information(np.column_stack([gaps, few]), X[:, 0], classes=0)
    assert half is not None
    assert half > 1.0
    assert none is None
