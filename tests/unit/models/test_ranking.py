import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from steward.models.ranking import drawn_ranks, rank
from steward.models.resample import block_of_rows, draws

# few distinct scores, so that many are equal
scored = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=60).filter(
    lambda rows: len({hit for hit, _ in rows}) == 2
)


def test_figures_of_four_rows_match_the_hand_calculation() -> None:
    # by falling score: hit, miss, hit, miss. Hits are found at precision 1/1 and 2/3; of 4 pairs of hit and miss 3 are in order
    ranks = rank(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    assert ranks.average_precision == pytest.approx([(1 + 2 / 3) / 2])
    assert ranks.roc_auc == pytest.approx([3 / 4])


def test_one_score_for_all_is_chance() -> None:
    ranks = rank(np.array([True, False, False, False]), np.full(4, 0.3))
    assert (ranks.average_precision[0], ranks.roc_auc[0]) == (0.25, 0.5)


@given(scored)
def test_figures_are_scikit_learns_with_equal_scores_too(rows: list[tuple[bool, int]]) -> None:
    hits, scores = np.array([hit for hit, _ in rows]), np.array([float(score) for _, score in rows])
    ranks = rank(hits, scores)
    assert ranks.average_precision[0] == pytest.approx(average_precision_score(hits, scores), abs=1e-12)
    assert ranks.roc_auc[0] == pytest.approx(roc_auc_score(hits, scores), abs=1e-12)


@pytest.mark.parametrize("rows", [40, 2500])
def test_a_drawn_sample_is_the_rows_as_often_as_they_were_drawn(rows: int) -> None:
    draw = np.random.default_rng(1)
    hits, scores = draw.random(rows) < 0.3, draw.integers(0, 50, rows).astype(np.float64)
    ranks = drawn_ranks(hits, scores, 5, seed=9)
    times = next(draws(rows, 5, seed=9)).astype(np.int64)
    for sample, drawn in enumerate(times):
        again = np.repeat(np.arange(rows), drawn[block_of_rows(rows)])
        assert ranks.average_precision[sample] == pytest.approx(average_precision_score(hits[again], scores[again]))
        assert ranks.roc_auc[sample] == pytest.approx(roc_auc_score(hits[again], scores[again]))


def test_the_same_samples_are_drawn_in_any_number_of_steps() -> None:
    draw = np.random.default_rng(2)
    hits, scores = draw.random(3000) < 0.5, draw.random(3000)
    few, many = drawn_ranks(hits, scores, 10, seed=5), drawn_ranks(hits, scores, 900, seed=5)
    assert np.array_equal(few.roc_auc, many.roc_auc[:10])
    assert np.array_equal(few.average_precision, many.average_precision[:10])


def test_without_hits_or_without_misses_nothing_is_claimed() -> None:
    none, only = rank(np.zeros(3, dtype=bool), np.arange(3.0)), rank(np.ones(3, dtype=bool), np.arange(3.0))
    assert np.isnan([none.average_precision[0], none.roc_auc[0], only.roc_auc[0]]).all()
    assert only.average_precision[0] == 1
