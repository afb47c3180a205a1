"""What does a version need to answer under another server? A folder with its bundle, its record, and what that server reads.

The folder appears whole or not at all, and nothing that is not an earlier export is ever written over.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from steward.core.atomic import write_bytes_atomically
from steward.core.digest import digest_bytes
from steward.core.errors import Fault, UsageError
from steward.flows.champion import load_version, need_champion
from steward.flows.ports import Ports
from steward.project.read import Project
from steward.registry.content import ALLOWED
from steward.registry.sealed import read_sealed
from steward.registry.versions import Version
from steward.serving.carried import BUNDLE, RECORD, Carried, Described
from steward.serving.private import care_of

_FACTS = ("metrics", "train", "test", "origin", "snapshot", "features")


@dataclass(frozen=True, slots=True)
class ExportedVersion:
    """Which version went where; `files` are relative to the folder, sorted."""

    version: Version
    folder: Path
    files: tuple[str, ...]


def export_version(
    project: Project,
    number: int | None,
    into: Path,
    ports: Ports,
    render: Callable[[Described], Mapping[str, str]],
    *,
    force: bool = False,
) -> ExportedVersion:
    """Write a version, the champion by default, for another server; verified and self-tested first.

    Args:
        project: whose version it is; what it says of columns that need care goes along.
        number: which version.
        into: the folder, made where it is not there.
        ports: the outside world.
        render: returns the files of the other server by name.
        force: take the place of an earlier export.

    Raises:
        UsageError: REG-001 there is no such version, EXPORT-010 something else lies in the folder; nothing was written then.
        Refused: REG-002 there is no champion, BUNDLE-xxx the bundle is not what was recorded.
    """
    _refuse_occupied(into, force=force)
    name = project.spec.name
    version = ports.registry.version(name, need_champion(ports, name).number if number is None else number)
    loaded = load_version(ports.workspace, version)
    carried = _carried(project, version, str(loaded.bundle.manifest["unit"])).content()
    described = Described(
        model=name,
        version=version.number,
        target=project.spec.target,
        unit=str(loaded.bundle.manifest["unit"]),
        bundle=version.digest,
        sealed=digest_bytes(carried),
        libraries=loaded.bundle.manifest["libraries"],
    )
    sealed = read_sealed(ports.workspace.bundles / version.digest, version.files, ALLOWED)
    files = {RECORD: carried, **{f"{BUNDLE}/{file}": content for file, content in sealed.items()}}
    files |= {file: text.encode() for file, text in render(described).items()}
    _put(files, into)
    detail = {"version": version.number, "bundle": version.digest, "sealed": described.sealed}
    key = f"version.exported:{version}:{ports.clock.now().isoformat()}"
    ports.journal.append("version.exported", str(version), detail, actor=ports.actor, key=key)
    return ExportedVersion(version, into, tuple(sorted(files)))


def _carried(project: Project, version: Version, unit: str) -> Carried:
    care = care_of(project.dictionary, project.spec.serving)
    return Carried(
        model=version.model,
        version=version.number,
        unit=unit,
        dictionary=project.dictionary,
        files=version.files,
        facts={name: version.facts.get(name) for name in _FACTS},
        hashed=tuple(sorted(care.hashed)),
        left_out=tuple(sorted(care.left_out)),
        sync=project.spec.serving.sync,
    )


def _refuse_occupied(into: Path, *, force: bool) -> None:
    if not into.exists() or (into.is_dir() and not any(into.iterdir())):
        return
    if not (into / RECORD).is_file():
        what, fix = f"something else lies in {into}", "name a folder that is empty or not there with  --output"
        raise UsageError(Fault("EXPORT-010", what, why="it is no earlier export", fix=fix))
    if not force:
        fix = "name another folder with  --output   or put the new version in its place with  --force"
        raise UsageError(Fault("EXPORT-010", f"an earlier export lies in {into}", fix=fix))


def _put(files: Mapping[str, bytes], into: Path) -> None:
    """Let the folder appear whole; an earlier export gives way at the last moment."""
    into = into.absolute()
    beside, before = (into.with_name(f".{into.name}.{os.getpid()}.{end}") for end in ("tmp", "old"))
    for name, content in files.items():
        write_bytes_atomically(beside / name, content)
    if into.exists():
        into.replace(before)
    beside.replace(into)
    if before.exists():
        rmtree(before)
