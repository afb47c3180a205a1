"""Which runs were there, what did each reach, and how do some of them differ?

Everything comes from what runs recorded when they were made: the central place for the training of all runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from steward.core.atomic import write_bytes_atomically, write_text_atomically
from steward.core.runs import Run
from steward.flows.ports import Ports
from steward.flows.snapshots import ALL_RUNS
from steward.registry.versions import Version
from steward.reporting.contents import TestFigure
from steward.reporting.experiment_contents import CandidateRuns, ExperimentLine, ExperimentsPage
from steward.reporting.recorded import leaderboard, mapping, read_as

_TRAIN = ("train", "bundle", "promote")  # a run until one of these was to train something
_CANDIDATES = 50  # results a run leaves at most, validation and test


@dataclass(frozen=True, slots=True)
class PageWritten:
    """Where a page is, and its picture as a PNG beside it (None where there was nothing to draw)."""

    html: Path
    png: Path | None


def list_experiments(project: str, ports: Ports, *, limit: int) -> tuple[ExperimentLine, ...]:
    """Return the newest runs of a project that trained or were to, newest first."""
    champion = ports.registry.champion(project)
    versions = {version.number: version for version in ports.registry.versions(project)}
    runs = [run for run in ports.runs.runs(project, limit=ALL_RUNS) if run.options.get("until", "promote") in _TRAIN]
    return tuple(experiment_line(run, versions, champion.number if champion else None) for run in runs[:limit])


def experiment_line(run: Run, versions: Mapping[int, Version], champion: int | None) -> ExperimentLine:
    """Return one run as a line; versions by number tell of its MLflow run."""
    result = run.result
    board = leaderboard(result)
    number = read_as(int, result.get("version"))
    version = versions.get(number) if number is not None else None
    metric = board[0].metric if board else ""
    kept = version.facts.get("mlflow_run") if version else result.get("mlflow_run")
    unit = next((mapping(entry).get("unit") for entry in _list(result.get("leaderboard"))), "")
    return ExperimentLine(
        run=run.id,
        project=run.project,
        at=run.started_at,
        trigger=run.trigger,
        status=run.status,
        origin=read_as(str, result.get("origin")),
        chosen=read_as(str, result.get("chosen")),
        figure=read_as(TestFigure, {**mapping(mapping(result.get("metrics")).get(metric)), "name": metric}),
        unit=str(unit or ""),
        seconds=_seconds(run),
        version=number,
        champion=number is not None and number == champion,
        mlflow_run=read_as(str, kept),
        fault=_fault(result),
    )


def write_experiments_page(project: str, ports: Ports, *, limit: int) -> PageWritten:
    """Write one page about the newest runs of a project, with its picture beside it."""
    from steward.reporting.experiment_pages import render_experiments
    from steward.reporting.experiment_plots import runs_picture

    lines = tuple(reversed(list_experiments(project, ports, limit=limit)))
    candidates = _candidates(project, lines, ports)
    plot = runs_picture(lines, candidates)
    page = ExperimentsPage(project, lines, candidates, plot, ports.clock.now().isoformat())
    return write_page(ports.workspace.reports / f"{project}-experiments", render_experiments(page), plot.png if plot else None)


def write_page(stem: Path, html: str, png: bytes | None) -> PageWritten:
    """Write a page and its picture under one name."""
    page, picture = stem.with_name(f"{stem.name}.html"), stem.with_name(f"{stem.name}.png")
    write_text_atomically(page, html)
    if png is None:
        return PageWritten(page, None)
    write_bytes_atomically(picture, png)
    return PageWritten(page, picture)


def _candidates(project: str, lines: Sequence[ExperimentLine], ports: Ports) -> tuple[CandidateRuns, ...]:
    """Return what candidates reached on validation rows, by run: from the store of all results."""
    kept = ports.experiments.experiments(project, limit=_CANDIDATES * max(len(lines), 1))
    metrics = {line.run: line.figure.name for line in lines if line.figure}
    reached = {
        (one.tried.candidate, one.run): one.tried.value
        for one in kept
        if one.tried.part == "validation" and metrics.get(one.run) == one.tried.metric
    }
    names = dict.fromkeys(name for line in lines for name, run in reached if run == line.run)
    return tuple(CandidateRuns(name, tuple(reached.get((name, line.run)) for line in lines)) for name in names)


def _seconds(run: Run) -> float | None:
    if run.finished_at is None:
        return None
    return (datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)).total_seconds()


def _fault(result: Mapping[str, object]) -> str:
    faults = [mapping(fault) for fault in _list(result.get("faults"))]
    return f"{faults[0].get('what')} ({faults[0].get('code')})" if faults else ""


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()
