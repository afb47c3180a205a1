"""How good is a way of learning, and is it better than another, where there are too few rows for one split?

Rows are parted into folds several times over, and each fold is answered by a model that learnt from the others. Folds
share training rows, so their figures vary less than those of new rows would: intervals and comparisons use the variance
that Nadeau and Bengio (2003) correct for it. Two that cannot be told apart tie, and the simpler one is taken.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from steward.core.tasks import TaskKind, higher_is_better
from steward.models.measure import MEASURES
from steward.models.paired import Comparison, corrected_resampled_t

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

Answer = Literal["better", "worse", "cannot tell"]


class Predicts(Protocol):
    """A model that has learnt."""

    def predict(self, matrix: Array) -> Array:
        """Return an answer a row: shape (rows,), or probabilities of shape (rows, classes)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Places of rows to learn from and of others to be judged on."""

    train: Places
    test: Places


@dataclass(frozen=True, slots=True)
class Measured:
    """The mean of a metric over folds with its interval, in the metric's unit."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """The figures of each fold by metric, in the order of folds, and how many rows judged for each that taught."""

    figures: Mapping[str, tuple[float, ...]]
    test_to_train: float

    def measured(self, metric: str, *, confidence: float = 0.95) -> Measured:
        """Return the mean of a metric with its corrected interval; KeyError for one that some fold leaves undefined."""
        mean = corrected_resampled_t(self.figures[metric], test_to_train=self.test_to_train, confidence=confidence)
        return Measured(mean.difference, mean.low, mean.high)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether one way of learning is better than another, with the difference of their figures (first minus second)."""

    answer: Answer
    comparison: Comparison


def repeated_folds(truth: Array, *, folds: int, repeats: int, seed: int, classes: bool) -> tuple[Fold, ...]:
    """Part rows into folds at random, several times over; each class has the same share in every fold.

    Args:
        truth: shape (rows,), codes where `classes`.
        folds: parts of one round, at least 2.
        repeats: rounds.
        seed: the same seed gives the same folds.
        classes: whether the truth are classes.

    Raises:
        ValueError: fewer rows than folds, or a class with fewer.
    """
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

    fewest = int(np.unique(truth, return_counts=True)[1].min()) if classes and len(truth) else len(truth)
    if fewest < folds:
        raise ValueError(f"{folds} folds need as many rows{' of each class' if classes else ''}, there are {fewest}")
    kind = RepeatedStratifiedKFold if classes else RepeatedKFold
    parted = kind(n_splits=folds, n_repeats=repeats, random_state=seed).split(np.zeros(len(truth)), truth)
    return tuple(Fold(np.asarray(train, dtype=np.intp), np.asarray(test, dtype=np.intp)) for train, test in parted)


def expanding_folds(rows: int, *, folds: int) -> tuple[Fold, ...]:
    """Part rows in the order of time: each fold is judged by what came before it, all of that.

    Raises:
        ValueError: fewer rows than folds and a first part to learn from.

    >>> [(len(fold.train), fold.test.tolist()) for fold in expanding_folds(7, folds=2)]
    [(3, [3, 4]), (5, [5, 6])]
    """
    if rows < folds + 1 or folds < 1:
        raise ValueError(f"{folds} folds in the order of time need more rows than {rows}")
    size = rows // (folds + 1)
    starts = [rows - size * (folds - fold) for fold in range(folds)]
    return tuple(Fold(np.arange(start), np.arange(start, start + size)) for start in starts)


def cross_validate(
    learn: Callable[[Array, Array], Predicts], matrix: Array, truth: Array, folds: Sequence[Fold], *, task: TaskKind
) -> CrossValidated:
    """Return the figures of a way of learning in every fold.

    Args:
        learn: from a matrix and its truth to a model; what is fitted to features belongs in it too.
        matrix: shape (rows, columns), NaN where missing.
        truth: shape (rows,); the codes of classes.
        folds: at least two.
        task: which metrics.

    Raises:
        ValueError: fewer than two folds.
    """

    def answer(fold: Fold) -> Array:
        return learn(matrix[fold.train], truth[fold.train]).predict(matrix[fold.test])

    return cross_validate_answers(answer, truth, folds, task=task)


def cross_validate_answers(
    answer: Callable[[Fold], Array], truth: Array, folds: Sequence[Fold], *, task: TaskKind
) -> CrossValidated:
    """Return the same of anything that answers a fold's test rows, having looked at no other truth than its training rows'."""
    if len(folds) < 2:  # noqa: PLR2004 - one fold has no spread
        raise ValueError(f"at least two folds are needed, got {len(folds)}")
    found = [MEASURES[task].once(truth[fold.test], answer(fold)) for fold in folds]
    names = [name for name in found[0] if all(np.isfinite(figures.get(name, np.nan)) for figures in found)]
    ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in folds]))
    return CrossValidated({name: tuple(figures[name] for figures in found) for name in names}, ratio)


def compare(first: CrossValidated, second: CrossValidated, metric: str, *, confidence: float = 0.95) -> Judgement:
    """Tell whether one way of learning is better than another over the same folds.

    Args:
        first: figures of the one.
        second: figures of the other, of the same folds in the same order.
        metric: which figure.
        confidence: of the interval of the difference; where that holds 0, nothing can be told.

    Raises:
        KeyError: the metric was not measured in every fold.
        ValueError: the two do not have as many folds.
    """
    pairs = zip(first.figures[metric], second.figures[metric], strict=True)
    differences = [one - other for one, other in pairs]
    comparison = corrected_resampled_t(differences, test_to_train=first.test_to_train, confidence=confidence)
    if comparison.low <= 0 <= comparison.high:
        return Judgement("cannot tell", comparison)
    more = comparison.difference > 0
    return Judgement("better" if more == higher_is_better(metric) else "worse", comparison)


def choose_simplest_of_ties(found: Mapping[str, CrossValidated], metric: str, *, confidence: float = 0.95) -> str:
    """Return the simplest candidate that is not surely worse than the one with the best mean.

    Args:
        found: candidates by name, the simplest first, over the same folds.
        metric: which figure decides.
        confidence: how sure "worse" must be.

    Raises:
        KeyError: the metric was not measured in every fold.
        ValueError: no candidates.
    """
    sign = 1.0 if higher_is_better(metric) else -1.0
    best = max(found, key=lambda name: sign * float(np.mean(found[name].figures[metric])))
    return next(name for name in found if compare(found[name], found[best], metric, confidence=confidence).answer != "worse")
