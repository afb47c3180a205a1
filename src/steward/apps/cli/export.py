"""The command that writes for tools beside Steward: the flow for DVC, the rows as files, a version for BentoML."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.apps.cli.options import AsJson, Data, Sets, Where, open_ports

if TYPE_CHECKING:
    from steward.flows.ports import Ports
    from steward.project.read import Project

Dvc = Annotated[bool, typer.Option("--dvc", help="Write dvc.yaml and params.yaml of the same flow.")]
Rows = Annotated[bool, typer.Option("--rows", help="Write data/raw, processed, features, reference and current as Parquet.")]
To = Annotated[str | None, typer.Option("--to", metavar="SERVER", help="Write a version for another server: bentoml.")]
IntoFolder = Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where the flow or the rows go.")]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="FOLDER", help="Where a version goes; PROJECT-bentoml by default.")
]
Number = Annotated[int | None, typer.Option("--version", metavar="N", help="Which version; the champion by default.")]
Force = Annotated[
    bool, typer.Option("--force", help="Write over declaration and parameter files that were changed, or an earlier export.")
]

SERVERS = ("bentoml",)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(export)


def export(
    where: Where,
    dvc: Dvc = False,
    rows: Rows = False,
    to: To = None,
    into: IntoFolder = Path(),
    output: Output = None,
    number: Number = None,
    data: Data = None,
    sets: Sets = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the project's flow for DVC, its rows under the names people expect, or a version for BentoML."""
    from steward.core.errors import Fault, UsageError, unknown_name
    from steward.project.read import read_project

    if dvc + rows + (to is not None) != 1:
        fix = "write the flow for DVC:  --dvc   the rows:  --rows   or a version for a server:  --to bentoml"
        raise UsageError(Fault("CLI-003", "what should be exported: the flow, the rows, or a version?", fix=fix))
    if to is not None and to not in SERVERS:
        raise unknown_name("server", to, SERVERS, code="EXPORT-011", where=("--to",))
    project, ports = read_project(where, sets or ()), open_ports(data, quiet=True)
    if to is not None:
        folder = output or Path(f"{project.spec.name}-{to}")
        _export_version(project, number, folder, ports, force=force, as_json=as_json)
    elif dvc:
        from steward.adapters.dvc import PIPELINE_FILE, dvc_yaml
        from steward.flows.export import export_pipeline

        files = export_pipeline(project, into, ports, PIPELINE_FILE, dvc_yaml, force=force).files
        _tell(files, into, _dvc_step(into), as_json=as_json)
    else:
        from steward.flows.layout import export_rows

        _tell(export_rows(project, into, ports), into, f"steward data log {where}", as_json=as_json)


def _export_version(project: "Project", number: int | None, into: Path, ports: "Ports", *, force: bool, as_json: bool) -> None:
    from steward.adapters.bentoml import bentoml_files
    from steward.apps.cli.screen import say, say_json
    from steward.flows.export_version import export_version

    exported = export_version(project, number, into, ports, bentoml_files, force=force)
    if as_json:
        version = exported.version
        told = {"model": version.model, "version": version.number, "bundle": version.digest}
        say_json({"into": str(into), "files": list(exported.files), **told})
        return
    say(f"[green]✓[/] {exported.version} for BentoML in {into}: {len(exported.files)} files, each with its SHA-256")
    say(f"\nnext:  {_bentoml_step(into)}")


def _tell(files: tuple[str, ...], into: Path, step: str, *, as_json: bool) -> None:
    from steward.apps.cli.screen import say, say_json

    if as_json:
        say_json({"into": str(into), "files": list(files)})
        return
    for name in files:
        say(str(into / name))
    say(f"\nnext:  {step}")


def _dvc_step(into: Path) -> str:
    """Return the command that carries the exported flow out, from where the user stands."""
    from steward.adapters.dvc import is_installed

    installed = () if is_installed() else ("pip install 'steward[dvc]'",)
    enter = () if into == Path() else (f"cd {into}",)
    made = () if (into / ".dvc").is_dir() else ("dvc init",) if (into / ".git").exists() else ("git init", "dvc init")
    return " && ".join((*installed, *enter, *made, "dvc repro"))


def _bentoml_step(into: Path) -> str:
    """Return the command that serves the exported version, from where the user stands."""
    from steward.adapters.bentoml import is_installed

    installed = () if is_installed() else ("pip install 'steward[bentoml]'",)
    return " && ".join((*installed, f"cd {into}", "BENTOML_DO_NOT_TRACK=True bentoml serve"))
