"""Where do the rows come from, and which rows exactly are they?

Source files are found or fetched first; what they contain decides whether reading them again is
needed. The outcome is one snapshot, named by its content, and the lookup tables beside it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from steward.core.digest import digest_file
from steward.core.errors import Fault, UsageError
from steward.data.assemble import RowsRead
from steward.data.locate import Sources
from steward.data.snapshot import read_snapshot, write_snapshot
from steward.flows.ports import Ports
from steward.flows.sources import gather_lookups, gather_sources, lookup_files, read_files
from steward.flows.steps import Done, Runner
from steward.flows.versions import republished
from steward.project.read import Project
from steward.quality.findings import Finding


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came in: the snapshot's digest, its origin (folder, url, simulated) and the lookups' digests."""

    snapshot: str
    origin: str
    rows: int
    lookups: Mapping[str, str]
    files: tuple[Mapping[str, Any], ...]
    unreadable: int

    @property
    def findings(self) -> tuple[dict[str, object], ...]:
        """Return what was found while reading: rows that could not be read, if there were any."""
        if not self.unreadable:
            return ()
        total = self.rows + self.unreadable
        share = self.unreadable / total
        text = f"{self.unreadable:,} of {total:,} rows ({share:.2%}) could not be read"
        found = Finding("readable", "unreadable", (), "quarantine", self.unreadable, share, (), text)
        return (found.as_dict(),)


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


def ingest(project: Project, ports: Ports, runner: Runner, frames: Frames) -> Ingested:
    """Bring the project's periods in as one snapshot."""
    split = project.spec.split
    sources = gather_sources(project, (*split.train, *split.test), ports)
    if sources.origin == "simulated":
        ports.progress.warned("SIMULATED DATA: no real rows were found, so the project's simulator makes them up")
    depends = {
        "files": [[file.period, file.table, file.sha256] for file in sources.files],
        "form": [project.part("source")[key] for key in ("header", "member", "period_column", "tables")],
        "dictionary": project.frozen["dictionary"],
        "lookups": _lookup_digests(project, sources, ports),
    }
    output = runner.step("ingest", depends, lambda: _read(project, sources, ports, frames))
    lost = int(output["unreadable"]["rows"]) if output["unreadable"] else 0
    return Ingested(output["snapshot"], output["origin"], output["rows"], output["lookups"], tuple(output["sources"]), lost)


def _lookup_digests(project: Project, sources: Sources, ports: Ports) -> dict[str, str | None]:
    if sources.origin == "simulated":
        return {}
    return {name: digest_file(path) if path else None for name, path in lookup_files(project, ports).items()}


def _read(project: Project, sources: Sources, ports: Ports, frames: Frames) -> Done:
    folder = ports.workspace.snapshots
    read = read_files(project, sources.files)
    _refuse_single_row(read, sources)
    for note in read.notes:
        ports.progress.noted(note)
    changes = republished(project, sources.files, read.frame, ports)
    snapshot = write_snapshot(read.frame, folder, kind="raw", sources=sources.files)
    frames.keep(snapshot.digest, read.frame)
    apart = write_snapshot(read.apart, folder, kind="unreadable", parent=snapshot.digest) if read.apart.height else None
    lookups = {}
    for name, table in gather_lookups(project, sources, ports).items():
        kept = write_snapshot(table, folder, kind=f"lookup {name}")
        frames.keep(kept.digest, table)
        lookups[name] = kept.digest
    made = (snapshot.digest, *lookups.values(), *((apart.digest,) if apart else ()))
    output = {
        "snapshot": snapshot.digest,
        "rows": read.frame.height,
        "origin": sources.origin,
        "lookups": lookups,
        "sources": tuple({**asdict(file), "path": file.path.name} for file in sources.files),
        "unreadable": {"snapshot": apart.digest, "rows": read.apart.height} if apart else None,
        "notes": list(read.notes),
        "changed": [change.as_dict() for change in changes],
    }
    count = len({file.path for file in sources.files})
    note = f"{read.frame.height:,} rows from {count} {'file' if count == 1 else 'files'} ({sources.origin})"
    if apart:
        note += f"; {read.apart.height:,} rows could not be read and are set apart"
    note += "".join(f"; {change.text}" for change in changes)
    return Done(output, note, tuple(f"snapshots/{digest}.parquet" for digest in made))


def _refuse_single_row(read: RowsRead, sources: Sources) -> None:
    if read.frame.height <= 1:
        where = tuple(file.path.name for file in sources.files)
        what = "a single row is nothing to learn from"
        raise UsageError(Fault("DATA-016", what, where, fix="name periods that hold more"))
