"""What does a project leave for tools beside Steward? Files under names that people know, and stages that make them.

Files are copies; nothing that is not Steward's own is ever written over.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, copytree, rmtree
from typing import Any

from steward.core.atomic import write_text_atomically
from steward.core.digest import digest_file
from steward.core.errors import Fault, UsageError
from steward.core.runs import Run, Step
from steward.data.locate import first_match, locate
from steward.flows.ports import Ports
from steward.project.params import params_text
from steward.project.read import Project
from steward.project.stages import METRICS_FILE, PARAMS_FILE, Stage, model_folder, rows_file, stages

# Which step's rows lie in which folder below data/, in the order of the flow.
ROWS = {"ingest": "raw", "clean": "processed", "features": "features"}

_DECLARED = ("project.yaml", "dictionary.yaml", "features.py", "simulator.py")
_BEFORE: Mapping[str, tuple[str, ...]] = {"process": ("ingest",), "features": ("ingest", "clean"), "bundle": tuple(ROWS)}
_LEAVES: Mapping[str, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "process": ("clean",),
    "features": ("features",),
    "train": ("metrics",),
    "bundle": ("metrics", "bundle"),
    "promote": (*ROWS, "metrics", "bundle"),
}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What was written, relative to the folder, and the stages it describes."""

    files: tuple[str, ...]
    stages: tuple[Stage, ...]


def export_pipeline(
    project: Project, into: Path, ports: Ports, pipeline: str, render: Callable[[Sequence[Stage]], str], *, force: bool = False
) -> Pipeline:
    """Write a project's flow for a tool that runs stages: the declaration, the parameters, the stages.

    Args:
        project: the project; where its folder lies outside of `into`, its files are copied to a folder of its name.
        into: the folder the tool will run in; made where it is not there.
        ports: the outside world; its data folder's files become dependencies of the first stage.
        pipeline: name of the tool's file.
        render: writes the stages in the tool's own words.
        force: write over files that were changed since.

    Raises:
        UsageError: EXPORT-001 a file is there already and holds something else; nothing was written then.
    """
    place = _place_of(project, into)
    files = {} if place is not None else {f"{project.spec.name}/{name}": text for name, text in _declaration(project).items()}
    where = place or project.spec.name
    declared = [f"{where}/{name}".removeprefix("./") for name in _DECLARED if (project.folder / name).is_file()]
    data = None if ports.data is None else os.path.relpath(ports.data, into)
    described = stages(project.spec.name, where, declared, _source_files(project, into, ports), data)
    files |= {PARAMS_FILE: params_text(project.spec), pipeline: render(described)}
    if not force:
        _refuse_others(files, into)
    for name, text in files.items():
        write_text_atomically(into / name, text)
    _ignore(into, ports.workspace.home)
    return Pipeline(tuple(files), described)


def place_outputs(run: Run, until: str, into: Path, ports: Ports) -> tuple[str, ...]:
    """Put what a run made up to a stage into a folder, under the names of `steward.project.stages`.

    Raises:
        UsageError: EXPORT-002 something else lies where a file belongs; EXPORT-003 the rows that lie there from an earlier
            stage are not those this run was made of.
    """
    steps = {step.name: step for step in ports.runs.steps(run.id) if step.status == "finished"}
    _refuse_other_rows(run, [name for name in _BEFORE.get(until, ()) if name in steps], steps, into)
    return tuple(_place(what, run, steps, into, ports) for what in _LEAVES[until] if what == "metrics" or what in steps)


def place_rows(digest: str, kind: str, project: str, into: Path, ports: Ports) -> str:
    """Copy a snapshot to where rows of a kind lie, and return that place."""
    name = rows_file(kind, project)
    target = into / name
    if target.exists():
        _refuse_foreign(target, digest, ports)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    copyfile(ports.workspace.snapshots / f"{digest}.parquet", beside)
    beside.replace(target)
    return name


def _place(what: str, run: Run, steps: Mapping[str, Step], into: Path, ports: Ports) -> str:
    if what == "metrics":
        return _place_metrics(run, into)
    if what == "bundle":
        return _place_bundle(str(steps["bundle"].output["digest"]), run.project, into, ports)
    return place_rows(str(steps[what].output["snapshot"]), ROWS[what], run.project, into, ports)


