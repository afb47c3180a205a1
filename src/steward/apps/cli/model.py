"""Commands about the model that answers: promote, rollback, serve, predict, explain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Where, open_ports

if TYPE_CHECKING:
    from steward.flows.ports import Ports

Number = Annotated[int | None, typer.Option("--version", metavar="N", help="Which version; the newest that passed by default.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Names = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="Answer to this name in the Host header too; may be repeated, * is any."),
]
Requests = Annotated[
    str | None, typer.Option("--request-log", metavar="FILE", help="A JSON line a request; - is stderr (default: WORKSPACE/logs).")
]
Workers = Annotated[
    int | None, typer.Option(min=1, max=64, metavar="N", help="Processes that answer (default: serving.workers of the project, 1).")
]
Row = Annotated[str | None, typer.Argument(metavar="[JSON]", help="One row as a JSON object; an example row if left out.")]
Picture = Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it, as a PNG.")]
Prediction = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="Where an earlier answer came from, by its prediction_id.")
]
ByChallenge = Annotated[bool, typer.Option("--by-challenge", help="Because its challenge says it is better: steward challenge.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the journal.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (promote, rollback, serve, predict, explain):
        app.command()(command)


def promote(
    where: Where, number: Number = None, reason: Reason = "by hand", by_challenge: ByChallenge = False, as_json: AsJson = False
) -> None:
    """Make a version that passed its gate, or won its challenge, the champion; exits 4 if it may not, or somebody was first."""
    from steward.apps.cli.screen import say
    from steward.flows.challenge_decide import promote_by_challenge
    from steward.flows.promote import promote_by_hand
    from steward.project.read import read_project

    ports, project = open_ports(quiet=True), read_project(where)
    if by_challenge:
        champion = promote_by_challenge(project, number, reason, ports)
    else:
        champion = promote_by_hand(project.spec.name, number, reason, ports)
    _say_champion(champion, as_json=as_json)
    if not as_json:
        say(f"a running server follows within a second; undo with:  steward rollback {where}")


def rollback(where: Where, number: Number = None, reason: Reason = "by hand", as_json: AsJson = False) -> None:
    """Make the champion before this one (or an earlier one) the champion again."""
    from steward.apps.cli.screen import say
    from steward.flows.promote import roll_back_by_hand
    from steward.project.read import read_project

    ports = open_ports(quiet=True)
    champion = roll_back_by_hand(read_project(where).spec.name, number, reason, ports)
    _say_champion(champion, as_json=as_json)
    if not as_json:
        say(f"undo with:  steward rollback {where} --version N")


def _say_champion(champion, *, as_json: bool) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - typed where it is made
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_json

    if as_json:
        say_json(asdict(champion))
    else:
        say(f"[green]✓[/] {champion.model} v{champion.number} is champion, by {champion.actor}")


def serve(
    where: Where,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = None,
    names: Names = None,
    requests: Requests = None,
) -> None:
    """Serve the champion over HTTP and follow the pointer: a new champion answers without a restart."""
    from steward.apps.api.server import Asked, run_server
    from steward.apps.cli.screen import say
    from steward.project.read import read_project

    project = read_project(where)

    def announce(address: str) -> None:
        say(f"serving {project.spec.name} on {address}   (docs: {address}/docs, stop: Ctrl-C)")

    ports = open_ports(quiet=True)
    _catch_up(project.spec.name, ports)
    asked = Asked(host, tuple(names or ()), requests)
    run_server(project, ports, port, announce, asked=asked, workers=workers or project.spec.serving.workers)


def _catch_up(model: str, ports: "Ports") -> None:
    """Mend the trackers' aliases; a tracker that cannot be told keeps nobody from being answered."""
    from steward.apps.cli.screen import say_error
    from steward.core.errors import StewardError
    from steward.flows.track import catch_up

    try:
        catch_up(model, ports)
    except StewardError as error:
        say_error(error)


def predict(where: Where, row: Row = None, as_json: AsJson = False) -> None:
    """Ask the champion about one row, here and without a server."""
    from steward.apps.cli.screen import say, say_json
    from steward.flows.predict import predict_once
    from steward.models.classes import name_of
    from steward.project.read import read_project

    answer = predict_once(read_project(where), row, open_ports(quiet=True))
    if as_json:
        say_json(answer)
        return
    for name, value in answer["row"].items():
        say(f"  [dim]{name}[/] {value}")
    shown = f"{answer['prediction']:.2f}" if isinstance(answer["prediction"], float) else name_of(answer["prediction"])
    say(f"[bold]{shown}[/] {answer['unit']}   ({answer['model']} v{answer['version']})")
    for name, share in answer.get("probabilities", {}).items():
        say(f"  {name} {share:.1%}")
    if "interval" in answer:
        ends = answer["interval"]
        say(f"  {ends['level']:.0%} of the truth lies between {ends['low']:.2f} and {ends['high']:.2f}")


def explain(where: Where, row: Row = None, prediction: Prediction = None, picture: Picture = None, as_json: AsJson = False) -> None:
    """Say what moved the champion's answer to one row (SHAP values); with --id where an earlier answer came from, and why."""
    from dataclasses import asdict

    if prediction is not None:
        _explain_earlier(where, prediction, alone=row is None and picture is None, as_json=as_json)
        return

    from steward.apps.cli.provenance import tell_explanation
    from steward.apps.cli.screen import say, say_json
    from steward.flows.explain import explain_once, keep_picture
    from steward.project.read import read_project
    from steward.serving.explanation import Explanation, Moved

    explained = explain_once(read_project(where), row, open_ports(quiet=True))
    if picture is not None:
        keep_picture(explained, picture)
    if as_json:
        say_json(asdict(explained))
        return
    answer, moved = explained.answer, tuple(Moved(*one) for one in explained.moved)
    say(f"[bold]{answer['prediction']}[/] {answer['unit']}   ({answer['model']} v{answer['version']})")
    tell_explanation(Explanation(explained.about, explained.scale, explained.base, explained.total, moved))
    if picture is not None:
        say(f"\npicture: {picture}")


def _explain_earlier(where: str, prediction: str, *, alone: bool, as_json: bool) -> None:
    from steward.apps.cli.provenance import provenance_as_json, tell_provenance
    from steward.apps.cli.screen import say_json
    from steward.core.errors import Fault, UsageError
    from steward.flows.provenance import provenance
    from steward.project.read import read_project

    if not alone:
        raise UsageError(
            Fault("SCORE-009", "--id stands alone: the row is that of the prediction", fix="leave the row and --picture out")
        )
    found = provenance(read_project(where), prediction, open_ports(quiet=True))
    if as_json:
        say_json(provenance_as_json(found))
    else:
        tell_provenance(found)
