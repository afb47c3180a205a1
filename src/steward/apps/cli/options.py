"""Which options do several commands share?"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from steward.flows.ports import Ports

Where = Annotated[str, typer.Argument(metavar="PROJECT", help="A blueprint's name (taxi) or a folder with a project.yaml.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a key of the project file for this run, for example split.train=[2020-03]."
    ),
]
Data = Annotated[Path | None, typer.Option("--data", metavar="FOLDER", help="Folder with the data files (default: STEWARD_DATA).")]
Periods = Annotated[
    list[str] | None,
    typer.Option("--period", metavar="PERIOD", help="Only this month, year or part, instead of those of split; may be repeated."),
]
Params = Annotated[
    Path | None,
    typer.Option("--params", metavar="FILE", help="A params.yaml whose keys win over the project file; --set wins over both."),
]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into", metavar="FOLDER", help="Also put what was made there, as data/raw, data/processed, data/features, models."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else on stdout.")]


Refresh = Annotated[bool, typer.Option("--refresh", help="Ask the publisher whether a file fetched before is another one by now.")]


def open_ports(data: Path | None = None, *, quiet: bool = False, refresh: bool = False) -> "Ports":
    """Return the outside world as the environment and the options describe it."""
    from steward.apps.cli.screen import TerminalProgress
    from steward.bootstrap import Settings, build_ports
    from steward.core.progress import Silent

    settings = Settings() if data is None else Settings(data=data)
    return replace(build_ports(settings, Silent() if quiet else TerminalProgress()), refresh=refresh)
