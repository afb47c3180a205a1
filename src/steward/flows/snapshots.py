"""Which snapshots does a workspace keep, which runs made and used them, and which one does a person mean?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steward.core.errors import Fault, UsageError, did_you_mean, unknown_name
from steward.core.runs import Run, Step
from steward.data.history import Manifest, ancestors, find_digest, read_manifests
from steward.flows.ports import Ports

ALL_RUNS = 1_000_000

_DIGEST = re.compile(r"[0-9a-fA-F]{1,64}")
_REFERENCE = re.compile(r"(?P<project>[^@~]+)(@(?P<period>[^@~]+))?(~(?P<back>\d{1,6}))?")
_FOLDER = "snapshots/"
_KINDS = {"ingest": "raw", "validate": "quarantine"}  # the others are called as their step is


@dataclass(frozen=True, slots=True)
class Use:
    """One step of one run that made or took a snapshot, as what; `sources` are the files of that run, as JSON objects."""

    project: str
    run: str
    step: str
    kind: str
    at: str | None
    reused: bool
    sources: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot with all that is recorded of it; `uses` from the first to the last, none where no run tells of it."""

    manifest: Manifest
    uses: tuple[Use, ...]
    sources: tuple[Mapping[str, Any], ...]

    @property
    def made(self) -> Use | None:
        """The use that made it."""
        return self.uses[0] if self.uses else None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is to the steps that use it; raw rows that nothing was taken from are the clean ones as well."""
        return tuple(dict.fromkeys(use.kind for use in self.uses)) or (self.manifest.kind,)

    @property
    def periods(self) -> tuple[str, ...]:
        """The periods of its source files, in their order."""
        return tuple(dict.fromkeys(str(source.get("period")) for source in self.sources))

    @property
    def origin(self) -> str | None:
        """Where its source files came from: folder, url, sql, simulated."""
        return ", ".join(sorted({str(source.get("origin")) for source in self.sources})) or None


@dataclass(frozen=True, slots=True)
class Part:
    """What a reference stands for: a whole snapshot, or one period of it."""

    digest: str
    period: str | None


def kept_snapshots(ports: Ports, project: str | None = None) -> tuple[Kept, ...]:
    """Return all snapshots of the workspace, or those of one project, the newest first; those of no run come last."""
    manifests = read_manifests(ports.workspace.snapshots)
    uses = snapshot_uses(ports, ports.runs.projects() if project is None else (project,))
    wanted = manifests if project is None else uses.keys() & manifests.keys()
    kept = [_kept(manifests[digest], tuple(uses.get(digest, ())), manifests) for digest in wanted]
    return tuple(sorted(kept, key=lambda one: ((one.made.at or "") if one.made else "", one.manifest.digest), reverse=True))


def snapshot_uses(ports: Ports, projects: Sequence[str]) -> dict[str, list[Use]]:
    """Return by digest which steps made or took a snapshot, the earliest first."""
    uses: dict[str, list[Use]] = {}
    for project in projects:
        for run in reversed(ports.runs.runs(project, limit=ALL_RUNS)):
            steps = [step for step in ports.runs.steps(run.id) if step.status == "finished"]
            sources = step_sources(steps)
            for step in steps:
                for digest in step_snapshots(step):
                    uses.setdefault(digest, []).append(
                        Use(project, run.id, step.name, kind_of(step, digest), step.at, step.reused, sources)
                    )
    return {digest: sorted(found, key=lambda use: (use.reused, use.at or "")) for digest, found in uses.items()}


def step_snapshots(step: Step) -> tuple[str, ...]:
    """Return the digests of the snapshots a step left."""
    files = [str(file) for file in step.output.get("files", ())]
    return tuple(file.removeprefix(_FOLDER).removesuffix(".parquet") for file in files if file.startswith(_FOLDER))


def step_sources(steps: Sequence[Step]) -> tuple[Mapping[str, Any], ...]:
    """Return the source files of a run, as its first step recorded them: period, path, origin, sha256, bytes, detail."""
    return next((tuple(step.output.get("sources", ())) for step in steps if step.name == "ingest"), ())


def find_part(text: str, ports: Ports) -> Part:
    """Return what a reference means: a digest's beginning, ``PROJECT``, ``PROJECT@PERIOD``, or one of these with ``~N``.

    A project stands for its newest raw snapshot; with a period, for the newest one that has it; ``~1`` is the one before it
    (with a period: before it was published anew).

    Raises:
        UsageError: DATA-031, DATA-032 no or several snapshots begin so; DATA-033 the project has no such period, or not so many
            snapshots.
    """
    known = ports.runs.projects()
    meant = _REFERENCE.fullmatch(text)
    if meant is not None and meant["project"] in known:
        return Part(_raw(meant["project"], meant["period"], int(meant["back"] or 0), ports), meant["period"])
    if _DIGEST.fullmatch(text):
        return Part(find_digest(text, read_manifests(ports.workspace.snapshots)), None)
    name = text if meant is None else meant["project"]
    raise unknown_name("project of this workspace, and no snapshot,", name, known, code="DATA-031")


def run_of(run: str, project: str, ports: Ports) -> Run | None:
    """Return a run by its id."""
    return next((found for found in ports.runs.runs(project, limit=ALL_RUNS) if found.id == run), None)


def kind_of(step: Step, digest: str) -> str:
    """Return what a snapshot is to a step that left it: raw, lookup NAME, quarantine, clean, features."""
    if step.name == "ingest" and step.output.get("snapshot") != digest:
        names = [name for name, other in step.output.get("lookups", {}).items() if other == digest]
        return f"lookup {names[0]}" if names else "apart"
    return _KINDS.get(step.name, step.name)


def _kept(manifest: Manifest, uses: tuple[Use, ...], manifests: Mapping[str, Manifest]) -> Kept:
    if uses and uses[0].sources:
        return Kept(manifest, uses, uses[0].sources)
    line = [manifests[digest] for digest in ancestors(manifest.digest, manifests) if digest in manifests]
    return Kept(manifest, uses, next((one.sources for one in line if one.sources), ()))


def _raw(project: str, period: str | None, back: int, ports: Ports) -> str:
    """Return the digest of a project's newest raw snapshot, or of one that is `back` different ones before it."""
    raw = [kept for kept in kept_snapshots(ports, project) if "raw" in kept.kinds]
    having = [kept for kept in raw if period is None or period in kept.periods]
    if not having:
        fix = did_you_mean(period or "", {label for kept in raw for label in kept.periods})
        raise UsageError(Fault("DATA-033", f"no snapshot of {project} holds the period {period!r}", fix=fix))
    # Of one period, snapshots that were read from the same files are the same, whatever else they hold.
    different = list({_content(kept, period): kept.manifest.digest for kept in reversed(having)}.values())[::-1]
    if back >= len(different):
        what = f"{project}{f'@{period}' if period else ''} has {len(different)} different snapshots, none {back} before the newest"
        raise UsageError(Fault("DATA-033", what, fix=f"see them with  steward data log {project}"))
    return different[back]


def _content(kept: Kept, period: str | None) -> object:
    if period is None:
        return kept.manifest.digest
    return tuple(sorted(str(source.get("sha256")) for source in kept.sources if source.get("period") == period))
