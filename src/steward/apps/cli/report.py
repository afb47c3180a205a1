"""The command that writes pages for people: about a version, about rows, about the newest window, and Evidently's own."""

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from steward.apps.cli.options import AsJson, Data, Sets, open_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steward.flows.ports import Ports

Project = Annotated[
    str | None,
    typer.Argument(metavar="[PROJECT]", help="A blueprint's name or a project folder; all projects of the workspace if left out."),
]
Number = Annotated[int | None, typer.Option("--version", metavar="N", help="Which version; the champion by default.")]
Watch = Annotated[bool, typer.Option("--watch", help="About the newest watched window instead: should I retrain today?")]
Evidently = Annotated[
    bool,
    typer.Option("--evidently", help="Evidently's own reports instead, of --period or of the prediction log."),
]
Quality = Annotated[bool, typer.Option("--quality", help="About the rows instead: findings, before and after cleaning.")]
Period = Annotated[
    str | None, typer.Option(metavar="PERIOD", help="With --quality or --evidently: this period's rows, read afresh.")
]
Against = Annotated[str | None, typer.Option(metavar="PERIOD", help="With --quality: another period to compare them with.")]

_SHOWN = 8  # changes told in the terminal; the page has them all


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(report)


def report(
    where: Project = None,
    number: Number = None,
    watch: Watch = False,
    evidently: Evidently = False,
    quality: Quality = False,
    period: Period = None,
    against: Against = None,
    data: Data = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page: about the champion (how good, where wrong, on which data), or with an option about rows or windows."""
    ports = open_ports(data, quiet=as_json)
    if watch + evidently + (quality or against is not None) > 1:
        _refuse("--watch, --evidently and --quality are three reports", "ask for one of them")
    if watch:
        _report_window(_named(where, "--watch"), sets or (), ports, as_json=as_json)
    elif evidently:
        _report_evidently(_named(where, "--evidently"), period, sets or (), ports, as_json=as_json)
    elif quality or period or against:
        _report_quality(_named(where, "--quality"), period, against, sets or (), ports, as_json=as_json)
    else:
        _report_versions(where, number, ports, as_json=as_json)


def _named(where: str | None, option: str) -> str:
    """Return the project; such a report is about one."""
    if where is None:
        _refuse("whose rows?", f"name the project:  steward report taxi {option}")
    return where


def _refuse(what: str, fix: str) -> NoReturn:
    from steward.core.errors import Fault, UsageError

    raise UsageError(Fault("CLI-004", what, fix=fix))


def _report_versions(where: str | None, number: int | None, ports: "Ports", *, as_json: bool) -> None:
    import os

    from steward.apps.cli.screen import say, say_json
    from steward.flows.champion import need_champion
    from steward.flows.report import write_report
    from steward.flows.status import collect_status, known_projects, next_step
    from steward.project.read import read_project
    from steward.registry.tracking import run_page

    # matplotlib keeps a list of fonts; nothing of ours is written outside the workspace. It counts only before the import.
    os.environ.setdefault("MPLCONFIGDIR", str(ports.workspace.reports / ".matplotlib"))
    names = [read_project(where).spec.name] if where else [name for name in known_projects(ports) if ports.registry.champion(name)]
    pages = {name: write_report(name, number, ports) for name in names}
    if as_json:
        say_json({"reports": {name: str(path) for name, path in pages.items()}})
        return
    for name, path in pages.items():
        version = ports.registry.version(name, number or need_champion(ports, name).number)
        tracked = version.facts.get("mlflow_run")
        say(f"{path}\n{f'MLflow  {run_page(str(tracked))}' if tracked else ''}")
        say(f"\nnext:  open it in a browser; then  {next_step(collect_status(name, ports), where or name)}")
    if not pages:
        say("no project has a champion to report on\n\nnext:  steward run taxi")


def _report_window(where: str, sets: "Sequence[str]", ports: "Ports", *, as_json: bool) -> None:
    from dataclasses import asdict

    from rich.markup import escape

    from steward.apps.cli.screen import say, say_json
    from steward.flows.champion import project_of_champion
    from steward.flows.watch_page import collect_watch_report, write_watch_page

    project = project_of_champion(where, sets, ports)
    path = write_watch_page(project, where, ports)
    report = collect_watch_report(project, where, ports)
    if as_json:
        say_json({"html": str(path), "window": report.window.label, "answer": asdict(report.advice), "next": report.following})
        return
    word = report.advice.word
    say(f"should {report.model} be retrained today?  [bold]{word[0].upper()}{word[1:]}.[/]  {escape(report.advice.because)}")
    say(f"{path}\n\nnext:  {report.following}")


def _report_evidently(where: str, period: str | None, sets: "Sequence[str]", ports: "Ports", *, as_json: bool) -> None:
    from steward.adapters.evidently import draw_reports
    from steward.apps.cli.screen import say, say_json
    from steward.flows.champion import project_of_champion
    from steward.flows.drift_reports import write_drift_reports

    written = write_drift_reports(project_of_champion(where, sets, ports), period, draw_reports, ports)
    if as_json:
        say_json(
            {"html": {name: str(path) for name, path in written.pages.items()}, "rows": written.rows, "drifted": written.drifted}
        )
        return
    for path in written.pages.values():
        say(str(path))
    say(f"{written.text}\n\nnext:  open them in a browser; what Steward itself says:  steward report {where} --watch")


def _report_quality(
    where: str, period: str | None, against: str | None, sets: "Sequence[str]", ports: "Ports", *, as_json: bool
) -> None:
    from rich.markup import escape

    from steward.apps.cli.screen import say, say_json
    from steward.flows.quality import write_quality_report
    from steward.project.read import read_project
    from steward.reporting.quality_contents import answer

    written = write_quality_report(read_project(where, sets), ports, period=period, against=against)
    if as_json:
        say_json({"html": str(written.html), "markdown": str(written.markdown), "metrics": written.metrics})
        return
    say(escape(answer(written.contents)))
    if written.contents.comparison is not None:
        for change in written.contents.comparison.changes[:_SHOWN]:
            say(f"  [bold]{escape(change.column)}[/]: {escape(change.text)}")
    say(f"{written.html}\n{written.markdown}\n\nnext:  open it in a browser")
