"""Commands about who may ask a server: keys create, list, rotate, revoke."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, open_ports

if TYPE_CHECKING:
    from datetime import datetime

    from steward.serving.keys import Issued, Key

Name = Annotated[str, typer.Argument(metavar="NAME", help="Who will use it, for example billing-service.")]
RoleName = Annotated[
    str,
    typer.Option(
        "--role", metavar="ROLE", help="viewer, predictor, operator, approver or admin; each may do what those before may."
    ),
]
Days = Annotated[int | None, typer.Option(min=1, max=36_500, help="Days it lasts; until it is revoked by default.")]
PerMinute = Annotated[int, typer.Option(min=1, max=1_000_000_000, help="Requests it may make in a minute.")]
Which = Annotated[str, typer.Argument(metavar="KEY", help="Its prefix, or its name where one active key has it.")]
Overlap = Annotated[float, typer.Option("--overlap-hours", min=0, max=8760, help="Hours for which the older one still opens.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the journal.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    keys = typer.Typer(help="API keys: who may ask a server, and what.", no_args_is_help=True)
    keys.command()(create)
    keys.command("list")(list_keys)
    keys.command()(rotate)
    keys.command()(revoke)
    app.add_typer(keys, name="keys")


def create(
    name: Name, role: RoleName = "predictor", days: Days = None, per_minute: PerMinute = 6000, as_json: AsJson = False
) -> None:
    """Make a key and show its secret, this once; from the first key on every request to a server needs one."""
    from datetime import timedelta

    from steward.flows.keys import create_key

    lifetime = None if days is None else timedelta(days=days)
    issued = create_key(name, role, open_ports(quiet=True), lifetime=lifetime, per_minute=per_minute)
    _say_issued(issued, as_json=as_json)


def list_keys(as_json: AsJson = False) -> None:
    """List the keys, also those that ended: whose, what they may, until when, last used."""
    from steward.apps.cli.screen import say, say_json, say_table

    ports = open_ports(quiet=True)
    now, keys = ports.clock.now(), ports.keys.all()
    if as_json:
        say_json([_shown(key, now) for key in keys])
        return
    rows = [[key.prefix, key.name, key.role, key.status(now), _minute(key.expires_at), _minute(key.last_used_at)] for key in keys]
    say_table("Keys", ("key", "name", "role", "status", "ends (UTC)", "last used"), rows)
    if not keys:
        say("\nno key yet: servers answer on this machine only, and whoever asks there\n\nnext:  steward keys create NAME")


def rotate(which: Which, overlap_hours: Overlap = 24.0, as_json: AsJson = False) -> None:
    """Make the key that follows another one and show its secret, this once; the older one goes on for the overlap."""
    from datetime import timedelta

    from steward.apps.cli.screen import say
    from steward.flows.keys import rotate_key

    issued, older = rotate_key(which, open_ports(quiet=True), overlap=timedelta(hours=overlap_hours))
    _say_issued(issued, older, as_json=as_json)
    if not as_json:
        say(f"{older.prefix} opens until {str(older.expires_at)[:19]} UTC")


def revoke(which: Which, reason: Reason = "by hand", as_json: AsJson = False) -> None:
    """Take a key back: running servers refuse it within two seconds, for good."""
    from steward.apps.cli.screen import say, say_json
    from steward.flows.keys import revoke_key

    ports = open_ports(quiet=True)
    key = revoke_key(which, reason, ports)
    if as_json:
        say_json(_shown(key, ports.clock.now()))
        return
    say(f"[green]✓[/] {key.prefix} opens nothing any more")


def _say_issued(issued: "Issued", older: "Key | None" = None, *, as_json: bool) -> None:
    from rich.markup import escape

    from steward.apps.cli.screen import err, say, say_json

    key = issued.key
    shown = {**_shown(key, key.created_at), "secret": issued.secret}
    if as_json:
        say_json(shown if older is None else {**shown, "replaces": older.prefix, "overlap_until": older.expires_at})
        return
    err.print(f"{escape(key.name)}, {key.role}: this is shown once and kept nowhere")
    say(issued.secret)
    err.print("\nnext:  curl -H 'Authorization: Bearer KEY' http://127.0.0.1:8000/model")


def _shown(key: "Key", now: "datetime") -> dict[str, object]:
    from dataclasses import asdict

    kept = {name: value for name, value in asdict(key).items() if name != "digest"}
    return {**kept, "status": key.status(now)}


def _minute(at: "datetime | None") -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M}"
