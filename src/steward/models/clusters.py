"""Around which centres do rows lie (k-means), and whose is each row?

Kept are the centres, in the columns that distances are measured in; the nearest one is found with NumPy alone. Cluster 0 is the
largest one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from steward.models.linear import spread_as_json, spread_from_json
from steward.models.spread import ROWS_AT_ONCE, Spread

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_STARTS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Centres:
    """Points of shape (clusters, spread columns); a row belongs to the nearest one."""

    spread: Spread
    centres: Array

    def __post_init__(self) -> None:
        if self.centres.ndim != 2 or self.centres.shape[1:] != self.spread.centres.shape:  # noqa: PLR2004 - clusters and columns
            raise ValueError("each centre needs a coordinate for each spread column")

    def predict(self, matrix: Array) -> Places:
        """Return the number of each row's nearest centre for a matrix of shape (rows, columns), NaN where missing."""
        starts = range(0, max(len(matrix), 1), ROWS_AT_ONCE)
        return np.concatenate([self.nearest(self.spread(matrix[start : start + ROWS_AT_ONCE])) for start in starts])

    def nearest(self, points: Array) -> Places:
        """Return the same for rows that are spread already."""
        # The square of the row itself is the same for all centres.
        nearest: Places = np.argmin((self.centres**2).sum(axis=1) - 2 * points @ self.centres.T, axis=1)
        return nearest

    def inertia(self, points: Array) -> float:
        """Return the sum of squared distances of spread rows to their centres."""
        return float(((points - self.centres[self.nearest(points)]) ** 2).sum())

    def in_units(self) -> Array:
        """Return the centres as the columns themselves have it, shape (clusters, spread columns); of a level its share."""
        return self.centres * self.spread.scales + self.spread.centres

    def as_dict(self) -> dict[str, Any]:
        """Return the centres as lists for JSON."""
        return {"kind": "centres", **spread_as_json(self.spread), "clusters": self.centres.tolist()}


def centres_from_dict(value: Mapping[str, Any]) -> Centres:
    """Return the centres that `as_dict` wrote; KeyError, TypeError or ValueError for something else."""
    if value["kind"] != "centres":
        raise ValueError(f"{value['kind']!r} are no centres")
    return Centres(spread_from_json(value), np.asarray(value["clusters"], dtype=np.float64))


def fit_centres(points: Array, spread: Spread, *, clusters: int, seed: int) -> Centres:
    """Return the centres that k-means finds, the one with most rows first.

    Args:
        points: spread rows, shape (rows, spread columns).
        spread: what made them.
        clusters: how many.
        seed: the same seed gives the same centres.

    Raises:
        ValueError: there are fewer different rows than clusters.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    if clusters > different_rows(points, at_most=clusters):
        raise ValueError(f"{clusters} clusters are more than there are different rows")
    with threadpool_limits(1):  # several threads add up in another order each time
        found = KMeans(clusters, n_init=_STARTS, random_state=seed).fit(points)
    return Centres(spread, found.cluster_centers_[by_size(found.labels_, clusters)])


def different_rows(points: Array, *, at_most: int) -> int:
    """Return how many rows differ from each other; no more than `at_most` are looked for."""
    first = np.unique(points[: ROWS_AT_ONCE // 8], axis=0)
    return min(len(first) if len(first) >= at_most else len(np.unique(points, axis=0)), at_most)


def by_size(ids: Places, clusters: int) -> Places:
    """Return the clusters' numbers, the one with most rows first."""
    return np.argsort(-np.bincount(ids, minlength=clusters), kind="stable")
