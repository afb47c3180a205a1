"""Where does a version come from? From its bundle back to the source files, the declaration and the commit.

Everything was recorded when the version was made. What is still there is hashed again, so that a broken
link shows; what was never recorded is named.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from steward.core.digest import digest_bytes, digest_file, digest_json
from steward.core.runs import Run, Step
from steward.data.history import read_manifests
from steward.flows.champion import need_champion
from steward.flows.ports import Ports
from steward.flows.snapshots import kind_of, run_of, step_snapshots, step_sources
from steward.project.commit import Commit, commit_from
from steward.registry.versions import Version

State = Literal["whole", "gone", "changed"]

_MANIFEST = "manifest.json"
_ROWS = ("ingest", "validate", "clean", "features")


@dataclass(frozen=True, slots=True)
class Rows:
    """A snapshot on the way: which step made it, what kind it is, whether it still is what it was."""

    step: str
    kind: str
    digest: str
    rows: int | None
    state: State


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source file as it was read; `address` is the publisher's, where it was fetched."""

    period: str
    name: str
    origin: str
    sha256: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """All that led to a version; digests are SHA-256. `missing` says what was not recorded, in sentences."""

    model: str
    version: int
    registered_at: str
    champion: bool
    bundle: str
    bundle_state: State
    run: str
    trigger: str | None
    started_at: str | None
    rows: tuple[Rows, ...]
    sources: tuple[SourceRecord, ...]
    project: str | None
    overrides: tuple[str, ...]
    features: str | None
    commit: Commit | None
    libraries: Mapping[str, str]
    mlflow_run: str | None
    missing: tuple[str, ...]


def lineage(ports: Ports, model: str, number: int | None = None) -> Lineage:
    """Return where a version comes from; the champion where no number is given.

    Raises:
        Refused: REG-002 there is no champion and no number was given.
        UsageError: REG-001 there is no such version.
    """
    champion = ports.registry.champion(model)
    version = ports.registry.version(model, need_champion(ports, model).number if number is None else number)
    run = run_of(version.run, model, ports)
    steps = tuple(step for step in ports.runs.steps(version.run) if step.status == "finished") if run else ()
    commit = commit_from(version.facts.get("commit"))
    libraries = _libraries(version, ports)
    return Lineage(
        model=model,
        version=version.number,
        registered_at=version.created_at,
        champion=champion is not None and champion.number == version.number,
        bundle=version.digest,
        bundle_state=_bundle_state(version, ports.workspace.bundles / version.digest),
        run=version.run,
        trigger=run.trigger if run else None,
        started_at=run.started_at if run else None,
        rows=_rows(steps, ports),
        sources=_sources(version, steps),
        project=digest_json(run.frozen) if run else None,
        overrides=tuple(str(text) for text in _list(version.facts.get("overrides"))),
        features=version.files.get("features.py"),
        commit=commit,
        libraries=libraries,
        mlflow_run=_text(version.facts.get("mlflow_run")),
        missing=_missing(run, commit, libraries),
    )


def _rows(steps: tuple[Step, ...], ports: Ports) -> tuple[Rows, ...]:
    folder = ports.workspace.snapshots
    manifests = read_manifests(folder)
    made = [(step, digest) for step in steps if step.name in _ROWS for digest in step_snapshots(step)]
    return tuple(
        Rows(
            step.name,
            kind_of(step, digest),
            digest,
            manifests[digest].rows if digest in manifests else None,
            _state(folder / f"{digest}.parquet", digest),
        )
        for step, digest in made
    )


def _sources(version: Version, steps: tuple[Step, ...]) -> tuple[SourceRecord, ...]:
    """Return the source files from the run's first step, or else from what the version itself says of them."""
    return tuple(_source(said) for said in step_sources(steps) or _list(version.facts.get("sources")) if isinstance(said, Mapping))


def _source(said: Mapping[str, Any]) -> SourceRecord:
    origin = str(said.get("origin", "unknown"))
    address = _without_password(str(said["detail"])) if origin == "url" and "detail" in said else None
    name = Path(str(said.get("path") or said.get("name"))).name
    return SourceRecord(str(said.get("period")), name, origin, str(said.get("sha256")), address)


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _state(path: Path, digest: str) -> State:
    try:
        return "whole" if digest_file(path) == digest else "changed"
    except OSError:
        return "gone"


def _bundle_state(version: Version, folder: Path) -> State:
    states = {_state(folder / name, digest) for name, digest in version.files.items()}
    return "whole" if states == {"whole"} else "gone" if states == {"gone"} else "changed"


def _libraries(version: Version, ports: Ports) -> dict[str, str]:
    """Return the versions of the libraries the model was made with, from the bundle's manifest if that is whole."""
    try:
        content = (ports.workspace.bundles / version.digest / _MANIFEST).read_bytes()
    except OSError:
        return {}
    if digest_bytes(content) != version.files.get(_MANIFEST):
        return {}
    return {str(name): str(number) for name, number in json.loads(content).get("libraries", {}).items()}


def _missing(run: Run | None, commit: Commit | None, libraries: Mapping[str, str]) -> tuple[str, ...]:
    said = {
        "the run is not in the database any more: its snapshots and its declaration are unknown": run is None,
        "no commit: the project's folder was in no git repository, or its files in no commit": commit is None,
        "no libraries: the bundle's manifest is gone or changed": not libraries,
    }
    return tuple(sentence for sentence, lacking in said.items() if lacking)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return None if value is None else str(value)
