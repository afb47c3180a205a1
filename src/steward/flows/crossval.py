"""Which candidate learns best from few rows - or can that not be told?

Every fold is a training of its own: what is fitted to rows is fitted to the fold's, and the number of trees is found on a part
of them, so that no fold's test rows have a say in the model that answers them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from steward.core.errors import AnswerIsNo, Fault, UsageError
from steward.core.progress import Progress
from steward.core.tasks import Label, higher_is_better
from steward.flows.answering import answer_rule
from steward.flows.matrices import deciding_metric, learnable, truth
from steward.flows.program import ModelProgram
from steward.models.classification import DECISIONS
from steward.models.crossval import (
    CrossValidated,
    Fold,
    choose_simplest_of_ties,
    compare,
    cross_validate_answers,
    expanding_folds,
    repeated_folds,
)
from steward.models.train import Lesson, Trained, in_words, refit
from steward.models.zoo import SIMPLEST_FIRST, Array
from steward.project.candidates import CandidateSpec, names_of
from steward.project.read import Project
from steward.project.training import FoldsSpec

_STOPPING_SHARE = 0.15
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Crossed:
    """A candidate over all folds: its figures, or the `error` that ended it; `answer` tells it from the best one."""

    name: str
    spec: CandidateSpec
    found: CrossValidated | None
    seconds: float
    error: str = ""

    def as_json(self, metric: str, best: "Crossed | None") -> dict[str, Any]:
        """Return mean and interval of every metric, and how it compares with the best candidate."""
        if self.found is None:
            return {"candidate": self.name, "seconds": self.seconds, "error": self.error}
        measured = {name: self.found.measured(name, confidence=_CONFIDENCE) for name in self.found.figures}
        metrics = {name: {"value": one.mean, "low": one.low, "high": one.high} for name, one in measured.items()}
        against: dict[str, Any] = {}
        if best is not None and best.found is not None and best is not self:
            judged = compare(self.found, best.found, metric, confidence=_CONFIDENCE)
            gap = judged.comparison
            against = {"answer": judged.answer, "difference": gap.difference, "low": gap.low, "high": gap.high, "p": gap.p_value}
        return {"candidate": self.name, "metrics": metrics, "seconds": self.seconds, "against_best": against}


@dataclass(frozen=True, slots=True)
class Competition:
    """What candidates reached over the same folds; `best` by its mean, `chosen` the simplest that is not surely worse."""

    crossed: tuple[Crossed, ...]
    best: str
    chosen: str
    folds: int

    def board(self, metric: str) -> tuple[dict[str, Any], ...]:
        """Return a line of the leaderboard for each candidate: means over folds, their intervals, and what can be told."""
        best = next(one for one in self.crossed if one.name == self.best)
        return tuple(self._line(one, metric, best) for one in self.crossed)

    def said(self, metric: str) -> str:
        """Return the outcome in a sentence."""
        by_name = {one.name: one for one in self.crossed}
        chosen = by_name[self.chosen].found
        mean = chosen.measured(metric).mean if chosen else np.nan
        tie = f"; {self.best} is not surely better" if self.chosen != self.best else ""
        return f"{self.chosen} is best of {len(self.crossed)}: {metric} {mean:.3f} over {self.folds} folds{tie}"

    def _line(self, one: Crossed, metric: str, best: Crossed) -> dict[str, Any]:
        told = one.as_json(metric, best)
        reached = told.get("metrics", {}).get(metric, {})
        answer = told.get("against_best", {}).get("answer", "")
        note = {"worse": f"surely worse than {best.name}", "cannot tell": f"cannot tell from {best.name}"}.get(answer, "")
        return {
            "kind": one.name,
            "metric": metric,
            "validation": reached.get("value"),
            "low": reached.get("low"),
            "high": reached.get("high"),
            "seconds": round(one.seconds, 2),
            "note": one.error or note,
            "metrics": {name: figures["value"] for name, figures in told.get("metrics", {}).items()},
            "parameters": one.spec.model_dump(mode="json"),
            "chosen": one.name == self.chosen,
        }


def compete(
    project: Project,
    program: ModelProgram,
    rows: pl.DataFrame,
    classes: Sequence[Label],
    lesson: Lesson,
    spec: FoldsSpec,
    progress: Progress,
    candidates: Sequence[CandidateSpec] | None = None,
) -> Competition:
    """Let all candidates compete over folds of some rows of the feature table.

    Args:
        project: the declaration.
        program: how the rows were made, and what is to be fitted.
        rows: shuffled, or in the order of time where the project has one.
        classes: the labels of the codes; none for a quantity.
        lesson: what is to be learnt.
        spec: how many folds.
        progress: told after each candidate.
        candidates: who competes; those of the project file by default.

    Raises:
        UsageError: MODEL-017 too few rows, or too few of a class, for so many folds.
        AnswerIsNo: MODEL-010 every candidate failed.
    """
    target, metric = truth(project, rows, classes), deciding_metric(project)
    folds = _folds(project, target, spec, classes=bool(classes))
    crossed: list[Crossed] = []
    named = project.spec.candidates if candidates is None else candidates
    for name, candidate in zip(names_of(project.spec.candidates), named, strict=True):
        crossed.append(_cross(name, candidate, _Table(project, program, rows, classes), lesson, target, folds))
        progress.advanced("train", len(crossed), len(named))
    able = {one.name: one for one in crossed if one.found is not None}
    if not able:
        raise AnswerIsNo(*(Fault("MODEL-010", f"candidate {one.name} failed", why=one.error) for one in crossed))
    simple = sorted(able, key=lambda name: SIMPLEST_FIRST.index(able[name].spec.kind))
    found: Mapping[str, CrossValidated] = {name: one.found for name in simple if (one := able[name]).found is not None}
    return Competition(
        tuple(crossed), _best(found, metric), choose_simplest_of_ties(found, metric, confidence=_CONFIDENCE), len(folds)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    project: Project
    program: ModelProgram
    rows: pl.DataFrame
    classes: Sequence[Label]


def _cross(name: str, candidate: CandidateSpec, table: _Table, lesson: Lesson, target: Array, folds: Sequence[Fold]) -> Crossed:
    began = perf_counter()
    try:
        answered = {id(fold): _answer(name, candidate, table, lesson, fold) for fold in folds}
        found = cross_validate_answers(lambda fold: answered[id(fold)].predicted, target, folds, task=lesson.task)
        if table.project.spec.training.threshold is not None:
            decided = cross_validate_answers(lambda fold: answered[id(fold)].decided, target, folds, task=lesson.task)
            of_answers = {metric: figures for metric, figures in decided.figures.items() if metric in DECISIONS}
            found = replace(found, figures={**found.figures, **of_answers})
    except Exception as error:  # noqa: BLE001 - one bad candidate must not stop the others; its text is kept and shown
        return Crossed(name, candidate, None, perf_counter() - began, in_words(error))
    return Crossed(name, candidate, found, perf_counter() - began)


@dataclass(frozen=True, slots=True, eq=False)
class _Answered:
    """Answers to a fold's test rows, and the same moved so that the class that answers is the more likely one."""

    predicted: Array
    decided: Array


