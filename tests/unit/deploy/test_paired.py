"""How the gain is bounded: which test is taken, and that each says 0 lies outside only where it surely does."""

import numpy as np
import pytest
from scipy import stats

from steward.core.tasks import TaskKind
from steward.deploy.paired import Both, Gain, gains, measure_gain
from steward.models.paired import delong
from steward.project.gate import TestKind


def scored(rows: int, seed: int, *, better: float = 0.0) -> tuple[np.ndarray, Both]:
    """Two classes, and the answers of two models that share most of what makes a row hard."""
    draw = np.random.default_rng(seed)
    truth = (draw.random(rows) < 0.4).astype(np.float64)
    shared = draw.normal(0, 1, rows)

    def answers(strength: float) -> np.ndarray:
        said = 1 / (1 + np.exp(-(strength * (truth - 0.5) + shared + draw.normal(0, 0.7, rows))))
        return np.column_stack([1 - said, said])

    return truth, (answers(1.2 + better), answers(1.2))


def gain(truth: np.ndarray, both: Both, metric: str, task: TaskKind = "binary", test: TestKind = "auto") -> Gain:
    return measure_gain(truth, both, metric, task=task, test=test, confidence=0.95, resamples=1000, seed=7)


def test_the_gain_for_areas_is_delongs_and_both_say_0_is_outside_alike() -> None:
    found = 0
    for seed in range(60):
        truth, both = scored(150, seed, better=0.5)
        compared = delong(truth == 1, both[0][:, 1], both[1][:, 1])
        seen = gain(truth, both, "roc_auc", test="delong")
        assert seen.candidate - seen.champion == pytest.approx(compared.difference)
        fewer = int(min(truth.sum(), len(truth) - truth.sum()))
        # the gate is cautious: 0.6 of the doubt of 5 %, and Student's quantile for as many rows as the rarer class has
        spread = (compared.high - compared.low) / 2 / stats.norm.ppf(0.975)
        surely = compared.difference / spread > stats.t.ppf(0.97, fewer - 1)
        assert (seen.low > 0) == surely
        assert seen.low <= seen.value <= seen.high
        found += surely
    assert 5 < found < 55


def test_the_gain_for_areas_is_about_what_the_bootstrap_says() -> None:
    truth, both = scored(900, 3, better=0.4)
    tested, drawn = gain(truth, both, "roc_auc", test="delong"), gain(truth, both, "roc_auc", test="bootstrap")
    assert (tested.test, drawn.test) == ("delong", "bootstrap")
    assert tested.value == pytest.approx(drawn.value)
    assert (tested.low, tested.high) == pytest.approx((drawn.low, drawn.high), abs=0.02)


def test_the_gain_for_right_answers_is_a_share_of_the_champions_wrong_ones() -> None:
    # 100 rows, the champion wrong in 30, the candidate alone right in 20 of them and alone wrong in 4 others
    truth = np.zeros(100)
    candidate, champion = (np.tile([0.9, 0.1], (100, 1)) for _ in range(2))
    champion[:30] = candidate[20:34] = [0.1, 0.9]
    seen = gain(truth, (candidate, champion), "accuracy", test="mcnemar")
    assert (seen.candidate, seen.champion, seen.value) == pytest.approx((0.86, 0.70, 0.16 / 0.30))
    share = stats.binomtest(20, 24).proportion_ci(0.9, method="exact")
    assert (seen.low, seen.high) == pytest.approx(((2 * share.low - 1) * 0.24 / 0.3, (2 * share.high - 1) * 0.24 / 0.3))


@pytest.mark.parametrize(
    ("metric", "test"), [("roc_auc", "delong"), ("accuracy", "mcnemar"), ("f1", "bootstrap"), ("log_loss", "bootstrap")]
)
def test_the_test_that_fits_is_taken_where_rows_stand_for_themselves(metric: str, test: str) -> None:
    truth, both = scored(300, 5)
    assert gain(truth, both, metric).test == test


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy"])
def test_rows_that_resemble_their_neighbours_are_drawn_in_blocks(metric: str) -> None:
    truth, both = scored(100, 5)
    alike = (np.repeat(both[0], 6, axis=0), np.repeat(both[1], 6, axis=0))
    seen, alone = gain(np.repeat(truth, 6), alike, metric), gain(truth, both, metric)
    assert seen.test == "bootstrap"
    # six times the same row is no more evidence than one
    assert seen.high - seen.low == pytest.approx(alone.high - alone.low, rel=0.35)


def test_more_than_a_thousand_rows_are_drawn_in_blocks() -> None:
    assert gain(*scored(1200, 5), "roc_auc").test == "bootstrap"


def test_a_model_and_itself_gain_nothing_for_sure() -> None:
    truth, (one, _) = scored(200, 1)
    for metric in ("roc_auc", "accuracy", "f1", "brier"):
        seen = gain(truth, (one, one), metric)
        assert (seen.value, seen.low, seen.high) == pytest.approx((0, 0, 0), abs=1e-7)


def test_a_champion_that_ranks_nearly_perfectly_leaves_the_bounds_finite() -> None:
    truth = np.repeat([0.0, 1.0], 20)
    sure = np.column_stack([1 - truth, truth]) * 0.98 + 0.01
    slip = sure.copy()
    slip[[0, 39]] = slip[[39, 0]]
    assert gain(truth, (sure, slip), "roc_auc", test="delong").low == -10
    worst = gain(truth, (slip, sure), "roc_auc", test="delong")
    assert (worst.value, worst.low) == (-1, -10)


def test_one_row_is_no_division_by_zero() -> None:
    seen = gain(np.ones(1), (np.ones(1), np.full(1, 2.0)), "rmse", task="regression")
    assert (seen.value, seen.low) == (1, 1)


def test_a_champion_without_error_is_matched_or_not() -> None:
    assert gains(np.array([[0.0, 0.0], [0.1, 0.0], [0.1, 0.2]])).tolist() == [0, -1, 0.5]
