"""What does a model's error look like before any outcome is known, and may that be believed?

Classes are estimated from their probabilities (`steward.monitoring.estimate_classes`, CBPE), quantities by a model of the loss
(`steward.monitoring.estimate_loss`, DLE). The interval holds what chance does to the real figure in so many rows, what the
estimator does not know for sure, and how far runs of so many reference rows lay from their own estimates beyond both. The estimate
is compared with the same estimate of the reference's rows, so that what is wrong with both cancels.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import exp, sqrt
from typing import Any, Literal

import numpy as np
import polars as pl

from steward.core.tasks import TaskKind, higher_is_better
from steward.models.metrics import defined_rows, from_mean_loss, row_losses
from steward.monitoring.blocks import NORMAL_95, Bools, FloatArray, Quiet, quiet_at
from steward.monitoring.estimate_classes import ClassEstimator, class_history, fit_class_estimator
from steward.monitoring.estimate_loss import LossEstimator, fit_loss_estimator
from steward.monitoring.performance import HALF_AT, TOLERATED
from steward.monitoring.severity import severity_of
from steward.monitoring.trust import Ground, Judged, doubt_of_outcome, doubt_of_past, doubt_of_rows, find_ground

Method = Literal["CBPE", "DLE"]

FEWEST_ROWS = 100
"""With fewer rows nothing is estimated; with fewer reference rows no estimator is made."""

_SEED = 7


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated figure of a window, in the metric's own unit, with its 95 % interval from `low` to `high`.

    `reference` is the same estimate of rows the model had not learnt from. `change` is the relative growth of the error: positive
    is worse, whichever way the metric runs. `severity` (0 to 1) counts only where `trusted`; `why` says in words why it is not,
    and is empty where it is. `rows` are the window's. Of the rows whose outcome is known, 100 at least: `realised` is their real
    figure, `miss` by how many standard errors it lies above the estimate of these rows, or below it.
    """

    method: Method
    metric: str
    value: float
    low: float
    high: float
    reference: float
    change: float
    severity: float
    trusted: bool
    why: str
    rows: int
    realised: float | None = None
    miss: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Estimator:
    """What turns rows without outcomes into an estimate; made at training, kept in the bundle.

    `reference` is its own estimate of the rows it was fitted to, `quiet` how far runs of rows lie from theirs beyond chance
    (deviations: of the figure for classes, of the mean loss's logarithm for quantities), `ground` where the reference has rows.
    """

    metric: str
    inner: ClassEstimator | LossEstimator
    reference: float
    quiet: tuple[Quiet, ...]
    ground: Ground

    @property
    def method(self) -> Method:
        """How it estimates."""
        return "CBPE" if isinstance(self.inner, ClassEstimator) else "DLE"

    def as_dict(self) -> dict[str, Any]:
        """Return the estimator as a JSON object."""
        told = {"metric": self.metric, "method": self.method, "reference": self.reference}
        return {**told, "quiet": [list(one) for one in self.quiet], "ground": self.ground.as_dict(), "inner": self.inner.as_dict()}

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "Estimator":
        """Return the estimator that `as_dict` wrote.

        Raises:
            KeyError, TypeError, ValueError: the object is something else.
        """
        if value["method"] not in ("CBPE", "DLE"):
            raise ValueError(f"no estimator is called {value['method']!r}")
        inner = ClassEstimator.from_dict(value["inner"]) if value["method"] == "CBPE" else LossEstimator.from_dict(value["inner"])
        quiet = tuple((int(size), float(spread)) for size, spread in value["quiet"])
        return Estimator(str(value["metric"]), inner, float(value["reference"]), quiet, Ground.from_dict(value["ground"]))


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Rows, what the model answered, and the truth where it is known.

    `features` as the model reads them (Float64 columns), `predicted` of shape (rows,) or (rows, classes), `truth` of shape
    (rows,), codes for classes, NaN where unknown.
    """

    features: pl.DataFrame
    predicted: FloatArray
    truth: FloatArray

    def where(self, rows: Bools) -> "Answered":
        """Return some of the rows: a mask of shape (rows,)."""
        return Answered(self.features.filter(pl.Series(rows)), self.predicted[rows], self.truth[rows])

    @property
    def finite(self) -> Bools:
        """Which rows have an answer that is a number."""
        return np.asarray(np.isfinite(self.predicted).reshape(len(self.predicted), -1).all(axis=1), dtype=np.bool_)


def fit_estimator(
    task: TaskKind,
    metric: str,
    rows: Answered,
    *,
    learned: pl.DataFrame,
    categories: Collection[str],
    watched: Sequence[str],
    threshold: float | None = None,
) -> Estimator | None:
    """Return what estimates a metric, fitted to rows the model has not learnt from; None for fewer than 100 of them.

    Args:
        task: what is asked.
        metric: one of the task's; of a quantity one that is a mean over rows.
        rows: in the order of time where they have one, with their truth; those without are left out.
        learned: features of the rows the model has learnt from, which are ground to stand on as well.
        categories: features whose numbers are codes.
        watched: features that count for where the ground ends.
        threshold: from which probability on the second of two classes answers.
    """
    rows = rows.where(rows.finite & np.isfinite(rows.truth))
    if len(rows.truth) < FEWEST_ROWS:
        return None
    fit = _fit_classes if task != "regression" else _fit_losses
    inner, quiet = fit(task, metric, rows, threshold)
    watched_rows = rows.features.select(watched)
    ground = find_ground(pl.concat([learned.select(watched), watched_rows]), categories, judged=watched_rows)
    made = Estimator(metric, inner, 0.0, quiet, ground)
    reference = _guess(made, rows)[0]
    return replace(made, reference=reference) if np.isfinite(reference) else None


def estimate_performance(estimator: Estimator, rows: Answered, *, past: Sequence[float] = ()) -> Estimate | None:
    """Return the figure to expect of a window, and whether to believe it; None for fewer than 100 rows or an undefined figure.

    Where the truth of 100 rows or more is known, the estimate of these rows is held against it.

    Args:
        estimator: of the model that answered.
        rows: the window's; truth NaN where unknown.
        past: `miss` of estimates of windows before, where known, the oldest first.
    """
    rows = rows.where(rows.finite)
    if len(rows.truth) < FEWEST_ROWS:
        return None
    value, low, high = band = _guess(estimator, rows)
    if not np.isfinite([value, low, high]).all():
        return None
    change = error_growth(estimator.metric, estimator.reference, value)
    surely = error_growth(estimator.metric, estimator.reference, high if higher_is_better(estimator.metric) else low)
    judged = judge_known(estimator, rows, band)
    doubts = (doubt_of_outcome(judged) if judged else "", doubt_of_rows(estimator.ground, rows.features), doubt_of_past(past))
    why = "; ".join(doubt for doubt in doubts if doubt)
    return Estimate(
        method=estimator.method,
        metric=estimator.metric,
        value=value,
        low=low,
        high=high,
        reference=estimator.reference,
        change=change,
        severity=severity_of(surely - TOLERATED, half_at=HALF_AT),
        trusted=not why,
        why=why,
        rows=len(rows.truth),
        realised=judged.realised if judged else None,
        miss=judged.miss if judged else None,
    )


def judge_known(estimator: Estimator, rows: Answered, band: tuple[float, float, float] | None = None) -> Judged | None:
    """Return the estimate of the rows whose outcome is known, and their real figure; None for fewer than 100 of them.

    Args:
        estimator: of the model that answered.
        rows: the window's.
        band: the estimate of all of them, where it is known already.
    """
    known = rows.where(rows.finite & np.isfinite(rows.truth) & defined_rows(estimator.metric, rows.truth))
    if len(known.truth) < FEWEST_ROWS:
        return None
    whole = len(known.truth) == len(rows.truth)
    judged = Judged(*(band if band and whole else _guess(estimator, known)), _realised(estimator, known))
    return judged if np.isfinite(judged).all() else None


def error_growth(metric: str, before: float, now: float) -> float:
    """Return by which share of itself an error has grown; of a metric whose best is 1 the error is what lacks to 1.

    >>> error_growth("accuracy", 0.9, 0.8), error_growth("rmse", 4.0, 5.0)
    (1.0, 0.25)
    """
    old, new = (1 - before, 1 - now) if higher_is_better(metric) else (before, now)
    return round((new - old) / max(old, 1e-6), 12)


def _guess(estimator: Estimator, rows: Answered) -> tuple[float, float, float]:
    """Return the figure to expect and the ends of its interval."""
    metric, spread = estimator.metric, quiet_at(estimator.quiet, len(rows.truth))
    if isinstance(estimator.inner, ClassEstimator):
        value, variance = estimator.inner.guess(rows.predicted, _SEED)
        half = NORMAL_95 * sqrt(variance + spread**2) if np.isfinite(variance) else np.nan
        return value, max(value - half, 0.0), min(value + half, 1.0) if higher_is_better(metric) else value + half
    mean, variance = estimator.inner.guess(rows.features, rows.predicted)
    if not mean > 0:
        return np.nan, np.nan, np.nan
    factor = exp(NORMAL_95 * sqrt(variance + spread**2))
    value, low, high = (float(from_mean_loss(metric, np.array(one))) for one in (mean, mean / factor, mean * factor))
    return value, low, high


def _realised(estimator: Estimator, rows: Answered) -> float:
    if isinstance(estimator.inner, ClassEstimator):
        return estimator.inner.figure(rows.truth, rows.predicted)
    return float(from_mean_loss(estimator.metric, row_losses(estimator.metric, rows.truth, rows.predicted).mean()))


def _fit_classes(task: TaskKind, metric: str, rows: Answered, threshold: float | None) -> tuple[ClassEstimator, tuple[Quiet, ...]]:
    made = fit_class_estimator(task, metric, rows.truth, rows.predicted, threshold=threshold, seed=_SEED)
    return made, class_history(made, rows.truth, rows.predicted, _SEED)


def _fit_losses(_task: TaskKind, metric: str, rows: Answered, _threshold: float | None) -> tuple[LossEstimator, tuple[Quiet, ...]]:
    return fit_loss_estimator(rows.features, rows.predicted, row_losses(metric, rows.truth, rows.predicted))
