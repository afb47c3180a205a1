"""What will the error of a quantity be, going by which rows were hard before (DLE)?

Direct loss estimation: a second, small model learns the loss of each row - its squared or absolute error - from what the first
one read and answered; its mean over a window is the loss to expect there. Yoo and Kweon, *Learning loss for active
learning* (2019), have the idea, NannyML (Białek and others, from 2022) has used it for watching. The second model learns from rows
that the first did not, and its text (LightGBM's) travels in the bundle. Valid while rows as hard as before stay as hard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from steward.models.boosted import Boosted, fit_boosted, parse_boosted
from steward.monitoring.blocks import FloatArray, Places, Quiet, block_means, blocks_of, sizes_of, spread_to_hold
from steward.monitoring.sketch import PREDICTION
from steward.project.candidates import LightGbmSpec

_MOST_ROWS = 20_000
_BINS = 10
_LEAF_SHARE = 200  # a leaf holds at least one in so many of the rows
_FEWEST_IN_LEAF = 20
_SPEC = LightGbmSpec(kind="lightgbm", num_trees=60, learning_rate=0.1, num_leaves=15, seed=7)


@dataclass(frozen=True, slots=True, eq=False)
class LossEstimator:
    """Turns features and answers into a mean loss to expect.

    Everything is in shares of `scale`, the mean of the losses it learnt from, for LightGBM keeps labels in 32 bits. `edges` part
    rows by their expected loss; `variances` tell how far real losses of each part lie from it, `taught` how many rows of each
    part there were to learn from: one more of both than edges.
    """

    model: Boosted
    scale: float
    edges: tuple[float, ...]
    variances: tuple[float, ...]
    taught: tuple[int, ...]

    def losses(self, features: pl.DataFrame, predicted: FloatArray) -> FloatArray:
        """Return the loss to expect of each row as a share of `scale`, 0 or more, shape (rows,)."""
        return _expected(self.model, _matrix(features, predicted, self.model.names))

    def spread_of(self, expected: FloatArray) -> FloatArray:
        """Return how much real losses vary about expected ones, a variance a row, shape (rows,)."""
        return np.array(self.variances)[self._part(expected)]

    def guess(self, features: pl.DataFrame, predicted: FloatArray) -> tuple[float, float]:
        """Return the mean loss to expect and the variance of the real mean's logarithm about its own; NaN for no rows."""
        rows = len(predicted)
        if not rows:
            return np.nan, np.nan
        expected = self.losses(features, predicted)
        shares = np.bincount(self._part(expected), minlength=len(self.taught)) / rows
        # Chance in these rows, and in those that taught: what is wrong with a part is wrong for all its rows alike.
        chance = shares / rows + shares**2 / np.maximum(self.taught, 1)
        mean = float(expected.mean())
        return mean * self.scale, float(chance @ np.array(self.variances)) / mean**2 if mean > 0 else np.nan

    def _part(self, expected: FloatArray) -> Places:
        return np.searchsorted(self.edges, expected, side="right")

    def as_dict(self) -> dict[str, Any]:
        """Return the estimator as a JSON object."""
        told = {"edges": list(self.edges), "variances": list(self.variances), "taught": list(self.taught)}
        return {"model": self.model.source, "scale": self.scale, **told}

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "LossEstimator":
        """Return the estimator that `as_dict` wrote; KeyError or ValueError where the object is something else."""
        edges, variances = (tuple(float(number) for number in value[name]) for name in ("edges", "variances"))
        taught = tuple(int(number) for number in value["taught"])
        if not len(edges) + 1 == len(variances) == len(taught):
            raise ValueError("a loss estimator has a variance and a number of rows for each part")
        return LossEstimator(parse_boosted(str(value["model"]).encode()), float(value["scale"]), edges, variances, taught)


def fit_loss_estimator(
    features: pl.DataFrame, predicted: FloatArray, losses: FloatArray
) -> tuple[LossEstimator, tuple[Quiet, ...]]:
    """Return the estimator of a mean loss, and how far runs of rows lay from what it expected.

    Each half of the rows is estimated with what the other half taught, so that no row vouches for itself. The runs' spread is
    that beyond chance, by length: standard deviations of the logarithm of the mean loss.

    Args:
        features: what the model read of each row, Float64; rows it has not learnt from, in the order of time.
        predicted: its answers, shape (rows,).
        losses: what each row added to the metric, shape (rows,), finite.
    """
    names = tuple(dict.fromkeys((*features.columns, PREDICTION)))
    matrix, middle = _matrix(features, predicted, names), len(losses) // 2
    scale = float(losses.mean()) or 1.0
    losses = losses / scale
    late, early = _fit(matrix[middle:], losses[middle:], names), _fit(matrix[:middle], losses[:middle], names)
    expected = np.concatenate([_expected(late, matrix[:middle]), _expected(early, matrix[middle:])])
    estimator = _with_parts(_fit(matrix, losses, names), scale, expected, losses)
    variance = estimator.spread_of(expected)
    return estimator, tuple((size, _spread(losses, expected, variance, size)) for size in sizes_of(len(losses)))


def _fit(matrix: FloatArray, losses: FloatArray, names: tuple[str, ...]) -> Boosted:
    rows = np.linspace(0, len(losses) - 1, min(len(losses), _MOST_ROWS)).astype(np.intp)
    spec = _SPEC.model_copy(update={"min_rows_in_leaf": max(_FEWEST_IN_LEAF, len(rows) // _LEAF_SHARE)})
    return fit_boosted(spec, matrix[rows], losses[rows], names=names, validation=None)


def _expected(model: Boosted, matrix: FloatArray) -> FloatArray:
    return np.maximum(model.predict(matrix), 0.0)


def _with_parts(model: Boosted, scale: float, expected: FloatArray, losses: FloatArray) -> LossEstimator:
    edges = np.unique(np.quantile(expected, np.linspace(0, 1, _BINS + 1)[1:-1]))
    part = np.searchsorted(edges, expected, side="right")
    count = np.bincount(part, minlength=len(edges) + 1)
    squares = np.bincount(part, weights=(losses - expected) ** 2, minlength=len(edges) + 1)
    variances = squares / np.maximum(count, 1)
    return LossEstimator(model, scale, tuple(edges.tolist()), tuple(variances.tolist()), tuple(count.tolist()))


def _spread(losses: FloatArray, expected: FloatArray, variance: FloatArray, size: int) -> float:
    blocks = blocks_of(len(losses), size)
    (count, real), (_, hoped), (_, around) = (block_means(values, blocks) for values in (losses, expected, variance))
    sound = (real > 0) & (hoped > 0)
    gaps = np.log(real[sound] / hoped[sound])
    return spread_to_hold(gaps, around[sound] / count[sound] / hoped[sound] ** 2)


def _matrix(features: pl.DataFrame, predicted: FloatArray, names: Sequence[str]) -> FloatArray:
    seen = features.with_columns(pl.Series(PREDICTION, predicted)).select(names)
    return np.ascontiguousarray(seen.to_numpy(), dtype=np.float64)
