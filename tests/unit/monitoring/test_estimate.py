"""What an estimate says before outcomes are known, and what outcomes say of it; the campaign of catalogue row S5."""

import json
from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
import pytest
from tests.reliability import count_trials

from steward.core.digest import canonical_json
from steward.monitoring.estimate import (
    Answered,
    Estimate,
    Estimator,
    error_growth,
    estimate_performance,
    fit_estimator,
    judge_known,
)
from steward.monitoring.performance import judge_performance, summarise_losses


def answered(rows: int, seed: int, *, hard: float = 0.2, turned: float = 0.0, task: str = "regression") -> Answered:
    """Return rows with x uniform in 0..1 or, a share `hard`, in 1..2, where the target is noisier; `turned` outcomes are others.

    A quantity is 10 x and noise of deviation 1, or 3 where it is hard; a class is 1 with a chance of 0.95, or 0.6, where z > 0.
    """
    generator = np.random.default_rng(seed)
    tough = generator.random(rows) < hard
    x, z = generator.uniform(0, 1, rows) + tough, generator.normal(size=rows)
    features, other = pl.DataFrame({"x": x, "z": z}), generator.random(rows) < turned
    if task == "regression":
        truth = 10 * x + generator.normal(size=rows) * np.where(tough, 3.0, 1.0)
        return Answered(features, 10 * x, np.where(other, truth + 15, truth))
    sure = np.where(tough, 0.6, 0.95)
    positive = np.where(z > 0, sure, 1 - sure)
    truth = (generator.random(rows) < positive).astype(np.float64)
    return Answered(features, np.column_stack([1 - positive, positive]), np.where(other, 1 - truth, truth))


def estimator(task: Literal["regression", "binary"], metric: str, rows: int = 4000) -> Estimator:
    learned = answered(rows, 1, task=task)
    ground = pl.concat([learned.features, pl.DataFrame({"x": [0.0, 2.0] * 50, "z": [0.0] * 100})])
    made = fit_estimator(task, metric, learned, learned=ground, categories=(), watched=["x", "z"])
    assert made is not None
    return made


def without_truth(rows: Answered) -> Answered:
    return replace(rows, truth=np.full(len(rows.truth), np.nan))


QUANTITY = estimator("regression", "rmse")
CLASSES = estimator("binary", "accuracy")


def told(made: Estimator, rows: Answered, **options: list[float]) -> Estimate:
    found = estimate_performance(made, rows, **options)
    assert found is not None
    return found


@pytest.mark.parametrize(("metric", "before", "now", "grown"), [("rmse", 4, 5, 0.25), ("f1", 0.9, 0.8, 1.0), ("roc_auc", 1, 1, 0)])
def test_growth_of_an_error_by_hand(metric: str, before: float, now: float, grown: float) -> None:
    assert error_growth(metric, before, now) == pytest.approx(grown)


def test_an_ordinary_window_is_estimated_as_the_reference_and_no_alarm() -> None:
    found = told(QUANTITY, without_truth(answered(1000, 2)))
    # The mean square is 0.8·1 + 0.2·9 = 2.6.
    assert found.value == pytest.approx(2.6**0.5, rel=0.06)
    assert found.low < 2.6**0.5 < found.high
    assert (found.method, found.trusted, found.why, found.severity, found.realised) == ("DLE", True, "", 0.0, None)


def test_harder_rows_are_an_alarm_before_any_outcome() -> None:
    found = told(QUANTITY, without_truth(answered(1000, 3, hard=1.0)))
    assert found.value == pytest.approx(3.0, rel=0.1)
    assert found.change == pytest.approx(3 / 2.6**0.5 - 1, abs=0.2)
    assert found.trusted
    assert found.severity > 0.7


def test_of_classes_less_sure_answers_are_an_alarm_before_any_outcome() -> None:
    found = told(CLASSES, without_truth(answered(1000, 4, hard=1.0, task="binary")))
    # Accuracy was 0.8·0.95 + 0.2·0.6 = 0.88, and is 0.6: the error grew from 0.12 to 0.4.
    assert (found.method, found.value, found.reference) == ("CBPE", pytest.approx(0.6, abs=0.04), pytest.approx(0.88, abs=0.02))
    assert found.change == pytest.approx(0.4 / 0.12 - 1, abs=0.6)
    assert found.severity > 0.9


def test_outcomes_that_fit_confirm_the_estimate() -> None:
    for made, rows in ((QUANTITY, answered(1000, 5)), (CLASSES, answered(1000, 5, task="binary"))):
        found = told(made, rows)
        assert found.trusted
        assert found.realised is not None
        assert found.low <= found.realised <= found.high


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_a_target_that_depends_on_the_inputs_in_another_way_ends_the_trust(task: Literal["regression", "binary"]) -> None:
    made = QUANTITY if task == "regression" else CLASSES
    rows = answered(600, 6, turned=0.4, task=task)
    assert told(made, without_truth(rows)).trusted  # nobody can see it without outcomes
    found = told(made, rows)
    assert not found.trusted
    assert found.why.startswith("outcomes are known by now")
    assert found.miss is not None
    after = told(made, without_truth(answered(600, 7, task=task)), past=[found.miss])
    assert not after.trusted
    assert "1 of the last 1 windows" in after.why


