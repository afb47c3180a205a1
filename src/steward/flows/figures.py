"""What is kept of rows the model has not learnt from, and what does that say of a later window: its error, and for whom?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from steward.core.errors import Fault, Refused
from steward.data.split import Split
from steward.features.fitted.fit import Fitting
from steward.flows.matrices import deciding_metric, matrix, truth
from steward.flows.train import TrainedModel
from steward.models.answer import AnswerRule
from steward.models.metrics import defined_rows, row_losses
from steward.models.zoo import Array, Fitted
from steward.monitoring.drift import ColumnDrift
from steward.monitoring.estimate import Answered, Estimate, Estimator, estimate_performance, fit_estimator
from steward.monitoring.slices import Parts, SliceVerdict, judge_slices, part_rows
from steward.monitoring.target import judge_target, target_reference
from steward.project.read import Project
from steward.registry.bundle import Bundle

_LEAST_IMPORTANCE = 0.01


@dataclass(frozen=True, slots=True)
class Figures:
    """The estimated figure of a window, how its known outcomes moved, and the slices of it, worst first."""

    estimate: Estimate | None
    target: ColumnDrift | None
    slices: tuple[SliceVerdict, ...]


def performance_reference(
    project: Project,
    trained: TrainedModel,
    model: Fitted,
    fitting: Fitting,
    rule: AnswerRule,
    split: Split,
    *,
    categories: Sequence[str],
    metric: str,
) -> dict[str, Any]:
    """Return what the errors of later windows are judged by, as JSON objects: `target`, `parts`, and `estimate` where it can be.

    Args:
        project: the declaration.
        trained: what is known of the model.
        model: the model itself.
        fitting: what was fitted before it.
        rule: what is done to its answers.
        split: rows of the feature table; it has learnt from all but the test rows.
        categories: features whose numbers are codes.
        metric: of which a row's loss is compared: a mean over rows.
    """
    learned = pl.concat([split.train, split.validation])
    known, features = truth(project, split.test, trained.classes), _features(fitting, split.test, model.names)
    predicted = rule.apply(model.predict(matrix(features, model.names)))
    importance = dict(zip(model.names, model.importance().tolist(), strict=True))
    parts = part_rows(features, row_losses(metric, known, predicted), importance, categories)
    kept: dict[str, Any] = {
        "target": target_reference(truth(project, learned, trained.classes), trained.classes),
        "parts": [one.as_dict() for one in parts],
    }
    if not project.spec.watch.estimate:
        return kept
    estimator = fit_estimator(
        project.spec.task,
        metric if project.spec.task == "regression" else deciding_metric(project),
        Answered(features, predicted, known),
        learned=_features(fitting, learned, model.names),
        categories=categories,
        watched=[name for name in model.names if importance[name] >= _LEAST_IMPORTANCE],
        threshold=rule.threshold,
    )
    return kept | ({"estimate": estimator.as_dict()} if estimator else {})


def judge_figures(
    bundle: Bundle,
    features: pl.DataFrame,
    predicted: Array,
    known: Array | None,
    *,
    past: Iterable[Mapping[str, Any]] = (),
    chance: float,
    min_rows: int,
) -> Figures:
    """Return what a window's answers, and outcomes where they are known, say of the model's error.

    Args:
        bundle: of the model that answered.
        features: what it read, Float64, one row a row of the window.
        predicted: its answers, shape (rows,) or (rows, classes).
        known: the truth, shape (rows,): quantities or codes of classes, NaN where unknown; None where no outcome is known.
        past: stored verdicts of windows before this one, of the same version, the oldest first.
        chance: that outcomes of the same kind are called moved.
        min_rows: with fewer known outcomes their drift is not judged.
    """
    truth_ = np.full(len(predicted), np.nan) if known is None else known
    reference, rows = bundle.reference, Answered(features, predicted, truth_)
    target = reference.get("target")
    return Figures(
        _estimate(reference, rows, past),
        judge_target(target, truth_, bundle.classes, chance=chance, min_rows=min_rows) if target else None,
        _slices(reference, rows),
    )


@contextmanager
def reading_kept() -> Iterator[None]:
    """Read what the champion keeps for comparison; WATCH-009 where an older Steward wrote it in another form."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        what = "the champion keeps what windows are compared with in another form, as an older Steward did"
        raise Refused(Fault("WATCH-009", what, fix="train and promote it again:  steward run PROJECT")) from error


def _features(fitting: Fitting, table: pl.DataFrame, wanted: Sequence[str]) -> pl.DataFrame:
    return fitting.apply(table).select(wanted).cast(pl.Float64)


def _estimate(reference: Mapping[str, Any], rows: Answered, past: Iterable[Mapping[str, Any]]) -> Estimate | None:
    kept = reference.get("estimate")
    if not kept:
        return None
    estimates = [verdict.get("estimate") or {} for verdict in past]
    misses = [float(one["miss"]) for one in estimates if one.get("miss") is not None]
    with reading_kept():
        estimator = Estimator.from_dict(kept)
    return estimate_performance(estimator, rows, past=misses)


def _slices(reference: Mapping[str, Any], rows: Answered) -> tuple[SliceVerdict, ...]:
    with reading_kept():
        parts = [Parts.from_dict(one) for one in reference.get("parts", ())]
    metric = str(reference["losses"]["metric"]) if parts else ""
    rows = rows.where(rows.finite & np.isfinite(rows.truth) & defined_rows(metric, rows.truth))
    if not parts or not len(rows.truth):
        return ()
    return judge_slices(parts, rows.features, row_losses(metric, rows.truth, rows.predicted), metric)
