"""Which candidate does best on rows it has not seen?

Candidates compete on validation rows; the winner is fitted again on all rows before the test.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from steward.core.atomic import write_bytes_atomically
from steward.core.digest import canonical_json, digest_bytes, digest_json
from steward.core.tasks import Label
from steward.data.split import Split
from steward.features.fitted.fit import Fitting
from steward.flows.answering import answer_rule
from steward.flows.crossval import compete
from steward.flows.features import Featured, split_rows
from steward.flows.ingest import Frames
from steward.flows.matrices import code_columns, deciding_metric, learnable
from steward.flows.ports import Ports
from steward.flows.program import ModelProgram
from steward.flows.steps import Done, Runner
from steward.flows.tuned import settle
from steward.models.answer import AnswerRule
from steward.models.mean import class_shares
from steward.models.target import judge_target
from steward.models.train import Lesson, Trained, choose, refit, train_candidates, train_one
from steward.models.zoo import Fitted, file_of, load
from steward.project.read import Project
from steward.registry.encoded import fitting_as_json, fitting_from_json

_FEW_ROWS = 200
_FITTED, _RULE = "fitted.json", "answer.json"

Baseline = float | Sequence[float]
"""What is answered without any learning: the mean of a quantity, or the share of each class."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The chosen candidate and its settings, its folder below `candidates`, the leaderboard, and how many rows there were.

    `classes` are the labels of the codes 0, 1, ..., none for a quantity.
    """

    chosen: str
    settings: Mapping[str, Any]
    kind: str
    digest: str
    board: tuple[Mapping[str, Any], ...]
    rows: Mapping[str, int]
    baseline: Baseline
    classes: tuple[Label, ...]

    def load(self, ports: Ports) -> Fitted:
        """Return the fitted model."""
        return load(self.kind, ports.workspace.candidates / self.digest)

    def fitting(self, ports: Ports) -> Fitting:
        """Return what was fitted to the training rows before the model."""
        path = ports.workspace.candidates / self.digest / _FITTED
        return fitting_from_json(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else Fitting()

    def rule(self, ports: Ports) -> AnswerRule:
        """Return what is done to the model's answers."""
        path = ports.workspace.candidates / self.digest / _RULE
        return AnswerRule.from_dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else AnswerRule()


def train(project: Project, featured: Featured, ports: Ports, runner: Runner, frames: Frames) -> TrainedModel:
    """Fit all candidates, choose the best on validation rows, fit it again on all rows before the test.

    Raises:
        UsageError: MODEL-012 a row has no target, MODEL-013 to MODEL-016 its classes cannot be learnt, MODEL-025 to
            MODEL-027 nor can the quantity.
        AnswerIsNo: MODEL-010 every candidate failed.
    """
    depends = {
        "features": featured.snapshot,
        "split": project.part("split"),
        "candidates": project.part("candidates"),
        "fitted": project.part("fitted"),
        "training": project.part("training"),
        "metric": deciding_metric(project),
        "codes": list(code_columns(project, featured.program.wanted)),
    }
    output = runner.step("train", depends, lambda: _train(project, featured, ports, frames))
    return TrainedModel(
        chosen=output["chosen"],
        settings=output["settings"],
        kind=output["kind"],
        digest=output["digest"],
        board=tuple(output["board"]),
        rows=output["rows"],
        baseline=output["baseline"],
        classes=tuple(output["classes"]),
    )


def _train(project: Project, featured: Featured, ports: Ports, frames: Frames) -> Done:
    split, program = split_rows(project, frames.get(featured.snapshot)), featured.program
    classes = classes_of(project, split)
    training = project.spec.training
    lesson = Lesson(
        project.spec.task,
        program.wanted,
        len(classes),
        code_columns(project, program.wanted),
        limits=training.limits,
        budget=training.budget,
    )
    winner = _compete(project, program, split, classes, lesson, ports)
    everything = learnable(project, program, pl.concat([split.train, split.validation]), classes)
    model = refit(winner.chosen, everything.sample, lesson=lesson, weights=everything.weights)
    digest = _keep(model, everything.fitting, winner.rule, ports)
    target = everything.sample[1]
    output = {
        "chosen": winner.chosen.name,
        "settings": winner.chosen.spec.model_dump(mode="json", exclude={"tune", "limits"}),
        "kind": model.kind,
        "digest": digest,
        "board": list(winner.board),
        "rows": _rows(split),
        "baseline": class_shares(target, len(classes)) if classes else float(target.mean()),
        "classes": list(classes),
    }
    return Done(output, winner.note, (f"candidates/{digest}",))


