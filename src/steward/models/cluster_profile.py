"""What is typical of the rows of each cluster, and how far is that from all rows?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One line a cluster, and a last one for all rows.

    `rows` of shape (clusters + 1,). `typical` of shape (clusters + 1, columns) is a number's mean or a code's most frequent level,
    NaN where no row of the cluster holds any; `shares` how frequent that level is, NaN for numbers, and `elsewhere` how frequent
    it is among all rows. `apart` of shape (clusters, columns) is how far the cluster's mean, or its share of the level that is
    typical of it, is from that of all rows, in standard deviations. `target` of shape (clusters + 1, 1 or classes) is the
    target's mean, or the classes' shares.
    """

    names: tuple[str, ...]
    codes: frozenset[str]
    rows: Places
    typical: Array
    shares: Array
    elsewhere: Array
    apart: Array
    target: Array

    def most_apart(self, cluster: int, count: int) -> Places:
        """Return the columns in which a cluster is furthest from all rows, the furthest first."""
        return np.argsort(-np.abs(self.apart[cluster]), kind="stable")[:count]


def profile_clusters(
    matrix: Array, ids: Places, target: Array, *, names: Sequence[str], codes: Collection[str], classes: int
) -> Profile:
    """Return what is typical of each cluster.

    Args:
        matrix: shape (rows, columns), NaN where missing.
        ids: each row's cluster, 0 to clusters - 1, each of them in some row.
        target: shape (rows,), a quantity or the codes of classes.
        names: one for each column.
        codes: those of them whose numbers are codes.
        classes: how many classes the target has; 0 for a quantity.
    """
    clusters = int(ids.max()) + 1
    members = [ids == cluster for cluster in range(clusters)] + [np.ones(len(ids), dtype=bool)]
    columns = [
        _levels(column, members) if name in codes else _means(column, members) for name, column in zip(names, matrix.T, strict=True)
    ]
    typical, shares, elsewhere, apart = (np.column_stack([column[part] for column in columns]) for part in range(4))
    told = np.array([_target(target[member], classes) for member in members])
    rows = np.array([int(member.sum()) for member in members])
    return Profile(tuple(names), frozenset(codes), rows, typical, shares, elsewhere, apart[:-1], told)


def _means(column: Array, members: Sequence[npt.NDArray[np.bool_]]) -> tuple[Array, Array, Array, Array]:
    means = np.array([_mean(column[member]) for member in members])
    spread = float(np.nanstd(column))
    apart = np.nan_to_num((means - means[-1]) / spread) if spread > 0 else np.zeros(len(means))
    none = np.full(len(means), np.nan)
    return means, none, none, apart


def _levels(column: Array, members: Sequence[npt.NDArray[np.bool_]]) -> tuple[Array, Array, Array, Array]:
    """Return each cluster's most frequent level, its share, its share among all rows, and how far these are apart."""
    levels, places = np.unique(column, return_inverse=True)  # a gap stands last, as NaN
    known = int((~np.isnan(levels)).sum())
    counts = np.array([np.bincount(places[member], minlength=len(levels))[:known] for member in members])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    most = shares.argmax(axis=1)
    own, overall = shares[np.arange(len(most)), most], shares[-1][most]
    spread = np.sqrt(overall * (1 - overall))
    apart = np.where(spread > 0, (own - overall) / np.where(spread > 0, spread, 1.0), 0.0)
    held = counts.sum(axis=1) > 0
    gone = np.where(held, 0.0, np.nan)
    return levels[most] + gone, own + gone, overall + gone, np.where(held, apart, 0.0)


def _mean(values: Array) -> float:
    present = values[~np.isnan(values)]
    return float(present.mean()) if len(present) else float("nan")


def _target(values: Array, classes: int) -> Array:
    if not classes:
        return np.array([values.mean()])
    shares: Array = np.bincount(values.astype(np.intp), minlength=classes) / len(values)
    return shares
