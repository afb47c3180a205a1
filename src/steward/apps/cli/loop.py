"""Commands that carry a project through the loop: check, run, resume, and the stages by name."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Into, Params, Periods, Refresh, Sets, Where, open_ports

if TYPE_CHECKING:
    from pathlib import Path

    from steward.core.runs import Run

NoPromote = Annotated[bool, typer.Option("--no-promote", help="Judge the candidate, but leave the champion to `steward promote`.")]
Folds = Annotated[int | None, typer.Option(min=2, help="Folds of one round; the project's own number, or 10.")]
Repeats = Annotated[int | None, typer.Option(min=1, help="Rounds, each with other folds; the project's own number, or 5.")]
AllRows = Annotated[bool, typer.Option("--all-rows", help="Over all rows, test rows included; by default those before the test.")]
Until = Annotated[str, typer.Option(metavar="STAGE", help="Stop after: ingest, process, features, train, bundle or promote.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(check)
    app.command()(run)
    app.command()(resume)
    app.command()(crossval)
    for stage, sentence in STAGE_HELP.items():
        app.command(stage, help=sentence)(_stage_command(stage))


STAGE_HELP = {
    "ingest": "Bring the project's months in as one snapshot, and stop there.",
    "process": "Ingest, check and clean, and stop there.",
    "features": "Ingest, process, make the feature table and say what each feature is and tells, and stop there.",
    "train": "All of that, then train and evaluate the candidates, and stop there.",
}


def check(where: Where, sets: Sets = None, as_json: AsJson = False) -> None:
    """Read a project and say what it declares, or everything that is wrong with it."""
    from dataclasses import asdict

    from steward.apps.cli.screen import say, say_facts, say_json
    from steward.core.errors import UsageError
    from steward.project.read import check_project, read_project

    faults = check_project(where, sets or ())
    if not faults:
        from steward.flows.check import feature_faults

        faults = feature_faults(read_project(where, sets or ()))
    if as_json:
        say_json({"ok": not faults, "faults": [asdict(fault) for fault in faults]})
        raise typer.Exit(2 if faults else 0)
    if faults:
        raise UsageError(*faults)
    spec = read_project(where, sets or ()).spec
    say(f"[bold]{spec.name}[/]  {spec.title}")
    say_facts(
        {
            "predicts": f"{spec.target}{f' ({spec.unit})' * bool(spec.unit)}, {spec.task}",
            "train": ", ".join(spec.split.train),
            "test": ", ".join(spec.split.test) or f"the last {spec.split.test_share:.0%} of the rows by time",
            "checks": len(spec.checks),
            "features": ", ".join(spec.features),
            "candidates": ", ".join(candidate.kind for candidate in spec.candidates),
        }
    )
    say(f"\nnext:  steward run {where}")


def run(
    where: Where,
    data: Data = None,
    sets: Sets = None,
    until: Until = "promote",
    no_promote: NoPromote = False,
    params: Params = None,
    into: Into = None,
    refresh: Refresh = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole loop: ingest, validate, clean, features, train, evaluate, gate, register, promote."""
    from steward.core.errors import unknown_name
    from steward.flows.run import STAGES, RunOptions
    from steward.flows.run import run as run_flow

    if until not in STAGES:
        raise unknown_name("stage", until, STAGES, code="CLI-001", where=("--until",))
    options = RunOptions(where, _overrides(where, params, sets), until, promote=not no_promote)
    ports = open_ports(data, quiet=as_json, refresh=refresh)
    finished = run_flow(options, ports)
    if into is not None:
        from steward.flows.export import place_outputs

        place_outputs(finished, until, into, ports)
    _show(finished, where, ports.workspace.home, as_json=as_json)


def resume(where: Where, data: Data = None, sets: Sets = None, as_json: AsJson = False) -> None:
    """Go on with the newest run where it stopped; finished steps are not done again."""
    from steward.flows.run import RunOptions
    from steward.flows.run import resume as resume_flow

    options = RunOptions(where, tuple(sets or ()))
    ports = open_ports(data, quiet=as_json)
    _show(resume_flow(options, ports), where, ports.workspace.home, as_json=as_json)


def _stage_command(stage: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - typer reads the inner signature
    def command(
        where: Where,
        data: Data = None,
        period: Periods = None,
        sets: Sets = None,
        params: Params = None,
        into: Into = None,
        refresh: Refresh = False,
        as_json: AsJson = False,
    ) -> None:
        only = [f"split.train=[{', '.join(period)}]", "split.test=[]"] if period else []
        run(where, data, [*only, *(sets or ())], until=stage, params=params, into=into, refresh=refresh, as_json=as_json)

    return command


def _overrides(where: str, params: "Path | None", sets: list[str] | None) -> tuple[str, ...]:
    from steward.project.params import params_overrides

    return (*(() if params is None else params_overrides(where, params)), *(sets or ()))


def _show(finished: "Run", where: str, home: "Path", *, as_json: bool) -> None:
    from steward.apps.cli.results import show_run
    from steward.apps.cli.screen import say_json
    from steward.flows.feature_report import read_dictionary

    if as_json:
        told = finished.result.get("feature_report")
        dictionary = {"dictionary": read_dictionary(home, told)} if isinstance(told, dict) else {}
        say_json({"run": finished.id, "status": finished.status, **finished.result, **dictionary})
    else:
        show_run(finished, where)
    verdict = finished.result.get("verdict")
    if isinstance(verdict, dict) and not verdict.get("passed"):
        raise typer.Exit(1)


def crossval(
    where: Where,
    data: Data = None,
    sets: Sets = None,
    folds: Folds = None,
    repeats: Repeats = None,
    all_rows: AllRows = False,
    as_json: AsJson = False,
) -> None:
    """Let the candidates compete over folds of the rows, for small data; no champion is made."""
    from dataclasses import asdict

    from steward.apps.cli.results import say_contest
    from steward.apps.cli.screen import say_json
    from steward.flows.contest import hold_contest
    from steward.flows.run import RunOptions
    from steward.project.read import read_project
    from steward.project.training import FoldsSpec

    declared = read_project(where, sets or ()).spec.training.folds or FoldsSpec()
    asked = {name: value for name, value in (("count", folds), ("repeats", repeats)) if value is not None}
    spec = FoldsSpec.model_validate({**declared.model_dump(), **asked})
    rows = "all" if all_rows else "learning"
    contest = hold_contest(RunOptions(where, tuple(sets or ())), spec, rows, open_ports(data, quiet=as_json))  # type: ignore[arg-type]
    if as_json:
        say_json(asdict(contest))
    else:
        say_contest(contest, where)
