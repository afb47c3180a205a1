"""Which weighted sums of the columns tell the classes apart best?

Logistic regression, the linear model of probabilities. A column of numbers is standardised, its gaps filled with the
median; one of codes becomes a column a level, and a gap or a level that was not learnt is in none of them.
scikit-learn fits; what is kept are lists of numbers in JSON.
"""

import json
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.core.digest import canonical_json
from steward.models.linear import refuse_other_width

Array = npt.NDArray[np.float64]
Levels = tuple[tuple[float, ...], ...]
"""The learnt levels of each column; none for a column of numbers."""

_MOST_LEVELS = 50  # of one column; the rarest ones beyond share one answer
_ITERATIONS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """Softmax of ``intercepts + weights · (x - centres) / scales`` with x the row, its codes spread over their levels.

    `levels` and `medians` have one entry a column, `centres` and `scales` one a spread column; `weights` are of shape
    (classes, spread columns).
    """

    names: tuple[str, ...]
    levels: Levels
    medians: Array
    centres: Array
    scales: Array
    intercepts: Array
    weights: Array
    kind: ClassVar[str] = "logistic"
    file: ClassVar[str] = "model.json"

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.levels) == len(self.medians):
            raise ValueError("a logistic model needs levels and a median for each column")
        width = len(self._columns())
        if self.centres.shape != (width,) or self.scales.shape != (width,) or self.weights.shape != (len(self.intercepts), width):
            raise ValueError("a logistic model needs a centre, a scale and one weight a class for each spread column")

    def predict(self, matrix: Array) -> Array:
        """Return probabilities of shape (rows, classes) for a matrix of shape (rows, columns)."""
        refuse_other_width(matrix, self.names)
        with np.errstate(invalid="ignore", over="ignore"):  # an infinite value gives no finite answer; whoever asked is told
            scores = (_spread(matrix, self.levels, self.medians) - self.centres) / self.scales @ self.weights.T + self.intercepts
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: Array = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def contributions(self, matrix: Array) -> Array:
        """Return what each column adds to each class's score beyond its intercept, shape (rows, columns, classes)."""
        refuse_other_width(matrix, self.names)
        spread = (_spread(matrix, self.levels, self.medians) - self.centres) / self.scales
        parts = spread[:, :, None] * self.weights.T[None]
        firsts = np.flatnonzero(np.diff(self._columns(), prepend=-1))
        added: Array = np.add.reduceat(parts, firsts, axis=1)
        return added

    def importance(self) -> Array:
        """Return each column's share of the summed absolute weights, over classes and levels."""
        size = np.bincount(self._columns(), weights=np.abs(self.weights).sum(axis=0), minlength=len(self.names))
        total = size.sum()
        return size / total if total > 0 else np.zeros_like(size)

    def content(self) -> bytes:
        """Return the bytes of its file."""
        parts = {"medians": self.medians, "centres": self.centres, "scales": self.scales}
        parts |= {"intercepts": self.intercepts, "weights": self.weights}
        lists = {name: part.tolist() for name, part in parts.items()}
        levels = [list(known) for known in self.levels]
        return canonical_json({"kind": self.kind, "names": list(self.names), "levels": levels, **lists}).encode()

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())

    def _columns(self) -> npt.NDArray[np.intp]:
        """Return for each spread column the column it comes from."""
        return np.repeat(np.arange(len(self.levels)), [max(len(known), 1) for known in self.levels])


def fit_logistic(
    matrix: Array, codes: Array, *, alpha: float, names: tuple[str, ...], categories: Collection[str] = ()
) -> Logistic:
    """Return the weights that tell the classes apart best.

    Args:
        matrix: shape (rows, columns), NaN where missing.
        codes: shape (rows,), 0 to classes - 1, each of them in some row.
        alpha: penalty on the squares of the weights; 0 for scikit-learn's own, which is 1: without any, the weights of
            what occurs in one class only have no bound.
        names: one for each column.
        categories: those of them whose numbers are codes; at most 50 levels are learnt of each, the most frequent.

    Raises:
        ValueError: the matrix holds an infinity.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    refuse_other_width(matrix, names)
    levels = tuple(_levels(column) if name in categories else () for name, column in zip(names, matrix.T, strict=True))
    medians = np.array([0.0 if known else _median(column) for known, column in zip(levels, matrix.T, strict=True)])
    scaler = StandardScaler()
    ready = scaler.fit_transform(_spread(matrix, levels, medians))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the validation rows judge what it came to
        fitted = LogisticRegression(C=1 / alpha if alpha > 0 else 1.0, max_iter=_ITERATIONS).fit(ready, codes)
    intercepts, weights = np.asarray(fitted.intercept_), np.asarray(fitted.coef_)
    if len(weights) == 1:  # of two classes scikit-learn keeps the second's alone
        intercepts, weights = np.array([0.0, intercepts[0]]), np.vstack([np.zeros_like(weights[0]), weights[0]])
    return Logistic(names, levels, medians, scaler.mean_, scaler.scale_, intercepts, weights)


def parse_logistic(content: bytes) -> Logistic:
    """Return the model that `Logistic.content` wrote; ValueError or KeyError for something else."""
    value = json.loads(content)
    levels = tuple(tuple(float(level) for level in known) for known in value["levels"])
    parts = [np.asarray(value[name], dtype=np.float64) for name in ("medians", "centres", "scales", "intercepts", "weights")]
    return Logistic(tuple(value["names"]), levels, *parts)


def _spread(matrix: Array, levels: Sequence[tuple[float, ...]], medians: Array) -> Array:
    filled = np.where(np.isnan(matrix), medians, matrix)
    parts = [
        filled[:, [place]] if not known else (matrix[:, [place]] == np.asarray(known)).astype(np.float64)
        for place, known in enumerate(levels)
    ]
    return np.hstack(parts)


def _levels(column: Array) -> tuple[float, ...]:
    """Return the most frequent values of a column, in their order."""
    values, rows = np.unique(column[~np.isnan(column)], return_counts=True)
    kept = np.argsort(-rows, kind="stable")[:_MOST_LEVELS]
    return tuple(np.sort(values[kept]).tolist())


def _median(column: Array) -> float:
    present = column[~np.isnan(column)]
    return float(np.median(present)) if len(present) else 0.0
