import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.models.answer import AnswerRule
from steward.models.conformal import Margin, fit_margin

TWO = Margin(0.9, (10.0,), (1.0, 4.0), (2.0, 8.0), least=0.0)


def test_of_nineteen_residuals_the_outermost_bound_ninety_percent() -> None:
    # (19 + 1) * 0.95 = 19: the largest and the smallest of 19 residuals leave one in twenty on each side.
    missed = np.arange(-9.0, 10.0)
    margin = fit_margin(100 + missed, np.full(19, 100.0))
    assert margin == Margin(0.9, (), (9.0,), (9.0,), least=0.0)


def test_eighteen_residuals_are_too_few_to_tell() -> None:
    assert fit_margin(np.arange(18.0), np.zeros(18)) is None
    assert fit_margin(np.empty(0), np.empty(0)) is None


def test_of_ninety_nine_residuals_four_are_left_out_on_each_side() -> None:
    # (99 + 1) * 0.95 = 95: the 95th of 99, and from below the 5th. The answers miss to one side.
    missed = np.arange(1.0, 100.0)
    margin = fit_margin(missed, np.zeros(99))
    assert margin is not None
    assert (margin.below, margin.above) == ((0.0,), (95.0,))  # the answer stays inside, though all truths lie above it


def test_an_interval_is_as_wide_as_the_answer_is_large() -> None:
    draw = np.random.default_rng(7)
    answered = draw.uniform(1, 100, 4000)
    margin = fit_margin(answered * (1 + draw.uniform(-0.5, 0.5, 4000)), answered)
    assert margin is not None
    assert len(margin.below) == 10
    low, high = margin.around(np.array([5.0, 95.0]))
    assert high[0] - low[0] < 10
    assert high[1] - low[1] > 50


@pytest.mark.parametrize("seed", range(5))
def test_new_rows_of_the_same_kind_lie_inside_as_often_as_promised(seed: int) -> None:
    draw = np.random.default_rng(seed)
    answered = draw.gamma(2, 5, 22_000)
    truth = answered * draw.lognormal(0, 0.4, 22_000)
    margin = fit_margin(truth[:2000], answered[:2000])
    assert margin is not None
    short = answered[2000:] < np.quantile(answered, 0.1)
    assert margin.inside(truth[2000:], answered[2000:]) == pytest.approx(0.9, abs=0.025)
    assert margin.inside(truth[2000:][short], answered[2000:][short]) == pytest.approx(0.9, abs=0.06)


def test_the_same_answer_everywhere_makes_one_bin() -> None:
    margin = fit_margin(np.arange(1000.0), np.full(1000, 500.0))
    assert margin is not None
    assert len(margin.above) == 1


def test_two_answers_make_two_bins_at_most() -> None:
    margin = fit_margin(np.zeros(1000), np.repeat([1.0, 2.0], 500))
    assert margin is not None
    assert len(margin.above) <= 2
    assert margin.inside(np.zeros(2), np.array([1.0, 2.0])) == 1


def test_what_was_never_negative_is_not_expected_to_be_and_what_was_may_be() -> None:
    positive = fit_margin(np.arange(100.0), np.full(100, 50.0))
    assert positive is not None
    assert positive.around_one(1.0)[0] == 0.0
    assert positive.around_one(-3.0)[0] == -3.0  # the answer itself is inside, whatever it is
    either = fit_margin(np.arange(-1.0, 99.0), np.full(100, 50.0))
    assert either is not None
    assert either.around_one(1.0)[0] < 0


def test_an_answer_on_an_edge_belongs_above_it() -> None:
    assert TWO.around_one(9.0) == (8.0, 11.0)
    assert TWO.around_one(10.0) == (6.0, 18.0)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20))
def test_one_answer_and_many_have_the_same_interval_to_the_last_digit(answers: list[float]) -> None:
    draw = np.random.default_rng(1)
    answered = draw.normal(0, 1e3, 3000)
    fitted = fit_margin(answered + draw.normal(0, 5, 3000), answered)
    assert fitted is not None
    for margin in (TWO, fitted):
        low, high = margin.around(np.array(answers))
        assert list(zip(low.tolist(), high.tolist(), strict=True)) == [margin.around_one(one) for one in answers]
        assert (low <= answers).all()
        assert (high >= answers).all()


def test_a_rule_with_a_margin_comes_back_from_json_and_one_from_before_has_none() -> None:
    rule = AnswerRule(margin=TWO)
    assert rule
    assert AnswerRule.from_dict(json.loads(json.dumps(rule.as_dict()))) == rule
    assert AnswerRule.from_dict({"calibration": None, "threshold": 0.4}) == AnswerRule(threshold=0.4)
    assert "margin" not in AnswerRule(threshold=0.4).as_dict()  # bundles of classifications keep their names


@pytest.mark.parametrize(
    "change",
    [
        {"level": 1.0},
        {"level": float("nan")},
        {"edges": [10.0, 10.0], "below": [1.0] * 3, "above": [1.0] * 3},
        {"edges": []},
        {"below": [1.0]},
        {"below": [-1.0, 1.0]},
        {"above": [float("inf"), 1.0]},
        {"least": "much"},
        {"edges": None},
    ],
)
def test_what_is_no_margin_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Margin.from_dict({**TWO.as_dict(), **change})


def test_a_margin_needs_one_truth_an_answer() -> None:
    with pytest.raises(ValueError, match="one truth an answer"):
        fit_margin(np.zeros(3), np.zeros(4))
