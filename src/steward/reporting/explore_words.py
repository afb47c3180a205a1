"""What does somebody see in the shape of rows? In sentences, for the page and for the terminal."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from steward.models.cluster_count import Grouped, Tried, bend
from steward.models.cluster_profile import Profile
from steward.models.explore import Projected
from steward.models.projection import ENOUGH
from steward.reporting.explore_contents import ExploreContents
from steward.reporting.page import figure

MASK = "•••"
"""Stands where so few rows are in a cluster that what is typical of them would tell of people."""

_NAMED = 3
_STRONG_LOADING = 0.3
_APART = 0.5
_STRUCTURE = ((0.7, "clearly apart"), (0.5, "fairly well apart"), (0.25, "apart, but overlap"))
_NONE = "hardly apart: rows do not fall into groups by themselves, and clusters divide what goes over into each other"


def answer(contents: ExploreContents) -> str:
    """Return the one sentence a reader needs if it is all they read."""
    found, explained = contents.found, contents.found.pca.projection.cumulated
    many = len(found.rows.names)
    first = f"{many} feature{'s' * (many != 1)} of {contents.used:,} training rows"
    if len(explained) > 1:
        needed = int(np.searchsorted(explained, ENOUGH - 1e-9)) + 1
        first += f": 2 components show {explained[1]:.0%} of what differs between rows, {needed} show {ENOUGH:.0%}"
    parts = [first]
    if found.centres is not None:
        chosen = found.centres.chosen
        parts.append(f"{chosen.clusters} clusters of k-means are {structure(chosen.silhouette)}")
    if contents.simulated:
        parts.append("but ALL OF IT IS SIMULATED: nothing here is about the world")
    return "; ".join(parts) + "."


def structure(silhouette: float | None) -> str:
    """Return what a silhouette says (Kaufman and Rousseeuw, *Finding Groups in Data*, 1990)."""
    if silhouette is None:
        return "too few rows to be judged"
    said = next((words for least, words in _STRUCTURE if silhouette > least), _NONE)
    head, colon, tail = said.partition(":")
    return f"{head} (silhouette {silhouette:.2f}){colon}{tail}"


def component_words(contents: ExploreContents, part: Projected, place: int) -> str:
    """Return what a component is called, and what it is made of."""
    kind, share = ("component" if part.projection.kind == "pca" else "discriminant"), part.projection.explained[place]
    return f"{kind} {place + 1} ({share:.1%}) {made_of(contents, part, place)}"


def made_of(contents: ExploreContents, part: Projected, place: int) -> str:
    """Return the columns a component goes with, and those it goes against."""
    column = part.loadings[:, place]
    strong = [at for at in np.argsort(-np.abs(column), kind="stable") if abs(column[at]) >= _STRONG_LOADING]
    up = [contents.labels[at] for at in strong if column[at] > 0][:_NAMED]
    down = [contents.labels[at] for at in strong if column[at] < 0][:_NAMED]
    told = [f"rises with {_listed(up)}"] if up else []
    told += [f"falls with {_listed(down)}"] if down else []
    return " and ".join(told) if told else "is a little of everything"


def why_so_many(grouped: Grouped, kind: Literal["k-means", "mixture"]) -> str:
    """Return which number of clusters is best, and why."""
    best = next(one for one in grouped.tried if one.clusters == grouped.best)
    others = [one for one in grouped.tried if one.clusters != grouped.best]
    if kind == "k-means":
        known = [one for one in others if one.silhouette is not None]
        beside = ", ".join(f"{one.clusters}: {_score(one.silhouette)}" for one in _nearest(known, best))
        told = f"{best.clusters} clusters have the highest silhouette, {_score(best.silhouette)}{f' ({beside})' * bool(beside)}"
        turn = bend(grouped.tried)
        told += f"; the inertia bends at {turn}" if turn else ""
    else:
        beside = ", ".join(f"{one.clusters}: {figure(one.bic)}" for one in _nearest(others, best))
        told = f"{_many(best.clusters, 'cloud')} the lowest BIC, {figure(best.bic)}{f' ({beside})' * bool(beside)}"
        if grouped.best == grouped.tried[-1].clusters and others:
            told += "; it still falls there, so that rows are no sum of a few clouds"
    asked = f"; {grouped.clusters} were asked for" if grouped.clusters != grouped.best else ""
    return f"{told}{asked}."


def cluster_words(contents: ExploreContents, profile: Profile, cluster: int) -> str:
    """Return what a cluster is: how many rows, in what it differs from all rows, and what its target is."""
    rows, total = int(profile.rows[cluster]), int(profile.rows[-1])
    told = [
        _beside_all(contents, profile, cluster, place)
        for place in profile.most_apart(cluster, _NAMED)
        if abs(profile.apart[cluster, place]) >= _APART
    ]
    differs = "; ".join(told) if told else "much like all rows"
    return f"Cluster {cluster + 1}, {rows:,} rows ({rows / total:.0%}): {differs}. {target_words(contents, profile, cluster)}"


def _beside_all(contents: ExploreContents, profile: Profile, cluster: int, place: int) -> str:
    """Return what is typical of a cluster in one feature, and the same of all rows."""
    name, own = profile.names[place], typical(contents, profile, cluster, place)
    elsewhere = float(profile.elsewhere[cluster, place])
    overall = f"{elsewhere:.0%}" if np.isfinite(elsewhere) else typical(contents, profile, -1, place)
    return f"{name} {own}" if own == MASK else f"{name} {own}, of all rows {overall}"


def target_words(contents: ExploreContents, profile: Profile, cluster: int) -> str:
    """Return the target's mean, or the share of the class that is more frequent here than elsewhere."""
    own, overall = profile.target[cluster], profile.target[-1]
    if not contents.classes:
        unit = f" {contents.unit}" * bool(contents.unit)
        return f"Mean {contents.target} {figure(float(own[0]))}{unit} (all: {figure(float(overall[0]))})."
    # Of two classes the last is the one that is asked about.
    most = int(np.argmax(own - overall)) if len(contents.classes) > 2 else 1  # noqa: PLR2004 - see above
    return f"{contents.target} is {contents.classes[most]} in {own[most]:.0%} (all: {overall[most]:.0%})."


def typical(contents: ExploreContents, profile: Profile, cluster: int, place: int) -> str:
    """Return what is typical of a cluster: a mean, or a code's word with its share; -1 is all rows."""
    words = contents.features[profile.names[place]]
    if words.personal and profile.rows[cluster] < contents.fewest:
        return MASK
    value, share = float(profile.typical[cluster, place]), float(profile.shares[cluster, place])
    if not np.isfinite(value):
        return "-"
    if np.isfinite(share):
        return f"{words.codes.get(f'{value:g}', f'{value:g}')} ({share:.0%})"
    return figure(value)


def _nearest(tried: Sequence[Tried], best: Tried) -> list[Tried]:
    """Return the two neighbours of the best."""
    return sorted(sorted(tried, key=lambda one: abs(one.clusters - best.clusters))[:2], key=lambda one: one.clusters)


def _score(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _many(count: int, what: str) -> str:
    return f"1 {what} has" if count == 1 else f"{count} {what}s have"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
