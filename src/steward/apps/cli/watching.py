"""Commands that look after a champion: watch, approve."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Sets, Where, open_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steward.flows.approve import Decided
    from steward.flows.ports import Ports
    from steward.flows.respond import Response
    from steward.flows.watch import Watched
    from steward.flows.watch_asked import Asked
    from steward.monitoring.history import ListedWindow, WatchedWindow
    from steward.project.read import Project

Period = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="A month of source rows to watch.")]
By = Annotated[str | None, typer.Option("--by", metavar="day|week", help="With --period: each day or week of it is a window.")]
FromLog = Annotated[
    bool, typer.Option("--log", help="Watch what the server answered instead: all windows of the log that are over.")
]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="With --log: only windows that begin at this time or later.")]
Follow = Annotated[bool, typer.Option("--follow", help="With --log: watch on, each window when it has ended.")]
Listing = Annotated[bool, typer.Option("--list", help="Watch nothing; show the windows that were watched, newest first.")]
Limit = Annotated[int, typer.Option(min=1, help="With --list: how many.")]
Which = Annotated[str | None, typer.Argument(metavar="[APPROVAL]", help="The approval's id; the only pending one by default.")]
Rejecting = Annotated[bool, typer.Option("--reject", help="Say no instead; nothing is done.")]
Who = Annotated[str | None, typer.Option("--by", help="Who decides; the login name by default.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the journal.")]

_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (watch, approve):
        app.command()(command)


def watch(
    where: Where,
    period: Period = None,
    by: By = None,
    log: FromLog = False,
    since: Since = None,
    follow: Follow = False,
    listing: Listing = False,
    limit: Limit = 50,
    data: Data = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Compare windows with what the champion learned from; an alarm leads to a decision. Exits 1 on an alarm."""
    from steward.flows.champion import project_of_champion
    from steward.flows.respond import respond
    from steward.flows.watch_asked import watch_asked

    ports = open_ports(data, quiet=as_json)
    project = project_of_champion(where, sets or (), ports)
    if listing:
        _show_list(ports.windows.listed(project.spec.name, limit=limit), where, as_json=as_json)
        return
    asked = _asked(period, by, since, log=log or follow)
    if follow:
        _follow(asked, where, sets or (), ports, as_json=as_json)
        return
    watched = watch_asked(project, asked, ports)
    response = respond(project, where, watched, ports)
    _show(watched, response, where, project, ports, as_json=as_json, named=period is not None)
    raise typer.Exit(1 if any(one.window.alarm for one in watched) else 0)


