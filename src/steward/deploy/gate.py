"""Is the candidate better than the champion - by evidence, or by the luck of one split?

Both answer the same rows. The rows are drawn anew a few thousand times, and each time both errors are
measured on the same draw: what makes a row hard for both cancels out, what is left is the gain. Only a
gain whose lower bound passes what the project asks for promotes.

The gain is a share of the champion's error. Of a metric whose best is 0 the error is the metric itself; of
one whose best is 1 (average precision, F1 ...) it is what lacks to 1: from 0.80 to 0.84 is a gain of 20 %.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from steward.core.errors import AnswerIsNo, Fault, unknown_name
from steward.core.tasks import RULES, TaskKind, higher_is_better
from steward.models.measure import MEASURES, redraw
from steward.models.metrics import from_mean_loss, is_mean_loss, row_losses
from steward.models.resample import resampled_sums
from steward.project.candidates import GateSpec

Array = npt.NDArray[np.float64]

_Both = tuple[Array, Array]
_Seen = tuple[tuple[float, float], Array]

FEWEST_ROWS = 30
"""With fewer rows the bootstrap knows too little of the spread to promote anything."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate saw: the metric of both in its unit, the gain as a share of the champion's error.

    `low` and `high` bound the gain from one side each, at the confidence of the gate.
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
) -> Verdict:
    """Compare two models on the same rows.

    Args:
        truth: shape (rows,), rows in the order of time, so that neighbours are drawn together; the codes of classes.
        candidate_pred: the candidate's answers, same rows: shape (rows,), or probabilities of shape (rows, classes).
        champion_pred: the champion's, or those of a baseline where there is no champion.
        spec: gain asked for, confidence, number of resamples.
        metric: one of the task's.
        seed: the same seed gives the same verdict.
        task: what is asked of both.
        against: what the other model is called in the reason.

    Returns:
        A verdict; passed where the candidate is surely better by more than `spec.min_gain`.

    Raises:
        AnswerIsNo: GATE-010 a model has no finite answer to some rows.
        UsageError: MODEL-001 the metric is none that decides such a task.
        ValueError: no rows, or not one answer a row.
    """
    if metric not in RULES[task].metrics:
        raise unknown_name("metric", metric, RULES[task].metrics, code="MODEL-001", where=("project.yaml: gate.metric",))
    both = (candidate_pred, champion_pred)
    if is_mean_loss(metric):
        (candidate, champion), drawn = _by_rows(truth, both, metric, spec, seed, against)
    else:
        (candidate, champion), drawn = _by_samples(truth, both, metric, spec, seed, against, task)
    gain = float(_gain(_errors(np.array([[candidate, champion]]), metric))[0])
    drawn_gains = _gain(_errors(drawn[~np.isnan(drawn).any(axis=1)], metric))
    low, high = (float(bound) for bound in np.quantile(drawn_gains, [1 - spec.confidence, spec.confidence]))
    passed = len(truth) >= FEWEST_ROWS and low > spec.min_gain
    verdict = Verdict(passed, metric, candidate, champion, gain, low, high, len(truth), against, reason="")
    return replace(verdict, reason=_reason(verdict, spec))


def _by_rows(truth: Array, both: _Both, metric: str, spec: GateSpec, seed: int, against: str) -> _Seen:
    """Return a metric that is a mean over rows: of both models, and of both in each sample, shape (resamples, 2)."""
    losses = np.column_stack([row_losses(metric, truth, predicted) for predicted in both])
    _refuse_unless_finite(losses, against)
    candidate, champion = (float(error) for error in from_mean_loss(metric, losses.mean(axis=0)))
    # Numbers of rows cancel in the ratio, so that sums do for means.
    return (candidate, champion), from_mean_loss(metric, resampled_sums(losses, spec.resamples, seed))


def _by_samples(truth: Array, both: _Both, metric: str, spec: GateSpec, seed: int, against: str, task: TaskKind) -> _Seen:
    """Return the same for a metric that only many rows together have; a sample may leave it undefined, NaN."""
    _refuse_unless_finite(np.column_stack([predicted.sum(axis=1) for predicted in both]), against)
    candidate, champion = (MEASURES[task].once(truth, predicted)[metric] for predicted in both)
    drawn = [redraw(task, truth, predicted, metric=metric, resamples=spec.resamples, seed=seed)[metric] for predicted in both]
    return (candidate, champion), np.column_stack(drawn)


def _errors(figures: Array, metric: str) -> Array:
    return 1 - figures if higher_is_better(metric) else figures


def _gain(errors: Array) -> Array:
    # A champion without any error cannot be improved on: no gain for another such model, minus 100 % for the rest.
    candidate, champion = errors.T
    some = champion > 0
    gain: Array = np.where(some, 1.0 - candidate / np.where(some, champion, 1.0), -(candidate > 0).astype(np.float64))
    return gain


def _refuse_unless_finite(columns: Array, against: str) -> None:
    wrong = np.sum(~np.isfinite(columns), axis=0)
    faults = [
        Fault(
            "GATE-010",
            f"{name} has no finite answer to {count:,} of {len(columns):,} rows",
            fix="see which features are infinite there",
        )
        for name, count in zip(("the candidate", against), wrong, strict=True)
        if count
    ]
    if faults:
        raise AnswerIsNo(*faults)


def _reason(verdict: Verdict, spec: GateSpec) -> str:
    asked = f"more than {spec.min_gain:.1%} is asked for" if spec.min_gain else "any is asked for"
    seen = f"{_compared(verdict)} on the same {verdict.rows:,} rows"
    if verdict.rows < FEWEST_ROWS:
        return f"cannot tell: {verdict.rows} rows are too few, at least {FEWEST_ROWS} are needed"
    if verdict.passed:
        word = "better" if verdict.low > 0 else "good enough"
        return f"{word}: {seen}; {spec.confidence:.0%} sure of a gain above {verdict.low:.1%} ({asked})"
    if verdict.high <= spec.min_gain:
        return f"not better: {seen}; {spec.confidence:.0%} sure that the gain is at most {verdict.high:.1%} ({asked})"
    return f"cannot tell: {seen}, but the gain may lie anywhere from {verdict.low:.1%} to {verdict.high:.1%} ({asked})"


def _compared(verdict: Verdict) -> str:
    if not higher_is_better(verdict.metric):
        direction = "lower" if verdict.gain >= 0 else "higher"
        return f"{verdict.metric} {abs(verdict.gain):.1%} {direction} than {verdict.against}"
    lacks = f"it lacks {abs(verdict.gain):.1%} {'less' if verdict.gain >= 0 else 'more'} to 1"
    return f"{verdict.metric} {verdict.candidate:.3f} against {verdict.champion:.3f} of {verdict.against} ({lacks})"
