"""By what are the settings of a candidate judged: by validation rows, or, where rows are few, by every row in turn?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from steward.core.digest import digest_bytes, digest_json
from steward.core.errors import unknown_name
from steward.core.tasks import higher_is_better
from steward.models.crossval import Fold, repeated_folds
from steward.models.measure import MEASURES
from steward.models.rounds import listening
from steward.models.train import Lesson
from steward.models.tune import Report, Score
from steward.models.zoo import Array, Sample
from steward.project.candidates import CandidateSpec, LightGbmSpec, XGBoostSpec

FEW_ROWS = 2000
"""With fewer rows one split is mostly luck: then all of them judge, in folds, several times over."""

_FOLDS, _REPEATS, _SEED = 5, 2, 7
_PROGRESS = 0.5  # rounds times learning rate between two reports: ten trees of a rate of 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Exam:
    """What is to be learnt, from which rows, judged by which others and by which metric.

    `weights` say how much each row to learn from counts; with `folds`, places in the rows of both parts together, these
    take the place of the parts.
    """

    lesson: Lesson
    learn: Sample
    check: Sample
    metric: str
    weights: Array | None = None
    folds: tuple[Fold, ...] = ()

    @property
    def warm_up(self) -> int:
        """The first step at which a trial may be stopped: of folds the third, of rounds when some of the way is gone."""
        return 2 if self.folds else 10

    def digest(self) -> str:
        """Return the digest of all that the value of a trial depends on, its settings apart."""
        arrays = (*self.learn, *self.check, *(() if self.weights is None else (self.weights,)))
        rows = [[digest_bytes(np.ascontiguousarray(array).tobytes()), list(array.shape)] for array in arrays]
        lesson, limits = self.lesson, self.lesson.limits
        about = [lesson.task, list(lesson.names), lesson.classes, sorted(lesson.categories)]
        return digest_json([about, rows, self.metric, len(self.folds), limits.model_dump() if limits else None])


def exam(lesson: Lesson, learn: Sample, check: Sample, *, metric: str, in_time: bool, weights: Array | None = None) -> Exam:
    """Return how the settings of a candidate are judged.

    Args:
        lesson: what is to be learnt.
        learn: matrix and truth of the training rows.
        check: those of the validation rows.
        metric: what is made best.
        in_time: whether rows have a time: then later ones judge, however few there are.
        weights: how much each training row counts, shape (rows,); None for all the same.
    """
    made = Exam(lesson, learn, check, metric, weights)
    truth = np.concatenate([learn[1], check[1]])
    rarest = int(np.unique(truth, return_counts=True)[1].min()) if lesson.classes else len(truth)
    if in_time or len(truth) >= FEW_ROWS or rarest < _FOLDS:
        return made
    folds = repeated_folds(truth, folds=_FOLDS, repeats=_REPEATS, seed=_SEED, classes=bool(lesson.classes))
    return replace(made, folds=folds)


def score_of(asked: Exam) -> Score[CandidateSpec]:
    """Return the function that fits a candidate and judges it; boosted trees tell of their rounds, folds of each fold."""
    return (
        (lambda spec, report: _by_folds(spec, report, asked))
        if asked.folds
        else (lambda spec, report: _by_rows(spec, report, asked))
    )


def _by_rows(spec: CandidateSpec, report: Report, asked: Exam) -> float:
    with listening(_at_progress(spec, report)):
        return _judged(spec, asked.learn, asked.weights, asked.check, asked)


def _at_progress(spec: CandidateSpec, report: Report) -> Report:
    """Return a listener to rounds that reports them by what they have learnt, so that trials can be compared.

    A tenth of the learning rate needs ten times the trees: slow learners, often the best in the end, are judged by the
    same shares of their way as fast ones. An epoch of a network is a step as it is.
    """
    if not isinstance(spec, LightGbmSpec | XGBoostSpec):
        return report
    reported = -1

    def tell(round_: int, loss: float) -> None:
        nonlocal reported
        step = int((round_ + 1) * spec.learning_rate / _PROGRESS)
        if step > reported:
            reported = step
            report(step, loss)

    return tell


def _by_folds(spec: CandidateSpec, report: Report, asked: Exam) -> float:
    matrix, truth = (np.concatenate(parts) for parts in zip(asked.learn, asked.check, strict=True))
    # Rows that only judge have no weight of their own; 1 is the mean of the others'.
    weights = None if asked.weights is None else np.concatenate([asked.weights, np.ones(len(asked.check[1]))])
    sign = -1.0 if higher_is_better(asked.metric) else 1.0
    values: list[float] = []
    for number, fold in enumerate(asked.folds):
        learn, check = (matrix[fold.train], truth[fold.train]), (matrix[fold.test], truth[fold.test])
        values.append(_judged(spec, learn, None if weights is None else weights[fold.train], check, asked))
        report(number, sign * _mean(values))
    return _mean(values)


def _judged(spec: CandidateSpec, learn: Sample, weights: Array | None, check: Sample, asked: Exam) -> float:
    predicted = asked.lesson.fit(spec, learn, check, weights).predict(check[0])
    values = MEASURES[asked.lesson.task].once(check[1], predicted)
    if asked.metric not in values:
        raise unknown_name("metric", asked.metric, values, code="MODEL-001", where=("project.yaml: tune.metric",))
    return float(values[asked.metric])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
