"""The whole loop once: ingest, validate, clean, features, split, train, evaluate, bundle, gate, register, promote.

A run is remembered with its options before anything is done, so that `resume` can go on where a kill
left it; what was finished is taken over, whatever it had begun is done again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from steward.core.errors import Fault, StewardError, UsageError
from steward.core.runs import Run
from steward.flows.database import load_project, remember_results
from steward.flows.ended import mark_if_dead, memory_named, note_process
from steward.flows.evaluate import evaluate
from steward.flows.feature_report import tell_features
from steward.flows.features import make_features
from steward.flows.ingest import Frames, ingest
from steward.flows.judge import judge
from steward.flows.leaks import guard_rows
from steward.flows.lock import only_one
from steward.flows.package import package
from steward.flows.ports import Ports
from steward.flows.process import process
from steward.flows.promote import promote_if_passed, register
from steward.flows.quality import profile_snapshot, write_quality_report
from steward.flows.steps import Runner, sweep
from steward.flows.train import train
from steward.project.read import Project, read_project
from steward.project.tables import RowSet
from steward.quality.summary import summary_lines

_STAGE_OF: Mapping[RowSet, str] = {"raw": "ingest", "processed": "process", "features": "features"}
STAGES = ("ingest", "process", "features", "train", "bundle", "promote")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run was asked for: the project, overrides of its file, how far to go, what set it off."""

    where: str
    overrides: tuple[str, ...] = ()
    until: str = "promote"
    promote: bool = True
    trigger: str = "command"


def run(options: RunOptions, ports: Ports) -> Run:
    """Start a new run and carry it through.

    Raises:
        StewardError: whatever stopped it; the run is remembered as failed and `resume` may go on.
    """
    project = read_project(options.where, options.overrides)
    mark_if_dead(project.spec.name, ports)
    with only_one(ports.workspace.locks, project.spec.name):
        sweep(ports.workspace)
        return _carry_through(_new_run(options, project, ports), options, project, ports)


def resume(options: RunOptions, ports: Ports) -> Run:
    """Go on with the newest run of the project where it stopped; start one where there is none.

    Options of the stopped run hold, so that the same command line need not be remembered.
    """
    project = read_project(options.where, options.overrides)
    mark_if_dead(project.spec.name, ports)
    with only_one(ports.workspace.locks, project.spec.name):
        sweep(ports.workspace)
        stopped = ports.runs.latest(project.spec.name)
        if stopped is None:
            return _carry_through(_new_run(options, project, ports), options, project, ports)
        if stopped.status == "finished":
            return stopped
        kept = RunOptions(**{**stopped.options, "overrides": tuple(_texts(stopped.options["overrides"]))})  # type: ignore[arg-type]
        return _carry_through(stopped, kept, read_project(kept.where, kept.overrides), ports)


def _texts(value: object) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _new_run(options: RunOptions, project: Project, ports: Ports) -> Run:
    # A folder is kept by its full path: `resume` may be typed elsewhere.
    where = options.where if not Path(options.where).exists() else str(project.folder.resolve())
    kept = {**asdict(options), "where": where, "overrides": list(options.overrides)}
    at = ports.clock.now().isoformat()
    new = Run(uuid4().hex[:12], project.spec.name, "running", options.trigger, kept, project.frozen, {}, at, None)
    ports.runs.start(new, actor=ports.actor)
    return new


def _carry_through(current: Run, options: RunOptions, project: Project, ports: Ports) -> Run:
    runner = Runner(current.id, ports.runs, ports.workspace, ports.progress, ports.actor)
    note_process(current, ports)
    try:
        with memory_named():
            result = _loop(options, project, ports, runner)
    except StewardError as error:
        faults = [asdict(fault) for fault in error.faults]
        ports.runs.finish(current.id, "failed", {"faults": faults}, actor=ports.actor)
        raise
    # Before the run ends: killed in between, it is resumed and says so again.
    remember_results(replace(current, result=result), ports)
    ports.runs.finish(current.id, "finished", {**result, "reused": runner.reused}, actor=ports.actor)
    finished = ports.runs.latest(project.spec.name)
    if finished is None:
        raise UsageError(Fault("RUN-002", f"run {current.id} is not in the database any more", fix="run again"))
    _keep_tables(options, project, ports)
    return finished


def _tell_quality(project: Project, ports: Ports, frames: Frames) -> dict[str, str]:
    """Write the page about the rows, keep its figures, and return where it is, seen from the workspace."""
    written = write_quality_report(project, ports, frames=frames)
    ports.quality.keep_metrics(project.spec.name, written.run, written.metrics)
    pages = {"html": written.html, "markdown": written.markdown}
    return {kind: path.relative_to(ports.workspace.home).as_posix() for kind, path in pages.items()}


def _keep_tables(options: RunOptions, project: Project, ports: Ports) -> None:
    """Bring the rows that the project wants in the database there, as far as the run went."""
    last = STAGES.index(options.until)
    reached = tuple(name for name in project.spec.database.tables if last >= STAGES.index(_STAGE_OF[name]))
    if reached:
        load_project(project, ports, reached)


def _loop(options: RunOptions, project: Project, ports: Ports, runner: Runner) -> Mapping[str, Any]:
    """Carry the project from source files to a champion, stage by stage."""
    frames = Frames(ports)
    last = STAGES.index(options.until)

    ingested = ingest(project, ports, runner, frames)
    result: dict[str, Any] = {"origin": ingested.origin, "snapshot": ingested.snapshot, "rows": ingested.rows}
    if last < STAGES.index("process"):
        return result | {"summary": list(summary_lines(profile_snapshot(project, ingested.snapshot, frames)))}

    cleaned = process(project, ingested.snapshot, ports, runner, frames)
    result |= {
        "clean": cleaned.snapshot,
        "clean_rows": cleaned.rows,
        "quarantined": cleaned.quarantined,
        "findings": [*ingested.findings, *cleaned.findings],
        "quality": _tell_quality(project, ports, frames),
    }
    if last < STAGES.index("features"):
        return result

    featured = make_features(project, cleaned.snapshot, ingested.lookups, ports, runner, frames)
    result |= {"features": list(featured.program.wanted), "left_out": list(featured.program.left_out)}
    if last < STAGES.index("train"):
        told = tell_features(project, runner.run, ingested, cleaned.snapshot, featured, ports, frames)
        return result | {"feature_report": told}

    guard_rows(project, cleaned.snapshot, featured, ports, runner, frames)
    trained = train(project, featured, ports, runner, frames)
    evaluated = evaluate(project, featured, trained, ports, runner, frames)
    result |= {"leaderboard": list(evaluated.leaderboard), "chosen": trained.chosen, "metrics": evaluated.metrics}
    result |= {"slices": list(evaluated.slices)} if evaluated.slices else {}
    if last < STAGES.index("bundle"):
        return result

    bundled = package(project, ingested, cleaned, featured, trained, evaluated, ports, runner, frames)
    result |= {"bundle": bundled.digest}
    if last < STAGES.index("promote"):
        return result

    judged = judge(project, cleaned, featured, bundled, ports, runner, frames)
    version = register(project, bundled, judged, ports, runner, result)
    promoted = promote_if_passed(project, version, judged, options.trigger, ports, runner) if options.promote else False
    champion = ports.registry.champion(project.spec.name)
    return result | {
        "version": version.number,
        "bundle": version.digest,
        "verdict": judged.verdict,
        "promoted": promoted,
        "champion": champion.number if champion else None,
        "mlflow_run": version.facts.get("mlflow_run"),
    }
