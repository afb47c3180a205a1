"""Is the candidate better than the champion - by evidence, or by the luck of one split?

Both answer the same rows, and only a gain whose lower bound passes what the project asks for promotes: how it is measured
and bounded is in `steward.deploy.paired`. Guards may still be in the way of a better one: `steward.deploy.guards`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.core.errors import AnswerIsNo, Fault, UsageError, unknown_name
from steward.core.tasks import RULES, TaskKind, higher_is_better
from steward.deploy.guards import GateCheck, calibration_guard, latency_guard, size_guard, slice_guard
from steward.deploy.paired import Both, Gain, measure_gain
from steward.models.classification import DECISIONS, decide_at
from steward.models.measure import MEASURES
from steward.models.metrics import refuse_unless_paired
from steward.project.gate import GateSpec

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.str_]

FEWEST_ROWS = 30
"""With fewer rows the bootstrap knows too little of the spread to promote anything."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate saw: the metric of both in its unit, the gain as a share of the champion's error.

    `low` and `high` bound the gain from one side each, at the confidence of the gate. `checks` are all that was asked for,
    the gain first; it passed where every one did. Older verdicts have none.
    """

    passed: bool
    metric: str
    candidate: float
    champion: float
    gain: float
    low: float
    high: float
    rows: int
    against: str
    reason: str
    test: str = "bootstrap"
    checks: tuple[GateCheck, ...] = ()


def judge_candidate(
    truth: Array,
    candidate_pred: Array,
    champion_pred: Array,
    spec: GateSpec,
    metric: str,
    *,
    seed: int,
    task: TaskKind = "regression",
    against: str = "the champion",
    slices: Mapping[str, Labels] | None = None,
    thresholds: tuple[float | None, float | None] = (None, None),
    latency_ms: float | None = None,
    megabytes: float | None = None,
) -> Verdict:
    """Compare two models on the same rows.

    Args:
        truth: shape (rows,), rows in the order of time, so that neighbours are drawn together; the codes of classes.
        candidate_pred: the candidate's answers, same rows: shape (rows,), or probabilities of shape (rows, classes).
        champion_pred: the champion's, or those of a baseline where there is no champion.
        spec: gain asked for, confidence, test, and the guards.
        metric: one of the task's.
        seed: the same seed gives the same verdict.
        task: what is asked of both.
        against: what the other model is called in the reason.
        slices: the value of each row, as text, by column: at least those of `spec.slices`.
        thresholds: from which probability on the candidate, and the champion, answer the last of two classes; None for
            the more likely one.
        latency_ms: how long the candidate takes for one answer.
        megabytes: how large its bundle is.

    Returns:
        A verdict; passed where the candidate is surely better by more than `spec.min_gain` and no guard is in the way.

    Raises:
        AnswerIsNo: GATE-010 a model has no finite answer to some rows, GATE-012 the rows leave the metric undefined.
        UsageError: MODEL-001 the metric is none that decides such a task, GATE-011 the gate asks for what the task has not.
        ValueError: no rows, or not one answer a row; a column of `spec.slices` has no labels.
    """
    if metric not in RULES[task].metrics:
        raise unknown_name("metric", metric, RULES[task].metrics, code="MODEL-001", where=("project.yaml: gate.metric",))
    _refuse_unfit(spec, metric, task)
    both = (candidate_pred, champion_pred)
    _refuse_unless_finite(truth, both, against)
    decided = _decided(both, thresholds) if metric in DECISIONS else both
    _refuse_undefined(truth, decided, metric, task)
    gain = measure_gain(
        truth, decided, metric, task=task, test=spec.test, confidence=spec.confidence, resamples=spec.resamples, seed=seed
    )
    enough = len(truth) >= FEWEST_ROWS
    reason = _reason(gain, len(truth), metric, against, spec)
    checks = [GateCheck("gain", enough and gain.low > spec.min_gain, gain.value, spec.min_gain, reason)]
    if spec.slices:
        checks.append(slice_guard(truth, decided, slices or {}, spec, metric, task=task, seed=seed))
    if spec.max_calibration_error is not None:
        checks.append(calibration_guard(truth, candidate_pred, spec, spec.max_calibration_error, seed=seed))
    checks += _budgets(spec, latency_ms, megabytes)
    return Verdict(
        all(check.passed for check in checks),
        metric,
        gain.candidate,
        gain.champion,
        gain.value,
        gain.low,
        gain.high,
        len(truth),
        against,
        _together(checks),
        gain.test,
        tuple(checks),
    )


def _budgets(spec: GateSpec, latency_ms: float | None, megabytes: float | None) -> Iterator[GateCheck]:
    if spec.max_latency_ms is not None:
        yield latency_guard(latency_ms, spec.max_latency_ms)
    if spec.max_megabytes is not None:
        yield size_guard(megabytes, spec.max_megabytes)


def _decided(both: Both, thresholds: tuple[float | None, float | None]) -> Both:
    """Return answers of which the more likely class is the one that each threshold decides."""
    one, other = (
        predicted if threshold is None else decide_at(predicted, threshold)
        for predicted, threshold in zip(both, thresholds, strict=True)
    )
    return one, other


def _refuse_unfit(spec: GateSpec, metric: str, task: TaskKind) -> None:
    if spec.test == "delong" and (task, metric) != ("binary", "roc_auc"):
        what = f"DeLong's test compares roc_auc of two classes, and the gate asks for {metric} of a {task} task"
        raise UsageError(Fault("GATE-011", what, ("project.yaml: gate.test",), fix="write  test: auto"))
    if spec.test == "mcnemar" and metric != "accuracy":
        what = f"McNemar's test compares accuracy, and the gate asks for {metric}"
        raise UsageError(Fault("GATE-011", what, ("project.yaml: gate.test",), fix="write  test: auto"))
    if spec.max_calibration_error is not None and task == "regression":
        what = "the gate asks how true the probabilities are, and a regression has none"
        raise UsageError(Fault("GATE-011", what, ("project.yaml: gate.max_calibration_error",), fix="take the line out"))


def _refuse_unless_finite(truth: Array, both: Both, against: str) -> None:
    for predicted in both:
        refuse_unless_paired(truth, predicted)
    whole = [predicted if predicted.ndim == 1 else predicted.sum(axis=1) for predicted in both]
    faults = [
        Fault(
            "GATE-010",
            f"{name} has no finite answer to {count:,} of {len(truth):,} rows",
            fix="see which features are infinite there",
        )
        for name, count in zip(("the candidate", against), (int(np.sum(~np.isfinite(one))) for one in whole), strict=True)
        if count
    ]
    if faults:
        raise AnswerIsNo(*faults)


def _refuse_undefined(truth: Array, both: Both, metric: str, task: TaskKind) -> None:
    """Raise unless the metric can be had of both; of a truth that it does not fit, `row_losses` knows more."""
    if task != "regression" and not all(np.isfinite(MEASURES[task].once(truth, one)[metric]) for one in both):
        what = f"{metric} cannot be had of these {len(truth):,} rows: a class is in none of them"
        raise AnswerIsNo(Fault("GATE-012", what, fix="judge on more periods: split.test, or a larger split.test_share"))


def _together(checks: Sequence[GateCheck]) -> str:
    """Return the reason of the verdict: what the gain says, and which guards are in the way or were passed."""
    gain, guards = checks[0], checks[1:]
    failed = [check for check in guards if not check.passed]
    if not failed:
        held = f"; passed too: {', '.join(check.name for check in guards)}" if guards and gain.passed else ""
        return gain.sentence + held
    wrong = "; ".join(f"{check.name}: {check.sentence}" for check in failed)
    return f"refused, although {gain.sentence}; {wrong}" if gain.passed else f"{gain.sentence}; {wrong}"


def _reason(gain: Gain, rows: int, metric: str, against: str, spec: GateSpec) -> str:
    if rows < FEWEST_ROWS:
        return f"cannot tell: {rows} rows are too few, at least {FEWEST_ROWS} are needed"
    seen = f"{_compared(gain, metric, against)} on the same {rows:,} rows"
    sure, asked = f"{spec.confidence:.0%} sure", _asked(spec.min_gain)
    if gain.low > spec.min_gain:
        if gain.low > 0:
            return f"better: {seen}; {sure} of a gain above {gain.low:.1%} ({asked})"
        return f"good enough: {seen}; {sure} to be no worse than {against} by more than {-gain.low:.1%} ({asked})"
    if gain.high <= spec.min_gain:
        word = "worse" if spec.min_gain < 0 else "not better"
        return f"{word}: {seen}; {sure} that the gain is at most {gain.high:.1%} ({asked})"
    return f"cannot tell: {seen}, but the gain may lie anywhere from {gain.low:.1%} to {gain.high:.1%} ({asked})"


def _asked(min_gain: float) -> str:
    if min_gain < 0:
        return f"no worse by {-min_gain:.1%} is asked for"
    return f"more than {min_gain:.1%} is asked for" if min_gain else "any is asked for"


def _compared(gain: Gain, metric: str, against: str) -> str:
    if not higher_is_better(metric):
        direction = "lower" if gain.value >= 0 else "higher"
        return f"{metric} {abs(gain.value):.1%} {direction} than {against}"
    lacks = f"it lacks {abs(gain.value):.1%} {'less' if gain.value >= 0 else 'more'} to 1"
    return f"{metric} {gain.candidate:.3f} against {gain.champion:.3f} of {against} ({lacks})"