def _answer(name: str, candidate: CandidateSpec, table: _Table, lesson: Lesson, fold: Fold) -> _Answered:
    """Learn from a fold's training rows and answer its test rows."""
    taught, judged = table.rows[fold.train], table.rows[fold.test]
    stops = _stopping_rows(table.project, taught, table.classes)
    early = learnable(table.project, table.program, taught.filter(~stops), table.classes)
    stop = early.other(table.project, table.program, taught.filter(stops), table.classes)
    first = Trained(name, candidate, lesson.fit(candidate, early.sample, stop, early.weights), {}, 0.0)
    whole = learnable(table.project, table.program, taught, table.classes)
    model = refit(first, whole.sample, lesson=lesson, weights=whole.weights)
    rule = answer_rule(table.project, first, stop, tuple(table.classes))
    predicted = rule.apply(model.predict(whole.other(table.project, table.program, judged, table.classes)[0]))
    return _Answered(predicted, rule.decided(predicted))


def _stopping_rows(project: Project, rows: pl.DataFrame, classes: Sequence[Label]) -> pl.Series:
    """Mark the rows that tell boosted trees when to stop: the last ones where rows have a time, else every seventh of a class."""
    if project.spec.time is not None:
        return pl.int_range(rows.height, eager=True) >= rows.height - round(rows.height * _STOPPING_SHARE)
    group = pl.col(project.spec.target) if classes else pl.lit(0)
    every = round(1 / _STOPPING_SHARE)
    return rows.select((pl.int_range(pl.len()) % every == every - 1).over(group)).to_series()


def _folds(project: Project, target: Array, spec: FoldsSpec, *, classes: bool) -> tuple[Fold, ...]:
    try:
        if project.spec.time is not None:
            return expanding_folds(len(target), folds=spec.count)
        return repeated_folds(target, folds=spec.count, repeats=spec.repeats, seed=spec.seed, classes=classes)
    except ValueError as error:
        fix = "ask for fewer under  training: {folds: {count: ...}}"
        raise UsageError(Fault("MODEL-017", str(error), ("project.yaml: training.folds",), fix=fix)) from error


def _best(found: Mapping[str, CrossValidated], metric: str) -> str:
    sign = 1.0 if higher_is_better(metric) else -1.0
    return max(found, key=lambda name: sign * float(np.mean(found[name].figures[metric])))