def _place_bundle(digest: str, project: str, into: Path, ports: Ports) -> str:
    name = model_folder(project)
    target = into / name
    if target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").is_file():
        raise UsageError(_in_the_way(target, "it holds no bundle"))
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    copytree(ports.workspace.bundles / digest, beside)
    if target.exists():
        rmtree(target)
    beside.replace(target)
    return name


def _place_metrics(run: Run, into: Path) -> str:
    """Write the figures of a run; no clock and no duration, so that the same model gives the same file."""
    result: Mapping[str, Any] = run.result
    best: Mapping[str, Any] = next((entry for entry in result.get("leaderboard", ()) if entry["chosen"]), {})
    figures = {
        "project": run.project,
        "data": result.get("origin"),
        "rows": {"raw": result.get("rows"), "processed": result.get("clean_rows"), "quarantined": result.get("quarantined")},
        "findings": len(result.get("findings", ())),
        "chosen": result.get("chosen"),
        "validation": {str(best.get("metric")): best.get("validation")},
        "test": {name: value["value"] for name, value in result.get("metrics", {}).items()},
    }
    write_text_atomically(into / METRICS_FILE, json.dumps(figures, indent=2) + "\n")
    return METRICS_FILE


def _refuse_other_rows(run: Run, earlier: Sequence[str], steps: Mapping[str, Step], into: Path) -> None:
    """Raise where an earlier stage's file does not hold the rows this run went on with."""
    for name in earlier:
        path, digest = into / rows_file(ROWS[name], run.project), steps[name].output["snapshot"]
        if path.is_file() and digest_file(path) != digest:
            what = f"{path} does not hold the rows that this run was made of"
            why = "its source, or Steward, changed since that file was made"
            raise UsageError(
                Fault("EXPORT-003", what, why=why, fix="make it anew:  dvc repro --force   or remove it and run again")
            )


def _refuse_foreign(target: Path, digest: str, ports: Ports) -> None:
    """Raise unless a file is a copy of a snapshot, of this one or another."""
    found = digest_file(target)
    if found != digest and not (ports.workspace.snapshots / f"{found}.parquet").is_file():
        raise UsageError(_in_the_way(target, "it is no snapshot of this workspace"))


def _in_the_way(target: Path, why: str) -> Fault:
    return Fault("EXPORT-002", f"something else lies at {target}", why=why, fix="move it away, or name another folder with --into")


def _refuse_others(files: Mapping[str, str], into: Path) -> None:
    others = [name for name, text in files.items() if (into / name).exists() and (into / name).read_bytes() != text.encode()]
    fix = "move them away, or write over them with  --force"
    if others:
        raise UsageError(*(Fault("EXPORT-001", f"{into / name} is there and holds something else", fix=fix) for name in others))


def _place_of(project: Project, into: Path) -> str | None:
    """Return the project's folder as seen from `into`; None where it lies outside."""
    folder = project.folder.resolve()
    return folder.relative_to(into.resolve()).as_posix() if folder.is_relative_to(into.resolve()) else None


def _declaration(project: Project) -> dict[str, str]:
    paths = [project.folder / name for name in (*_DECLARED, "README.md")]
    return {path.name: path.read_text(encoding="utf-8") for path in paths if path.is_file()}


def _source_files(project: Project, into: Path, ports: Ports) -> tuple[str, ...]:
    """Return the data files that lie in the user's folder now, lookups included, as seen from `into`."""
    folder, spec = ports.data, project.spec.source
    if folder is None:
        return ()
    patterns = [one for one in (spec.files, *(table.files for table in spec.tables.values())) if one]
    periods = (*project.spec.split.train, *project.spec.split.test)
    found = [located.path for period in periods for one in patterns if (located := locate(one, spec, period, folder)) is not None]
    found += [path for lookup in project.spec.lookups.values() if (path := first_match(folder, lookup.files)) is not None]
    return tuple(dict.fromkeys(os.path.relpath(path, into) for path in found))


def _ignore(into: Path, home: Path) -> None:
    """Keep the workspace out of git where it lies in the folder, or will by default."""
    name = home.name if home.parent == into.resolve() else ".steward"
    path = into / ".gitignore"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if f"/{name}/" not in lines:
        write_text_atomically(path, "\n".join((*lines, f"/{name}/")) + "\n")
