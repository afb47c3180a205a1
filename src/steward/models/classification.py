"""How good are probabilities of classes - over all rows, and over the same rows drawn anew?

Most figures are made of counts and sums of single rows, so that a drawn sample costs one row of a matrix product; the
two that rank rows by their score come from `steward.models.ranking`, the calibration error from
`steward.models.reliability`. All others follow scikit-learn's definitions; what a sample without any row of a class
leaves undefined is NaN, and left out of means over classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.models.metrics import refuse_unless_paired, row_losses
from steward.models.ranking import Bools, Ranks, drawn_ranks, rank
from steward.models.reliability import calibration_error
from steward.models.resample import BLOCKS, resampled_sums

Array = npt.NDArray[np.float64]

Figures = Mapping[str, Array]
"""Figures of some samples by name, each of shape (samples,)."""

DECISIONS = frozenset({"accuracy", "balanced_accuracy", "f1", "precision", "recall", "macro_f1", "macro_precision", "macro_recall"})
"""Figures of the class that is answered; the others look at probabilities."""

_Rank = Callable[[Bools, Array], Ranks]


def most_likely(predicted: Array) -> npt.NDArray[np.intp]:
    """Return the code of each row's most likely class, the first of equals; probabilities of shape (rows, classes)."""
    codes: npt.NDArray[np.intp] = np.argmax(predicted, axis=1)
    return codes


def decide_at(predicted: Array, threshold: float) -> Array:
    """Return probabilities of two classes, moved so that the last is the more likely one exactly where it was above a threshold.

    Their order stays; only figures of the answered class make sense of them.

    >>> decide_at(np.array([[0.7, 0.3], [0.8, 0.2]]), 0.25)[:, 1].round(3).tolist()
    [0.533, 0.4]
    """
    last = predicted[:, 1]
    above = np.maximum(0.5 + (last - threshold) / (1 - threshold) / 2, np.nextafter(0.5, 1.0))
    moved = np.where(last > threshold, above, last / threshold / 2)
    return np.column_stack([1 - moved, moved])


def confusion(truth: Array, predicted: Array) -> npt.NDArray[np.int64]:
    """Return how often each class was answered by each, shape (true class, answered class).

    >>> confusion(np.array([0.0, 1.0]), np.array([[0.9, 0.1], [0.8, 0.2]])).tolist()
    [[1, 0], [1, 0]]
    """
    count = predicted.shape[1]
    pairs = np.bincount(truth.astype(np.intp) * count + most_likely(predicted), minlength=count * count)
    return pairs.reshape(count, count).astype(np.int64)


def binary_metrics(truth: Array, predicted: Array) -> Mapping[str, float]:
    """Return the figures of a choice between two classes; the last one is the positive one.

    Args:
        truth: shape (rows,), 1 where the positive class is true and 0 elsewhere.
        predicted: shape (rows, 2), probabilities that sum to 1.

    Returns:
        `average_precision`, `roc_auc`, `log_loss`, `brier`; of the more likely class `accuracy`, `f1`, `precision`,
        `recall` and `balanced_accuracy` (mean recall of both classes); and `calibration_error`.

    Raises:
        ValueError: no rows, or not one row of probabilities for each.
    """
    counts = _binary_counts(_columns(truth, predicted).sum(axis=0)[None])
    figures = _alone({**_binary_ranks(rank(truth == 1, predicted[:, 1])), **counts})
    return {**figures, "calibration_error": calibration_error(truth, predicted)}


