import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from steward.core.digest import canonical_json
from steward.core.errors import AnswerIsNo, UsageError
from steward.core.tasks import TaskKind
from steward.deploy.gate import Verdict, judge_candidate
from steward.project.gate import GateSpec
from steward.reporting.recorded import gate

SPEC = GateSpec()
DRAW = np.random.default_rng(11)
TRUTH = DRAW.uniform(1, 60, 5000)
HARD = DRAW.normal(0, 4, 5000)  # what makes a row hard is hard for both models


def test_the_gain_is_a_share_of_the_champions_error() -> None:
    # the candidate is off by 3 everywhere, the champion by 4: 25 % less, on every draw
    verdict = judge_candidate(TRUTH, TRUTH + 3, TRUTH - 4, SPEC, "rmse", seed=7)
    assert (verdict.candidate, verdict.champion) == pytest.approx((3, 4))
    assert (verdict.gain, verdict.low, verdict.high) == pytest.approx((0.25, 0.25, 0.25))
    assert (verdict.passed, verdict.rows) == (True, 5000)
    assert verdict.reason.startswith(
        "better: rmse 25.0% lower than the champion on the same 5,000 rows; 95% sure of a gain above 25.0%"
    )


def test_a_small_gain_on_the_same_rows_is_proven_where_two_separate_intervals_overlap() -> None:
    verdict = judge_candidate(TRUTH, TRUTH + 0.97 * HARD, TRUTH + HARD, SPEC, "rmse", seed=7)
    assert verdict.gain == pytest.approx(0.03)
    assert verdict.passed


def test_a_worse_candidate_is_refused() -> None:
    verdict = judge_candidate(TRUTH, TRUTH + 1.1 * HARD, TRUTH + HARD, SPEC, "mae", seed=7)
    assert not verdict.passed
    assert verdict.reason.startswith("not better: mae 10.0% higher than the champion")


def test_noise_as_good_as_the_champion_cannot_be_told_apart() -> None:
    other = np.random.default_rng(12).permutation(HARD)
    verdict = judge_candidate(TRUTH, TRUTH + other, TRUTH + HARD, SPEC, "rmse", seed=7, against="champion v3")
    assert not verdict.passed
    assert verdict.low < 0 < verdict.high
    assert verdict.reason.startswith("cannot tell: rmse 0.0% ")
    assert "than champion v3 on" in verdict.reason


def test_a_gain_below_the_one_asked_for_does_not_promote() -> None:
    verdict = judge_candidate(TRUTH, TRUTH + 3, TRUTH + 4, GateSpec(min_gain=0.3), "rmse", seed=7)
    assert not verdict.passed
    assert "more than 30.0% is asked for" in verdict.reason


def test_a_project_may_allow_a_candidate_to_be_a_little_worse() -> None:
    verdict = judge_candidate(TRUTH, TRUTH + 4.1, TRUTH + 4, GateSpec(min_gain=-0.05), "rmse", seed=7)
    assert verdict.passed
    assert verdict.reason.startswith("good enough: rmse 2.5% higher")


def test_no_worse_is_said_in_words() -> None:
    spec = GateSpec(min_gain=-0.05)
    good = judge_candidate(TRUTH, TRUTH + 4.1, TRUTH + 4, spec, "rmse", seed=7, against="champion v3")
    assert good.reason == (
        "good enough: rmse 2.5% higher than champion v3 on the same 5,000 rows; 95% sure to be no worse than champion v3 "
        "by more than 2.5% (no worse by 5.0% is asked for)"
    )
    bad = judge_candidate(TRUTH, TRUTH + 4.4, TRUTH + 4, spec, "rmse", seed=7, against="champion v3")
    assert not bad.passed
    assert bad.reason.startswith("worse: rmse 10.0% higher than champion v3")


def test_the_champion_itself_is_no_better_than_the_champion() -> None:
    verdict = judge_candidate(TRUTH, TRUTH + HARD, TRUTH + HARD, SPEC, "rmse", seed=7)
    assert (verdict.passed, verdict.gain, verdict.low, verdict.high) == (False, 0, 0, 0)


