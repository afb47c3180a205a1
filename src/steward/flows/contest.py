"""How do the candidates of a project do over folds of its rows - without making any of them champion?"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl

from steward.core.progress import Silent
from steward.data.split import Split
from steward.flows.crossval import compete
from steward.flows.features import Featured, make_features, split_rows
from steward.flows.ingest import Frames, ingest
from steward.flows.leaks import refuse_leaks_in, rows_to_guard
from steward.flows.matrices import code_columns, deciding_metric
from steward.flows.ports import Ports
from steward.flows.process import process
from steward.flows.run import RunOptions, run
from steward.flows.steps import Runner
from steward.flows.train import classes_of
from steward.models.train import Lesson
from steward.project.read import Project, read_project
from steward.project.training import FoldsSpec

Rows = Literal["learning", "all"]


@dataclass(frozen=True, slots=True)
class Contest:
    """What each candidate reached over the same folds, and which one would be chosen; `metric` decides."""

    project: str
    metric: str
    rows: int
    folds: int
    best: str
    chosen: str
    candidates: tuple[dict[str, Any], ...]
    board: tuple[dict[str, Any], ...]
    said: str


def hold_contest(options: RunOptions, folds: FoldsSpec, rows: Rows, ports: Ports) -> Contest:
    """Bring the features about and let the candidates compete over folds.

    Args:
        options: the project and overrides of its file.
        folds: how many, how often, with which seed.
        rows: those before the test, or all.
        ports: the outside world.

    Raises:
        UsageError: MODEL-012 to MODEL-017 the target cannot be learnt, or not over so many folds.
        AnswerIsNo: MODEL-010 every candidate failed.
    """
    finished = run(RunOptions(options.where, options.overrides, until="features", trigger="contest"), ports)
    project = read_project(options.where, options.overrides)
    frames = Frames(ports)
    featured = _features_again(project, finished.id, replace(ports, progress=Silent()), frames)
    split = split_rows(project, frames.get(featured.snapshot))
    table = _rows(split, rows)
    classes, program = classes_of(project, split), featured.program
    lesson = Lesson(project.spec.task, program.wanted, len(classes), code_columns(project, program.wanted))
    found = compete(project, program, table, classes, lesson, folds, ports.progress)
    metric, best = deciding_metric(project), next(one for one in found.crossed if one.name == found.best)
    told = tuple(one.as_json(metric, best) for one in found.crossed)
    return Contest(
        project.spec.name,
        metric,
        table.height,
        found.folds,
        found.best,
        found.chosen,
        told,
        found.board(metric),
        found.said(metric),
    )


def _features_again(project: Project, run_id: str, ports: Ports, frames: Frames) -> Featured:
    """Return the feature table of a run that has just made it; nothing is done twice."""
    runner = Runner(run_id, ports.runs, ports.workspace, ports.progress, ports.actor)
    ingested = ingest(project, ports, runner, frames)
    cleaned = process(project, ingested.snapshot, ports, runner, frames)
    featured = make_features(project, cleaned.snapshot, ingested.lookups, ports, runner, frames)
    refuse_leaks_in(rows_to_guard(project, frames.get(cleaned.snapshot), frames.get(featured.snapshot), featured.program))
    return featured


def _rows(split: Split, rows: Rows) -> pl.DataFrame:
    parts = [split.train, split.validation, *([split.test] if rows == "all" else [])]
    return pl.concat(parts)