def drawn_binary_counts(truth: Array, predicted: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Figures:
    """Return those of the same figures that are sums of rows, of samples drawn anew, each of shape (resamples,)."""
    return _binary_counts(resampled_sums(_columns(truth, predicted), resamples, seed, blocks=blocks))


def drawn_binary_ranks(truth: Array, predicted: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Figures:
    """Return the two figures that rank rows, of the same samples."""
    return _binary_ranks(drawn_ranks(truth == 1, predicted[:, 1], resamples, seed, blocks=blocks))


def multiclass_metrics(truth: Array, predicted: Array) -> Mapping[str, float]:
    """Return the figures of a choice between several classes.

    Args:
        truth: shape (rows,), codes 0 to classes - 1.
        predicted: shape (rows, classes), probabilities that sum to 1.

    Returns:
        `macro_f1`, `macro_precision`, `macro_recall` (means over classes that are true or answered), `balanced_accuracy`
        (mean recall of classes that are true), `roc_auc` (each class against the rest, mean over classes), `log_loss`,
        `brier` (squared distances, summed over classes: 0 to 2), `accuracy`, the share of rows whose most likely class
        is the true one, and `calibration_error`.

    Raises:
        ValueError: no rows, or not one row of probabilities for each.
    """
    counts = _class_counts(_columns(truth, predicted).sum(axis=0)[None])
    figures = _alone({"macro_f1": counts["macro_f1"], "roc_auc": _mean_area(truth, predicted, rank), **counts})
    return {**figures, "calibration_error": calibration_error(truth, predicted)}


def drawn_class_counts(truth: Array, predicted: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Figures:
    """Return those of the same figures that are sums of rows, of samples drawn anew, each of shape (resamples,)."""
    return _class_counts(resampled_sums(_columns(truth, predicted), resamples, seed, blocks=blocks))


def drawn_class_areas(truth: Array, predicted: Array, resamples: int, seed: int, *, blocks: int = BLOCKS) -> Figures:
    """Return the mean area under the curves of all classes, of the same samples."""

    def ranked(hits: Bools, scores: Array) -> Ranks:
        return drawn_ranks(hits, scores, resamples, seed, blocks=blocks)

    return {"roc_auc": _mean_area(truth, predicted, ranked)}


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Rows of each class, shape (samples, classes): answered and true, answered, true."""

    hits: Array
    answered: Array
    actual: Array

    def f1(self) -> Array:
        return _share(2 * self.hits, self.answered + self.actual, empty=np.nan)

    def precision(self) -> Array:
        return _share(self.hits, self.answered, empty=0.0)

    def recall(self, *, empty: float) -> Array:
        return _share(self.hits, self.actual, empty=empty)


def _columns(truth: Array, predicted: Array) -> Array:
    """Return what each row adds: one, its log loss, its distance, and three columns of counts for each class."""
    refuse_unless_paired(truth, predicted)
    codes = np.arange(predicted.shape[1])
    actual, answered = truth[:, None] == codes, most_likely(predicted)[:, None] == codes
    losses = [row_losses(metric, truth, predicted) for metric in ("log_loss", "brier")]
    return np.column_stack([np.ones_like(truth), *losses, actual & answered, answered, actual])


def _counts(sums: Array) -> _Counts:
    return _Counts(*np.split(sums[:, 3:], 3, axis=1))


def _means(sums: Array) -> tuple[Array, Array, Array]:
    """Return log loss, squared distance and share of right answers, each of shape (samples,)."""
    rows = sums[:, 0]
    return sums[:, 1] / rows, sums[:, 2] / rows, _counts(sums).hits.sum(axis=1) / rows


def _binary_counts(sums: Array) -> Figures:
    log_loss, brier, accuracy = _means(sums)
    counts = _counts(sums)
    recall = counts.recall(empty=np.nan)
    of_positive = {"f1": counts.f1()[:, 1], "precision": counts.precision()[:, 1], "recall": recall[:, 1]}
    return {"log_loss": log_loss, "brier": brier, "accuracy": accuracy, **of_positive, "balanced_accuracy": _mean(recall)}


def _binary_ranks(ranks: Ranks) -> Figures:
    return {"average_precision": ranks.average_precision, "roc_auc": ranks.roc_auc}


def _class_counts(sums: Array) -> Figures:
    log_loss, brier, accuracy = _means(sums)
    counts = _counts(sums)
    known = counts.answered + counts.actual > 0
    precision, recall = (np.where(known, share, np.nan) for share in (counts.precision(), counts.recall(empty=0.0)))
    shares = {"macro_f1": counts.f1(), "macro_precision": precision, "macro_recall": recall}
    means = {name: _mean(share) for name, share in shares.items()}
    balanced = _mean(counts.recall(empty=np.nan))
    return {**means, "log_loss": log_loss, "brier": brier, "accuracy": accuracy, "balanced_accuracy": balanced}


def _mean_area(truth: Array, predicted: Array, ranked: _Rank) -> Array:
    areas = [ranked(truth == code, predicted[:, code]).roc_auc for code in range(predicted.shape[1])]
    return _mean(np.column_stack(areas))


def _share(part: Array, whole: Array, *, empty: float) -> Array:
    return np.divide(part, whole, out=np.full_like(part, empty), where=whole > 0)


def _mean(values: Array) -> Array:
    """Return the mean of each row's values that are defined; NaN where none is."""
    known = ~np.isnan(values)
    return _share(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64), empty=np.nan)


def _alone(figures: Figures) -> Mapping[str, float]:
    return {name: float(values[0]) for name, values in figures.items()}
