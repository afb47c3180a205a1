"""The command that makes rows up, or bends real ones."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from steward.apps.cli.options import Data, Sets, Where, open_ports

Period = Annotated[str, typer.Option(metavar="PERIOD", help="Which month, year or part of the data.")]
Scenario = Annotated[str, typer.Option(help="A world of the simulator (`none` is the ordinary one), or a case of the drift plan.")]
Bends = Annotated[
    list[str] | None,
    typer.Option(
        "--bend", metavar="KIND:COLUMN:AMOUNT", help="What goes wrong with the rows; may be repeated. --bends lists them."
    ),
]
Segment = Annotated[str | None, typer.Option(metavar="COLUMN=VALUE", help="Bend only these rows.")]
Start = Annotated[str | None, typer.Option(metavar="TIME", help="Bend rows from this time on (ISO 8601).")]
End = Annotated[str | None, typer.Option(metavar="TIME", help="Bend rows before this time (ISO 8601).")]
Gradual = Annotated[bool, typer.Option("--gradual", help="Let the bends grow from nothing to all over the time.")]
From = Annotated[Literal["simulator", "rows"], typer.Option("--from", help="Bend rows the simulator makes up, or real rows.")]
Seed = Annotated[int, typer.Option(help="Of the draws: the same seed hits the same rows.")]
Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A folder, or a .parquet file whose name holds the period; needed to bend.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(simulate)


def _list_bends(value: bool) -> None:
    if value:
        from steward.apps.cli.screen import say
        from steward.project.bends import BENDS

        say("\n".join(BENDS.values()))
        raise typer.Exit


def simulate(
    where: Where,
    period: Period,
    scenario: Scenario = "none",
    bend: Bends = None,
    segment: Segment = None,
    start: Start = None,
    end: End = None,
    gradual: Gradual = False,
    from_: From = "simulator",
    seed: Seed = 7,
    output: Output = None,
    data: Data = None,
    sets: Sets = None,
    bends: bool = typer.Option(False, "--bends", callback=_list_bends, is_eager=True, help="List what can go wrong, and exit."),
) -> None:
    """Make up a period's rows, or bend real ones, for trying out what the watch says."""
    from rich.markup import escape

    from steward.apps.cli.screen import say, say_simulated
    from steward.flows.simulate import SimulateOptions
    from steward.flows.simulate import simulate as simulate_flow
    from steward.project.read import read_project

    del bends
    options = SimulateOptions(period, scenario, from_, tuple(bend or ()), segment, start, end, gradual, seed, output)
    made = simulate_flow(read_project(where, sets or ()), where, options, open_ports(data, quiet=True))
    say_simulated(made.origin)
    rows = f"{made.rows:,} rows" + (f", {made.before:,} before" if made.rows != made.before else "")
    say(escape(f"{made.sentence} ({rows})\n{made.path}"))
    say(f"\nnext:  {escape(made.watch)}")
