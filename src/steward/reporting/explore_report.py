"""How does the shape of rows look on one page? It needs no network, no script and no server."""

from collections.abc import Mapping

import numpy as np

from steward.models.projection import Projection
from steward.reporting.contents import Plot
from steward.reporting.explore_contents import ExploreContents
from steward.reporting.explore_pictures import (
    cluster_picture,
    component_picture,
    count_picture,
    discriminant_picture,
    explained_picture,
)
from steward.reporting.explore_words import answer, cluster_words, made_of, structure, typical, why_so_many
from steward.reporting.feature_plots import heat
from steward.reporting.page import ORIGINS, page_template

_MOST_COLUMNS = 24
_MOST_COMPONENTS = 5
_FAR = 2.0  # standard deviations from all rows that have the full colour


def render_explore_html(contents: ExploreContents) -> str:
    """Return the page as HTML text; every value in it is escaped."""
    return page_template("explore.html.j2").render(**_view(contents))


def _view(contents: ExploreContents) -> Mapping[str, object]:
    found = contents.found
    return {
        "report": contents,
        "found": found,
        "answer": answer(contents),
        "origin": ORIGINS.get(contents.origin, contents.origin),
        "pictures": _pictures(contents),
        "components": [made_of(contents, found.pca, place) for place in range(len(found.pca.projection.weights))],
        "explained": _explained(found.pca.projection),
        "loadings": _loadings(contents),
        "most_components": _MOST_COMPONENTS,
        "heat": heat,
        "shade": lambda cluster, place: (
            heat(float(np.clip(found.profile.apart[cluster, place] / _FAR, -1, 1))) if found.profile else ""
        ),
        "typical": lambda cluster, place: typical(contents, found.profile, cluster, place) if found.profile else "",
        "told": [cluster_words(contents, found.profile, at) for at in range(len(found.profile.rows) - 1)] if found.profile else [],
        "because": why_so_many,
        "structure": structure,
    }


def _pictures(contents: ExploreContents) -> Mapping[str, tuple[Plot, ...]]:
    found = contents.found
    return {
        "pca": (explained_picture(contents), component_picture(contents)),
        "lda": (discriminant_picture(contents, found.lda),) if found.lda else (),
        "centres": (count_picture(found.centres), cluster_picture(contents, found.centres)) if found.centres else (),
        "clouds": (count_picture(found.clouds), cluster_picture(contents, found.clouds)) if found.clouds else (),
    }


def _explained(projection: Projection) -> list[tuple[int, float, float]]:
    kept = len(projection.weights)
    return [(place + 1, float(projection.explained[place]), float(projection.cumulated[place])) for place in range(kept)]


def _loadings(contents: ExploreContents) -> list[tuple[str, list[float]]]:
    """Return a line for each column: those that go most with the first components, in their own order where all fit."""
    table = contents.found.pca.loadings[:, :_MOST_COMPONENTS]
    order = np.argsort(-np.abs(table).max(axis=1), kind="stable")[:_MOST_COLUMNS]
    return [(contents.labels[place], table[place].tolist()) for place in sorted(order)]
