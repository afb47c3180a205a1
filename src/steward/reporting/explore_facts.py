"""What is found out about the shape of rows, as JSON for programs?"""

from typing import Any, Literal

import numpy as np

from steward.models.cluster_count import Grouped
from steward.models.cluster_profile import Profile
from steward.models.explore import Projected
from steward.reporting.explore_contents import ExploreContents
from steward.reporting.explore_words import answer, typical, why_so_many


def as_json(contents: ExploreContents) -> dict[str, Any]:
    """Return everything but the rows themselves as a JSON object."""
    found = contents.found
    facts = ("project", "target", "unit", "about", "run", "origin", "snapshot", "rows", "used", "seed")
    return {
        **{key: getattr(contents, key) for key in facts},
        "answer": answer(contents),
        "notes": list(found.notes),
        "features": list(found.rows.names),
        "columns": list(contents.labels),
        "pca": _projected(found.pca),
        "lda": None if found.lda is None else {**_projected(found.lda), "groups": list(contents.groups)},
        "k_means": None if found.centres is None else _grouped(found.centres, "k-means"),
        "mixture": None if found.clouds is None else _grouped(found.clouds, "mixture"),
        "profile": None if found.profile is None else _profile(contents, found.profile),
    }


def _projected(part: Projected) -> dict[str, Any]:
    explained = {"explained": part.projection.explained.tolist(), "cumulated": part.projection.cumulated.tolist()}
    return {
        **explained,
        "components": len(part.projection.weights),
        "loadings": part.loadings.tolist(),
        "model": part.projection.as_dict(),
    }


def _grouped(grouped: Grouped, kind: Literal["k-means", "mixture"]) -> dict[str, Any]:
    tried = [
        {
            "clusters": one.clusters,
            "silhouette": one.silhouette,
            **({"inertia": one.inertia} if kind == "k-means" else {"bic": one.bic}),
        }
        for one in grouped.tried
    ]
    sizes = np.bincount(grouped.ids, minlength=grouped.clusters).tolist()
    because = why_so_many(grouped, kind)
    chosen = {"clusters": grouped.clusters, "best": grouped.best, "because": because, "rows": sizes}
    return {**chosen, "tried": tried, "model": grouped.model.as_dict()}


def _profile(contents: ExploreContents, profile: Profile) -> list[dict[str, Any]]:
    groups = contents.classes or ("mean",)
    lines = [(str(place + 1), place) for place in range(len(profile.rows) - 1)] + [("all", -1)]
    return [
        {
            "cluster": name,
            "rows": int(profile.rows[place]),
            "target": dict(zip(groups, profile.target[place].tolist(), strict=True)),
            "typical": {column: typical(contents, profile, place, at) for at, column in enumerate(profile.names)},
        }
        for name, place in lines
    ]
