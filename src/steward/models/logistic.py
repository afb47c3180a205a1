"""Which weighted sums of the columns tell the classes apart best?

Logistic regression, the linear model of probabilities. What is kept are lists of numbers in JSON.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.core.digest import canonical_json
from steward.models.linear import spread_as_json, spread_from_json
from steward.models.softmax import likeliest
from steward.models.spread import Spread, fit_spread, refuse_other_width

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """Softmax of ``intercepts + weights · x`` with x the row, spread and standardised.

    `weights` are of shape (classes, spread columns).
    """

    spread: Spread
    intercepts: Array
    weights: Array
    kind: ClassVar[str] = "logistic"
    file: ClassVar[str] = "model.json"

    def __post_init__(self) -> None:
        if self.intercepts.ndim != 1 or self.weights.shape != (len(self.intercepts), len(self.spread.centres)):
            raise ValueError("a logistic model needs one weight a class for each spread column")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        return self.spread.names

    def predict(self, matrix: Array) -> Array:
        """Return probabilities of shape (rows, classes) for a matrix of shape (rows, columns)."""
        refuse_other_width(matrix, self.names)
        with np.errstate(invalid="ignore", over="ignore"):  # an infinite value gives no finite answer; whoever asked is told
            scores = self.spread.sums(self.weights.T, matrix) + self.intercepts
        return shares_of(scores)

    def contributions(self, matrix: Array) -> Array:
        """Return what each column adds to each class's score beyond its intercept, shape (rows, columns, classes)."""
        return self.spread.added(self.spread(matrix)[:, :, None] * self.weights.T[None])

    def importance(self) -> Array:
        """Return each column's share of the summed absolute weights, over classes and levels."""
        return self.spread.by_column(np.abs(self.weights).sum(axis=0))

    def content(self) -> bytes:
        """Return the bytes of its file."""
        levels = [list(known) for known in self.spread.levels]
        parts = {"intercepts": self.intercepts.tolist(), "weights": self.weights.tolist()}
        return canonical_json({"kind": self.kind, **spread_as_json(self.spread), "levels": levels, **parts}).encode()

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())


def shares_of(scores: Array) -> Array:
    """Return the probabilities of scores of shape (rows, classes); those of scores that are not finite are not, either."""
    with np.errstate(invalid="ignore", over="ignore"):
        powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def fit_logistic(
    matrix: Array,
    codes: Array,
    *,
    classes: int,
    ridge: float = 0.0,
    lasso: float = 0.0,
    names: tuple[str, ...],
    categories: Collection[str] = (),
    weights: Array | None = None,
) -> Logistic:
    """Return the weights that tell the classes apart best.

    Args:
        matrix: shape (rows, columns), NaN where missing.
        codes: shape (rows,), 0 to classes - 1, each of them in some row.
        classes: how many there are.
        ridge: penalty on half the squares of the weights; without any, the weights of what occurs in one class only
            have no bound, and grow until a thousand steps are done.
        lasso: penalty on the sizes of the weights, beside the mean loss.
        names: one for each column.
        categories: those of them whose numbers are codes; at most 50 levels are learnt of each, the most frequent.
        weights: how much each row counts, shape (rows,).

    Raises:
        ValueError: the matrix holds an infinity.
    """
    spread = fit_spread(matrix, names=names, categories=categories, weights=weights)
    counts = np.ones(len(codes)) if weights is None else weights
    columns, means = spread.scaled(matrix), spread.centres / spread.scales
    return Logistic(spread, *likeliest(columns, means, codes, counts, classes=classes, ridge=ridge, lasso=lasso))


def parse_logistic(content: bytes) -> Logistic:
    """Return the model that `Logistic.content` wrote; ValueError, KeyError or TypeError for something else."""
    value = json.loads(content)
    return Logistic(spread_from_json(value), *(np.asarray(value[name], dtype=np.float64) for name in ("intercepts", "weights")))
