"""The command that looks for better settings of candidates, and the helpers it starts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Sets, Where, open_ports

if TYPE_CHECKING:
    from steward.flows.tune import ProjectTuned
    from steward.reporting.tuning_report import TunedCandidate

Candidate = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only this one, as the leaderboard calls it; it need not ask to be tuned.")
]
Trials = Annotated[int | None, typer.Option(min=1, help="How many settings to try (default: as the project file says, or 40).")]
Seconds = Annotated[float | None, typer.Option(min=1, help="Begin no trial after so long.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="Processes that share the trials; the same command elsewhere, on one database, shares too."),
]
Folder = Annotated[Path, typer.Argument(help="What the first process wrote.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(tune)
    app.command("tune-helper", hidden=True)(tune_helper)


def tune(
    where: Where,
    candidate: Candidate = None,
    trials: Trials = None,
    seconds: Seconds = None,
    workers: Workers = None,
    data: Data = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Look for better settings of the candidates; what was tried is kept, and never tried again."""
    from steward.apps.cli.screen import say_json
    from steward.flows.tune import TuneOptions, tune_project

    options = TuneOptions(where, tuple(sets or ()), candidate, trials, seconds, workers)
    found = tune_project(options, open_ports(data, quiet=as_json))
    if as_json:
        say_json({"page": str(found.page), "candidates": [_as_json(one) for one in found.candidates]})
    else:
        _say(found, where)


def tune_helper(folder: Folder) -> None:
    """Share the trials of a search that another process described in a folder."""
    import signal
    import sys

    from steward.flows.tuned import join

    # Asked to end, it gives back its trial as an interrupted command does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    join(folder, open_ports(quiet=True))


def _say(found: "ProjectTuned", where: str) -> None:
    from rich.markup import escape

    from steward.apps.cli.screen import say, say_table
    from steward.reporting.tuning_report import answer, setting

    for one in found.candidates:
        say(f"\n[bold]{escape(answer(one))}[/]")
        rows = [
            [name, setting(one.best.settings[name]), setting(one.trials[0].settings[name]), one.importance.get(name)]
            for name in one.axes
        ]
        say_table("", ["parameter", "best", "declared", "importance"], rows)
        say(f"\nin project.yaml:\n\n{escape(one.snippet)}")
    say(f"page: {found.page}")
    say(f"next:  steward run {where}   (it uses what was found for candidates with  tune:  below them)")


def _as_json(one: "TunedCandidate") -> dict[str, object]:
    return {
        "candidate": one.name,
        "metric": one.metric,
        "value": one.best.value,
        "declared": one.declared,
        "trial": one.best.number,
        "trials": {state: one.count(state) for state in ("done", "pruned", "failed")},
        "settings": dict(one.best.settings),
        "importance": dict(one.importance),
        "project_file": one.snippet,
    }
