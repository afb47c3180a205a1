"""What does `steward explore` do? Bring the rows to the feature table, look at their shape, and write a page about it."""

import json
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from steward.core.atomic import write_text_atomically
from steward.core.progress import Progress, Silent
from steward.features.dictionary import describe_features
from steward.flows.features import Featured, make_features, split_rows
from steward.flows.ingest import Frames, Ingested, ingest
from steward.flows.matrices import code_columns, learnable
from steward.flows.ports import Ports
from steward.flows.process import process
from steward.flows.run import RunOptions, run
from steward.flows.steps import Runner
from steward.flows.train import classes_of
from steward.models.classes import name_of
from steward.models.cluster_count import MOST
from steward.models.explore import Exploration, explore_rows
from steward.project.read import Project, read_project
from steward.quality.profile import LEAST_ROWS_SHOWN
from steward.reporting.explore_contents import ExploreContents, FeatureWords
from steward.reporting.explore_facts import as_json
from steward.reporting.explore_report import render_explore_html

ROWS = 10_000
"""So many training rows are looked at, drawn with a seed where there are more."""

SEED = 7
_STEP = "explore"
_FEW_PERIODS = 4


@dataclass(frozen=True, slots=True)
class ExploreOptions:
    """What was asked for: a project, overrides of its file, how many components and clusters; found out where absent."""

    where: str
    overrides: tuple[str, ...] = ()
    components: int | None = None
    clusters: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Explored:
    """What was found, and where the page and its facts as JSON are."""

    contents: ExploreContents
    page: Path
    facts: Path


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The feature table that a run has made, and the run."""

    run: str
    ingested: Ingested
    clean: str
    featured: Featured
    frames: Frames


def explore_project(options: ExploreOptions, ports: Ports) -> Explored:
    """Look at the shape of a project's training rows, and write a page about it.

    Raises:
        UsageError: MODEL-061 to MODEL-063 as `explore_rows`, and what `classes_of` raises.
        StewardError: what stops a run before training.
    """
    project = read_project(options.where, options.overrides)
    begun = run(RunOptions(options.where, options.overrides, until="features", promote=False, trigger="explore"), ports)
    made = _made(project, begun.id, replace(ports, progress=Silent()))
    ports.progress.started(_STEP)
    contents = _contents(project, options, made, ports.progress)
    page = ports.workspace.reports / f"{project.spec.name}-explore.html"
    facts = page.with_suffix(".json")
    write_text_atomically(page, render_explore_html(contents))
    write_text_atomically(facts, json.dumps(as_json(contents), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    ports.progress.finished(_STEP, f"{contents.used:,} rows, {len(contents.found.rows.names)} features")
    return Explored(contents, page, facts)


def _made(project: Project, run_id: str, quiet: Ports) -> _Table:
    """Return what a run has made ready; its steps are found done, and taken over."""
    frames = Frames(quiet)
    runner = Runner(run_id, quiet.runs, quiet.workspace, quiet.progress, quiet.actor)
    ingested = ingest(project, quiet, runner, frames)
    cleaned = process(project, ingested.snapshot, quiet, runner, frames)
    featured = make_features(project, cleaned.snapshot, ingested.lookups, quiet, runner, frames)
    return _Table(run_id, ingested, cleaned.snapshot, featured, frames)


def _contents(project: Project, options: ExploreOptions, made: _Table, progress: Progress) -> ExploreContents:
    spec, program = project.spec, made.featured.program
    split = split_rows(project, made.frames.get(made.featured.snapshot))
    classes = classes_of(project, split)
    # What is fitted to training rows is fitted to all of them, whoever is looked at afterwards.
    matrix, target = learnable(project, program, split.train, classes).sample
    drawn = np.sort(np.random.default_rng(SEED).permutation(len(matrix))[:ROWS])
    found = _explore(project, options, made.featured, (matrix[drawn], target[drawn]), len(classes), progress)
    origin, again = made.ingested.origin, f"{project.folder.name}{' --data FOLDER' if made.ingested.origin == 'folder' else ''}"
    overrides = "".join(f" --set {shlex.quote(override)}" for override in project.overrides)
    return ExploreContents(
        project=spec.name,
        title=spec.title,
        target=spec.target,
        unit=spec.unit,
        classes=tuple(name_of(label) for label in classes),
        about=_periods(project),
        run=made.run,
        origin=origin,
        snapshot=made.featured.snapshot,
        rows=len(matrix),
        seed=SEED,
        fewest=LEAST_ROWS_SHOWN,
        features=_words(project, made),
        found=found,
        commands=(f"steward explore {again}{_asked(options)}{overrides}",),
        following=f"steward run {again}{overrides}",
    )


def _explore(
    project: Project,
    options: ExploreOptions,
    featured: Featured,
    sample: tuple[np.ndarray, np.ndarray],
    classes: int,
    progress: Progress,
) -> Exploration:
    tries = 2 * max(options.clusters or 0, MOST)
    done = iter(range(1, tries + 1))
    wanted = featured.program.wanted
    return explore_rows(
        *sample,
        names=wanted,
        codes=code_columns(project, wanted),
        classes=classes,
        components=options.components,
        clusters=options.clusters,
        seed=SEED,
        tell=lambda _: progress.advanced(_STEP, next(done), tries),
    )


def _words(project: Project, made: _Table) -> dict[str, FeatureWords]:
    program = made.featured.program
    types = program.program.run(made.frames.get(made.clean).head(2)).schema
    entries = describe_features(program.lineage, types, project.dictionary, program.fitted, project.spec.unit)
    return {entry.name: FeatureWords(entry.unit, entry.codes, entry.care != "none") for entry in entries}


def _asked(options: ExploreOptions) -> str:
    said = {"components": options.components, "clusters": options.clusters}
    return "".join(f" --{name} {value}" for name, value in said.items() if value is not None)


def _periods(project: Project) -> str:
    labels = project.spec.split.train
    return ", ".join(labels) if len(labels) <= _FEW_PERIODS else f"{labels[0]} to {labels[-1]}"
