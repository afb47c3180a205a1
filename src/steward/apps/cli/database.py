"""Commands about the database: db init, load, tables, views, sql, url, shell."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Where, open_ports

if TYPE_CHECKING:
    from steward.project.tables import RowSet

Sql = Annotated[str, typer.Argument(metavar="SQL", help='One question, for example "SELECT * FROM model_leaderboard".')]
Limit = Annotated[int, typer.Option(min=1, help="How many rows at most.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="SET", help="Load only these rows: raw, processed or features; may be given several times."),
]

Arguments = Annotated[list[str] | None, typer.Argument(metavar="[ARGUMENTS]", help="More arguments for the client.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    database = typer.Typer(help="The database: bring rows into it, ask it in SQL.", no_args_is_help=True)
    for command in (init, load, tables, views, sql, url):
        database.command()(command)
    database.command(context_settings={"ignore_unknown_options": True})(shell)
    app.add_typer(database, name="db")


def init(as_json: AsJson = False) -> None:
    """Make the database's tables and views, or bring them to this version's schema; twice changes nothing."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_json
    from steward.flows.database import init_database

    ports = open_ports(quiet=True)
    found = init_database(ports)
    if as_json:
        say_json({"address": ports.tables.address, "tables": [asdict(table) for table in found]})
        return
    say(f"[green]✓[/] {ports.tables.address}: {len(found)} tables\n\nnext:  steward db load PROJECT")


def load(where: Where, only: Only = None, as_json: AsJson = False) -> None:
    """Bring the rows of the newest finished run into tables, with results and predictions; only what changed is written."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_json
    from steward.flows.database import load_project
    from steward.project.read import read_project

    sets = _row_sets(only or [])
    loaded = load_project(read_project(where), open_ports(quiet=as_json), sets)
    if as_json:
        say_json(asdict(loaded))
        return
    for view in loaded.views:
        say(f"  view {view}")
    say(f"  {loaded.predictions:,} new predictions")
    first = [*loaded.views, *loaded.tables][0]
    say(f'\nnext:  steward db sql "SELECT * FROM {first}"')  # noqa: S608 - a hint for people


def tables(as_json: AsJson = False) -> None:
    """List the tables: whose rows they hold, in how many parts, and how many."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say_json, say_table

    found = open_ports(quiet=True).tables.tables()
    if as_json:
        say_json([asdict(table) for table in found])
        return
    rows = [[table.name, table.project or "steward", table.parts or None, table.rows] for table in found]
    say_table("Tables", ("table", "of", "parts", "rows"), rows)


def views(as_json: AsJson = False) -> None:
    """List the views, ready-made questions."""
    from steward.apps.cli.screen import say, say_json

    found = open_ports(quiet=True).tables.views()
    if as_json:
        say_json(list(found))
        return
    for view in found:
        say(view)


def sql(question: Sql, limit: Limit = 100, as_json: AsJson = False) -> None:
    """Answer one question in SQL; nothing can be changed this way."""
    from steward.apps.cli.screen import err, say_json, say_table

    answer = open_ports(quiet=True).tables.ask(question, limit=limit)
    if as_json:
        say_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    else:
        say_table("", answer.columns, answer.rows)
    if answer.more:
        err.print(f"only the first {limit} rows are shown; more with  --limit {limit * 10}")


def url() -> None:
    """Print where the database is, without its password."""
    from steward.adapters.sql.address import masked, read_address
    from steward.apps.cli.screen import say
    from steward.bootstrap import Settings, database_url

    say(masked(read_address(database_url(Settings()))).replace("[", r"\["))


def shell(arguments: Arguments = None) -> None:
    """Open the database's own client (sqlite3, psql, mariadb), set to read only."""
    import os

    from steward.adapters.sql.client import client_of
    from steward.bootstrap import Settings, database_url

    client = client_of(database_url(Settings()))
    os.execvpe(client.command[0], [*client.command, *(arguments or [])], {**os.environ, **client.environment})  # noqa: S606 - no shell is wanted


def _row_sets(named: list[str]) -> list["RowSet"]:
    from steward.core.errors import unknown_name
    from steward.flows.database import ALL_SETS

    known = {str(name): name for name in ALL_SETS}
    for name in named:
        if name not in known:
            raise unknown_name("set of rows", name, known, code="DB-041", where=("--only",))
    return [known[name] for name in named]
