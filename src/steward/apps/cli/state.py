"""Commands that look: status, report, doctor, audit; nothing is changed, and only a report writes a file."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Sets, open_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steward.flows.doctor import Check
    from steward.flows.ports import Ports

Project = Annotated[
    str | None,
    typer.Argument(metavar="[PROJECT]", help="A blueprint's name or a project folder; all projects of the workspace if left out."),
]
Number = Annotated[int | None, typer.Option("--version", metavar="N", help="Which version; the champion by default.")]
Quality = Annotated[bool, typer.Option("--quality", help="About the rows instead: findings, before and after cleaning.")]
Period = Annotated[str | None, typer.Option(metavar="PERIOD", help="With --quality: this period's rows, read afresh.")]
Against = Annotated[str | None, typer.Option(metavar="PERIOD", help="With --quality: another period to compare them with.")]
Limit = Annotated[int, typer.Option(min=1, help="How many entries, newest last.")]


_SHOWN = 8  # changes told in the terminal; the page has them all


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(status)
    app.command()(report)
    app.command()(doctor)
    audit = typer.Typer(help="The journal: every decision, in order, each sealed by the one after it.", no_args_is_help=True)
    audit.command()(verify)
    audit.command("log")(log)
    app.add_typer(audit, name="audit")


def status(where: Project = None, as_json: AsJson = False) -> None:
    """Show on one screen who is champion, what ran, what drifts, what waits for a decision, what is next."""
    from steward.apps.cli.results import show_status
    from steward.apps.cli.screen import say, say_json
    from steward.flows.ended import mark_if_dead
    from steward.flows.status import collect_status, known_projects
    from steward.project.read import read_project

    ports = open_ports(quiet=True)
    names = [read_project(where).spec.name] if where else known_projects(ports)
    for name in names:
        mark_if_dead(name, ports)
    collected = [collect_status(name, ports) for name in names]
    if as_json:
        say_json(collected)
        return
    for one in collected:
        show_status(one, where or one.project)
    if not collected:
        say("nothing has run here yet\n\nnext:  steward run taxi")


def report(
    where: Project = None,
    number: Number = None,
    quality: Quality = False,
    period: Period = None,
    against: Against = None,
    data: Data = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page: about the champion (how good, where wrong, on which data), or with --quality about the rows."""
    import os

    from steward.apps.cli.screen import say, say_json
    from steward.flows.champion import need_champion
    from steward.flows.report import write_report
    from steward.flows.status import collect_status, known_projects, next_step
    from steward.project.read import read_project
    from steward.registry.tracking import run_page

    ports = open_ports(data, quiet=as_json)
    if quality or period or against:
        _report_quality(where, period, against, sets or (), ports, as_json=as_json)
        return
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


def _report_quality(
    where: str | None, period: str | None, against: str | None, sets: "Sequence[str]", ports: "Ports", *, as_json: bool
) -> None:
    from rich.markup import escape

    from steward.apps.cli.screen import say, say_json
    from steward.core.errors import Fault, UsageError
    from steward.flows.quality import write_quality_report
    from steward.project.read import read_project
    from steward.reporting.quality_contents import answer

    if where is None:
        raise UsageError(Fault("CLI-004", "whose rows?", fix="name the project:  steward report taxi --quality"))
    written = write_quality_report(read_project(where, sets), ports, period=period, against=against)
    if as_json:
        say_json({"html": str(written.html), "markdown": str(written.markdown), "metrics": written.metrics})
        return
    say(escape(answer(written.contents)))
    if written.contents.comparison is not None:
        for change in written.contents.comparison.changes[:_SHOWN]:
            say(f"  [bold]{escape(change.column)}[/]: {escape(change.text)}")
    say(f"{written.html}\n{written.markdown}\n\nnext:  open it in a browser")


def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Examine the machine, the workspace and its records; exits 1 if anything is wrong."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say_json
    from steward.flows.doctor import examine

    checks = examine(open_ports(data, quiet=True))
    if as_json:
        say_json([asdict(check) for check in checks])
    else:
        _show_checks(checks)
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def verify(as_json: AsJson = False) -> None:
    """Check every entry of the journal against its hash; exits 1 and names the entry that was changed."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_json
    from steward.flows.audit import verify_journal

    report = verify_journal(open_ports(quiet=True))
    if as_json:
        say_json({"entries": report.entries, "breaks": [asdict(found) for found in report.breaks]})
    elif not report.breaks:
        say(f"[green]✓[/] {report.entries} entries, the chain is whole; head {report.head[:16]}")
    else:
        for found in report.breaks:
            say(f"[red]✗[/] entry {found.number}: {found.problem}")
        say("\nnext:  restore the database from a backup, and find out who could write to it")
    raise typer.Exit(1 if report.breaks else 0)


def log(limit: Limit = 40, as_json: AsJson = False) -> None:
    """Print the newest entries of the journal."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say_json, say_table

    entries = list(open_ports(quiet=True).journal.entries())[-limit:]
    if as_json:
        say_json([asdict(entry) for entry in entries])
        return
    rows = [[e.number, e.at[:19], e.kind, e.subject, e.actor] for e in entries]
    say_table("Journal", ("no", "at (UTC)", "what", "about", "by"), rows)


def _show_checks(checks: "tuple[Check, ...]") -> None:
    from steward.apps.cli.screen import say

    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = "[green]✓[/]" if check.ok else "[red]✗[/]"
        say(f"{mark} {check.name:<{width}}  {check.found}")
        if not check.ok:
            say(f"  {'':<{width}}  fix: {check.fix}")
    wrong = sum(not check.ok for check in checks)
    say(f"\n{len(checks)} checks, {wrong} wrong" if wrong else f"\n{len(checks)} checks, all well")
