"""Commands about the rows themselves: data log, show, diff, lineage, expect, rank."""

from typing import Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Periods, Sets, Where, open_ports

Project = Annotated[
    str | None,
    typer.Argument(metavar="[PROJECT]", help="A blueprint's name or a project folder; all projects of the workspace if left out."),
]
Reference = Annotated[
    str,
    typer.Argument(
        metavar="SNAPSHOT", help="The beginning of a digest, PROJECT, or PROJECT@PERIOD; ~1 behind it is the one before."
    ),
]
Number = Annotated[int | None, typer.Option("--version", metavar="N", help="Which version; the champion by default.")]
Candidates = Annotated[list[str] | None, typer.Argument(metavar="[PROJECT]...", help="Which projects; all blueprints if left out.")]
Limit = Annotated[int, typer.Option(min=1, help="How many snapshots, newest first.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    data = typer.Typer(help="The rows: which snapshots there are, what changed, where a model comes from.", no_args_is_help=True)
    for command in (log, show, diff, lineage, expect, rank):
        data.command()(command)
    app.add_typer(data, name="data")


def log(where: Project = None, limit: Limit = 40, as_json: AsJson = False) -> None:
    """List snapshots, newest first: what they hold, where the rows came from, which run made them."""
    from steward.apps.cli.rows import kept_as_json, tell_log
    from steward.apps.cli.screen import say, say_json
    from steward.flows.snapshots import kept_snapshots

    ports = open_ports(quiet=True)
    kept = kept_snapshots(ports, None if where is None else _name_of(where))[:limit]
    if as_json:
        say_json([kept_as_json(one) for one in kept])
    elif kept:
        tell_log(kept)
    else:
        say(f"no snapshots yet\n\nnext:  steward ingest {where or 'taxi'}")


def show(reference: Reference, as_json: AsJson = False) -> None:
    """Show one snapshot: columns with their units, source files, what it was made of, who uses it."""
    from steward.apps.cli.rows import shown_as_json, tell_snapshot
    from steward.apps.cli.screen import say_json
    from steward.flows.versions import show_snapshot

    shown = show_snapshot(reference, open_ports(quiet=True))
    if as_json:
        say_json(shown_as_json(shown))
    else:
        tell_snapshot(shown)


def diff(before: Reference, after: Reference, as_json: AsJson = False) -> None:
    """Show what is different between two snapshots: columns, rows by period, how full and how large each column is."""
    from dataclasses import asdict

    from steward.apps.cli.rows import tell_difference
    from steward.apps.cli.screen import say_json
    from steward.flows.versions import compare

    compared = compare(before, after, open_ports(quiet=True))
    if as_json:
        say_json({"text": compared.changed.text, "same": compared.changed.same, **asdict(compared)})
    else:
        tell_difference(compared)


def lineage(where: Where, number: Number = None, as_json: AsJson = False) -> None:
    """Show where a version comes from: bundle, run, snapshots, source files, declaration, commit, libraries."""
    from steward.apps.cli.rows import tell_lineage
    from steward.apps.cli.screen import say_json
    from steward.flows.lineage import lineage as trace

    traced = trace(open_ports(quiet=True), _name_of(where), number)
    if as_json:
        say_json(traced)
    else:
        tell_lineage(traced, where)


def expect(where: Where, period: Periods = None, data: Data = None, sets: Sets = None, as_json: AsJson = False) -> None:
    """Ask Great Expectations the project's own checks and compare; writes the suite and its Data Docs. Exits 1 if they differ."""
    from rich.markup import escape

    from steward.adapters.great_expectations import run_suite
    from steward.apps.cli.screen import say, say_json
    from steward.flows.expect import expect_periods
    from steward.project.read import read_project

    project = read_project(where, sets or ())
    report = expect_periods(project, period or project.spec.split.train, open_ports(data, quiet=as_json), run_suite)
    if as_json:
        say_json(report.as_dict())
    else:
        for one in report.compared:
            word = "[green]agree[/]" if one.agree else "[red]differ[/]"
            held = "holds" if one.ours.holds else f"broken in {one.ours.rows:,} rows"
            say(f"  {word}  {escape(one.ours.name)}: {held}")
        say(f"\n{len(report.compared)} checks on {report.rows:,} rows\nsuite      {report.suite}\nData Docs  {report.pages}")
        say(f"\nnext:  open {report.pages} in a browser")
    raise typer.Exit(0 if report.agree else 1)


def rank(projects: Candidates = None, data: Data = None, as_json: AsJson = False) -> None:
    """Say which data set is the best to begin with, and why: rows, balance, filled cells, drift to show, reach."""
    from steward.apps.cli.screen import say, say_json, say_table
    from steward.flows.select import WEIGHTS, rank
    from steward.project.read import blueprint_names, read_project

    found = rank([read_project(name) for name in projects or blueprint_names()], open_ports(data, quiet=True))
    if as_json:
        say_json(found)
        return
    say_table("Data sets, the best first", ("project", "score", *WEIGHTS), [(c.name, c.score, *c.figures.values()) for c in found])
    for candidate in found:
        say(f"\n[bold]{candidate.name}[/]: {'; '.join(candidate.reasons)}")
    say(f"\nnext:  steward run {found[0].name}")


def _name_of(where: str) -> str:
    """Return the project's name; also of one that ran here and whose files are gone."""
    from steward.core.errors import UsageError
    from steward.project.read import read_project

    try:
        return read_project(where).spec.name
    except UsageError:
        if where in open_ports(quiet=True).runs.projects():
            return where
        raise
