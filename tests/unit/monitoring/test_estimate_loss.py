import json

import numpy as np
import polars as pl
import pytest

from steward.monitoring.estimate_loss import LossEstimator, fit_loss_estimator


def rows(count: int, seed: int = 1, *, hard: float = 0.5, louder: float = 1.0) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Return features, answers and squared errors: of variance 1 where x < 0.5 and 9 where not; a share `hard` is the latter."""
    generator = np.random.default_rng(seed)
    x = np.where(generator.random(count) < hard, generator.uniform(0.5, 1, count), generator.uniform(0, 0.5, count))
    noise = generator.normal(size=count) * np.where(x < 0.5, 1.0, 3.0) * louder
    return pl.DataFrame({"x": x, "y": generator.normal(size=count)}), 10 * x, noise**2


FEATURES, SAID, LOSSES = rows(6000)
ESTIMATOR, QUIET = fit_loss_estimator(FEATURES, SAID, LOSSES)


@pytest.mark.parametrize(("hard", "expected"), [(0.0, 1.0), (0.5, 5.0), (1.0, 9.0)])
def test_the_loss_follows_the_share_of_hard_rows(hard: float, expected: float) -> None:
    features, said, _ = rows(4000, seed=2, hard=hard)
    assert ESTIMATOR.guess(features, said)[0] == pytest.approx(expected, rel=0.08)


def test_the_variance_is_that_of_a_mean_of_losses_and_of_what_taught_it() -> None:
    # Squares of normal noise vary by twice the square of their mean: 2·1 and 2·81. 2,000 rows, of each kind 1,000; the
    # reference had 3,000 of each kind.
    features, said, _ = rows(2000, seed=3)
    assert ESTIMATOR.guess(features, said)[1] == pytest.approx(82 * (1 / 2000 + 1 / 6000) / 5**2, rel=0.35)


def test_an_estimator_is_json_and_says_the_same_again() -> None:
    again = LossEstimator.from_dict(json.loads(json.dumps(ESTIMATOR.as_dict())))
    assert again.guess(FEATURES, SAID) == ESTIMATOR.guess(FEATURES, SAID)
    assert len(ESTIMATOR.model.source) < 150_000


def test_a_loss_is_never_expected_below_zero() -> None:
    features = pl.DataFrame({"x": [np.nan, -1e9, 1e9], "y": [None, 0.0, np.nan]})
    assert (ESTIMATOR.losses(features, np.zeros(3)) >= 0).all()


def test_no_rows_have_no_loss() -> None:
    assert np.isnan(ESTIMATOR.guess(FEATURES[:0], SAID[:0])).all()


def test_days_of_their_own_are_seen_and_even_ones_are_not() -> None:
    even = dict(QUIET)
    louder = np.where(np.arange(6000) // 500 % 2 == 1, 2.0, 1.0)
    odd = dict(fit_loss_estimator(FEATURES, SAID, LOSSES * louder)[1])
    assert list(even) == [200, 500]
    assert even[500] < 0.12
    assert odd[500] > 0.2


def test_the_unit_of_the_loss_does_not_matter() -> None:
    tiny, _ = fit_loss_estimator(FEATURES, SAID, LOSSES * 1e-30)
    assert tiny.guess(FEATURES, SAID)[0] == pytest.approx(ESTIMATOR.guess(FEATURES, SAID)[0] * 1e-30, rel=0.01)


def test_answers_without_any_error_have_no_error_to_expect() -> None:
    perfect, quiet = fit_loss_estimator(FEATURES, SAID, np.zeros(6000))
    assert perfect.guess(FEATURES, SAID)[0] == 0.0
    assert max(spread for _, spread in quiet) == 0.0
