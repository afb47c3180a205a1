"""Commands that look after a champion: watch, approve, simulate."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Sets, Where, open_ports

if TYPE_CHECKING:
    from steward.flows.approve import Decided
    from steward.flows.respond import Response
    from steward.flows.watch import Watched

Period = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="A month of source rows to watch.")]
FromLog = Annotated[bool, typer.Option("--log", help="Watch what the server answered instead: the prediction log.")]
Which = Annotated[str | None, typer.Argument(metavar="[APPROVAL]", help="The approval's id; the only pending one by default.")]
Rejecting = Annotated[bool, typer.Option("--reject", help="Say no instead; nothing is done.")]
By = Annotated[str | None, typer.Option(help="Who decides; the login name by default.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the journal.")]
Scenario = Annotated[str, typer.Option(help="Which world to make up; `none` is the ordinary one.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (watch, approve, simulate):
        app.command()(command)


def watch(
    where: Where, period: Period = None, log: FromLog = False, data: Data = None, sets: Sets = None, as_json: AsJson = False
) -> None:
    """Compare a window with what the champion learned from; an alarm leads to a decision. Exits 1 on an alarm."""
    from steward.apps.cli.screen import say_json
    from steward.flows.champion import project_of_champion
    from steward.flows.respond import respond
    from steward.flows.watch import watch_something

    ports = open_ports(data, quiet=as_json)
    project = project_of_champion(where, sets or (), ports)
    watched = watch_something(project, period, ports, from_log=log)
    response = respond(project, where, watched, ports)
    if as_json:
        say_json({"window": watched.window, "response": response})
    else:
        _show_watched(watched, response, where)
    raise typer.Exit(1 if watched.window.alarm else 0)


def approve(
    where: Where,
    which: Which = None,
    reject: Rejecting = False,
    by: By = None,
    reason: Reason = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Decide what the agent asked: approve (and carry it out now) or --reject."""
    from steward.apps.cli.screen import say_json
    from steward.flows.approve import approve as approve_flow
    from steward.flows.approve import pick_approval
    from steward.flows.approve import reject as reject_flow
    from steward.project.read import read_project

    ports = open_ports(data, quiet=as_json)
    project = read_project(where)
    approval = pick_approval(project.spec.name, which, ports)
    who = by or ports.actor
    if reject:
        decided = reject_flow(approval, by=who, reason=reason, ports=ports)
    else:
        decided = approve_flow(project, where, approval, by=who, reason=reason, ports=ports)
    if as_json:
        say_json({"approval": decided.approval, "run": decided.run.result if decided.run else None})
    else:
        _show_decided(decided, where)


def simulate(
    where: Where,
    period: Annotated[str, typer.Option(metavar="YYYY-MM", help="Which month to make up.")],
    scenario: Scenario = "none",
) -> None:
    """Make up one month of rows of the project's own form, for trying things out."""
    from steward.apps.cli.screen import say, say_simulated
    from steward.flows.simulate import simulate_month
    from steward.project.read import read_project

    path, sentence = simulate_month(read_project(where), period, scenario, open_ports(quiet=True))
    say_simulated("simulated")
    say(f"{scenario}: {sentence}\n{path}")
    say(f"\nnext:  steward watch {where} --period {period} --set source.simulator.scenario={scenario}")


def _show_watched(watched: "Watched", response: "Response | None", where: str) -> None:
    from steward.apps.cli.results import show_window
    from steward.apps.cli.screen import say, say_facts

    show_window(watched.window)
    if response is None:
        known = " (watched before; nothing new was done)" if watched.known else ""
        say(f"\nnext:  nothing to do{known}" if not watched.window.alarm else f"\nnext:  steward status {where}{known}")
        return
    facts = {
        "incident": f"{response.incident.id} ({', '.join(response.incident.labels)})",
        "diagnosis": f"{response.diagnosis.kind}: {response.diagnosis.text}",
        "decision": f"{type(response.decision).__name__}: {response.decision.reason}",
    }
    say_facts(facts)
    if response.approval is not None:
        command = f"steward approve {where} {response.approval.id}"
        say(f"\nnext:  {command}      or  {command} --reject")
    elif response.run is not None:
        say(f"\nretrained: run {response.run.id}; see  steward status {where}")
    else:
        say(f"\nnext:  steward watch {where} --period YYYY-MM   (to retrain, months with known outcomes are needed)")


def _show_decided(decided: "Decided", where: str) -> None:
    from steward.apps.cli.results import show_run
    from steward.apps.cli.screen import say

    say(f"approval {decided.approval.id} {decided.approval.status} by {decided.approval.decided_by}")
    if decided.run is not None:
        show_run(decided.run, where)
