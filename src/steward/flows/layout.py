"""How does a project's data lie in folders that people know: raw, processed, features, reference, current?"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.period import Period
from steward.core.runs import Run
from steward.data.snapshot import read_snapshot, write_snapshot
from steward.data.split import split_rows
from steward.flows.champion import need_champion
from steward.flows.export import ROWS, place_rows
from steward.flows.ports import Ports
from steward.flows.process import check_rows
from steward.flows.snapshots import run_of
from steward.flows.sources import read_periods
from steward.project.read import Project
from steward.project.spec import ProjectSpec
from steward.quality.clean import clean

_LOOK_BACK = 1000


def export_rows(project: Project, into: Path, ports: Ports) -> tuple[str, ...]:
    """Write the newest run's rows, the champion's reference and the newest watched period as Parquet files.

    What does not exist yet - a champion, a watched period - is left out.

    Returns:
        the files, relative to `into`.

    Raises:
        UsageError: EXPORT-004 nothing ran yet, EXPORT-002 something else lies where a file belongs.
    """
    latest = ports.runs.latest(project.spec.name)
    if latest is None:
        raise UsageError(Fault("EXPORT-004", f"{project.spec.name} never ran here", fix=f"steward run {project.spec.name}"))
    return tuple(place_rows(digest, kind, project.spec.name, into, ports) for digest, kind in _rows(project, latest, ports))


def _rows(project: Project, latest: Run, ports: Ports) -> Iterator[tuple[str, str]]:
    for step in ports.runs.steps(latest.id):
        if step.name in ROWS and step.status == "finished":
            yield str(step.output["snapshot"]), ROWS[step.name]
    if ports.registry.champion(project.spec.name) is None:
        return
    for kind, rows in (("reference", reference_rows(project.spec.name, ports)), ("current", current_rows(project, ports))):
        if rows is not None:
            yield write_snapshot(rows, ports.workspace.snapshots, kind=kind).digest, kind


def reference_rows(model: str, ports: Ports) -> pl.DataFrame:
    """Return the clean rows the champion learned from, validation rows included.

    Raises:
        Refused: REG-002 there is no champion.
        UsageError: EXPORT-005 its run is not recorded any more, DATA-030 its clean rows are gone.
    """
    champion = need_champion(ports, model)
    version = ports.registry.version(model, champion.number)
    run = run_of(version.run, model, ports)
    if run is None:
        raise UsageError(
            Fault("EXPORT-005", f"the run of {version} is not recorded any more", fix=f"train again:  steward run {model}")
        )
    spec = ProjectSpec.model_validate(run.frozen["project"])
    rows = read_snapshot(ports.workspace.snapshots, str(version.facts["clean"]))
    split = split_rows(rows, spec.split, spec.time, None if spec.task == "regression" else spec.target)
    return pl.concat([split.train, split.validation])


def current_rows(project: Project, ports: Ports) -> pl.DataFrame | None:
    """Return the clean rows of the newest period that was watched; None where none was.

    Raises:
        EnvironmentFault: DATA-020 its source is not to be had.
    """
    watched = ports.windows.windows(project.spec.name, limit=_LOOK_BACK)
    known = [window.label for window in watched if Period.is_label(window.label)]
    if not known:
        return None
    _, read = read_periods(project, (known[0],), ports)
    return clean(check_rows(project, read.frame).kept, project.spec.cleaning).frame
