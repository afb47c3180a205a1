"""Which candidate does best on rows none of them has learnt from?

All are fitted to the same rows and compared on the same later ones. One that fails does not stop the
others. The winner is then fitted once more, to both.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from steward.core.errors import AnswerIsNo, Fault, unknown_name
from steward.core.progress import Progress, Silent
from steward.core.tasks import TaskKind, higher_is_better
from steward.models.boosted import Boosted
from steward.models.measure import MEASURES
from steward.models.zoo import SIMPLEST_FIRST, Array, Fitted, Sample, fit
from steward.project.candidates import CandidateSpec

TIE = 0.001
"""Share of the best value within which a simpler candidate is as good."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A candidate after training: its model and metrics on the validation rows, or the `error` that ended it."""

    name: str
    spec: CandidateSpec
    model: Fitted | None
    validation: Mapping[str, float]
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is to be learnt: a task, the columns in order, how many classes (0 for a quantity), which columns hold codes."""

    task: TaskKind
    names: tuple[str, ...]
    classes: int = 0
    categories: Collection[str] = ()

    def fit(self, spec: CandidateSpec, sample: Sample, validation: Sample | None) -> Fitted:
        """Return a candidate fitted to a sample."""
        return fit(spec, *sample, names=self.names, validation=validation, classes=self.classes, categories=self.categories)


def train_candidates(
    specs: Sequence[CandidateSpec], train: Sample, validation: Sample, *, lesson: Lesson, progress: Progress | None = None
) -> tuple[Trained, ...]:
    """Fit every candidate and judge it on the validation rows.

    Args:
        specs: the candidates of the project file.
        train: matrix and truth to learn from.
        validation: matrix and truth of other rows.
        lesson: what both samples are about.
        progress: told after each candidate.

    Returns:
        One each, in the order given; two of a kind are called ``lightgbm`` and ``lightgbm-2``.
    """
    listener = progress or Silent()
    done: list[Trained] = []
    for name, spec in zip(_names(specs), specs, strict=True):
        done.append(_train(name, spec, train, validation, lesson))
        listener.advanced("train", len(done), len(specs))
    return tuple(done)


def choose(trained: Sequence[Trained], metric: str) -> Trained:
    """Return the best candidate; within 0.1 % of the best the simplest kind wins, then the one named first.

    Raises:
        AnswerIsNo: MODEL-010 every candidate failed.
        UsageError: MODEL-001 the metric was not measured.
    """
    able = [one for one in trained if not one.error]
    if not able:
        faults = (Fault("MODEL-010", f"candidate {one.name} failed", why=one.error) for one in trained)
        raise AnswerIsNo(*faults)
    if metric not in able[0].validation:
        raise unknown_name("metric", metric, able[0].validation, code="MODEL-001", where=("project.yaml: gate.metric",))
    sign = -1.0 if higher_is_better(metric) else 1.0
    losses = [sign * one.validation[metric] for one in able]
    limit = min(losses) + TIE * abs(min(losses))
    good = [one for one, loss in zip(able, losses, strict=True) if loss <= limit]
    return min(good, key=lambda one: SIMPLEST_FIRST.index(one.spec.kind))


def refit(chosen: Trained, sample: Sample, *, lesson: Lesson) -> Fitted:
    """Fit the chosen candidate once more, to all rows, with the number of trees that was best on validation rows.

    Args:
        chosen: what `choose` returned.
        sample: training and validation rows together, in the order of time.
        lesson: what the candidate was trained with.
    """
    spec = chosen.spec
    if isinstance(chosen.model, Boosted):
        spec = spec.model_copy(update={"num_trees": chosen.model.trees})
    return lesson.fit(spec, sample, None)


def _train(name: str, spec: CandidateSpec, train: Sample, validation: Sample, lesson: Lesson) -> Trained:
    began = perf_counter()
    try:
        model = lesson.fit(spec, train, validation)
        predicted = model.predict(validation[0])
        _refuse_unless_finite(predicted)
        metrics = MEASURES[lesson.task].once(validation[1], predicted)
    except Exception as error:  # noqa: BLE001 - one bad candidate must not stop the others; its text is kept and shown
        return Trained(name, spec, None, {}, perf_counter() - began, f"{type(error).__name__}: {error}")
    return Trained(name, spec, model, metrics, perf_counter() - began)


def _refuse_unless_finite(predicted: Array) -> None:
    wrong = int(np.sum(~np.isfinite(predicted.sum(axis=1) if predicted.ndim > 1 else predicted)))
    if wrong:
        raise ValueError(f"no finite answer to {wrong} of {len(predicted)} validation rows")


def _names(specs: Sequence[CandidateSpec]) -> list[str]:
    kinds = [spec.kind for spec in specs]
    before = [kinds[:place].count(kind) for place, kind in enumerate(kinds)]
    return [f"{kind}-{seen + 1}" if seen else kind for kind, seen in zip(kinds, before, strict=True)]
