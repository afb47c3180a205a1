"""How do a project's rows, results and predictions come into the database, for questions in SQL?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.runs import Run
from steward.data.snapshot import read_snapshot
from steward.data.tables import LoadedRows, RowView, TableFacts
from steward.flows.ports import Ports
from steward.flows.ship import has_lost_all, ship
from steward.models.history import Tried
from steward.project.read import Project
from steward.project.tables import RowSet
from steward.quality.findings import Finding

PERIOD = "period"
ALL_SETS: tuple[RowSet, ...] = ("raw", "processed", "features")
# Which step of a run leaves which rows.
_STEPS: Mapping[RowSet, str] = {"raw": "ingest", "processed": "clean", "features": "features"}
_RUNS = 100


@dataclass(frozen=True, slots=True)
class ProjectLoaded:
    """What of a project is in the database now: of which run, what each table took, the views, how many new predictions."""

    run: str
    tables: Mapping[str, LoadedRows]
    views: tuple[str, ...]
    predictions: int


def init_database(ports: Ports) -> tuple[TableFacts, ...]:
    """Return the tables of the database, which was made, or brought to the current schema, when it was opened."""
    return tuple(ports.tables.tables())


def load_project(project: Project, ports: Ports, sets: Sequence[RowSet] = ()) -> ProjectLoaded:
    """Bring the rows of the newest finished run, and new predictions, into the database.

    Args:
        project: as declared; its `database` says which rows, indexes and views.
        ports: the outside world.
        sets: which rows, instead of the declared ones; all where the project declares none.

    Raises:
        UsageError: DB-040 no finished run left these rows, DB-023 an index or view names a column that is not there, and
            what `load_rows` raises.
    """
    wanted = tuple(sets) or project.spec.database.tables or ALL_SETS
    run, digests = _newest(project, wanted, ports)
    frames = {name: read_snapshot(ports.workspace.snapshots, digest) for name, digest in digests.items()}
    _refuse_useless_indexes(project, frames)

    tables = {f"{name}_{project.spec.name}": _load(project, name, frames, ports) for name in wanted}
    views = _make_views(project, wanted, ports)
    shipped = ship(project.spec.name, ports, again=has_lost_all(project.spec.name, ports))
    return ProjectLoaded(run.id, tables, views, shipped.predictions)


def remember_results(run: Run, ports: Ports) -> None:
    """Keep what a finished run found in the data and what its candidates reached, once for each run."""
    findings, board = run.result.get("findings"), run.result.get("leaderboard")
    if isinstance(findings, list):
        ports.quality.keep_findings(run.project, run.id, [_finding(one) for one in findings])
    if isinstance(board, list):
        ports.experiments.keep(run.project, run.id, [tried for entry in board for tried in _tried(entry)])


def _newest(project: Project, wanted: Sequence[RowSet], ports: Ports) -> tuple[Run, dict[RowSet, str]]:
    for run in ports.runs.runs(project.spec.name, limit=_RUNS):
        left = {step.name: step.output for step in ports.runs.steps(run.id) if step.status == "finished"}
        if run.status == "finished" and all(_STEPS[name] in left for name in wanted):
            return run, {name: str(left[_STEPS[name]]["snapshot"]) for name in wanted}
    what = f"no finished run of {project.spec.name} left {' and '.join(wanted)} rows"
    raise UsageError(Fault("DB-040", what, fix=f"steward run {project.spec.name}"))


def _load(project: Project, name: RowSet, frames: Mapping[RowSet, pl.DataFrame], ports: Ports) -> LoadedRows:
    frame = frames[name]
    if name == "features":
        # What a model takes for a missing value is an empty cell here.
        frame = frame.fill_nan(None)
    if PERIOD not in frame.columns:
        frame = frame.with_columns(pl.lit("all").alias(PERIOD))
    indexes = [columns for columns in project.spec.database.indexes if set(columns) <= set(frame.columns)]
    table = f"{name}_{project.spec.name}"
    ports.progress.started(table)
    loaded = ports.tables.load(project.spec.name, table, frame, indexes=indexes)
    note = f"{loaded.rows:,} of {frame.height:,} rows written, {len(loaded.unchanged)} parts unchanged"
    ports.progress.finished(table, note, reused=not (loaded.loaded or loaded.removed))
    return loaded


def _refuse_useless_indexes(project: Project, frames: Mapping[RowSet, pl.DataFrame]) -> None:
    tables = [set(frame.columns) for frame in frames.values()]
    useless = [columns for columns in project.spec.database.indexes if not any(set(columns) <= known for known in tables)]
    if useless:
        known, where = ", ".join(sorted(set().union(*tables))), ("project.yaml: database.indexes",)
        told = [f"no table has all of the columns {', '.join(columns)}" for columns in useless]
        raise UsageError(*(Fault("DB-023", what, where, fix=f"known: {known}") for what in told))


def _make_views(project: Project, wanted: Sequence[RowSet], ports: Ports) -> tuple[str, ...]:
    suffix = project.spec.name
    declared = {name: view for name, view in project.spec.database.views.items() if view.of in wanted}
    for name, view in declared.items():
        ports.tables.make_view(RowView(f"{name}_{suffix}", f"{view.of}_{suffix}", view.hour_of, view.by, view.mean))
    return tuple(f"{name}_{suffix}" for name in declared)


def _finding(one: Mapping[str, Any]) -> Finding:
    return Finding(**{**one, "columns": tuple(one["columns"]), "examples": tuple(one["examples"])})


def _tried(entry: Mapping[str, Any]) -> Iterator[Tried]:
    yield Tried(entry["kind"], "validation", entry["metric"], entry["validation"], entry["chosen"])
    if entry.get("test") is not None:
        yield Tried(entry["kind"], "test", entry["metric"], entry["test"], entry["chosen"])
