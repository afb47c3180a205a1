"""Which candidate does best on rows it has not seen, and how good is it on the latest ones?

Candidates compete on validation rows; the winner is fitted again on all rows before the test, and only
then are the test rows looked at, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from steward.core.atomic import write_text_atomically
from steward.core.digest import digest_bytes
from steward.core.errors import Fault, UsageError
from steward.core.tasks import RULES, Label
from steward.data.split import Split
from steward.flows.features import Featured, split_rows
from steward.flows.ingest import Frames
from steward.flows.ports import Ports
from steward.flows.steps import Done, Runner
from steward.models.classes import encode, find_classes
from steward.models.evaluate import evaluate_predictions
from steward.models.mean import class_shares
from steward.models.metrics import is_mean_loss, row_losses
from steward.models.train import Lesson, Trained, choose, refit, train_candidates
from steward.models.zoo import Array, Fitted, file_of, load
from steward.monitoring.performance import summarise_losses
from steward.project.read import Project

SEED = 7
_RESAMPLES = 1000
_FEW_ROWS = 200

Baseline = float | Sequence[float]
"""What is answered without any learning: the mean of a quantity, or the share of each class."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The chosen candidate, its folder below `candidates`, what each candidate reached, and how many rows there were.

    `classes` are the labels of the codes 0, 1, ..., none for a quantity.
    """

    chosen: str
    kind: str
    digest: str
    board: tuple[Mapping[str, Any], ...]
    rows: Mapping[str, int]
    baseline: Baseline
    classes: tuple[Label, ...]

    def load(self, ports: Ports) -> Fitted:
        """Return the fitted model."""
        return load(self.kind, ports.workspace.candidates / self.digest)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Test metrics with intervals, the leaderboard with the winner's test figure, the spread of the test losses."""

    metrics: Mapping[str, Mapping[str, float]]
    leaderboard: tuple[Mapping[str, Any], ...]
    losses: Mapping[str, Any]


def deciding_metric(project: Project) -> str:
    """Return the metric that decides: the gate's own, or the task's."""
    return project.spec.gate.metric or RULES[project.spec.task].metric


def matrix(frame: pl.DataFrame, wanted: tuple[str, ...]) -> Array:
    """Return the model's inputs of a feature table: float64, shape (rows, features), NaN for missing."""
    return np.ascontiguousarray(frame.select(wanted).to_numpy(), dtype=np.float64)


def truth(project: Project, frame: pl.DataFrame, classes: Sequence[Label]) -> Array:
    """Return the target as float64, shape (rows,): a quantity, or the codes of classes (NaN for an unknown one)."""
    target = frame[project.spec.target]
    return encode(target, classes) if classes else target.cast(pl.Float64).to_numpy()


def unit_of_metric(project: Project) -> str:
    """Return the unit of the deciding metric: the target's, none for classes."""
    return project.spec.unit if project.spec.task == "regression" else ""


