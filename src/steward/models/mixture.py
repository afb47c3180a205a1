"""Of which bell-shaped clouds could rows have been drawn (Gaussian mixture), and from which one did each come?

Clouds lie in the plane - or the space - of a projection: in the columns themselves, whose levels and whole numbers repeat, a cloud
could shrink to a point. Kept are plain arrays; whose a row is is told with NumPy alone. Cloud 0 is the largest one.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from steward.models.projection import Projection, projection_from_dict
from steward.models.spread import ROWS_AT_ONCE

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_THIN = 1e-3  # added to each variance, in squares of a standardised column: no cloud is thinner
_STEPS = 300


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Clouds in the space of a projection.

    `shares` of shape (clouds,) sum to 1, `means` are of shape (clouds, components), `covariances` of (clouds, components,
    components).
    """

    projection: Projection
    shares: Array
    means: Array
    covariances: Array

    def __post_init__(self) -> None:
        wide = len(self.projection.weights)
        if self.means.shape != (len(self.shares), wide) or self.covariances.shape != (*self.means.shape, wide):
            raise ValueError("each cloud needs a share, a mean and a covariance of all components")

    def predict(self, matrix: Array) -> Places:
        """Return the number of each row's likeliest cloud for a matrix of shape (rows, columns), NaN where missing."""
        scores = self.projection.transform(matrix)
        starts = range(0, max(len(scores), 1), ROWS_AT_ONCE)
        return np.concatenate([self.likeliest(scores[start : start + ROWS_AT_ONCE]) for start in starts])

    def likeliest(self, scores: Array) -> Places:
        """Return the same for rows that are projected already."""
        likeliest: Places = np.argmax(self._log_densities(scores), axis=1)
        return likeliest

    def log_likelihood(self, scores: Array) -> Array:
        """Return the log density of each projected row, natural logarithm."""
        densities = self._log_densities(scores)
        top = densities.max(axis=1)
        likelihood: Array = top + np.log(np.exp(densities - top[:, None]).sum(axis=1))
        return likelihood

    def bic(self, scores: Array) -> float:
        """Return the Bayesian information criterion of projected rows: lower is better."""
        clouds, wide = self.means.shape
        free = clouds * (wide + wide * (wide + 1) / 2) + clouds - 1
        return float(-2 * self.log_likelihood(scores).sum() + free * np.log(len(scores)))

    def _log_densities(self, scores: Array) -> Array:
        """Return each cloud's share of the density, logarithms of shape (rows, clouds)."""
        inverse = np.linalg.inv(np.linalg.cholesky(self.covariances))
        apart = np.einsum("kij,rkj->rki", inverse, scores[:, None, :] - self.means)
        size = np.log(np.diagonal(inverse, axis1=1, axis2=2)).sum(axis=1)
        densities: Array = -0.5 * (scores.shape[1] * np.log(2 * np.pi) + (apart**2).sum(axis=2)) + size + np.log(self.shares)
        return densities

    def as_dict(self) -> dict[str, Any]:
        """Return the mixture as lists for JSON."""
        lists = {name: getattr(self, name).tolist() for name in ("shares", "means", "covariances")}
        return {"kind": "mixture", "projection": self.projection.as_dict(), **lists}


def mixture_from_dict(value: Mapping[str, Any]) -> Mixture:
    """Return the mixture that `as_dict` wrote; KeyError, TypeError or ValueError for something else."""
    if value["kind"] != "mixture":
        raise ValueError(f"{value['kind']!r} is no mixture")
    arrays = (np.asarray(value[name], dtype=np.float64) for name in ("shares", "means", "covariances"))
    return Mixture(projection_from_dict(value["projection"]), *arrays)


def fit_mixture(scores: Array, projection: Projection, *, clouds: int, seed: int) -> Mixture:
    """Return the clouds that rows are likeliest drawn from, the one with the largest share first.

    Args:
        scores: projected rows, shape (rows, components).
        projection: what made them.
        clouds: how many.
        seed: the same seed gives the same clouds.

    Raises:
        ValueError: there are too few rows for so many clouds.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    if len(scores) <= clouds * scores.shape[1]:
        raise ValueError(f"{len(scores)} rows are too few for {clouds} clouds in {scores.shape[1]} dimensions")
    model = GaussianMixture(clouds, covariance_type="full", reg_covar=_THIN, max_iter=_STEPS, random_state=seed)
    with threadpool_limits(1), warnings.catch_warnings():
        # Clouds that still move a little after so many steps are as good as any.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scores)
    order = np.argsort(-model.weights_, kind="stable")
    return Mixture(projection, model.weights_[order], model.means_[order], model.covariances_[order])