def approve(
    where: Where,
    which: Which = None,
    reject: Rejecting = False,
    by: Who = None,
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


def _asked(period: str | None, by: str | None, since: str | None, *, log: bool) -> "Asked":
    from steward.core.errors import Fault, UsageError
    from steward.flows.watch_asked import Asked

    match by:
        case None | "day" | "week":
            return Asked(period, by, log, since)
        case _:
            raise UsageError(Fault("WATCH-008", f"{by!r} is no part of a period", ("--by",), fix="write  --by day  or  --by week"))


def _follow(asked: "Asked", where: str, sets: "Sequence[str]", ports: "Ports", *, as_json: bool) -> None:
    """Watch on until SIGTERM or Ctrl-C; a window that was begun is finished first."""
    import signal
    from threading import Event

    from steward.flows.champion import project_of_champion
    from steward.flows.watch_follow import follow_log
    from steward.flows.watch_log import read_since

    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    def project_now() -> "Project":
        return project_of_champion(where, sets, ports)

    def tell(watched: "Sequence[Watched]", response: "Response | None") -> None:
        _show(watched, response, where, project_now(), ports, as_json=as_json, more=True)

    since = None if asked.since is None else read_since(asked.since)
    follow_log(project_now, where, ports, wait=stopping.wait, tell=tell, since=since)


def _show(
    watched: "Sequence[Watched]",
    response: "Response | None",
    where: str,
    project: "Project",
    ports: "Ports",
    *,
    as_json: bool,
    more: bool = False,
    named: bool = False,
) -> None:
    """Write the page about the window that counts most, and print what was found; `named` windows were asked for by name."""
    from steward.apps.cli.screen import say, say_json
    from steward.flows.watch_page import write_watch_page

    if not watched:
        told: dict[str, object] = {"window": None, "windows": [], "response": None}
        say_json(told, line=more) if as_json else say(f"no window of the log is over yet\n\nnext:  steward watch {where} --log")
        return
    first = _first(watched)
    # What was judged again without any news is no answer to "should I retrain today?": that is about the newest window.
    page = str(write_watch_page(project, where, ports, window=first if named or response is not None else None))
    if as_json:
        say_json({"window": first, "windows": [one.window for one in watched], "response": response, "page": page}, line=more)
        return
    _show_windows(watched)
    say(f"page  {page}")
    _show_response(first, response, where, known=all(one.known for one in watched))


def _first(watched: "Sequence[Watched]") -> "WatchedWindow":
    """Return the window that counts most: the newest alarm that was not answered before, then any alarm, then the newest."""
    alarms = [one.window for one in watched if one.window.alarm]
    return next(reversed([one for one in alarms if not one.answered] or alarms or [watched[-1].window]))


def _show_windows(watched: "Sequence[Watched]") -> None:
    from steward.apps.cli.results import show_window
    from steward.apps.cli.screen import say

    shown = [one for one in watched if one.window.alarm or one is watched[-1]] if len(watched) > _SHOWN else watched
    for one in shown[-_SHOWN:]:
        show_window(one.window)
    if len(watched) > len(shown[-_SHOWN:]):
        alarms = sum(one.window.alarm for one in watched)
        say(f"{len(watched):,} windows were watched, {alarms:,} of them alarms; all of them:  --list")


def _show_response(window: "WatchedWindow", response: "Response | None", where: str, *, known: bool) -> None:
    from steward.apps.cli.results import named_windows
    from steward.apps.cli.screen import literal, say, say_facts
    from steward.flows.watch_page import watch_again

    if response is None:
        before = " (watched before; nothing new was done)" if known else ""
        say(f"\nnext:  nothing to do{before}" if not window.alarm else f"\nnext:  steward status {where}{before}")
        return
    facts = {
        "incident": f"{response.incident.id} ({named_windows(response.incident)})",
        "diagnosis": f"{response.diagnosis.kind}: {response.diagnosis.text}",
        "decision": f"{type(response.decision).__name__}: {response.decision.reason}",
    }
    say_facts({name: literal(text) for name, text in facts.items()})
    if response.diagnosis.kind == "data_fault":
        reject = f"\n       steward approve {where} {response.approval.id} --reject" if response.approval is not None else ""
        say(f"\nnext:  mend the source; then  {watch_again(window, where)}{reject}")
    elif response.approval is not None:
        command = f"steward approve {where} {response.approval.id}"
        say(f"\nnext:  {command}      or  {command} --reject")
    elif response.run is not None:
        say(f"\nretrained: run {response.run.id}; see  steward status {where}")
    else:
        say(f"\nnext:  steward watch {where} --period YYYY-MM   (to retrain, months with known outcomes are needed)")


def _show_list(lines: "Sequence[ListedWindow]", where: str, *, as_json: bool) -> None:
    from steward.apps.cli.screen import literal, say, say_json, say_table

    if as_json:
        say_json([asdict(line) for line in lines])
    elif lines:
        rows = [[literal(one.label), f"v{one.version}", one.status, one.severity, one.created_at[:19]] for one in lines]
        say_table("Watched windows, newest first", ("window", "version", "verdict", "severity", "judged (UTC)"), rows)
    else:
        say(f"nothing was watched yet\n\nnext:  steward watch {where} --period YYYY-MM")


def _show_decided(decided: "Decided", where: str) -> None:
    from steward.apps.cli.results import show_run
    from steward.apps.cli.screen import literal, say

    say(literal(f"approval {decided.approval.id} {decided.approval.status} by {decided.approval.decided_by}"))
    if decided.run is not None:
        show_run(decided.run, where)
