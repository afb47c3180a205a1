"""What does each picture of the shape of rows show, in words as well as in dots?"""

import numpy as np
import numpy.typing as npt

from steward.models.cluster_count import Grouped
from steward.models.clusters import Centres
from steward.models.explore import Projected
from steward.models.projection import ENOUGH
from steward.reporting.contents import Plot
from steward.reporting.explore_contents import ExploreContents
from steward.reporting.explore_plots import (
    bic_line,
    cluster_dots,
    explained_bars,
    group_bars,
    group_dots,
    quantity_dots,
    silhouette_and_inertia,
)
from steward.reporting.explore_words import component_words, why_so_many
from steward.reporting.page import figure

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

DOTS = 3000
"""So many rows are drawn as dots; more would hide each other."""

_ARROWS = 6
_PLANE = 2
_LEAST_ARROW = 0.2


def explained_picture(contents: ExploreContents) -> Plot:
    """Return how much each component explains, and all of them up to each."""
    explained, together = contents.found.pca.projection.explained, contents.found.pca.projection.cumulated
    kept = len(contents.found.pca.projection.weights)
    told = ", ".join(f"{place + 1}: {share:.1%}" for place, share in enumerate(explained[:8]))
    enough = int(np.searchsorted(together, ENOUGH - 1e-9)) + 1
    said = f"{enough} of {len(explained)} components explain {ENOUGH:.0%} of the variance; "
    said += f"{kept} {'is kept, and explains' if kept == 1 else 'are kept, and explain'} {together[kept - 1]:.1%}."
    return Plot(
        "Explained variance",
        f"Bars of the share each component explains: {told}. {said}",
        said,
        explained_bars(explained, kept, ENOUGH),
    )


def component_picture(contents: ExploreContents) -> Plot:
    """Return the rows in the plane of the first two components, coloured by the target, with the strongest features as arrows."""
    pca = contents.found.pca
    told = f"{_capital(_made_of(contents, pca))}."
    title = "Components and the target"
    groups = contents.found.groups.codes.astype(np.intp)
    if pca.scores.shape[1] < _PLANE:
        picture = group_bars(pca.scores[:, 0], groups, contents.groups, label=_axis(pca, 0))
        return Plot(title, f"Bars along the only component for each group of {contents.target}. {told}", told, picture)
    drawn, plane, axes = _drawn(contents), pca.scores[:, :_PLANE], (_axis(pca, 0), _axis(pca, 1))
    strong = _strongest(pca)
    arrows, names = pca.loadings[strong, :_PLANE], [contents.labels[place] for place in strong]
    if contents.classes:
        picture = group_dots(plane[drawn], groups[drawn], contents.classes, axes, arrows=arrows, names=names)
    else:
        label = f"{contents.target} ({contents.unit})" if contents.unit else contents.target
        picture = quantity_dots(plane[drawn], contents.found.target[drawn], arrows, names, axes, label=label)
    alt = (
        f"Dots of rows in the plane of the first two components, coloured by {contents.target}; arrows: {', '.join(names)}. {told}"
    )
    caption = f"{told} An arrow points to where its feature is high; the longer, the more of it is seen here. {_how_many(contents)}"
    return Plot(title, alt, caption, picture)


def discriminant_picture(contents: ExploreContents, lda: Projected) -> Plot:
    """Return the rows along the directions that tell the target's groups apart."""
    groups = contents.found.groups.codes.astype(np.intp)
    apart = lda.between(contents.found.groups.codes)
    told = f"{_capital(_made_of(contents, lda))}. {apart:.0%} of the variance along discriminant 1 lies between the groups."
    if lda.scores.shape[1] < _PLANE:
        picture = group_bars(lda.scores[:, 0], groups, contents.groups, label=_axis(lda, 0))
        alt = f"Bars along the only discriminant for each group of {contents.target}: {', '.join(contents.groups)}. {told}"
        return Plot("Discriminants", alt, told, picture)
    drawn = _drawn(contents)
    picture = group_dots(lda.scores[drawn, :_PLANE], groups[drawn], contents.groups, (_axis(lda, 0), _axis(lda, 1)))
    alt = f"Dots of rows in the plane of the first two discriminants, coloured by {contents.target}. {told}"
    return Plot("Discriminants", alt, f"{told} {_how_many(contents)}", picture)


