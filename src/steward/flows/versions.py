"""What is a snapshot, what is different between two, and what did a period that was published anew change?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from steward.core.errors import StewardError
from steward.core.runs import Run
from steward.data.assemble import PERIOD
from steward.data.diff import Changed, what_changed
from steward.data.history import SHORT, ancestors, read_manifests
from steward.data.locate import SourceFile
from steward.data.snapshot import read_snapshot
from steward.flows.ports import Ports
from steward.flows.snapshots import Kept, Part, find_part, kept_snapshots, run_of, step_sources
from steward.project.read import Project

_LOOK_BACK = 1000


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a snapshot, with what the dictionary of its run says."""

    name: str
    type: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A snapshot for people: columns, what it was made of and what of it (kind by digest), versions that learned from it."""

    kept: Kept
    fields: tuple[Field, ...]
    parents: Mapping[str, str]
    children: Mapping[str, str]
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two snapshots, or periods of them, and what is different."""

    before: Part
    after: Part
    changed: Changed


@dataclass(frozen=True, slots=True)
class Republished:
    """Periods whose source files are others than in the snapshot `before`; `changed` is None where that one is gone."""

    periods: tuple[str, ...]
    before: str
    changed: Changed | None

    @property
    def text(self) -> str:
        """Say it in one line."""
        said = "its rows are gone, so the difference cannot be told" if self.changed is None else self.changed.text
        return f"published anew since snapshot {self.before[:SHORT]}: {', '.join(self.periods)} ({said})"

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON object, for the step's output."""
        changed = None if self.changed is None else asdict(self.changed)
        return {"periods": list(self.periods), "before": self.before, "text": self.text, "changed": changed}


def show_snapshot(reference: str, ports: Ports) -> Shown:
    """Return all that is known about one snapshot.

    Raises:
        UsageError: DATA-031 to DATA-033 the reference means none, or several.
    """
    digest = find_part(reference, ports).digest
    manifests = read_manifests(ports.workspace.snapshots)
    kept = next(one for one in kept_snapshots(ports) if one.manifest.digest == digest)
    line = ancestors(digest, manifests)[1:]
    return Shown(
        kept,
        _fields(kept, ports),
        {above: manifests[above].kind if above in manifests else "not kept any more" for above in line},
        {one.digest: one.kind for one in manifests.values() if one.parent == digest},
        _versions(kept, ports),
    )


def compare(before: str, after: str, ports: Ports) -> Compared:
    """Return what is different between two snapshots, or two periods.

    Raises:
        UsageError: DATA-030 a snapshot was damaged, DATA-031 to DATA-033 a reference means none, or several.
    """
    old, new = find_part(before, ports), find_part(after, ports)
    # Where only one side names a period, that period is what is meant on the other side too.
    frames = [_rows(part.digest, part.period or other.period, ports) for part, other in ((old, new), (new, old))]
    if old.period and new.period and old.period != new.period:  # two periods are compared as wholes
        frames = [frame.drop(PERIOD, strict=False) for frame in frames]
    return Compared(old, new, what_changed(frames[0], frames[1], _key_of(new.digest, ports)))


def republished(project: Project, files: Sequence[SourceFile], frame: pl.DataFrame, ports: Ports) -> tuple[Republished, ...]:
    """Return what changed in periods that an earlier run of the project read from other files, one entry an earlier snapshot.

    Args:
        project: the project; runs with another declaration of the source are no earlier state of it.
        files: the source files of now.
        frame: the rows of now, with their period.
        ports: the outside world.
    """
    now = _hashes({"period": file.period, "sha256": file.sha256} for file in files)
    simulated = any(file.origin == "simulated" for file in files)
    others: dict[str, list[str]] = {}
    for period, (digest, hashes) in _before(project, now, ports, simulated=simulated).items():
        if hashes != now[period]:
            others.setdefault(digest, []).append(period)
    key = unique_columns(project.frozen)
    return tuple(
        Republished(tuple(periods), digest, _change(digest, periods, frame, key, ports)) for digest, periods in others.items()
    )


def unique_columns(frozen: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that name a row, as the first check for unique rows of a declaration has them."""
    checks = frozen.get("project", {}).get("checks", ())
    return next((tuple(check.get("columns", ())) for check in checks if check.get("kind") == "unique"), ())


def _before(project: Project, now: Mapping[str, set[str]], ports: Ports, *, simulated: bool) -> dict[str, tuple[str, set[str]]]:
    """Return for each period the newest earlier snapshot that has it, and the hashes of its files then."""
    found: dict[str, tuple[str, set[str]]] = {}
    for run in ports.runs.runs(project.spec.name, limit=_LOOK_BACK):
        if len(found) == len(now):
            break
        if _declared_source(run.frozen) != _declared_source(project.frozen):
            continue
        steps = [step for step in ports.runs.steps(run.id) if step.name == "ingest" and step.status == "finished"]
        if steps and (steps[0].output.get("origin") == "simulated") == simulated:
            hashes = _hashes(step_sources(steps))
            found = {period: (str(steps[0].output["snapshot"]), hashes[period]) for period in hashes.keys() & now.keys()} | found
    return found


def _change(digest: str, periods: Sequence[str], frame: pl.DataFrame, key: Sequence[str], ports: Ports) -> Changed | None:
    within = pl.col(PERIOD).is_in(list(periods))
    try:
        before = read_snapshot(ports.workspace.snapshots, digest)
    except StewardError:  # swept away or damaged; what comes in now is not to blame
        return None
    return what_changed(before.filter(within), frame.filter(within), key)


def _hashes(sources: Any) -> dict[str, set[str]]:
    hashes: dict[str, set[str]] = {}
    for source in sources:
        hashes.setdefault(str(source["period"]), set()).add(str(source["sha256"]))
    return hashes


def _declared_source(frozen: Mapping[str, Any]) -> object:
    return frozen.get("project", {}).get("source")


def _rows(digest: str, period: str | None, ports: Ports) -> pl.DataFrame:
    frame = read_snapshot(ports.workspace.snapshots, digest)
    return frame if period is None or PERIOD not in frame.columns else frame.filter(pl.col(PERIOD) == period)


def _key_of(digest: str, ports: Ports) -> tuple[str, ...]:
    run = _making_run(digest, ports)
    return () if run is None else unique_columns(run.frozen)


def _making_run(digest: str, ports: Ports) -> Run | None:
    kept = next((one for one in kept_snapshots(ports) if one.manifest.digest == digest), None)
    return None if kept is None or kept.made is None else run_of(kept.made.run, kept.made.project, ports)


def _fields(kept: Kept, ports: Ports) -> tuple[Field, ...]:
    run = None if kept.made is None else run_of(kept.made.run, kept.made.project, ports)
    described = {} if run is None else run.frozen.get("dictionary", {}).get("columns", {})  # type: ignore[attr-defined] # a JSON object
    said = {name: described.get(name) or {} for name in kept.manifest.columns}
    return tuple(
        Field(name, kind, str(said[name].get("unit", "")), str(said[name].get("meaning", "")))
        for name, kind in kept.manifest.columns.items()
    )


def _versions(kept: Kept, ports: Ports) -> tuple[str, ...]:
    runs = {(use.project, use.run) for use in kept.uses}
    projects = sorted({use.project for use in kept.uses})
    return tuple(str(version) for name in projects for version in ports.registry.versions(name) if (name, version.run) in runs)
