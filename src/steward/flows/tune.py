"""What does `steward tune` do? Bring the rows to where candidates are trained, search, and write a page about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from steward.core.atomic import write_text_atomically
from steward.core.errors import Fault, UsageError, unknown_name
from steward.core.progress import Silent
from steward.core.runs import Run
from steward.core.tasks import higher_is_better
from steward.flows.features import Featured, make_features, split_rows
from steward.flows.ingest import Frames, ingest
from steward.flows.matrices import code_columns, learnable
from steward.flows.ports import Ports
from steward.flows.process import process
from steward.flows.run import RunOptions, run
from steward.flows.steps import Runner
from steward.flows.train import classes_of
from steward.flows.tuned import Search, search, searches
from steward.models.train import Lesson
from steward.models.tune_sample import importance
from steward.project.candidates import CandidateSpec, names_of
from steward.project.read import Project, read_project
from steward.project.tuning import SPACES, Tunable, TuneSpec
from steward.reporting.tuning_report import TunedCandidate, TuningReport, render_tuning_report

_IN_UNIT = ("rmse", "mae")


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What was asked for: a project, overrides of its file, one candidate or all, and what takes the place of its `tune`."""

    where: str
    overrides: tuple[str, ...] = ()
    candidate: str | None = None
    trials: int | None = None
    seconds: float | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class ProjectTuned:
    """What was found, and where the page about it is."""

    candidates: tuple[TunedCandidate, ...]
    page: Path


def tune_project(options: TuneOptions, ports: Ports) -> ProjectTuned:
    """Search better settings for the candidates that ask for it, or for the one that is named, and write a page.

    Raises:
        UsageError: MODEL-045 no candidate asks to be tuned, MODEL-046 no candidate is called so, or it has nothing to tune.
        AnswerIsNo: MODEL-040 no trial succeeded.
        StewardError: what stops a run before training.
    """
    project = read_project(options.where, options.overrides)
    specs = _asked(project, options)
    begun = run(RunOptions(options.where, options.overrides, until="features", promote=False, trigger="tune"), ports)
    found = tuple(_found(project, asked, ports) for asked in _searches(project, specs, begun, ports).values())
    origin, at = begun.result.get("origin"), ports.clock.now().isoformat()
    report = TuningReport(project.spec.name, project.spec.title, str(origin) if origin else None, at, found)
    page = ports.workspace.reports / f"{project.spec.name}-tuning.html"
    write_text_atomically(page, render_tuning_report(report))
    return ProjectTuned(found, page)


def _asked(project: Project, options: TuneOptions) -> dict[str, CandidateSpec]:
    """Return the candidates to be tuned, by their names on the leaderboard, with what the command says."""
    named = dict(zip(names_of(project.spec.candidates), project.spec.candidates, strict=True))
    if options.candidate is not None and options.candidate not in named:
        raise unknown_name("candidate", options.candidate, named, code="MODEL-046", where=("project.yaml: candidates",))
    chosen = {name: spec for name, spec in named.items() if options.candidate in (None, name) and isinstance(spec, Tunable)}
    asked = {name: spec for name, spec in chosen.items() if spec.tune is not None or options.candidate == name}
    if options.candidate is not None and not any(spec.kind in SPACES or spec.tune for spec in asked.values()):
        raise UsageError(Fault("MODEL-046", f"there is nothing to tune about {options.candidate}", fix="name another candidate"))
    if not asked:
        named_one = next(iter(chosen), "lightgbm")
        fix = f"write  tune: {{trials: 40}}  below a candidate, or:  steward tune {options.where} --candidate {named_one}"
        raise UsageError(Fault("MODEL-045", "no candidate asks to be tuned", ("project.yaml: candidates",), fix=fix))
    return {name: _with_options(spec, options) for name, spec in asked.items()}


def _with_options(spec: Any, options: TuneOptions) -> CandidateSpec:
    said = {"trials": options.trials, "seconds": options.seconds, "workers": options.workers}
    declared = (spec.tune or TuneSpec()).model_dump()
    tune = TuneSpec.model_validate({**declared, **{name: value for name, value in said.items() if value is not None}})
    changed: CandidateSpec = spec.model_copy(update={"tune": tune})
    return changed


def _searches(project: Project, specs: Mapping[str, CandidateSpec], begun: Run, ports: Ports) -> dict[str, Search]:
    """Return the searches over the rows that a run has made ready; its steps are found done, and taken over."""
    frames = Frames(ports)
    quiet = replace(ports, progress=Silent())
    runner = Runner(begun.id, ports.runs, ports.workspace, quiet.progress, ports.actor)
    ingested = ingest(project, quiet, runner, frames)
    cleaned = process(project, ingested.snapshot, quiet, runner, frames)
    featured = make_features(project, cleaned.snapshot, ingested.lookups, quiet, runner, frames)
    return _over(project, specs, featured, frames)


def _over(project: Project, specs: Mapping[str, CandidateSpec], featured: Featured, frames: Frames) -> dict[str, Search]:
    """Return the searches over the rows of a feature table, parted and fitted to as a run does."""
    split, program = split_rows(project, frames.get(featured.snapshot)), featured.program
    classes = classes_of(project, split)
    codes, limits = code_columns(project, program.wanted), project.spec.training.limits
    lesson = Lesson(project.spec.task, program.wanted, len(classes), codes, limits=limits)
    learned = learnable(project, program, split.train, classes)
    return searches(project, specs, lesson, learned, learned.other(project, program, split.validation, classes))


def _found(project: Project, asked: Search, ports: Ports) -> TunedCandidate:
    ports.progress.started(f"tune {asked.name}")
    found, metric = search(asked, ports), asked.exam.metric
    better = higher_is_better(metric)
    ports.progress.finished(f"tune {asked.name}", f"{len(found.trials)} trials, {metric} {found.best.value:.5g}")
    return TunedCandidate(
        name=asked.name,
        metric=metric,
        unit=project.spec.unit if metric in _IN_UNIT else "",
        higher_is_better=better,
        best=found.best,
        trials=found.trials,
        axes=asked.space().axes,
        importance=importance(asked.space(), found.trials, higher_is_better=better),
        snippet=_snippet(found.spec),
    )


def _snippet(spec: CandidateSpec) -> str:
    """Return a candidate as the project file spells it, without what it has by default."""
    said = {"kind": spec.kind, **spec.model_dump(mode="json", exclude_defaults=True, exclude_none=True)}
    return str(yaml.safe_dump({"candidates": [said]}, sort_keys=False))
