"""Where do the rows come from, and which rows exactly are they?

Source files are found or fetched first; what they contain decides whether reading them again is
needed. The outcome is one snapshot, named by its content, and the lookup tables beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from steward.core.digest import digest_file
from steward.data.locate import Sources, gather
from steward.data.lookup import find_lookup, zone_centroids
from steward.data.read import read_many
from steward.data.simulate import load_simulator, simulate_file
from steward.data.snapshot import read_snapshot, write_snapshot
from steward.flows.ports import Ports
from steward.flows.steps import Done, Runner
from steward.project.read import Project


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came in: the snapshot's digest, its origin (folder, url, simulated) and the lookups' digests."""

    snapshot: str
    origin: str
    rows: int
    lookups: Mapping[str, str]
    files: tuple[Mapping[str, Any], ...]


class Frames:
    """Frames of this process by digest, so that a step need not read what the one before it wrote."""

    def __init__(self, ports: Ports) -> None:
        self._folder = ports.workspace.snapshots
        self._held: dict[str, pl.DataFrame] = {}

    def keep(self, digest: str, frame: pl.DataFrame) -> None:
        """Hold a frame that was just written under this digest."""
        self._held[digest] = frame

    def get(self, digest: str) -> pl.DataFrame:
        """Return the rows of a snapshot, verified when they come from disk."""
        if digest not in self._held:
            self._held[digest] = read_snapshot(self._folder, digest)
        return self._held[digest]


def gather_sources(project: Project, periods: Sequence[str], ports: Ports) -> Sources:
    """Find or fetch the files of some months; simulated only where no real one is to be had."""
    simulate = None
    # Whoever names a folder means real rows: a month missing there is an error, not an occasion to make rows up.
    if project.simulator_path is not None and ports.data is None:
        simulator, spec = load_simulator(project.simulator_path), project.spec.source.simulator

        def simulate(period: str) -> Any:
            return simulate_file(simulator, spec, period, ports.workspace.downloads)

    return gather(
        project.spec.source,
        periods,
        ports.data,
        ports.workspace.downloads,
        simulate,
        offline=ports.offline,
        progress=ports.progress,
    )


def gather_lookups(project: Project, sources: Sources, ports: Ports) -> dict[str, pl.DataFrame]:
    """Return the lookup tables that are to be had; a simulated world has none."""
    if sources.origin == "simulated":
        return {}
    tables = {}
    for name, spec in project.spec.lookups.items():
        path = find_lookup(spec, ports.data, ports.workspace.downloads, offline=ports.offline, progress=ports.progress)
        if path is not None:
            tables[name] = zone_centroids(path, spec.key)
    return tables


def ingest(project: Project, ports: Ports, runner: Runner, frames: Frames) -> Ingested:
    """Bring the project's months in as one snapshot."""
    split = project.spec.split
    sources = gather_sources(project, (*split.train, *split.test), ports)
    if sources.origin == "simulated":
        ports.progress.warned("SIMULATED DATA: no real month was found, so the blueprint's simulator makes the rows up")
    depends = {
        "files": [[file.period, file.sha256] for file in sources.files],
        "dictionary": project.frozen["dictionary"],
        "lookups": _lookup_depends(project, sources, ports),
    }
    output = runner.step("ingest", depends, lambda: _read(project, sources, ports, frames))
    return Ingested(output["snapshot"], output["origin"], output["rows"], output["lookups"], tuple(output["sources"]))


def _lookup_depends(project: Project, sources: Sources, ports: Ports) -> dict[str, str | None]:
    if sources.origin == "simulated":
        return {}
    found = {
        name: find_lookup(spec, ports.data, ports.workspace.downloads, offline=ports.offline, progress=ports.progress)
        for name, spec in project.spec.lookups.items()
    }
    return {name: digest_file(path) if path else None for name, path in found.items()}


def _read(project: Project, sources: Sources, ports: Ports, frames: Frames) -> Done:
    folder = ports.workspace.snapshots
    frame = read_many(sources.files, project.dictionary)
    snapshot = write_snapshot(frame, folder, kind="raw", sources=sources.files)
    frames.keep(snapshot.digest, frame)
    lookups = {}
    for name, table in gather_lookups(project, sources, ports).items():
        kept = write_snapshot(table, folder, kind=f"lookup {name}")
        frames.keep(kept.digest, table)
        lookups[name] = kept.digest
    files = tuple({**asdict(file), "path": file.path.name} for file in sources.files)
    made = tuple(f"snapshots/{digest}.parquet" for digest in (snapshot.digest, *lookups.values()))
    output = {"snapshot": snapshot.digest, "rows": frame.height, "origin": sources.origin, "lookups": lookups, "sources": files}
    return Done(output, f"{frame.height:,} rows from {len(files)} files ({sources.origin})", made)
