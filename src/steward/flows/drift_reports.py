"""What does another tool show of a window's rows beside those of training? Collected, drawn by it, and kept as pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from steward.core.atomic import write_bytes_atomically
from steward.core.errors import Fault, Refused, UsageError
from steward.core.runs import Run
from steward.data.snapshot import read_snapshot
from steward.data.split import split_rows
from steward.flows.beside import attach
from steward.flows.champion import LoadedVersion, load_champion
from steward.flows.ports import Ports
from steward.flows.process import check_rows
from steward.flows.snapshots import run_of
from steward.flows.sources import read_periods
from steward.models.classes import name_of
from steward.models.zoo import Array
from steward.monitoring.sketch import PREDICTION
from steward.project.periods import refuse_odd_period
from steward.project.read import Project
from steward.project.spec import ProjectSpec
from steward.quality.clean import clean
from steward.reporting.compared import ANSWERED, Compared, DrawReports
from steward.serving.history import Given, Outcome
from steward.serving.private import care_of, hidden_in
from steward.serving.request import rows_to_frame

MOST_ROWS = 50_000
"""Of each sample: beyond, drawing takes minutes and shows the same."""

_SEED = 20_240_101


@dataclass(frozen=True, slots=True)
class DriftReports:
    """The pages by name, how many rows of the window they show, the columns said to have drifted, and the same in words."""

    pages: Mapping[str, Path]
    rows: int
    drifted: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class _Answered:
    """Rows with the answers to them and what is known of the truth; `hidden` columns are not there as they were asked."""

    rows: pl.DataFrame
    predicted: Array
    truth: pl.Series
    hidden: frozenset[str] = frozenset()
    simulated: bool = False


def write_drift_reports(project: Project, period: str | None, draw: DrawReports, ports: Ports) -> DriftReports:
    """Write another tool's pages about a month of source rows, or about the prediction log, and put them beside the version.

    Args:
        project: as the champion's run had it.
        period: which month; None for what the champion answered and the outcomes known of it, the newest 50,000.
        draw: `steward.adapters.evidently.draw_reports`.
        ports: the outside world.

    Raises:
        Refused: REG-002 there is no champion, REP-002 it answered nothing yet, or the period holds no rows.
        UsageError: WATCH-002 the period is none, REP-003 the champion's run is not recorded any more.
        EnvironmentFault: ENV-022 the tool is not installed, ENV-023 it cannot draw the rows, DATA-020 no source is to be had.
    """
    loaded = load_champion(ports, project.spec.name)
    ports.progress.started("report")
    compared = _compared(project, loaded, period, ports)
    drawn = draw(compared)
    stem = f"{project.spec.name}-v{loaded.version.number}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', compared.label)}"
    pages = {name: ports.workspace.reports / f"{stem}-{name}.html" for name in drawn.pages}
    for name, path in pages.items():
        write_bytes_atomically(path, drawn.pages[name])
    attach(loaded.version, {f"reports/{path.name}": drawn.pages[name] for name, path in pages.items()}, ports)
    moved = f"{len(drawn.drifted)} of {drawn.columns} columns" + (f": {', '.join(drawn.drifted)}" if drawn.drifted else "")
    said = f"{compared.current.height:,} rows of {compared.label}; said to have drifted: {moved}"
    text = "; ".join(one for one in (compared.note, said, *drawn.notes) if one)
    ports.progress.finished("report", f"{len(pages)} pages of {compared.label} against {loaded.version}")
    return DriftReports(pages, compared.current.height, drawn.drifted, text)


def _compared(project: Project, loaded: LoadedVersion, period: str | None, ports: Ports) -> Compared:
    now = _logged(project, loaded, ports) if period is None else _month(project, loaded, period, ports)
    label = "log" if period is None else period
    if not now.rows.height:
        fix = "ask the server something, or name a month:  --period YYYY-MM"
        raise Refused(Fault("REP-002", f"{loaded.version} has nothing to compare in {label}", fix=fix))
    learnt, judged = _training(project, loaded, ports)
    bundle = loaded.bundle
    features = tuple(name for name in bundle.wanted if not bundle.program.lineage(name) & now.hidden)
    frames = [_frame(part, features, project, loaded) for part in (learnt, judged, now)]
    return Compared(
        label=label,
        task=project.spec.task,
        features=features,
        categories=tuple(name for name in bundle.categories if name in features),
        prediction=PREDICTION,
        target=project.spec.target,
        positive=name_of(bundle.classes[-1]) if len(bundle.classes) == 2 else None,  # noqa: PLR2004 - two classes
        learnt=frames[0],
        judged=frames[1],
        current=frames[2],
        note=_other_world(now, loaded),
    )


def _other_world(now: _Answered, loaded: LoadedVersion) -> str:
    """Say it where made-up rows are compared with real ones, or the other way round: that says nothing about the world."""
    if now.simulated == (loaded.version.facts.get("origin") == "simulated"):
        return ""
    return "these rows are SIMULATED, the model's were not" if now.simulated else "the model's rows were SIMULATED, these are not"


def _frame(part: _Answered, features: Sequence[str], project: Project, loaded: LoadedVersion) -> pl.DataFrame:
    """Return what the model reads of some rows, what it answered, and what was true."""
    classes = [name_of(label) for label in loaded.bundle.classes]
    columns = [part.truth.cast(pl.String if classes else pl.Float64).alias(project.spec.target)]
    if classes:
        decided = np.argmax(loaded.bundle.rule.decided(part.predicted), axis=1)
        columns += [pl.Series(ANSWERED, [classes[code] for code in decided], dtype=pl.String)]
    columns += [pl.Series(PREDICTION, part.predicted[:, -1] if classes else part.predicted)]
    return loaded.bundle.features(part.rows).select(features).with_columns(columns)


def _month(project: Project, loaded: LoadedVersion, period: str, ports: Ports) -> _Answered:
    refuse_odd_period(project, period)
    sources, read = read_periods(project, (period,), ports)
    rows = clean(check_rows(project, read.frame).kept, project.spec.cleaning).frame
    return replace(_answer(rows, project, loaded), simulated=sources.origin == "simulated")


def _training(project: Project, loaded: LoadedVersion, ports: Ports) -> tuple[_Answered, _Answered]:
    """Return the rows the champion learnt from, and those of then that judged it."""
    version = loaded.version
    run: Run | None = run_of(version.run, version.model, ports)
    if run is None:
        fix = f"train again:  steward run {version.model}"
        raise UsageError(Fault("REP-003", f"the run of {version} is not recorded any more, nor how its rows were split", fix=fix))
    spec = ProjectSpec.model_validate(run.frozen["project"])
    rows = read_snapshot(ports.workspace.snapshots, str(version.facts["clean"]))
    split = split_rows(rows, spec.split, spec.time, None if spec.task == "regression" else spec.target)
    return _answer(pl.concat([split.train, split.validation]), project, loaded), _answer(split.test, project, loaded)


def _answer(rows: pl.DataFrame, project: Project, loaded: LoadedVersion) -> _Answered:
    """Answer as many rows as are drawn."""
    target = project.spec.target
    rows = rows.sample(MOST_ROWS, seed=_SEED, shuffle=False) if rows.height > MOST_ROWS else rows
    truth = rows[target] if target in rows.columns else pl.Series(target, [None] * rows.height)
    return _Answered(rows, loaded.bundle.predict(rows), truth)


def _logged(project: Project, loaded: LoadedVersion, ports: Ports) -> _Answered:
    """Return what the champion answered, with the outcomes that are known; of hidden columns nothing is made."""
    kept = ports.predictions.predictions(project.spec.name, limit=MOST_ROWS)
    mine = [(given, outcome) for given, outcome in kept if given.version == loaded.version.number]
    asked = [given.row for given, _ in mine]
    hidden = hidden_in(asked) | care_of(project.dictionary, project.spec.serving).left_out
    shown = [{name: value for name, value in row.items() if name not in hidden} for row in asked]
    rows = rows_to_frame(shown, project.dictionary, loaded.bundle.inputs)
    truth = [_true(outcome) for _, outcome in mine]
    predicted, made_up = _given([given for given, _ in mine], loaded), loaded.version.facts.get("origin") == "simulated"
    return _Answered(rows, predicted, pl.Series(project.spec.target, truth), hidden, simulated=made_up)


def _true(outcome: Outcome | None) -> float | str | None:
    if outcome is None:
        return None
    return outcome.value if outcome.label is None else outcome.label


def _given(given: Sequence[Given], loaded: LoadedVersion) -> Array:
    """Return the answers as the model gave them."""
    if not loaded.bundle.classes:
        return np.asarray([one.answer["prediction"] for one in given], dtype=np.float64)
    names = [name_of(label) for label in loaded.bundle.classes]
    shares = [[one.answer["probabilities"][name] for name in names] for one in given]
    return np.asarray(shares, dtype=np.float64).reshape(len(given), len(names))
