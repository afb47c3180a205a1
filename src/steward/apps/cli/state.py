"""Commands that look: status, doctor, audit; nothing is changed."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, open_ports

if TYPE_CHECKING:
    from steward.flows.doctor import Check

Project = Annotated[
    str | None,
    typer.Argument(metavar="[PROJECT]", help="A blueprint's name or a project folder; all projects of the workspace if left out."),
]
Limit = Annotated[int, typer.Option(min=1, help="How many entries, newest last.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(status)
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
