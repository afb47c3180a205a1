"""Commands about what was answered: log ship, log clear, forget."""

from typing import Annotated

import typer

from steward.apps.cli.options import AsJson, Where, open_ports

Again = Annotated[bool, typer.Option("--again", help="From the beginning of the log: for a database that lost some of it.")]
Id = Annotated[str | None, typer.Option("--id", metavar="ID", help="The prediction with this id.")]
Column = Annotated[str | None, typer.Option(metavar="NAME", help="With --value: all predictions whose row holds it there.")]
Value = Annotated[str | None, typer.Option(metavar="VALUE", help="A value of --column.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    log = typer.Typer(
        help="The log of predictions and outcomes: bring it into the database, clear what is too old.", no_args_is_help=True
    )
    log.command("ship")(ship)
    log.command()(clear)
    app.add_typer(log, name="log")
    app.command()(forget)


def ship(where: Where, again: Again = False, as_json: AsJson = False) -> None:
    """Bring into the database what was logged and is not there yet, each record once; a running server does so by itself."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_json
    from steward.flows.ship import ship as bring
    from steward.project.read import read_project

    shipped = bring(read_project(where).spec.name, open_ports(quiet=True), again=again)
    if as_json:
        say_json(asdict(shipped))
    else:
        say(f"[green]✓[/] {shipped.predictions:,} new predictions, {shipped.outcomes:,} new outcomes")


def clear(where: Where, as_json: AsJson = False) -> None:
    """Remove what is older than the project's serving.retention_days; a running server does so once a day."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_json
    from steward.flows.retain import clear_old
    from steward.project.read import read_project

    project = read_project(where)
    cleared = clear_old(project, open_ports(quiet=True))
    days = project.spec.serving.retention_days
    if as_json:
        say_json({**asdict(cleared), "retention_days": days})
    elif days is None:
        say("nothing is removed: the project keeps all\n\nset it with  serving: {retention_days: 365}  in project.yaml")
    else:
        removed = cleared.removed
        say(f"[green]✓[/] {removed.predictions:,} predictions, {removed.outcomes:,} outcomes, {cleared.segments} segments removed")


def forget(where: Where, id_: Id = None, column: Column = None, value: Value = None, as_json: AsJson = False) -> None:
    """Remove a person's predictions from log and database; the journal keeps that it was done, not of whom."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_json
    from steward.flows.forget import forget as take_out
    from steward.project.read import read_project

    forgotten = take_out(read_project(where), open_ports(quiet=True), id_=id_, column=column, value=value)
    if as_json:
        say_json(asdict(forgotten))
        return
    removed = forgotten.removed
    say(f"[green]✓[/] gone from the log: {forgotten.records:,} records")
    say(f"[green]✓[/] gone from the database: {removed.predictions:,} predictions, {removed.outcomes:,} outcomes")
    say("rows that a model learned from lie in snapshots and are not touched")
