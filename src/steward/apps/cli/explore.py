"""The command that looks at the shape of a project's rows: components, discriminants, clusters."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Sets, Where, open_ports

if TYPE_CHECKING:
    from steward.flows.explore import Explored

Components = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="How many components to keep (default: what explains 90 %, two to ten).")
]
Clusters = Annotated[str, typer.Option(metavar="K|auto", help="How many clusters to show; auto: the number that is best.")]

_COUNTS = range(2, 31)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(explore)


def explore(
    where: Where,
    components: Components = None,
    clusters: Clusters = "auto",
    data: Data = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Look at the shape of the training rows: principal components, what tells classes apart, clusters; writes a page."""
    from steward.apps.cli.screen import say_json
    from steward.flows.explore import ExploreOptions, explore_project
    from steward.reporting.explore_facts import as_json as facts_of

    options = ExploreOptions(where, tuple(sets or ()), components, _count(clusters))
    found = explore_project(options, open_ports(data, quiet=as_json))
    if as_json:
        say_json({"page": str(found.page), "facts": str(found.facts), **facts_of(found.contents)})
    else:
        _say(found, where)


def _count(clusters: str) -> int | None:
    """Return the number of clusters that was asked for; None for auto."""
    from steward.core.errors import Fault, UsageError

    if clusters == "auto":
        return None
    if not clusters.isascii() or not clusters.isdecimal() or int(clusters) not in _COUNTS:
        what = f"--clusters {clusters} is neither auto nor a number from {_COUNTS[0]} to {_COUNTS[-1]}"
        raise UsageError(Fault("CLI-006", what, fix="write  --clusters auto  or, for example,  --clusters 4"))
    return int(clusters)


def _say(explored: "Explored", where: str) -> None:
    from rich.markup import escape

    from steward.apps.cli.screen import say, say_simulated
    from steward.reporting.explore_words import answer, cluster_words, component_words, why_so_many

    contents, found = explored.contents, explored.contents.found
    say_simulated(contents.origin)
    say(f"[bold]{escape(answer(contents))}[/]\n")
    for place in range(min(len(found.pca.projection.weights), 2)):
        say(escape(component_words(contents, found.pca, place)))
    if found.lda is not None:
        say(escape(component_words(contents, found.lda, 0)))
    if found.centres is not None and found.profile is not None:
        say(f"\nk-means: {why_so_many(found.centres, 'k-means')}")
        for place in range(found.centres.clusters):
            say(f"  {escape(cluster_words(contents, found.profile, place))}")
    if found.clouds is not None:
        say(f"mixture: {why_so_many(found.clouds, 'mixture')}")
    for note in found.notes:
        say(f"[yellow]note[/] {escape(note)}")
    used = (
        f"{contents.used:,} of {contents.rows:,} training rows, drawn with seed {contents.seed}"
        if contents.used < contents.rows
        else ""
    )
    say(f"\n{used}\npage: {explored.page}" if used else f"\npage: {explored.page}")
    say(f"next:  steward run {where}")
