"""What can be told about a version, for people who were not there? Collected, drawn, and written as one page.

Everything comes from what was recorded when the version was made; the project file of today has no say. What
an older version did not record, or what cannot be read any more, is named on the page and left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from steward.core.atomic import write_text_atomically
from steward.core.errors import StewardError
from steward.core.runs import Run
from steward.core.tasks import RULES, TaskKind
from steward.data.snapshot import read_snapshot
from steward.data.split import split_rows
from steward.flows.beside import attach
from steward.flows.champion import load_version, need_champion
from steward.flows.ports import Ports
from steward.models.classes import encode, name_of
from steward.models.classification import DECISIONS
from steward.models.explain import contributions
from steward.models.measure import MEASURES
from steward.models.metrics import is_mean_loss
from steward.models.zoo import Array
from steward.project.spec import ProjectSpec
from steward.registry.bundle import Bundle
from steward.registry.versions import Champion, Version
from steward.reporting.class_pictures import class_pictures
from steward.reporting.contents import ModelReport, Plot, Standing, TestFigure
from steward.reporting.model_report import render_model_report
from steward.reporting.page import figure
from steward.reporting.pictures import (
    importance_picture,
    leaderboard_picture,
    residual_pictures,
    slices_picture,
    swarm_picture,
    test_pictures,
    windows_picture,
)
from steward.reporting.recorded import data_facts, figures, gate, leaderboard, mapping, read_as, slices, terms, window_lines

T = TypeVar("T")

_ALL_RUNS = 1_000_000
_LOOK_BACK = 1000
_MOST_WINDOWS = 24
_EXPLAINED_ROWS = 400


@dataclass(frozen=True, slots=True)
class TestRows:
    """The rows that judged a version, with its answers made anew.

    `at` is None where events have no time; `classes` are the names of the codes in `actual`, none for a quantity; `frame`
    holds the raw columns, `decided` the probabilities moved so that the class that answers is the more likely one.
    """

    __test__ = False  # no test, whatever pytest thinks of the name

    at: pl.Series | None
    actual: Array
    predicted: Array
    task: TaskKind
    classes: tuple[str, ...]
    frame: pl.DataFrame
    decided: Array


def write_report(model: str, number: int | None, ports: Ports) -> Path:
    """Write the page about the champion, or about one version, and return where it is.

    Raises:
        Refused: REG-002 there is no champion and no version was named.
        UsageError: REG-001 there is no such version.
    """
    version = ports.registry.version(model, need_champion(ports, model).number if number is None else number)
    ports.progress.started("report")
    page = render_model_report(collect_report(version, ports.registry.champion(model), ports))
    path = ports.workspace.reports / f"{model}-v{version.number}.html"
    write_text_atomically(path, page)
    attach(version, {f"reports/{path.name}": page.encode()}, ports)
    ports.progress.finished("report", f"{version}, {len(page.encode()) / 1000:.0f} kB")
    return path


def collect_report(
    version: Version, champion: Champion | None, ports: Ports, *, so_far: Mapping[str, object] | None = None
) -> ModelReport:
    """Return all that is recorded about a version, with its test rows answered again by its own bundle.

    `so_far` is the result of its run where that still goes on.
    """
    missing: list[str] = []
    run = _run_of(version, ports, missing, so_far)
    declared = mapping(run.frozen.get("project")) if run else {}
    result = run.result if run else {}
    spec = _spec(declared, missing)
    bundle = _or_note(lambda: load_version(ports.workspace, version).bundle, missing)
    rows = _or_note(lambda: _test_rows(version, spec, bundle, ports), missing) if spec and bundle else None
    measured, metric = figures(version.facts, result), _metric(version, declared)
    unit = str(version.facts.get("unit", ""))
    windows = window_lines(ports.windows.windows(version.model, limit=_LOOK_BACK), version.number, limit=_MOST_WINDOWS)
    board, by_slice = leaderboard(result), slices(result)
    unit_of_board = "" if bundle and bundle.classes else unit
    return ModelReport(
        model=version.model,
        number=version.number,
        title=str(declared.get("title", "")),
        target=str(declared.get("target") or (bundle.manifest.get("target") if bundle else None) or "its target"),
        unit=unit,
        metric=metric,
        origin=read_as(str, version.facts.get("origin")),
        tested_on=read_as(tuple[str, ...], version.facts.get("test")) or (),
        written_at=ports.clock.now().isoformat(),
        standing=_standing(version, champion),
        leaderboard=board,
        gate=gate(version.facts),
        terms=terms(declared),
        figures=measured,
        replayed=_replayed(rows, measured, metric, unit),
        plots=_plots(rows, bundle, metric, unit, missing),
        data=data_facts(version.facts, result, mapping(bundle.manifest.get("left_out")) if bundle else {}),
        windows=windows,
        windows_plot=windows_picture(windows),
        provenance=_provenance(version, run, bundle, ports),
        missing=tuple(missing),
        classes=tuple(name_of(label) for label in bundle.classes) if bundle else (),
        leaderboard_plot=leaderboard_picture(board, unit_of_board),
        slices=by_slice,
        slices_plot=slices_picture(by_slice, next((one.value for one in measured if one.name == metric), None), unit_of_board),
    )


def _or_note(work: Callable[[], T], missing: list[str]) -> T | None:
    """Do what may be impossible for an old or damaged version; note why it was."""
    try:
        return work()
    except StewardError as error:
        missing += [f"{fault.what} ({fault.code}{'; ' + fault.fix if fault.fix else ''})" for fault in error.faults]
        return None


def _run_of(version: Version, ports: Ports, missing: list[str], so_far: Mapping[str, object] | None) -> Run | None:
    found = next((run for run in ports.runs.runs(version.model, limit=_ALL_RUNS) if run.id == version.run), None)
    if found is not None and so_far:
        found = replace(found, result=so_far)
    if found is None:
        missing.append(
            f"run {version.run} is not in the database any more: no leaderboard, intervals, findings, plots of test rows"
        )
    elif "leaderboard" not in found.result:
        missing.append(f"run {version.run} did not finish: no leaderboard, intervals, findings")
    return found


def _spec(declared: Mapping[str, object], missing: list[str]) -> ProjectSpec | None:
    spec = read_as(ProjectSpec, declared)
    if declared and spec is None:
        missing.append("the project file of that time cannot be read by this version of Steward: no plots of test rows")
    return spec


def _test_rows(version: Version, spec: ProjectSpec, bundle: Bundle, ports: Ports) -> TestRows:
    clean = read_snapshot(ports.workspace.snapshots, str(version.facts.get("clean")))
    test = split_rows(clean, spec.split, spec.time, None if spec.task == "regression" else spec.target).test
    at = test[spec.time] if spec.time and test[spec.time].dtype.is_temporal() else None
    target, names = test[spec.target], tuple(name_of(label) for label in bundle.classes)
    actual = encode(target, bundle.classes) if names else target.cast(pl.Float64).to_numpy()
    predicted = bundle.predict(test)
    return TestRows(at, actual, predicted, spec.task, names, test, bundle.rule.decided(predicted))


def _metric(version: Version, declared: Mapping[str, object]) -> str:
    judged = gate(version.facts)
    if judged is not None:
        return judged.metric
    task = declared.get("task")
    return RULES[task].metric if task in RULES else "rmse"  # type: ignore[index] # told by the line before


def _standing(version: Version, champion: Champion | None) -> Standing:
    was = bool(version.facts.get("was_champion"))
    return Standing(champion.number, champion.since, was) if champion else Standing(None, None, was)


def _replayed(rows: TestRows | None, measured: Sequence[TestFigure], metric: str, unit: str) -> str:
    """Say what the bundle answers today to the rows that judged it, and whether that is what was recorded."""
    recorded = next((one.value for one in measured if one.name == metric), None)
    if rows is None or recorded is None:
        return ""
    value = MEASURES[rows.task].once(rows.actual, rows.decided if metric in DECISIONS else rows.predicted).get(metric, np.nan)
    same = "as recorded" if np.isclose(value, recorded, rtol=1e-9) else f"NOT the {figure(recorded)} that was recorded"
    said = " ".join(part for part in (metric, figure(value), "" if rows.classes else unit) if part)
    return f"Answered again for this page with the stored bundle: {said} on {len(rows.actual):,} test rows, {same}."


def _plots(rows: TestRows | None, bundle: Bundle | None, metric: str, unit: str, missing: list[str]) -> tuple[Plot, ...]:
    tested = _or_note(lambda: _tested(rows, metric, unit), missing) if rows else None
    moved = _or_note(lambda: _moved(rows, bundle, unit), missing) if rows and bundle else None
    return (*(tested or ()), *(importance_picture(bundle.importance) if bundle else ()), *(moved or ()))


def _moved(rows: TestRows, bundle: Bundle, unit: str) -> tuple[Plot, ...]:
    """Return how features moved the answers to some test rows, evenly over the time they cover."""
    places = np.unique(np.linspace(0, len(rows.actual) - 1, min(_EXPLAINED_ROWS, len(rows.actual))).astype(np.int64))
    inputs = np.ascontiguousarray(bundle.features(rows.frame[places]).to_numpy(), dtype=np.float64)
    found = contributions(bundle.model, inputs, inputs)
    # Of several classes the last one; of two there is one output, the second's.
    about = f"{name_of(bundle.classes[-1])}, " if bundle.classes else "answer, "
    scale = found.scale if found.scale != "answer" else unit or "probability"
    return swarm_picture(found.names, found.values[:, :, -1], inputs, moved=about + scale)


def _tested(rows: TestRows, metric: str, unit: str) -> tuple[Plot, ...]:
    if rows.classes:
        return class_pictures(rows.actual, rows.predicted, rows.classes, decided=rows.decided)
    # Metrics that no single row has a share in are drawn by the one that stands for them.
    by_row = metric if is_mean_loss(metric) else RULES[rows.task].loss
    pictures = test_pictures(rows.at, rows.actual, rows.predicted, by_row, unit)
    return (*pictures, *residual_pictures(rows.actual, rows.predicted, unit))


def _provenance(version: Version, run: Run | None, bundle: Bundle | None, ports: Ports) -> tuple[tuple[str, str], ...]:
    facts, (entries, head) = version.facts, ports.journal.head()
    libraries = mapping(bundle.manifest.get("libraries")) if bundle else {}
    overrides = facts.get("overrides")
    lines = {
        "version": f"{version}, registered {version.created_at[:19]}Z",
        "bundle": version.digest,
        "run": f"{version.run}, {run.trigger}, started {run.started_at[:19]}Z" if run else version.run,
        "MLflow run": facts.get("mlflow_run"),
        "MLflow version": facts.get("mlflow_version"),
        "raw rows": facts.get("snapshot"),
        "clean rows": facts.get("clean"),
        "model": ", ".join(f"{name} {value}" for name, value in mapping(facts.get("parameters")).items() if name != "candidate"),
        "overrides": ", ".join(str(text) for text in overrides) if isinstance(overrides, list) else None,
        "libraries": ", ".join(f"{name} {value}" for name, value in libraries.items()),
        "journal head": f"entry {entries}, {head}",
    }
    return tuple((name, str(value)) for name, value in lines.items() if value)