def test_a_candidate_no_better_passes_at_most_in_one_of_twenty_tries() -> None:
    draw = np.random.default_rng(3)
    spec = GateSpec(resamples=200)
    tries = [judge_candidate(np.zeros(300), *draw.normal(0, 1, (2, 300)), spec, "rmse", seed=n) for n in range(300)]
    # 15 expected; 27 or more would be seen by chance in fewer than 2 of 1,000 such experiments
    assert sum(verdict.passed for verdict in tries) < 27


def test_a_handful_of_rows_promotes_nobody() -> None:
    verdict = judge_candidate(TRUTH[:29], TRUTH[:29], TRUTH[:29] + 5, SPEC, "rmse", seed=7)
    assert not verdict.passed
    assert verdict.reason == "cannot tell: 29 rows are too few, at least 30 are needed"


def test_a_champion_without_error_cannot_be_beaten() -> None:
    verdict = judge_candidate(TRUTH, TRUTH + 1, TRUTH, SPEC, "rmse", seed=7)
    assert (verdict.passed, verdict.gain) == (False, -1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_model_without_a_finite_answer_is_refused_by_name(wrong: float) -> None:
    broken = TRUTH.copy()
    broken[:7] = wrong
    with pytest.raises(AnswerIsNo, match=r"GATE-010.*the candidate has no finite answer to 7 of 5,000 rows"):
        judge_candidate(TRUTH, broken, TRUTH, SPEC, "rmse", seed=7)
    with pytest.raises(AnswerIsNo, match="champion v3 has no finite answer"):
        judge_candidate(TRUTH, TRUTH, broken, SPEC, "rmse", seed=7, against="champion v3")


def test_a_metric_without_row_losses_is_refused() -> None:
    with pytest.raises(UsageError, match="MODEL-001"):
        judge_candidate(TRUTH, TRUTH, TRUTH, SPEC, "r2", seed=7)


@given(st.integers(0, 2**31), st.floats(0.5, 2))
def test_a_verdict_is_the_same_for_the_same_seed_and_its_bounds_are_in_order(seed: int, factor: float) -> None:
    rows, spec = slice(0, 200), GateSpec(resamples=100)
    noise = np.roll(HARD[rows], 1) * factor
    verdicts = [
        judge_candidate(TRUTH[rows], TRUTH[rows] + noise, TRUTH[rows] + HARD[rows], spec, "rmse", seed=seed) for _ in range(2)
    ]
    assert verdicts[0] == verdicts[1]
    assert verdicts[0].low <= verdicts[0].high
    assert canonical_json(asdict(verdicts[0]))


YES = (DRAW.random(2000) < 0.3).astype(np.float64)


def leaning(strength: float, seed: int, truth: np.ndarray = YES, classes: int = 2) -> np.ndarray:
    """Probabilities that lean towards the truth."""
    draw = np.random.default_rng(seed)
    lean = draw.dirichlet(np.ones(classes), len(truth)) + strength * np.eye(classes)[truth.astype(int)]
    return lean / lean.sum(axis=1, keepdims=True)


def test_where_more_is_better_the_gain_is_a_share_of_what_the_champion_lacks_to_one() -> None:
    # 100 rows: the champion is right in 80, the candidate in 84: of the 20 % that lack, a fifth is won
    truth = np.zeros(100)
    champion, candidate = np.tile([0.9, 0.1], (100, 1)), np.tile([0.9, 0.1], (100, 1))
    champion[:20] = candidate[:16] = [0.1, 0.9]
    verdict = judge_candidate(truth, candidate, champion, SPEC, "accuracy", seed=7, task="multiclass")
    assert (verdict.candidate, verdict.champion) == pytest.approx((0.84, 0.80))
    assert verdict.gain == pytest.approx(0.2)
    assert verdict.low < 0.2 < verdict.high
    assert "accuracy 0.840 against 0.800 of the champion (it lacks 20.0% less to 1) on the same 100 rows" in verdict.reason


@pytest.mark.parametrize("metric", ["average_precision", "roc_auc", "f1", "recall", "log_loss", "brier"])
def test_every_metric_of_two_classes_tells_a_better_candidate(metric: str) -> None:
    better, worse = leaning(0.8, 1), leaning(0.3, 2)
    assert judge_candidate(YES, better, worse, SPEC, metric, seed=7, task="binary").passed
    refused = judge_candidate(YES, worse, better, SPEC, metric, seed=7, task="binary")
    assert (refused.passed, refused.gain < 0) == (False, True)
    assert refused.reason.startswith("not better: ")


@pytest.mark.parametrize("metric", ["macro_f1", "roc_auc", "accuracy", "log_loss"])
def test_every_metric_of_several_classes_tells_a_better_candidate(metric: str) -> None:
    truth = np.random.default_rng(5).integers(0, 3, 800).astype(np.float64)
    better, worse = leaning(0.8, 1, truth, 3), leaning(0.3, 2, truth, 3)
    assert judge_candidate(truth, better, worse, SPEC, metric, seed=7, task="multiclass").passed


def test_two_alike_cannot_be_told_apart_by_a_ranking_either() -> None:
    verdict = judge_candidate(YES, leaning(0.5, 1), leaning(0.5, 2), SPEC, "average_precision", seed=7, task="binary")
    assert not verdict.passed
    assert verdict.low < 0 < verdict.high
    same = judge_candidate(YES, leaning(0.5, 1), leaning(0.5, 1), SPEC, "average_precision", seed=7, task="binary")
    assert (same.gain, same.low, same.high) == (0, 0, 0)


def test_a_ranking_no_better_passes_at_most_in_one_of_twenty_tries() -> None:
    draw = np.random.default_rng(3)
    spec = GateSpec(resamples=200)

    def passed(seed: int) -> bool:
        truth = (draw.random(200) < 0.4).astype(np.float64)
        both = [leaning(0.5, int(draw.integers(1 << 30)), truth) for _ in range(2)]
        return judge_candidate(truth, *both, spec, "average_precision", seed=seed, task="binary").passed

    # 10 expected; 20 or more would be seen by chance in fewer than 2 of 1,000 such experiments
    assert sum(passed(seed) for seed in range(200)) < 20


def test_a_model_that_says_nan_of_a_class_is_refused_by_name() -> None:
    broken = leaning(0.5, 1)
    broken[:3] = np.nan
    with pytest.raises(AnswerIsNo, match=r"GATE-010.*the candidate has no finite answer to 3 of 2,000 rows"):
        judge_candidate(YES, broken, leaning(0.5, 2), SPEC, "f1", seed=7, task="binary")


def test_a_metric_of_another_task_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"MODEL-001.*'f1'[\s\S]*did you mean 'macro_f1'|known:"):
        judge_candidate(YES, leaning(0.5, 1), leaning(0.5, 2), SPEC, "f1", seed=7, task="multiclass")


