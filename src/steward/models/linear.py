"""Which weighted sum of the columns fits best?

Least squares, with a penalty on the squares of the weights (ridge) or on their sizes (lasso) where one is asked for.
What is kept are lists of numbers in JSON.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from steward.core.atomic import write_bytes_atomically
from steward.core.digest import canonical_json
from steward.models.lasso import smallest_sum
from steward.models.spread import Spread, fit_spread, refuse_other_width

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """``intercept + weights · x`` with x the row, spread and standardised; `weights` of shape (spread columns,)."""

    spread: Spread
    intercept: float
    weights: Array
    kind: ClassVar[str] = "linear"
    file: ClassVar[str] = "model.json"

    def __post_init__(self) -> None:
        if self.weights.shape != self.spread.centres.shape:
            raise ValueError("a linear model needs one weight for each spread column")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        return self.spread.names

    def predict(self, matrix: Array) -> Array:
        """Return one answer a row of a matrix of shape (rows, columns)."""
        refuse_other_width(matrix, self.names)
        with np.errstate(invalid="ignore"):
            answers: Array = self.spread.sums(self.weights, matrix) + self.intercept
        return answers

    def contributions(self, matrix: Array) -> Array:
        """Return what each column adds to the intercept, shape (rows, columns)."""
        return self.spread.added(self.spread(matrix) * self.weights)

    def importance(self) -> Array:
        """Return each column's share of the summed absolute weights."""
        return self.spread.by_column(np.abs(self.weights))

    def content(self) -> bytes:
        """Return the bytes of its file."""
        parts = {"intercept": self.intercept, "weights": self.weights.tolist()}
        return canonical_json({"kind": self.kind, **spread_as_json(self.spread), **parts}).encode()

    def dump(self, folder: Path) -> None:
        """Write its file into a folder."""
        write_bytes_atomically(folder / self.file, self.content())


def spread_as_json(spread: Spread) -> dict[str, Any]:
    """Return a spread as lists; its levels only where there are any."""
    lists = {"medians": spread.medians.tolist(), "centres": spread.centres.tolist(), "scales": spread.scales.tolist()}
    levels = {"levels": [list(known) for known in spread.levels]} if any(spread.levels) else {}
    return {"names": list(spread.names), **levels, **lists}


def spread_from_json(value: Any) -> Spread:
    """Return the spread that `spread_as_json` wrote; KeyError, TypeError or ValueError for something else."""
    names = tuple(value["names"])
    levels = tuple(tuple(float(level) for level in known) for known in value.get("levels", ((),) * len(names)))
    return Spread(names, levels, *(np.asarray(value[name], dtype=np.float64) for name in ("medians", "centres", "scales")))


def fit_linear(
    matrix: Array,
    target: Array,
    *,
    ridge: float = 0.0,
    lasso: float = 0.0,
    names: tuple[str, ...],
    categories: Collection[str] = (),
    weights: Array | None = None,
) -> Linear:
    """Return the weights that fit best.

    Args:
        matrix: shape (rows, columns), NaN where missing.
        target: shape (rows,), finite.
        ridge: penalty on the squares of the weights, beside the sum of squared errors.
        lasso: penalty on the sizes of the weights of a standardised target, beside half the mean of its squared errors.
        names: one for each column.
        categories: those of them whose numbers are codes; at most 50 levels are learnt of each, the most frequent.
        weights: how much each row counts, shape (rows,).

    Raises:
        ValueError: the matrix holds an infinity.
    """
    spread = fit_spread(matrix, names=names, categories=categories, weights=weights)
    if not lasso and not any(spread.levels):
        return _by_rows(spread, matrix, target, ridge, weights)
    counts = np.ones(len(target)) if weights is None else weights
    mean = float(np.average(target, weights=counts))
    columns = spread.scaled(matrix)
    gram = centred_gram(columns, spread.centres / spread.scales, counts)
    slope = columns.T @ (counts * (target - mean))
    if lasso:
        size = lasso * counts.sum() * float(np.sqrt(np.average((target - mean) ** 2, weights=counts)))
        return Linear(spread, mean, smallest_sum(gram, slope[:, None], size)[:, 0])
    return Linear(spread, mean, _solved(gram, slope, ridge))


def _by_rows(spread: Spread, matrix: Array, target: Array, ridge: float, weights: Array | None) -> Linear:
    from sklearn.linear_model import LinearRegression, Ridge

    regression = (Ridge(alpha=ridge) if ridge > 0 else LinearRegression()).fit(spread(matrix), target, sample_weight=weights)
    return Linear(spread, float(regression.intercept_), np.asarray(regression.coef_, dtype=np.float64))


def _solved(gram: Array, slope: Array, ridge: float) -> Array:
    """Return the weights of all levels of a column: without a penalty the smallest of those that fit equally well."""
    from scipy.linalg import lstsq

    solution: Array = lstsq(gram + ridge * np.eye(len(gram)), slope, cond=1e-10)[0]
    return solution


def centred_gram(columns: Any, means: Array, counts: Array) -> Array:
    """Return the products of all pairs of columns, centred and summed over rows; shape (columns, columns)."""
    product: Array = (columns.T.multiply(counts) @ columns).toarray() - counts.sum() * np.outer(means, means)
    return product


def parse_linear(content: bytes) -> Linear:
    """Return the model that `Linear.content` wrote; ValueError, KeyError or TypeError for something else."""
    value = json.loads(content)
    return Linear(spread_from_json(value), float(value["intercept"]), np.asarray(value["weights"], dtype=np.float64))