@dataclass(frozen=True, slots=True)
class _Winner:
    """The chosen candidate, fitted to the training rows, what is done to its answers, the leaderboard, a line for people."""

    chosen: Trained
    rule: AnswerRule
    board: tuple[Mapping[str, Any], ...]
    note: str


def _compete(
    project: Project, program: ModelProgram, split: Split, classes: tuple[Label, ...], lesson: Lesson, ports: Ports
) -> _Winner:
    """Let the candidates compete on the validation rows, or over folds where the project asks for them."""
    metric, folds = deciding_metric(project), project.spec.training.folds
    learned = learnable(project, program, split.train, classes)
    check = learned.other(project, program, split.validation, classes)
    specs = settle(project, lesson, learned, check, ports)
    if folds is None:
        trained = train_candidates(specs, learned.sample, check, lesson=lesson, weights=learned.weights, progress=ports.progress)
        chosen = choose(trained, metric)
        board = tuple(board_entry(one, metric, chosen) for one in trained)
        note = _said(trained, chosen, metric, split.validation.height)
    else:
        rows = pl.concat([split.train, split.validation])
        competition = compete(project, program, rows, classes, lesson, folds, ports.progress, specs)
        spec = next(one.spec for one in competition.crossed if one.name == competition.chosen)
        chosen = train_one(competition.chosen, spec, learned.sample, check, lesson=lesson, weights=learned.weights)
        choose([chosen], metric)  # it may fail or cost too much with these rows
        board, note = competition.board(metric), competition.said(metric)
    return _Winner(chosen, answer_rule(project, chosen, check, classes), board, note)


def _keep(model: Fitted, fitting: Fitting, rule: AnswerRule, ports: Ports) -> str:
    """Write a model, what was fitted before it and what is done to its answers into a folder named by their content."""
    files = {file_of(model.kind): model.content()}
    files |= {_FITTED: canonical_json(fitting_as_json(fitting)).encode()} if fitting.names else {}
    files |= {_RULE: canonical_json(rule.as_dict()).encode()} if rule else {}
    digest = digest_json({name: digest_bytes(content) for name, content in files.items()})
    for name, content in files.items():
        write_bytes_atomically(ports.workspace.candidates / digest / name, content)
    return digest


def _said(trained: Sequence[Trained], chosen: Trained, metric: str, rows: int) -> str:
    luck = f"; {rows} of them are few: luck has a say in the order" if rows < _FEW_ROWS else ""
    return f"{chosen.name} is best of {len(trained)}: {metric} {chosen.validation[metric]:.3f} on validation rows{luck}"


def classes_of(project: Project, split: Split) -> tuple[Label, ...]:
    """Return the labels of the target's classes, none for a quantity; refuse rows that cannot be learnt from."""
    name = project.spec.target
    parts = {"training": split.train[name], "validation": split.validation[name], "test": split.test[name]}
    return judge_target(parts, task=project.spec.task, target=name)


def board_entry(one: Trained, metric: str, chosen: Trained) -> dict[str, Any]:
    """Return a candidate's line on the leaderboard."""
    return {
        "kind": one.name,
        "metric": metric,
        "validation": one.validation.get(metric),
        "seconds": round(one.seconds, 2),
        "note": one.error or one.over,
        "metrics": dict(one.validation),
        "parameters": one.spec.model_dump(mode="json"),
        "latency_ms": round(one.cost.latency_ms, 4) if one.cost else None,
        "megabytes": round(one.cost.megabytes, 4) if one.cost else None,
        "chosen": one is chosen,
    }


def _rows(split: Split) -> dict[str, int]:
    return {"train": split.train.height, "validation": split.validation.height, "test": split.test.height}
