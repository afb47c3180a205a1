"""Commands about the model that answers: promote, rollback, serve, predict, explain."""

from pathlib import Path
from typing import Annotated

import typer

from steward.apps.cli.options import AsJson, Where, open_ports

Number = Annotated[int | None, typer.Option("--version", metavar="N", help="Which version; the newest that passed by default.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Row = Annotated[str | None, typer.Argument(metavar="[JSON]", help="One row as a JSON object; an example row if left out.")]
Picture = Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it, as a PNG.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the journal.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (promote, rollback, serve, predict, explain):
        app.command()(command)


def promote(where: Where, number: Number = None, reason: Reason = "by hand", as_json: AsJson = False) -> None:
    """Make a version that passed its gate the champion; exits 4 if it may not, or somebody was first."""
    from steward.apps.cli.screen import say
    from steward.flows.promote import promote_by_hand
    from steward.project.read import read_project

    ports = open_ports(quiet=True)
    champion = promote_by_hand(read_project(where).spec.name, number, reason, ports)
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


def serve(where: Where, host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the champion over HTTP and follow the pointer: a new champion answers without a restart."""
    from steward.apps.api.server import run_server
    from steward.apps.cli.screen import say
    from steward.project.read import read_project

    project = read_project(where)

    def announce(address: str) -> None:
        say(f"serving {project.spec.name} on {address}   (docs: {address}/docs, stop: Ctrl-C)")

    run_server(project, open_ports(quiet=True), host, port, announce)


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


def explain(where: Where, row: Row = None, picture: Picture = None, as_json: AsJson = False) -> None:
    """Say what moved the champion's answer to one row, feature by feature (SHAP values)."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_json
    from steward.flows.explain import explain_once, keep_picture
    from steward.project.read import read_project

    explained = explain_once(read_project(where), row, open_ports(quiet=True))
    if picture is not None:
        keep_picture(explained, picture)
    if as_json:
        say_json(asdict(explained))
        return
    answer, about = explained.answer, f" of {explained.about}" if explained.about else ""
    say(f"[bold]{answer['prediction']}[/] {answer['unit']}   ({answer['model']} v{answer['version']})")
    say(f"usual answer{about}: {explained.base:.4g} {explained.scale}; here: {explained.total:.4g}\n")
    widest = max(abs(part) for _, _, part in explained.moved) or 1.0
    for name, value, part in explained.moved:
        bar = "█" * round(20 * abs(part) / widest)
        shown = "-" if value is None else f"{value:g}"
        say(f"  {name:<24} {shown:>12}  {part:+10.4g}  [{'red' if part > 0 else 'blue'}]{bar}[/]")
    if picture is not None:
        say(f"\npicture: {picture}")
