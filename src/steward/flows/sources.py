"""How does what a project's source names get here? Addresses, databases and simulators as functions of a period."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from steward.data.archive import archive_kind, extract
from steward.data.assemble import RowsRead, read_rows
from steward.data.fetch import fetch
from steward.data.kaggle import fetch_kaggle
from steward.data.locate import Remote, SourceFile, Sources, gather
from steward.data.lookup import find_lookup, zone_centroids
from steward.data.s3 import fetch_s3
from steward.data.simulate import load_simulator, simulate_file
from steward.data.unavailable import Unreachable
from steward.flows.ports import Ports
from steward.project.read import Project


def gather_sources(project: Project, periods: Sequence[str], ports: Ports) -> Sources:
    """Find or fetch the files of some periods; simulated only where no real one is to be had."""
    remote = Remote(_fetcher(ports), _query(project, ports), _simulator(project, ports), _unpacker(project, ports))
    return gather(project.spec.source, periods, data_folder(project, ports), remote)


def data_folder(project: Project, ports: Ports) -> Path | None:
    """Return the folder with the user's files: the one given with the command, else the one the project names."""
    own = project.spec.source.folder
    return ports.data or (project.folder / own if own else None)


def read_periods(project: Project, periods: Sequence[str], ports: Ports) -> tuple[Sources, RowsRead]:
    """Return the rows of some periods and the files they come from."""
    sources = gather_sources(project, periods, ports)
    return sources, read_files(project, sources.files)


def read_files(project: Project, files: Sequence[SourceFile]) -> RowsRead:
    """Return the rows of some files of a project; as many of them may be unreadable as the project says."""
    spec = project.spec
    return read_rows(files, spec.source, project.dictionary, max_unreadable=spec.quarantine.max_unreadable)


def gather_lookups(project: Project, sources: Sources, ports: Ports) -> dict[str, pl.DataFrame]:
    """Return the lookup tables that are to be had; a simulated world has none."""
    found = {} if sources.origin == "simulated" else lookup_files(project, ports)
    return {name: zone_centroids(path, project.spec.lookups[name].key) for name, path in found.items() if path is not None}


def lookup_files(project: Project, ports: Ports) -> dict[str, Path | None]:
    """Return the file behind each lookup; None where it is not to be had."""
    return {
        name: find_lookup(spec, ports.data, ports.workspace.downloads, offline=ports.offline, progress=ports.progress)
        for name, spec in project.spec.lookups.items()
    }


_FETCHERS: Mapping[str, Any] = {"s3": fetch_s3, "kaggle": fetch_kaggle}


def _query(project: Project, ports: Ports) -> Callable[[str], Path] | None:
    asked = project.spec.source.sql
    return None if asked is None else lambda period: ports.query(asked, period, ports.workspace.downloads)


def _unpacker(project: Project, ports: Ports) -> Callable[[Path], Path]:
    def unpack(path: Path) -> Path:
        # gzip is unpacked while a table is read
        packed = archive_kind(path) in ("zip", "zstd")
        return extract(path, ports.workspace.downloads, member=project.spec.source.member) if packed else path

    return unpack


def _fetcher(ports: Ports) -> Callable[[str, str | None], Path]:
    reachable = True

    def bring(url: str, sha256: str | None) -> Path:
        nonlocal reachable
        # Whoever cannot reach the server once need not wait for it again; what the cache has is still used.
        offline = ports.offline or not reachable
        fetcher = _FETCHERS.get(url.partition("://")[0], partial(fetch, refresh=ports.refresh))
        try:
            path: Path = fetcher(url, ports.workspace.downloads, sha256=sha256, progress=ports.progress, offline=offline)
        except Unreachable:
            reachable = False
            raise
        return path

    return bring


def _simulator(project: Project, ports: Ports) -> Callable[[str], Path] | None:
    # Whoever names a folder means real rows: a period missing there is an error, not an occasion to make rows up.
    if project.simulator_path is None or data_folder(project, ports) is not None:
        return None
    simulator, spec = load_simulator(project.simulator_path), project.spec.source.simulator
    return lambda period: simulate_file(simulator, spec, period, ports.workspace.downloads)