def test_outcomes_of_a_part_of_the_rows_judge_the_estimate_of_that_part() -> None:
    # The hard rows are told first: their error is no surprise to who knows that they are hard.
    rows = answered(1000, 8, hard=0.5)
    hard = rows.features["x"].to_numpy() > 1
    found = told(QUANTITY, replace(rows, truth=np.where(hard, rows.truth, np.nan)))
    assert found.trusted
    assert found.realised == pytest.approx(3.0, rel=0.15)
    assert found.value < 2.6


def test_outcomes_of_which_the_metric_says_nothing_judge_no_estimate() -> None:
    rows = answered(400, 7)
    truth = np.where(np.arange(400) < 150, 0.0, 10.0)
    judged = judge_known(replace(QUANTITY, metric="mape"), replace(rows, truth=truth))
    assert judged is not None
    assert judged.realised == pytest.approx(np.mean(np.abs(rows.predicted[150:] - 10) / 10))  # of 0 nothing is a share


def test_rows_where_the_reference_has_none_are_not_trusted() -> None:
    rows = without_truth(answered(500, 9))
    far = replace(rows, features=rows.features.with_columns(pl.col("z") + 40))
    found = told(QUANTITY, far)
    assert (found.trusted, found.why) == (False, "100% of the rows lie where the reference has none")


def test_too_few_rows_are_not_estimated_and_too_few_teach_nothing() -> None:
    few = answered(99, 10)
    assert estimate_performance(QUANTITY, few) is None
    assert fit_estimator("regression", "rmse", few, learned=few.features, categories=(), watched=[]) is None
    assert told(QUANTITY, answered(150, 10)).miss is not None


def test_answers_that_are_no_numbers_are_left_out() -> None:
    rows = answered(500, 11)
    broken = replace(rows, predicted=np.where(np.arange(500) < 100, np.inf, rows.predicted))
    assert told(QUANTITY, broken).rows == 400


def test_an_estimator_and_an_estimate_are_json() -> None:
    for made, rows in ((QUANTITY, answered(300, 12)), (CLASSES, answered(300, 12, task="binary"))):
        again = Estimator.from_dict(json.loads(canonical_json(made.as_dict())))
        assert told(again, rows) == told(made, rows)
        assert json.loads(canonical_json(told(made, rows).as_dict()))["method"] == made.method


@pytest.mark.parametrize("value", [{}, {"method": "guess"}, {**CLASSES.as_dict(), "inner": {}}])
def test_what_is_no_estimator_is_refused(value: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Estimator.from_dict(value)


@pytest.mark.parametrize("windows", [12, pytest.param(1000, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_intervals_hold_what_they_promise(task: Literal["regression", "binary"], windows: int) -> None:
    made = QUANTITY if task == "regression" else CLASSES
    generator = np.random.default_rng(13)
    missed = 0
    for seed in range(windows):
        rows = answered(int(generator.integers(200, 2000)), 1000 + seed, hard=float(generator.random()), task=task)
        found = told(made, rows)
        assert found.realised is not None
        missed += not found.low <= found.realised <= found.high
    figures = {"held": f"{1 - missed / windows:.1%} of the windows"}
    count_trials(
        "S5", f"The estimated interval of {made.metric} holds the real figure", trials=windows, failed=missed, figures=figures
    )
    assert missed / windows <= 0.1


@pytest.mark.parametrize("trials", [8, pytest.param(500, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_a_drop_is_alarmed_before_the_labels_come_and_confirmed_by_them(task: Literal["regression", "binary"], trials: int) -> None:
    made = QUANTITY if task == "regression" else CLASSES
    metric = "rmse" if task == "regression" else "brier"
    quiet = answered(4000, 1, task=task)
    reference = summarise_losses(_losses(quiet, task))
    early = late = 0
    for seed in range(trials):
        rows = answered(400, 5000 + seed, hard=0.7, task=task)
        early += told(made, without_truth(rows)).severity >= 0.5
        late += judge_performance(reference, _losses(rows, task), metric).severity >= 0.5
    missed = trials - early
    figures = {"alarmed a window early": f"{early / trials:.1%}", "alarmed once labels came": f"{late / trials:.1%}"}
    count_trials(
        "S5",
        f"A model's {metric} gets worse while labels are late: the estimate alarms first",
        trials=trials,
        failed=missed,
        figures=figures,
    )
    assert early / trials >= 0.8
    assert late == trials


@pytest.mark.parametrize("trials", [8, pytest.param(500, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_a_changed_concept_always_ends_in_no_trust_once_labels_come(task: Literal["regression", "binary"], trials: int) -> None:
    made = QUANTITY if task == "regression" else CLASSES
    trusted = sum(told(made, answered(400, 9000 + seed, turned=0.3, task=task)).trusted for seed in range(trials))
    count_trials("S5", f"Labels turned ({task}): the estimate says 'not trusted' once they come", trials=trials, failed=trusted)
    assert trusted == 0


def _losses(rows: Answered, task: str) -> np.ndarray:
    said = rows.predicted if task == "regression" else rows.predicted[:, 1]
    return np.asarray((rows.truth - said) ** 2)