FULL = GateSpec(
    metric="roc_auc",
    slices=("half",),
    min_slice_rows=100,
    max_calibration_error=0.5,
    max_latency_ms=5,
    max_megabytes=10,
)
HALF = np.repeat(["first", "second"], 1000)


def judged(spec: GateSpec = FULL, **measured: float) -> Verdict:
    both = leaning(0.8, 1), leaning(0.3, 2)
    return judge_candidate(YES, *both, spec, "roc_auc", seed=7, task="binary", slices={"half": HALF}, **measured)


def test_a_candidate_that_keeps_to_everything_passes_and_says_so() -> None:
    verdict = judged(latency_ms=1.2, megabytes=3)
    assert verdict.passed
    assert [check.name for check in verdict.checks] == ["gain", "slices", "calibration", "latency", "size"]
    assert all(check.passed for check in verdict.checks)
    assert verdict.reason.startswith("better: roc_auc ")
    assert verdict.reason.endswith("; passed too: slices, calibration, latency, size")


def test_a_better_candidate_is_refused_for_what_a_guard_found_and_the_reason_names_it() -> None:
    verdict = judged(latency_ms=7.5, megabytes=3)
    assert not verdict.passed
    assert [check.name for check in verdict.checks if not check.passed] == ["latency"]
    assert verdict.reason.startswith("refused, although better: roc_auc ")
    assert verdict.reason.endswith("; latency: one answer takes 7.5 ms, and at most 5 ms is allowed")


