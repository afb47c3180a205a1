"""Along which few directions do rows differ most (PCA), or groups of them (LDA)?

Both are weighted sums of the standardised columns, kept as plain arrays. The sign of a direction is open: here its heaviest column
has a positive weight, so that the same rows give the same picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from steward.models.linear import spread_as_json, spread_from_json
from steward.models.spread import Spread

Array = npt.NDArray[np.float64]
Kind = Literal["pca", "lda"]

ENOUGH = 0.9
"""Share of the variance that the components which are kept should explain."""

_FEWEST, _MOST = 2, 10  # components that are kept when nobody says how many
_ALIKE = 1e-9
_GROUPS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """``(points - centre) @ weights.T`` with points the spread rows.

    `centre` is of shape (spread columns,), `weights` of (components, spread columns). `explained` are shares of the variance
    (PCA: of rows, LDA: between groups) for each component that there is, the kept ones first; they sum to 1.
    """

    kind: Kind
    spread: Spread
    centre: Array
    weights: Array
    explained: Array

    def __post_init__(self) -> None:
        if self.centre.shape != self.spread.centres.shape or self.weights.shape[1:] != self.centre.shape:
            raise ValueError("a projection needs one weight a component for each spread column")
        if not 0 < len(self.weights) <= len(self.explained):
            raise ValueError("a projection needs the share that each component explains")

    @property
    def cumulated(self) -> Array:
        """What the components explain up to each."""
        return np.cumsum(self.explained)

    def transform(self, matrix: Array) -> Array:
        """Return shape (rows, components) for a matrix of shape (rows, columns), NaN where missing."""
        placed: Array = self.spread.sums(self.weights.T, matrix) - self.centre @ self.weights.T
        return placed

    def place(self, points: Array) -> Array:
        """Return shape (rows, components) for rows that are spread already."""
        placed: Array = (points - self.centre) @ self.weights.T
        return placed

    def as_dict(self) -> dict[str, Any]:
        """Return the projection as lists for JSON."""
        lists = {name: getattr(self, name).tolist() for name in ("centre", "weights", "explained")}
        return {"kind": self.kind, **spread_as_json(self.spread), **lists}


def projection_from_dict(value: Mapping[str, Any]) -> Projection:
    """Return the projection that `as_dict` wrote; KeyError, TypeError or ValueError for something else."""
    kind: Kind = value["kind"]
    if kind not in ("pca", "lda"):
        raise ValueError(f"{kind!r} is no projection")
    arrays = (np.asarray(value[name], dtype=np.float64) for name in ("centre", "weights", "explained"))
    return Projection(kind, spread_from_json(value), *arrays)


def pca_fit_transform(points: Array, spread: Spread, *, components: int | None = None) -> tuple[Projection, Array]:
    """Return the directions along which rows differ most, and where each row stands on them.

    Args:
        points: spread rows, shape (rows, spread columns), at least two.
        spread: what made them.
        components: how many to keep; without it as many as explain nine tenths of the variance, two to ten.

    Raises:
        ValueError: fewer than two rows, or other components than there are.
    """
    from sklearn.decomposition import PCA

    most = min(points.shape)
    if len(points) < _FEWEST or (components is not None and not 0 < components <= most):
        raise ValueError(f"{components} components of {len(points)} rows and {points.shape[1]} columns cannot be had")
    fitted = PCA(svd_solver="full")
    scores = fitted.fit_transform(points)
    kept = components or _enough(fitted.explained_variance_ratio_)
    signs = _signs(fitted.components_[:kept])
    weights = fitted.components_[:kept] * signs[:, None]
    return Projection("pca", spread, fitted.mean_, weights, fitted.explained_variance_ratio_), scores[:, :kept] * signs


def lda_fit_transform(points: Array, groups: Array, spread: Spread) -> tuple[Projection, Array]:
    """Return the directions along which groups of rows stand furthest apart, and where each row stands on them.

    Args:
        points: spread rows, shape (rows, spread columns).
        groups: the number of each row's group, shape (rows,); there is a direction fewer than groups, or one a column.
        spread: what made the points.

    Raises:
        ValueError: there are fewer than two groups, no more rows than groups, or nothing varies inside of any.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    present = len(np.unique(groups))
    if not _GROUPS <= present < len(groups):
        raise ValueError(f"{len(groups)} rows of {present} groups cannot be told apart")
    if not _varies_within(points, groups):
        raise ValueError("rows of a group are all the same")
    fitted = LinearDiscriminantAnalysis(solver="svd")
    scores = fitted.fit_transform(points, groups)
    kept = scores.shape[1]
    weights = fitted.scalings_[:, :kept].T
    signs = _signs(weights)
    return Projection("lda", spread, fitted.xbar_, weights * signs[:, None], fitted.explained_variance_ratio_), scores * signs


def loadings(points: Array, scores: Array) -> Array:
    """Return the correlation of each column with each component, shape (columns, components); 0 where one does not vary."""
    columns, parts = points - points.mean(axis=0), scores - scores.mean(axis=0)
    sizes = np.outer(np.linalg.norm(columns, axis=0), np.linalg.norm(parts, axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sizes > _ALIKE, columns.T @ parts / sizes, 0.0)


def _enough(explained: Array) -> int:
    """Return how many components explain nine tenths: two to ten, as far as there are so many."""
    needed = int(np.searchsorted(np.cumsum(explained), ENOUGH - _ALIKE)) + 1
    return min(max(needed, _FEWEST), _MOST, len(explained))


def _signs(weights: Array) -> Array:
    """Return 1 or -1 a component; of weights that are equally heavy but for rounding the first decides."""
    sizes = np.abs(weights)
    heaviest = (sizes >= sizes.max(axis=1, keepdims=True) * (1 - _ALIKE)).argmax(axis=1)
    return np.where(np.take_along_axis(weights, heaviest[:, None], axis=1)[:, 0] < 0, -1.0, 1.0)


def _varies_within(points: Array, groups: Array) -> bool:
    return any(np.ptp(points[groups == group], axis=0).max() > _ALIKE for group in np.unique(groups))
