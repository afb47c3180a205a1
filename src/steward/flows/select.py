"""Which data set is the best to begin with? Candidates ranked by what makes one good to learn and to watch on, with reasons.

Five figures from 0 to 1 and their weighted mean: enough rows (none below 500, full from 50,000, on a logarithmic
scale), classes in balance (the rarest against an even share; 1 for a number), cells filled, drift that can be shown
(how far one of its periods lies from what is learned, beyond chance), and rows within reach (a folder 1, the
publisher 0.8, made up 0.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import polars as pl

from steward.core.errors import StewardError
from steward.data.assemble import PERIOD
from steward.flows.ports import Ports
from steward.flows.program import rule_program
from steward.flows.sources import gather_sources, read_files
from steward.monitoring.distance import Sample, critical_distance, distance
from steward.monitoring.sketch import sketch_like, sketch_reference
from steward.project.read import Project

FEWEST_ROWS, ENOUGH_ROWS = 500, 50_000
WEIGHTS: Mapping[str, float] = {"rows": 0.25, "balance": 0.15, "filled": 0.2, "drift": 0.2, "reach": 0.2}
_REACH: Mapping[str, float] = {"folder": 1.0, "sql": 1.0, "url": 0.8, "simulated": 0.2, "bent": 0.2}
_CHANCE = 0.001
_PLENTY = 0.2  # a distance beyond chance that nobody can overlook


@dataclass(frozen=True, slots=True)
class Candidate:
    """One data set: figures by name and the score, each 0 to 1, and what stands behind each in words."""

    name: str
    score: float
    figures: Mapping[str, float]
    reasons: tuple[str, ...]


def rank(projects: Sequence[Project], ports: Ports) -> tuple[Candidate, ...]:
    """Return the projects' data sets, the best first; one that cannot be had scores 0 and says why."""
    return tuple(sorted((_judge(project, ports) for project in projects), key=lambda found: (-found.score, found.name)))


def _judge(project: Project, ports: Ports) -> Candidate:
    try:
        origin, frame, learned = _rows(project, ports)
    except StewardError as error:
        return Candidate(project.spec.name, 0.0, dict.fromkeys(WEIGHTS, 0.0), (error.faults[0].what,))
    frame = rule_program(project).run(frame)
    judged = {
        "rows": _enough(frame.filter(pl.col(PERIOD).is_in(learned)).height),
        "balance": _balance(project, frame),
        "filled": _filled(project, frame),
        "drift": _drift(project, frame, learned),
        "reach": (_REACH[origin], f"rows from: {origin}"),
    }
    score = sum(WEIGHTS[name] * figure for name, (figure, _) in judged.items())
    figures = {name: round(figure, 3) for name, (figure, _) in judged.items()}
    return Candidate(project.spec.name, round(score, 3), figures, tuple(reason for _, reason in judged.values()))


def _rows(project: Project, ports: Ports) -> tuple[str, pl.DataFrame, list[str]]:
    """Return where the rows come from, the rows of all periods that are to be had, and the periods to learn from."""
    learned = list(project.spec.split.train)
    sources = gather_sources(project, learned, ports)
    files = list(sources.files)
    for period in _later(project):
        try:
            more = gather_sources(project, (period,), ports)
        except StewardError:
            continue
        files += more.files if more.origin == sources.origin else ()
    return sources.origin, read_files(project, files).frame, learned


def _later(project: Project) -> list[str]:
    named = (*project.spec.split.test, *(case.period for case in project.spec.watch.cases if case.scenario is None))
    return [period for period in dict.fromkeys(named) if period not in project.spec.split.train]


def _enough(rows: int) -> tuple[float, str]:
    scale = log(max(rows, 1) / FEWEST_ROWS) / log(ENOUGH_ROWS / FEWEST_ROWS)
    return min(1.0, max(0.0, scale)), f"{rows:,} rows to learn from"


def _balance(project: Project, frame: pl.DataFrame) -> tuple[float, str]:
    target = frame[project.spec.target].drop_nulls()
    if project.spec.task == "regression" or target.is_empty():
        return 1.0, f"{project.spec.target} is a number"
    counts = target.value_counts()["count"]
    rarest = float(counts.min() or 0) / len(target)  # type: ignore[arg-type]
    return min(1.0, rarest * len(counts)), f"{len(counts)} classes, the rarest in {rarest:.1%} of the rows"


def _filled(project: Project, frame: pl.DataFrame) -> tuple[float, str]:
    cells = frame.select(name for name in project.dictionary.columns if name in frame.columns)
    share = sum(cells.null_count().row(0)) / max(cells.height * cells.width, 1)
    return 1 - share, f"{share:.1%} of the cells are empty"


def _drift(project: Project, frame: pl.DataFrame, learned: Sequence[str]) -> tuple[float, str]:
    codes = [name for name, column in project.dictionary.columns.items() if column.codes]
    # What is known when a prediction is asked for, and the target: numbers of rows and invoices always move.
    asked = [name for name, column in project.dictionary.columns.items() if column.known_at == "request"]
    columns = [name for name in dict.fromkeys((*asked, project.spec.target)) if frame[name].dtype.is_numeric()]
    reference = frame.filter(pl.col(PERIOD).is_in(list(learned))).select(columns)
    before = sketch_reference(reference, codes)
    found = [(0.0, "", "")]
    for (period,), rows in frame.filter(~pl.col(PERIOD).is_in(list(learned))).group_by(PERIOD):
        after = sketch_like(rows.select(columns), before)
        for name in columns:
            old, new = Sample(before.rows, before.columns[name]), Sample(after.rows, after.columns[name])
            found.append((distance(old, new) - critical_distance(old, new, chance=_CHANCE), name, str(period)))
    beyond, name, period = max(found)
    if not name:
        return 0.0, "no other period to compare with"
    return min(1.0, max(0.0, beyond) / _PLENTY), f"{name} moves in {period}, {beyond:.0%} of the rows beyond chance"