def code_columns(project: Project, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the inputs whose numbers are codes: described by words, or joined to a lookup."""
    joined = {column for lookup in project.spec.lookups.values() for column in lookup.joins}
    columns = project.dictionary.columns
    return tuple(name for name in wanted if name in joined or (name in columns and columns[name].codes is not None))


def train(project: Project, featured: Featured, ports: Ports, runner: Runner, frames: Frames) -> TrainedModel:
    """Fit all candidates, choose the best on validation rows, fit it again on all rows before the test.

    Raises:
        UsageError: MODEL-012 a row has no target, MODEL-013 to MODEL-016 the target's classes cannot be learnt.
        AnswerIsNo: MODEL-010 every candidate failed.
    """
    depends = {
        "features": featured.snapshot,
        "split": project.part("split"),
        "candidates": project.part("candidates"),
        "metric": deciding_metric(project),
        "codes": list(code_columns(project, featured.program.wanted)),
    }
    output = runner.step("train", depends, lambda: _train(project, featured, ports, frames))
    return TrainedModel(
        chosen=output["chosen"],
        kind=output["kind"],
        digest=output["digest"],
        board=tuple(output["board"]),
        rows=output["rows"],
        baseline=output["baseline"],
        classes=tuple(output["classes"]),
    )


def evaluate(
    project: Project, featured: Featured, trained: TrainedModel, ports: Ports, runner: Runner, frames: Frames
) -> Evaluated:
    """Look at the test rows, once, with the winner."""
    depends = {
        "features": featured.snapshot,
        "split": project.part("split"),
        "model": trained.digest,
        "metric": deciding_metric(project),
    }
    output = runner.step("evaluate", depends, lambda: _evaluate(project, featured, trained, ports, frames))
    reached, unit = output["metrics"][deciding_metric(project)]["value"], unit_of_metric(project)
    board = tuple({**entry, "test": reached if entry["chosen"] else None, "unit": unit} for entry in trained.board)
    return Evaluated(output["metrics"], board, output["losses"])


def _train(project: Project, featured: Featured, ports: Ports, frames: Frames) -> Done:
    split, wanted = split_rows(project, frames.get(featured.snapshot)), featured.program.wanted
    classes = _classes(project, split)
    lesson = Lesson(project.spec.task, wanted, len(classes), code_columns(project, wanted))
    metric = deciding_metric(project)
    learn, check = ((matrix(part, wanted), truth(project, part, classes)) for part in (split.train, split.validation))
    trained = train_candidates(project.spec.candidates, learn, check, lesson=lesson, progress=ports.progress)
    chosen = choose(trained, metric)
    everything, target = np.concatenate([learn[0], check[0]]), np.concatenate([learn[1], check[1]])
    model = refit(chosen, (everything, target), lesson=lesson)
    text = model.text()
    digest = digest_bytes(text.encode())
    write_text_atomically(ports.workspace.candidates / digest / file_of(model.kind), text)
    output = {
        "chosen": chosen.name,
        "kind": model.kind,
        "digest": digest,
        "board": [_board_entry(one, metric, chosen) for one in trained],
        "rows": _rows(split),
        "baseline": class_shares(target, len(classes)) if classes else float(target.mean()),
        "classes": list(classes),
    }
    return Done(output, _said(trained, chosen, metric, split.validation.height), (f"candidates/{digest}",))


def _said(trained: Sequence[Trained], chosen: Trained, metric: str, rows: int) -> str:
    luck = f"; {rows} of them are few: luck has a say in the order" if rows < _FEW_ROWS else ""
    return f"{chosen.name} is best of {len(trained)}: {metric} {chosen.validation[metric]:.3f} on validation rows{luck}"


def _classes(project: Project, split: Split) -> tuple[Label, ...]:
    """Return the labels of the target's classes, none for a quantity; refuse rows that cannot be learnt from."""
    name = project.spec.target
    parts = {"training": split.train[name], "validation": split.validation[name], "test": split.test[name]}
    rows, empty = sum(len(part) for part in parts.values()), sum(part.null_count() for part in parts.values())
    if empty:
        what = f"the target {name!r} is empty in {empty:,} of {rows:,} rows"
        fix = f"set these rows apart:  checks: [{{kind: not_null, columns: [{name}]}}]"
        raise UsageError(Fault("MODEL-012", what, ("project.yaml: target",), "nothing can be learnt from them", fix))
    return () if project.spec.task == "regression" else find_classes(parts, task=project.spec.task, target=name)


def _board_entry(one: Trained, metric: str, chosen: Trained) -> dict[str, Any]:
    return {
        "kind": one.name,
        "metric": metric,
        "validation": one.validation.get(metric),
        "seconds": round(one.seconds, 2),
        "note": one.error,
        "chosen": one is chosen,
    }


def _rows(split: Split) -> dict[str, int]:
    return {"train": split.train.height, "validation": split.validation.height, "test": split.test.height}


def _evaluate(project: Project, featured: Featured, trained: TrainedModel, ports: Ports, frames: Frames) -> Done:
    test, metric = split_rows(project, frames.get(featured.snapshot)).test, deciding_metric(project)
    target = truth(project, test, trained.classes)
    predicted = trained.load(ports).predict(matrix(test, featured.program.wanted))
    evaluation = evaluate_predictions(target, predicted, task=project.spec.task, resamples=_RESAMPLES, seed=SEED)
    # Later windows are compared row by row.
    by_row = metric if is_mean_loss(metric) else RULES[project.spec.task].loss
    losses = summarise_losses(row_losses(by_row, target, predicted))
    metrics = {name: asdict(measured) for name, measured in evaluation.metrics.items()}
    found, unit = metrics[metric], unit_of_metric(project)
    value = f"{found['value']:.3f}{f' {unit}' if unit else ''}"
    note = f"test {metric} {value} [{found['low']:.3f}, {found['high']:.3f}] on {test.height:,} rows"
    return Done({"metrics": metrics, "losses": {"metric": by_row, **losses._asdict()}}, note)
