"""Commands about what was tried: experiments, experiments compare, plot, tell."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from steward.apps.cli.options import AsJson, open_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steward.flows.ports import Ports
    from steward.reporting.experiment_contents import ComparedFigure, Comparison, ExperimentLine

Project = Annotated[
    str | None,
    typer.Argument(metavar="[PROJECT]", help="A blueprint's name or a project folder; all projects of the workspace if left out."),
]
Limit = Annotated[int, typer.Option(min=1, help="How many runs of each project, the newest.")]
Runs = Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="The beginning of a run's id, or a version as v3.")]
Whose = Annotated[
    str | None, typer.Option("--project", metavar="PROJECT", help="Whose versions, where there are several projects.")
]
Html = Annotated[bool, typer.Option("--html", help="Also write it as a page, with the picture as a PNG beside it.")]


class _ListFirst(TyperGroup):
    """Takes what is no command for the arguments of `list`: `steward experiments taxi`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` before arguments that name no command."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    experiments = typer.Typer(
        cls=_ListFirst, help="What was tried: list all runs (the command if none is named), compare, plot, tell the trackers."
    )
    experiments.command("list")(list_runs)
    for command in (compare, plot, tell):
        experiments.command()(command)
    app.add_typer(experiments, name="experiments")


def list_runs(where: Project = None, limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the runs that trained: when, why, on which rows, what was chosen, how good, and where MLflow has it."""
    from steward.apps.cli.screen import say, say_json
    from steward.flows.experiments import list_experiments

    ports = open_ports(quiet=True)
    found = {name: list_experiments(name, ports, limit=limit) for name in _names(where, ports)}
    if as_json:
        say_json([line for lines in found.values() for line in lines])
        return
    for name, lines in found.items():
        _show_lines(name, lines)
    tracked = next((line.mlflow_run for lines in found.values() for line in lines if line.mlflow_run), None)
    say(_where_to_look(tracked) if any(found.values()) else "nothing was trained here yet\n\nnext:  steward run taxi")


def compare(runs: Runs, project: Whose = None, html: Html = False, as_json: AsJson = False) -> None:
    """Show several runs side by side: settings that differ, metrics with differences from the first, which hashes are equal."""
    from steward.apps.cli.screen import say, say_json
    from steward.flows.experiment_comparison import compare_experiments, write_comparison_page

    ports = _quiet_ports()
    compared = compare_experiments(runs, ports, project=_name(project) if project else None)
    written = write_comparison_page(compared, ports) if html else None
    if as_json:
        say_json(_as_json(compared, [str(path) for path in (written.html, written.png) if path] if written else []))
        return
    _show_comparison(compared)
    if written:
        say(f"\n{written.html}\n{written.png or ''}\n\nnext:  open it in a browser")


def plot(where: Project = None, limit: Limit = 100, as_json: AsJson = False) -> None:
    """Write one page about all runs: the deciding metric of each with its interval, every candidate, every run."""
    from steward.apps.cli.screen import say, say_json
    from steward.flows.experiments import write_experiments_page

    ports = _quiet_ports()
    pages = {name: write_experiments_page(name, ports, limit=limit) for name in _names(where, ports)}
    if as_json:
        say_json({name: {"html": str(page.html), "png": str(page.png) if page.png else None} for name, page in pages.items()})
        return
    for page in pages.values():
        say(f"{page.html}\n{page.png or ''}")
    say("\nnext:  open it in a browser" if pages else "nothing has run here yet\n\nnext:  steward run taxi")


def tell(where: Project = None, as_json: AsJson = False) -> None:
    """Tell the trackers of every version again: after MLflow's database was lost, or STEWARD_TRACKERS named another one."""
    from steward.apps.cli.screen import say, say_json
    from steward.flows.track import tell_all

    ports = _quiet_ports(quiet=as_json)
    told = {name: tell_all(name, ports) for name in _names(where, ports)}
    if as_json:
        say_json(told)
        return
    for name, versions in told.items():
        further = sorted({tracker for tracked in versions for tracker in tracked.also})
        say(f"[green]✓[/] {name}: {len(versions)} versions, in {' and '.join(['mlflow', *further])}")


def _quiet_ports(*, quiet: bool = True) -> "Ports":
    import os

    ports = open_ports(quiet=quiet)
    # As `steward report`: nothing of ours is written outside the workspace. It counts only before the import of matplotlib.
    os.environ.setdefault("MPLCONFIGDIR", str(ports.workspace.reports / ".matplotlib"))
    return ports


def _names(where: str | None, ports: "Ports") -> "Sequence[str]":
    return [_name(where)] if where else ports.runs.projects()


def _name(where: str) -> str:
    from steward.project.read import read_project

    return read_project(where).spec.name


def _where_to_look(tracked: str | None) -> str:
    from steward.registry.tracking import run_page

    link = f"MLflow  {run_page(tracked)}   (with  make mlflow-ui  or  mlflow ui;  other runs by their id)\n" if tracked else ""
    return f"{link}\nnext:  steward experiments compare v1 v2   or   steward experiments plot"


def _show_lines(name: str, lines: "Sequence[ExperimentLine]") -> None:
    from steward.apps.cli.screen import say, say_simulated, say_table

    if not lines:
        return
    columns = ("run", "when (UTC)", "trigger", "rows", "chosen", "test", "s", "version", "MLflow run")
    rows = [
        [
            line.run,
            line.at[:16],
            line.trigger,
            line.origin,
            line.chosen,
            _reached(line),
            line.seconds,
            _version(line),
            line.mlflow_run,
        ]
        for line in lines
    ]
    say_table(name, columns, rows)
    say_simulated("simulated" if any(line.origin == "simulated" for line in lines) else None)
    say()


def _reached(line: "ExperimentLine") -> str:
    from rich.markup import escape

    from steward.reporting.experiment_pages import told

    if line.fault:
        return f"[red]failed[/]: {escape(line.fault)}"
    return escape(told(line.figure, line.unit)) if line.figure else line.status


def _version(line: "ExperimentLine") -> str | None:
    return None if line.version is None else f"v{line.version}{' ★ champion' if line.champion else ''}"


def _show_comparison(compared: "Comparison") -> None:
    from rich.markup import escape

    from steward.apps.cli.screen import say, say_simulated, say_table
    from steward.reporting.experiment_pages import comparison_answer

    names = [f"{line.name} ({line.run})" if line.version is not None else line.run for line in compared.lines]
    say(f"[bold]{escape(comparison_answer(compared))}[/]")
    say_simulated("simulated" if any(line.origin == "simulated" for line in compared.lines) else None)
    say()
    say_table("Test metrics", ("metric", *names), [[row.name, *_figures(row)] for row in compared.figures])
    say()
    settings = [[escape(row.name), *(escape(value or "-") for value in row.values)] for row in compared.settings]
    say_table("Settings that differ" if settings else "No setting differs", ("setting", *names), settings)
    say()
    marks = [
        [row.name, "[green]equal[/]" if row.equal else "[yellow]differs[/]", *((value or "-")[:12] for value in row.values)]
        for row in compared.hashes
    ]
    say_table("Data and code", ("what", "", *names), marks)


def _figures(row: "ComparedFigure") -> list[str]:
    from rich.markup import escape

    from steward.reporting.page import figure

    cells: list[str] = []
    for one, far in zip(row.values, row.differences, strict=True):
        bounds = f" [{figure(one.low)}, {figure(one.high)}]" if one and one.low is not None else ""
        away = f"  {'+' if far >= 0 else ''}{figure(far)}" if far is not None and cells else ""
        cells.append(escape(f"{figure(one.value)}{bounds}{away}") if one else "-")
    return cells


def _as_json(compared: "Comparison", pages: list[str]) -> dict[str, Any]:
    from dataclasses import asdict

    from steward.reporting.experiment_pages import comparison_answer

    return {
        "answer": comparison_answer(compared),
        "runs": [asdict(line) for line in compared.lines],
        "same_rows": compared.same_rows,
        "metrics": [{**asdict(row), "differences": row.differences} for row in compared.figures],
        "settings": [asdict(row) for row in compared.settings],
        "hashes": [{**asdict(row), "equal": row.equal} for row in compared.hashes],
        "pages": pages,
    }
