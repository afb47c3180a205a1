"""The command that answers rows in bulk: score."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Sets, Where, open_ports

if TYPE_CHECKING:
    from steward.flows.score import Scored

Rows = Annotated[
    str | None, typer.Option("--input", metavar="FILE", help="Parquet, CSV or JSON lines, packed or not; or a pattern in quotes.")
]
Months = Annotated[
    list[str] | None,
    typer.Option("--period", metavar="PERIOD", help="Rows of the project's own source (files, address, query); may be repeated."),
]
Output = Annotated[Path, typer.Option("--output", metavar="FILE", help="Where the answers go: .parquet, .csv or .jsonl (.gz).")]
Number = Annotated[int | None, typer.Option("--version", metavar="N", help="Which version answers; the champion by default.")]
Log = Annotated[bool, typer.Option("--log", help="Also keep the answers in the prediction log, once however often it is done.")]
Columns = Annotated[str, typer.Option(metavar="A,B", help="Columns of the input to put beside the answers.")]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(score)


def score(
    where: Where,
    output: Output,
    rows: Rows = None,
    period: Months = None,
    number: Number = None,
    columns: Columns = "",
    log: Log = False,
    data: Data = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Answer all rows of files into one; exits 1 if some cannot be answered: these stand beside it, with line and reason."""
    from steward.apps.cli.screen import say_json, say_simulated
    from steward.core.errors import Fault, UsageError
    from steward.flows.score import ScoreOptions
    from steward.flows.score import score as score_flow
    from steward.flows.score_input import files_of_periods, matching_files
    from steward.project.read import read_project

    if (rows is None) == (not period):
        fix = "add  --input FILE   or   --period PERIOD"
        raise UsageError(Fault("SCORE-008", "the rows to score are named either by --input or by --period", fix=fix))
    project, ports = read_project(where, sets or ()), open_ports(data, quiet=as_json)
    inputs = matching_files(project, rows) if rows is not None else files_of_periods(project, period or (), ports)
    carried = tuple(dict.fromkeys(name.strip() for name in columns.split(",") if name.strip()))
    scored = score_flow(project, inputs.files, ScoreOptions(output, number, carried, log), ports)
    if as_json:
        say_json({**_plain(scored), "simulated": inputs.simulated})
    else:
        say_simulated("simulated" if inputs.simulated else "")
        _tell(scored)
    raise typer.Exit(1 if scored.refused else 0)


def _plain(scored: "Scored") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(scored)


def _tell(scored: "Scored") -> None:
    from steward.apps.cli.screen import say

    answered = scored.rows - scored.refused
    speed = scored.rows / scored.seconds if scored.seconds else 0
    say(f"[green]✓[/] {answered:,} rows answered by {scored.model} v{scored.version}   ({speed:,.0f} rows/s)")
    say(f"  {scored.output}{'   and the prediction log' if scored.logged else ''}")
    if scored.refused:
        say(f"[yellow]![/] {scored.refused:,} rows could not be answered; with line and reason in\n  {scored.refused_to}")
