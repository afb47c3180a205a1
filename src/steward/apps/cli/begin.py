"""The command that begins: a project for a table of one's own, or a copy of a blueprint."""

from pathlib import Path
from typing import Annotated

import typer

Table = Annotated[Path | None, typer.Argument(metavar="[TABLE]", help="A CSV, gzipped CSV or Parquet file.")]
Target = Annotated[str | None, typer.Option(help="The column to predict, as the file spells it.")]
Into = Annotated[Path | None, typer.Option(metavar="FOLDER", help="The folder to make (default: the project's name).")]
Name = Annotated[str | None, typer.Option(help="The project's name (default: made of the file's name).")]
Time = Annotated[str | None, typer.Option(help="The column of the event's time (default: found in the table).")]
Example = Annotated[str | None, typer.Option(metavar="BLUEPRINT", help="Copy a blueprint instead, to change it.")]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(init)


def init(
    table: Table = None, target: Target = None, into: Into = None, name: Name = None, time: Time = None, example: Example = None
) -> None:
    """Write a project for a table: its types, time, identifiers, task and checks are judged from its rows."""
    from steward.apps.cli.screen import say
    from steward.core.errors import Fault, UsageError
    from steward.flows.init import copy_blueprint, init_project, project_name

    if example is not None:
        folder = copy_blueprint(example, into or Path(example))
        say(f"{folder}: a copy of the blueprint {example}\n\nnext:  steward run {folder}")
        return
    if table is None or target is None:
        fix = "steward init DATA.csv --target COLUMN      or a blueprint to change:  steward init --example taxi"
        raise UsageError(Fault("INIT-004", "a project needs a table and the column to predict", fix=fix))
    drafted = init_project(table, target, into or Path(project_name(table, name)), name=name, time=time)
    for sentence in drafted.judged:
        say(sentence)
    for reason in drafted.left_out:
        say(f"left out: {reason}")
    say("\nlook at dictionary.yaml: what a column means and when it is known cannot be seen from rows")
    say(f"next:  steward run {drafted.folder}")
