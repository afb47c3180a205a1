"""What shape do rows have: along which directions do they differ, and into which groups do they fall?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steward.core.errors import Fault, UsageError
from steward.models.cluster_count import Grouped, Tell, group_by_centres, group_by_clouds
from steward.models.cluster_profile import Profile, profile_clusters
from steward.models.clusters import different_rows
from steward.models.comparable import Comparable, compare_rows
from steward.models.projection import Projection, lda_fit_transform, loadings, pca_fit_transform

Array = npt.NDArray[np.float64]

_QUARTERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """What the target divides rows into: its classes, or the quarters of a quantity.

    `codes` of shape (rows,); `ranges` are the smallest and the largest value of each quarter, none for classes.
    """

    codes: Array
    ranges: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """Rows along a few directions: scores of shape (rows, components), loadings of (spread columns, components)."""

    projection: Projection
    scores: Array
    loadings: Array

    def between(self, groups: Array) -> float:
        """Return the share of the first component's variance that lies between groups, 0 to 1."""
        first = self.scores[:, 0]
        means = {group: first[groups == group].mean() for group in np.unique(groups)}
        whole = float(first.var())
        return float(np.var([means[group] for group in groups])) / whole if whole > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Exploration:
    """Everything that is found out about some rows; `lda`, `centres` and `clouds` are None where `notes` say why."""

    rows: Comparable
    target: Array
    groups: Groups
    pca: Projected
    lda: Projected | None
    centres: Grouped | None
    profile: Profile | None
    clouds: Grouped | None
    notes: tuple[str, ...]


def explore_rows(
    matrix: Array,
    target: Array,
    *,
    names: Sequence[str],
    codes: Collection[str],
    classes: int,
    components: int | None,
    clusters: int | None,
    seed: int,
    tell: Tell,
) -> Exploration:
    """Return directions and groups of rows.

    Args:
        matrix: shape (rows, columns), NaN where missing.
        target: shape (rows,), finite: a quantity, or the codes of classes.
        names: one for each column.
        codes: those of them whose numbers are codes.
        classes: how many classes the target has; 0 for a quantity.
        components: how many to keep; as many as explain nine tenths of the variance where absent, two to ten.
        clusters: how many; where absent the number that is best.
        seed: the same seed gives the same answer.
        tell: told after each number of clusters that was tried.

    Raises:
        UsageError: MODEL-061 no column tells rows apart, MODEL-062 other components than there are, MODEL-063 there are fewer
            different rows than clusters.
    """
    rows = compare_rows(matrix, names=names, categories=codes)
    _refuse_components(rows, components)
    _refuse_clusters(rows, clusters)
    groups = group_target(target, classes)
    pca = _projected(rows, *pca_fit_transform(rows.points, rows.spread, components=components))
    lda = _lda(rows, groups)
    centres = group_by_centres(rows.points, rows.spread, wanted=clusters, seed=seed, tell=tell)
    clouds = group_by_clouds(rows.points, pca.scores, pca.projection, wanted=clusters, seed=seed, tell=tell)
    profile = (
        None
        if centres is None
        else profile_clusters(rows.matrix, centres.ids, target, names=rows.names, codes=rows.codes, classes=classes)
    )
    notes = [] if lda else ["groups of the target cannot be projected apart (LDA): there is one, or nothing varies within them"]
    notes += [] if centres else ["rows are all alike: there are no clusters"]
    notes += [] if clouds else ["no mixture: there are too few different rows for the clouds"]
    return Exploration(rows, target, groups, pca, lda, centres, profile, clouds, (*rows.notes, *notes))


def group_target(target: Array, classes: int) -> Groups:
    """Return the classes as they are, or a quantity in quarters of about as many rows; fewer where many values are equal.

    >>> group_target(np.array([1.0, 2.0, 3.0, 4.0]), 0).codes.tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    if classes:
        return Groups(target, ())
    inner = np.unique(np.quantile(target, np.arange(1, _QUARTERS) / _QUARTERS))
    used, places = np.unique(np.searchsorted(inner, target, side="left"), return_inverse=True)
    members = [target[places == place] for place in range(len(used))]
    return Groups(places.astype(np.float64), tuple((float(one.min()), float(one.max())) for one in members))


def _projected(rows: Comparable, projection: Projection, scores: Array) -> Projected:
    return Projected(projection, scores, loadings(rows.points, scores))


def _lda(rows: Comparable, groups: Groups) -> Projected | None:
    try:
        return _projected(rows, *lda_fit_transform(rows.points, groups.codes, rows.spread))
    except ValueError:
        return None


def _refuse_components(rows: Comparable, components: int | None) -> None:
    most = min(rows.points.shape)
    if components is not None and components > most:
        what = f"{components} components were asked for, and {len(rows.points):,} rows of {len(rows.names)} features have {most}"
        raise UsageError(Fault("MODEL-062", what, rows.notes, fix=f"ask for up to {most}:  --components {most}"))


def _refuse_clusters(rows: Comparable, clusters: int | None) -> None:
    if clusters is None:
        return
    there = different_rows(rows.points, at_most=clusters)
    if there < clusters:
        what = f"{clusters} clusters were asked for, and there are {there} different rows"
        raise UsageError(Fault("MODEL-063", what, rows.notes, fix=f"ask for up to {there}, or let them be found:  --clusters auto"))
