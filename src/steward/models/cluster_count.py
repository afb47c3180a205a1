"""Into how many clusters do rows fall best?

k-means is judged by the silhouette - how much nearer a row is to its own cluster than to the next one, -1 to 1 - beside the
inertia, whose bend tells where further clusters gain little. A mixture is judged by the Bayesian information criterion (BIC; lower
is better), which charges for each number that is fitted. Silhouette: Rousseeuw, J. Comp. Appl. Math. 20 (1987).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.models.clusters import Centres, different_rows, fit_centres
from steward.models.mixture import Mixture, fit_mixture
from steward.models.projection import Projection
from steward.models.spread import Spread

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Tell = Callable[[int], None]
"""Told each time one more number of clusters has been tried."""

SILHOUETTE_ROWS = 2000
MOST = 8
"""How many clusters are tried when nobody says how many there are."""

_TWO = 2


@dataclass(frozen=True, slots=True)
class Tried:
    """What a number of clusters reached; None where it cannot be told: a cluster alone has no silhouette, k-means no BIC."""

    clusters: int
    silhouette: float | None
    inertia: float | None = None
    bic: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """The rows in the clusters that were chosen; `best` is what the figures say, which somebody may have overruled."""

    tried: tuple[Tried, ...]
    best: int
    model: Centres | Mixture
    ids: Places

    @property
    def clusters(self) -> int:
        """How many clusters were chosen."""
        return len(self.model.centres) if isinstance(self.model, Centres) else len(self.model.shares)

    @property
    def chosen(self) -> Tried:
        """What they reached."""
        return next(one for one in self.tried if one.clusters == self.clusters)


def group_by_centres(points: Array, spread: Spread, *, wanted: int | None, seed: int, tell: Tell) -> Grouped | None:
    """Return the rows in the clusters of k-means; None where rows do not even make two.

    Args:
        points: spread rows.
        spread: what made them.
        wanted: how many clusters, at least two; without it the number whose silhouette is highest, two to eight.
        seed: of the starts and of the rows whose silhouette is measured.
        tell: told after each number that was tried.
    """
    found = {}
    for clusters in range(1, different_rows(points, at_most=max(wanted or 0, MOST)) + 1):
        found[clusters] = fit_centres(points, spread, clusters=clusters, seed=seed)
        tell(clusters)
    if len(found) < _TWO:
        return None
    ids = {clusters: centres.nearest(points) for clusters, centres in found.items()}
    tried = tuple(
        Tried(clusters, silhouette(points, ids[clusters], seed=seed), inertia=centres.inertia(points))
        for clusters, centres in found.items()
    )
    best = max(tried[1:], key=lambda one: (-np.inf if one.silhouette is None else one.silhouette, -one.clusters)).clusters
    chosen = wanted or best
    return Grouped(tried, best, found[chosen], ids[chosen])


def group_by_clouds(
    points: Array, scores: Array, projection: Projection, *, wanted: int | None, seed: int, tell: Tell
) -> Grouped | None:
    """Return the rows in the clouds of a Gaussian mixture; None where there are too few rows for as many as are wanted.

    Args:
        points: spread rows, in which the silhouette is measured as it is for k-means.
        scores: the same rows, projected; clouds lie among them.
        projection: what made the scores.
        wanted: how many clouds; without it the number whose BIC is lowest, one to eight.
        seed: of the start.
        tell: told after each number that was tried.
    """
    room = (len(scores) - 1) // scores.shape[1]
    most = min(max(wanted or 0, MOST), room, different_rows(scores, at_most=max(wanted or 0, MOST)))
    found = {}
    for clouds in range(1, most + 1):
        found[clouds] = fit_mixture(scores, projection, clouds=clouds, seed=seed)
        tell(clouds)
    if (wanted or 1) not in found:
        return None
    ids = {clouds: mixture.likeliest(scores) for clouds, mixture in found.items()}
    tried = tuple(
        Tried(clouds, silhouette(points, ids[clouds], seed=seed), bic=mixture.bic(scores)) for clouds, mixture in found.items()
    )
    best = min(tried, key=lambda one: (one.bic or 0.0, one.clusters)).clusters
    chosen = wanted or best
    return Grouped(tried, best, found[chosen], ids[chosen])


def silhouette(points: Array, ids: Places, *, seed: int) -> float | None:
    """Return the mean silhouette of rows, of two thousand drawn ones where there are more; None for a cluster alone."""
    from sklearn.metrics import silhouette_score

    drawn = np.random.default_rng(seed).permutation(len(points))[:SILHOUETTE_ROWS]
    if not _TWO <= len(np.unique(ids[drawn])) < len(drawn):
        return None
    return float(silhouette_score(points[drawn], ids[drawn]))


def bend(tried: Sequence[Tried]) -> int | None:
    """Return where the inertia bends most: furthest below the line from its first to its last point; None for a straight one."""
    values = np.array([one.inertia for one in tried], dtype=np.float64)
    if len(values) <= _TWO or values[0] <= values[-1]:
        return None
    line = np.linspace(values[0], values[-1], len(values))
    below = (line - values) / (values[0] - values[-1])
    return tried[int(np.argmax(below))].clusters if below.max() > 0 else None
