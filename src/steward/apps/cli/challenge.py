"""The command about versions beside the champion: challenge."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Where, open_ports

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from steward.flows.challenge_results import ArmResult, ChallengeResult
    from steward.serving.challenge import Challenge

Number = Annotated[
    int | None, typer.Option("--version", metavar="N", help="Which version; the newest that was not found worse by default.")
]
Shadow = Annotated[bool, typer.Option("--shadow", help="Keep what it would answer beside every answer, and give none of it.")]
Share = Annotated[float | None, typer.Option("--share", metavar="SHARE", help="Let it answer this share of entities, as 0.1.")]
Ramp = Annotated[str | None, typer.Option("--ramp", metavar="SHARES", help="Let its share grow by steps, as 0.01,0.1,0.5.")]
Every = Annotated[
    str | None, typer.Option("--every", metavar="TIME", help="After this long comes the next step: 1d, 12h, 30m, 90s.")
]
By = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="COLUMN", help="Who asks, as a customer's number: always answered by the same arm; each row apart."
    ),
]
Stop = Annotated[bool, typer.Option("--stop", help="End it: within a second only the champion answers.")]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(challenge)


def challenge(
    where: Where,
    number: Number = None,
    shadow: Shadow = False,
    share: Share = None,
    ramp: Ramp = None,
    every: Every = None,
    by: By = None,
    stop: Stop = False,
    as_json: AsJson = False,
) -> None:
    """Let a version answer, or only watch, beside the champion; without options say how it goes (exits 1 if it is worse)."""
    from steward.flows.challenge import start_challenge, stop_challenge
    from steward.flows.challenge_results import challenge_results
    from steward.project.read import read_project

    asked = [shadow, share is not None, ramp is not None, stop]
    _refuse_mixed(asked, number=number, by=by, every=every, ramp=ramp)
    project, ports = read_project(where), open_ports(quiet=True)
    if not any(asked):
        _show(challenge_results(project, ports), where, as_json=as_json)
        return
    if stop:
        _say_begun(stop_challenge(project, ports), where, as_json=as_json)
        return
    steps = _steps(share, ramp)
    begun = start_challenge(project, ports, number=number, steps=steps, every=_span(every), entity=by)
    _say_begun(begun, where, as_json=as_json)


def _refuse_mixed(asked: "Sequence[bool]", *, number: int | None, by: str | None, every: str | None, ramp: str | None) -> None:
    from steward.core.errors import Fault, UsageError

    if sum(asked) > 1:
        fix = "give one of  --shadow, --share 0.1, --ramp 0.01,0.1 --every 1d, --stop"
        raise UsageError(Fault("SERVE-129", "a challenge is one thing at a time", fix=fix))
    if not any(asked[:-1]) and (number is not None or by is not None):
        fix = "add how it stands beside the champion:  --shadow, --share 0.1  or  --ramp 0.01,0.1 --every 1d"
        raise UsageError(Fault("SERVE-129", "--version and --by belong to a challenge that begins", fix=fix))
    if (ramp is None) != (every is None):
        raise UsageError(Fault("SERVE-129", "--ramp and --every belong together", fix="write  --ramp 0.01,0.1,0.5 --every 1d"))


def _steps(share: float | None, ramp: str | None) -> tuple[float, ...]:
    from steward.core.errors import Fault, UsageError

    try:
        return tuple(float(part) for part in ramp.split(",")) if ramp is not None else () if share is None else (share,)
    except ValueError as error:
        fix = "write  --ramp 0.01,0.1,0.5"
        raise UsageError(Fault("SERVE-122", "the shares are no numbers", ("--ramp",), fix=fix)) from error


def _span(text: str | None) -> "timedelta | None":
    from datetime import timedelta

    from steward.core.errors import Fault, UsageError

    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if unit not in _SECONDS or not number.isdigit() or not 0 < int(number) < 10**6:
        raise UsageError(Fault("SERVE-122", f"{text!r} is no span of time", ("--every",), fix="write  1d, 12h, 30m  or  90s"))
    return timedelta(seconds=int(number) * _SECONDS[unit])


def _say_begun(told: "Challenge", where: str, *, as_json: bool) -> None:
    from steward.apps.cli.screen import say, say_json

    if as_json:
        say_json(told)
    elif told.ended is not None:
        say(f"[green]✓[/] {told.model} v{told.version} challenges no more: within a second only v{told.against} answers")
        say(f"\nnext:  steward challenge {where}")
    else:
        say(f"[green]✓[/] {_sentence(told)}")
        say("a running server follows within a second; its answers and log say which arm they are of")
        say(f"\nnext:  tell outcomes, then  steward challenge {where}   (end it: --stop)")


def _sentence(told: "Challenge") -> str:
    shares = " → ".join(f"{100 * share:g} %" for share in told.steps)
    whom = f"{told.entity}s" if told.entity is not None else "rows"
    match told.mode:
        case "shadow":
            return f"{told.model} v{told.version} watches beside v{told.against} and answers nobody"
        case "split":
            return f"{told.model} v{told.version} answers {shares} of {whom} beside v{told.against}"
        case _:
            return (
                f"{told.model} v{told.version} answers {shares} of {whom} beside v{told.against}, a step every {told.every_s:g} s"
            )


def _show(result: "ChallengeResult", where: str, *, as_json: bool) -> None:
    from rich.markup import escape

    from steward.apps.cli.screen import say, say_json, say_table
    from steward.deploy.promote import looked_at
    from steward.flows.challenge_decide import evidence

    if as_json:
        say_json({"challenge": result.challenge, **evidence(result), "next": _next(result, where)})
    else:
        told = result.challenge
        how = "" if told.ended is None else f", {told.ended.how} at {told.ended.at:%Y-%m-%d %H:%M} UTC"
        say(f"{_sentence(told)}, since {told.since:%Y-%m-%d %H:%M} UTC{how}")
        rows = [[one.arm, f"v{one.version}", one.answers, one.outcomes, *_loss(one)] for one in result.arms]
        say_table("", ("arm", "version", "answers", "outcomes", f"loss ({result.metric})", "lies between"), rows)
        say(escape(looked_at(result.looked)))
        if result.fell_back:
            say(f"{result.fell_back:,} rows of the challenger were answered by the champion: it had no answer")
        say(f"\nnext:  {_next(result, where)}")
    raise typer.Exit(1 if result.looked.word == "worse" else 0)


def _loss(arm: "ArmResult") -> tuple[str, str]:
    if arm.loss is None:
        return "-", "-"
    return f"{arm.loss:.4g}", "-" if arm.low is None or arm.high is None else f"{arm.low:.4g} and {arm.high:.4g}"


def _next(result: "ChallengeResult", where: str) -> str:
    if result.challenge.ended is not None:
        return f"steward challenge {where} --shadow"
    match result.looked.word:
        case "better":
            return f"steward promote {where} --by-challenge"
        case "worse":
            return f"steward challenge {where} --stop"
        case _:
            return "wait for outcomes: POST /outcomes"