def count_picture(grouped: Grouped) -> Plot:
    """Return how good each number of clusters is."""
    counts = [one.clusters for one in grouped.tried]
    if isinstance(grouped.model, Centres):
        said = why_so_many(grouped, "k-means")
        told = ", ".join(f"{one.clusters}: {figure(one.silhouette)} and {figure(one.inertia)}" for one in grouped.tried)
        inertias = [one.inertia or 0.0 for one in grouped.tried]
        picture = silhouette_and_inertia(counts, [one.silhouette for one in grouped.tried], inertias, grouped.best)
        return Plot(
            "How many clusters", f"Lines of silhouette and inertia over the number of clusters: {told}. {said}", said, picture
        )
    said = _capital(why_so_many(grouped, "mixture"))
    told = ", ".join(f"{one.clusters}: {figure(one.bic)}" for one in grouped.tried)
    picture = bic_line(counts, [one.bic or 0.0 for one in grouped.tried], grouped.best)
    return Plot("How many clouds", f"Line of the BIC over the number of clouds: {told}. {said}", said, picture)


def cluster_picture(contents: ExploreContents, grouped: Grouped) -> Plot:
    """Return the rows in the plane of the first two components, coloured by cluster or cloud."""
    pca, model = contents.found.pca, grouped.model
    word, title = ("cluster", "Clusters of k-means") if isinstance(model, Centres) else ("cloud", "Clouds of the mixture")
    sizes = np.bincount(grouped.ids, minlength=grouped.clusters)
    told = ", ".join(f"{word} {place + 1} has {rows:,} rows ({rows / len(grouped.ids):.0%})" for place, rows in enumerate(sizes))
    caption = f"{_capital(told)}."
    if pca.scores.shape[1] < _PLANE:
        labels = [f"{word} {place + 1}" for place in range(grouped.clusters)]
        picture = group_bars(pca.scores[:, 0], grouped.ids, labels, label=_axis(pca, 0))
        return Plot(title, f"Bars along the only component for each {word}: {told}.", caption, picture)
    drawn, axes = _drawn(contents), (_axis(pca, 0), _axis(pca, 1))
    plane, ids = pca.scores[drawn, :_PLANE], grouped.ids[drawn]
    if isinstance(model, Centres):
        picture = cluster_dots(plane, ids, pca.projection.place(model.centres)[:, :_PLANE], axes)
        caption += " They are parted by all features, not only by the two directions that are drawn."
    else:
        covariances = model.covariances[:, :_PLANE, :_PLANE]
        picture = cluster_dots(plane, ids, model.means[:, :_PLANE], axes, covariances=covariances)
        caption += " Lines are two standard deviations around each middle."
    alt = f"Dots of rows in the plane of the first two components, coloured by {word}: {told}."
    return Plot(title, alt, f"{caption} {_how_many(contents)}", picture)


def _drawn(contents: ExploreContents) -> Places:
    return np.sort(np.random.default_rng(contents.seed).permutation(contents.used)[:DOTS])


def _how_many(contents: ExploreContents) -> str:
    return f"{DOTS:,} of {contents.used:,} rows are drawn." if contents.used > DOTS else ""


def _strongest(part: Projected) -> Places:
    """Return the columns with the longest arrows in the plane; short ones are left out."""
    lengths = np.linalg.norm(part.loadings[:, :_PLANE], axis=1)
    order = np.argsort(-lengths, kind="stable")[:_ARROWS]
    long: Places = order[lengths[order] >= _LEAST_ARROW]
    return long


def _axis(part: Projected, place: int) -> str:
    kind = "component" if part.projection.kind == "pca" else "discriminant"
    return f"{kind} {place + 1} ({part.projection.explained[place]:.1%})"


def _made_of(contents: ExploreContents, part: Projected) -> str:
    return "; ".join(component_words(contents, part, place) for place in range(min(_PLANE, part.scores.shape[1])))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
