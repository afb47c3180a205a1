"""Is the candidate better than the champion - by evidence, or by the luck of one split?

Both answer the same rows. The rows are drawn anew a few thousand times, and each time both errors are
measured on the same draw: what makes a row hard for both cancels out, what is left is the gain. Only a
gain whose lower bound passes what the project asks for promotes.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from steward.core.errors import AnswerIsNo, Fault
from steward.models.metrics import from_mean_loss, row_losses
from steward.models.resample import resampled_sums
from steward.project.candidates import GateSpec

Array = npt.NDArray[np.float64]

FEWEST_ROWS = 30
"""With fewer rows the bootstrap knows too little of the spread to promote anything."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate saw: both errors in the metric's unit, the gain as a share of the champion's error.

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
    against: str = "the champion",
) -> Verdict:
    """Compare two models on the same rows.

    Args:
        truth: shape (rows,), rows in the order of time, so that neighbours are drawn together.
        candidate_pred: the candidate's answers, same rows.
        champion_pred: the champion's, or those of a baseline where there is no champion.
        spec: gain asked for, confidence, number of resamples.
        metric: `rmse` or `mae`.
        seed: the same seed gives the same verdict.
        against: what the other model is called in the reason.

    Returns:
        A verdict; passed where the candidate is surely better by more than `spec.min_gain`.

    Raises:
        AnswerIsNo: GATE-010 a model has no finite answer to some rows.
        UsageError: MODEL-001 the metric cannot be compared row by row.
        ValueError: no rows, or not one answer a row.
    """
    losses = np.column_stack([row_losses(metric, truth, candidate_pred), row_losses(metric, truth, champion_pred)])
    _refuse_unless_finite(losses, against)
    candidate, champion = (float(error) for error in from_mean_loss(metric, losses.mean(axis=0)))
    gain = float(_gain(np.array([[candidate, champion]]))[0])
    # Numbers of rows cancel in the ratio, so that sums do for means.
    drawn = _gain(from_mean_loss(metric, resampled_sums(losses, spec.resamples, seed)))
    low, high = (float(bound) for bound in np.quantile(drawn, [1 - spec.confidence, spec.confidence]))
    passed = len(truth) >= FEWEST_ROWS and low > spec.min_gain
    verdict = Verdict(passed, metric, candidate, champion, gain, low, high, len(truth), against, reason="")
    return replace(verdict, reason=_reason(verdict, spec))


def _gain(errors: Array) -> Array:
    # A champion without any error cannot be improved on: no gain for another such model, minus 100 % for the rest.
    candidate, champion = errors.T
    some = champion > 0
    gain: Array = np.where(some, 1.0 - candidate / np.where(some, champion, 1.0), -(candidate > 0).astype(np.float64))
    return gain


def _refuse_unless_finite(losses: Array, against: str) -> None:
    wrong = np.sum(~np.isfinite(losses), axis=0)
    faults = [
        Fault(
            "GATE-010",
            f"{name} has no finite answer to {count:,} of {len(losses):,} rows",
            fix="see which features are infinite there",
        )
        for name, count in zip(("the candidate", against), wrong, strict=True)
        if count
    ]
    if faults:
        raise AnswerIsNo(*faults)


def _reason(verdict: Verdict, spec: GateSpec) -> str:
    asked = f"more than {spec.min_gain:.1%} is asked for" if spec.min_gain else "any is asked for"
    direction = "lower" if verdict.gain >= 0 else "higher"
    seen = f"{verdict.metric} {abs(verdict.gain):.1%} {direction} than {verdict.against} on the same {verdict.rows:,} rows"
    if verdict.rows < FEWEST_ROWS:
        return f"cannot tell: {verdict.rows} rows are too few, at least {FEWEST_ROWS} are needed"
    if verdict.passed:
        word = "better" if verdict.low > 0 else "good enough"
        return f"{word}: {seen}; {spec.confidence:.0%} sure of a gain above {verdict.low:.1%} ({asked})"
    if verdict.high <= spec.min_gain:
        return f"not better: {seen}; {spec.confidence:.0%} sure that the gain is at most {verdict.high:.1%} ({asked})"
    return f"cannot tell: {seen}, but the gain may lie anywhere from {verdict.low:.1%} to {verdict.high:.1%} ({asked})"
