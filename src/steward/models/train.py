"""Which candidate does best on rows none of them has learnt from?

All are fitted to the same rows and compared on the same later ones. One that fails does not stop the
others. The winner is then fitted once more, to both.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter

import numpy as np

from steward.core.errors import AnswerIsNo, Fault, StewardError, unknown_name
from steward.core.progress import Progress, Silent
from steward.core.tasks import TaskKind, higher_is_better
from steward.models.cost import Cost, measure_cost, within
from steward.models.limits import fit_limited, limits_of
from steward.models.measure import MEASURES
from steward.models.rescaled import Rescaled
from steward.models.zoo import SIMPLEST_FIRST, Array, Fitted, Sample, again, fit
from steward.project.candidates import CandidateSpec, names_of
from steward.project.tuning import BudgetSpec, LimitsSpec

_BUDGET = ("project.yaml: training.budget",)

TIE = 0.001
"""Share of the best value within which a simpler candidate is as good."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A candidate after training: its model and metrics on the validation rows, or the `error` that ended it.

    `cost` is what its answers cost, `over` why that is more than the project allows.
    """

    name: str
    spec: CandidateSpec
    model: Fitted | None
    validation: Mapping[str, float]
    seconds: float
    error: str = ""
    cost: Cost | None = None
    over: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is to be learnt: a task, the columns in order, how many classes (0 for a quantity), which columns hold codes.

    `limits` are what the fit of one candidate may take, `budget` what the chosen one may cost.
    """

    task: TaskKind
    names: tuple[str, ...]
    classes: int = 0
    categories: Collection[str] = ()
    limits: LimitsSpec | None = None
    budget: BudgetSpec = field(default_factory=BudgetSpec)

    def fit(self, spec: CandidateSpec, sample: Sample, validation: Sample | None, weights: Array | None = None) -> Fitted:
        """Return a candidate fitted to a sample, of which each row counts as much as its weight, or all the same."""
        limits = limits_of(spec, self.limits)
        work = fit if limits is None else partial(fit_limited, limits=limits)
        return work(
            spec,
            *sample,
            names=self.names,
            validation=validation,
            classes=self.classes,
            categories=self.categories,
            weights=weights,
        )


def train_candidates(
    specs: Sequence[CandidateSpec],
    train: Sample,
    validation: Sample,
    *,
    lesson: Lesson,
    weights: Array | None = None,
    progress: Progress | None = None,
) -> tuple[Trained, ...]:
    """Fit every candidate and judge it on the validation rows.

    Args:
        specs: the candidates of the project file.
        train: matrix and truth to learn from.
        validation: matrix and truth of other rows.
        lesson: what both samples are about.
        weights: how much each row to learn from counts, shape (rows,).
        progress: told after each candidate.

    Returns:
        One each, in the order given; two of a kind are called ``lightgbm`` and ``lightgbm-2``.
    """
    listener = progress or Silent()
    done: list[Trained] = []
    for name, spec in zip(names_of(specs), specs, strict=True):
        done.append(train_one(name, spec, train, validation, lesson=lesson, weights=weights))
        listener.advanced("train", len(done), len(specs))
    return tuple(done)


def choose(trained: Sequence[Trained], metric: str) -> Trained:
    """Return the best candidate; within 0.1 % of the best the simplest kind wins, then the one named first.

    Raises:
        AnswerIsNo: MODEL-010 every candidate failed, MODEL-018 every other one costs more than the project allows.
        UsageError: MODEL-001 the metric was not measured.
    """
    able = [one for one in trained if not one.error]
    if not able:
        faults = (Fault("MODEL-010", f"candidate {one.name} failed", why=one.error) for one in trained)
        raise AnswerIsNo(*faults)
    cheap = [one for one in able if not one.over]
    if not cheap:
        fix = "allow more under  training: {budget: ...},  or name smaller candidates"
        raise AnswerIsNo(*(Fault("MODEL-018", f"candidate {one.name} is {one.over}", _BUDGET, fix=fix) for one in able))
    able = cheap
    if metric not in able[0].validation:
        raise unknown_name("metric", metric, able[0].validation, code="MODEL-001", where=("project.yaml: gate.metric",))
    sign = -1.0 if higher_is_better(metric) else 1.0
    losses = [sign * one.validation[metric] for one in able]
    limit = min(losses) + TIE * abs(min(losses))
    good = [one for one, loss in zip(able, losses, strict=True) if loss <= limit]
    return min(good, key=lambda one: SIMPLEST_FIRST.index(one.spec.kind))


def refit(chosen: Trained, sample: Sample, *, lesson: Lesson, weights: Array | None = None) -> Fitted:
    """Fit the chosen candidate once more, to all rows, with the trees, or epochs, that were best on validation rows.

    Args:
        chosen: what `choose` returned.
        sample: training and validation rows together, in the order of time.
        lesson: what the candidate was trained with.
        weights: how much each row counts, shape (rows,).
    """
    spec = chosen.spec if chosen.model is None else again(chosen.spec, chosen.model)
    fitted = lesson.fit(spec, sample, None, weights)
    if isinstance(fitted, Rescaled) and isinstance(chosen.model, Rescaled):
        return replace(fitted, smear=chosen.model.smear)  # that of rows the model had not learnt from
    return fitted


def train_one(
    name: str, spec: CandidateSpec, train: Sample, validation: Sample, *, lesson: Lesson, weights: Array | None = None
) -> Trained:
    """Fit one candidate and judge it on the validation rows; what goes wrong is kept as its error."""
    began = perf_counter()
    try:
        model = lesson.fit(spec, train, validation, weights)
        predicted = model.predict(validation[0])
        _refuse_unless_finite(predicted)
        metrics = MEASURES[lesson.task].once(validation[1], predicted)
    except Exception as error:  # noqa: BLE001 - one bad candidate must not stop the others; its text is kept and shown
        return Trained(name, spec, None, {}, perf_counter() - began, in_words(error))
    seconds, cost = perf_counter() - began, measure_cost(model, validation[0][:1])
    return Trained(name, spec, model, metrics, seconds, cost=cost, over=within(cost, lesson.budget))


def _refuse_unless_finite(predicted: Array) -> None:
    wrong = int(np.sum(~np.isfinite(predicted.sum(axis=1) if predicted.ndim > 1 else predicted)))
    if wrong:
        raise ValueError(f"no finite answer to {wrong} of {len(predicted)} validation rows")


def in_words(error: Exception) -> str:
    """Return what an error says on a leaderboard: faults of ours as they are, others with the name of their kind."""
    if isinstance(error, StewardError):
        return "; ".join(fault.what for fault in error.faults)
    return f"{type(error).__name__}: {error}"