def test_a_budget_that_nobody_measured_is_not_kept() -> None:
    assert "size: its size was not measured, and at most 10 MB is allowed" in judged(latency_ms=1).reason


def test_without_guards_the_gain_is_the_only_check() -> None:
    verdict = judge_candidate(TRUTH, TRUTH + 3, TRUTH - 4, SPEC, "rmse", seed=7)
    assert [(check.name, check.passed, check.value, check.limit) for check in verdict.checks] == [
        ("gain", True, pytest.approx(0.25), 0)
    ]
    assert verdict.checks[0].sentence == verdict.reason
    assert verdict.test == "bootstrap"


def test_a_verdict_is_stored_as_json_and_read_again_as_it_was() -> None:
    verdict = judged(latency_ms=7.5, megabytes=3)
    stored = json.loads(canonical_json(asdict(verdict)))
    assert gate({"verdict": stored}) == verdict
    older = {name: value for name, value in stored.items() if name not in {"checks", "test"}}
    assert gate({"verdict": older}) == replace(verdict, checks=(), test="bootstrap")


def test_a_threshold_decides_what_is_answered() -> None:
    # positive by 0.4 (are) and 0.1 (are not), and the same less clearly for the champion
    truth = np.tile([1.0, 0.0], 100)
    said = np.where(truth == 1, 0.4, 0.1)
    both = (np.column_stack([1 - said, said]),) * 2
    plain = judge_candidate(truth, *both, SPEC, "f1", seed=7, task="binary")
    moved = judge_candidate(truth, *both, SPEC, "f1", seed=7, task="binary", thresholds=(0.25, None))
    assert (plain.candidate, plain.champion, plain.passed) == (0, 0, False)
    assert (moved.candidate, moved.champion, moved.passed) == (1, 0, True)
    ranked = judge_candidate(truth, *both, SPEC, "brier", seed=7, task="binary", thresholds=(0.25, None))
    assert ranked.candidate == ranked.champion


@pytest.mark.parametrize(
    ("spec", "metric", "task", "said"),
    [
        (GateSpec(metric="roc_auc", test="delong"), "roc_auc", "multiclass", "DeLong's test compares roc_auc of two classes"),
        (GateSpec(max_calibration_error=0.1), "rmse", "regression", "a regression has none"),
    ],
)
def test_what_a_task_has_not_cannot_be_asked_for(spec: GateSpec, metric: str, task: TaskKind, said: str) -> None:
    with pytest.raises(UsageError, match=rf"GATE-011[\s\S]*{said}"):
        judge_candidate(YES, leaning(0.5, 1), leaning(0.5, 2), spec, metric, seed=7, task=task)


def test_rows_of_one_class_leave_an_area_undefined() -> None:
    with pytest.raises(AnswerIsNo, match=r"GATE-012.*roc_auc cannot be had of these 2,000 rows"):
        judge_candidate(np.ones(2000), leaning(0.5, 1), leaning(0.5, 2), SPEC, "roc_auc", seed=7, task="binary")


@pytest.mark.parametrize(("test", "metric"), [("delong", None), ("delong", "f1"), ("mcnemar", "roc_auc")])
def test_a_test_that_does_not_fit_the_metric_is_a_mistake_in_the_file(test: str, metric: str | None) -> None:
    with pytest.raises(ValidationError, match=r"compares (roc_auc|accuracy); write"):
        GateSpec.model_validate({"test": test, "metric": metric})
