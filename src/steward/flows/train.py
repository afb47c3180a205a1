"""Which candidate does best on rows it has not seen, and how good is it on the latest ones?

Candidates compete on validation rows; the winner is fitted again on all rows before the test, and only
then are the test rows looked at, once.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from steward.core.atomic import write_text_atomically
from steward.core.digest import digest_bytes
from steward.core.errors import Fault, UsageError
from steward.core.tasks import RULES
from steward.data.split import Split
from steward.flows.features import Featured, split_rows
from steward.flows.ingest import Frames
from steward.flows.ports import Ports
from steward.flows.steps import Done, Runner
from steward.models.evaluate import evaluate_predictions
from steward.models.metrics import row_losses
from steward.models.train import Trained, choose, refit, train_candidates
from steward.models.zoo import Array, Fitted, file_of, load
from steward.monitoring.performance import summarise_losses
from steward.project.read import Project

SEED = 7
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The chosen candidate, its folder below `candidates`, what each candidate reached, and how many rows there were."""

    chosen: str
    kind: str
    digest: str
    board: tuple[Mapping[str, Any], ...]
    rows: Mapping[str, int]
    baseline: float

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


def truth(project: Project, frame: pl.DataFrame) -> Array:
    """Return the target as float64, shape (rows,)."""
    return frame[project.spec.target].cast(pl.Float64).to_numpy()


def train(project: Project, featured: Featured, ports: Ports, runner: Runner, frames: Frames) -> TrainedModel:
    """Fit all candidates, choose the best on validation rows, fit it again on all rows before the test."""
    if project.spec.task != "regression":
        what = f"training for the task {project.spec.task!r} is not there yet; only regression is"
        raise UsageError(Fault("MODEL-011", what, ("project.yaml: task",), fix="declare a regression"))
    depends = {
        "features": featured.snapshot,
        "split": project.part("split"),
        "candidates": project.part("candidates"),
        "metric": deciding_metric(project),
    }
    output = runner.step("train", depends, lambda: _train(project, featured, ports, frames))
    rows, baseline = output["rows"], output["baseline"]
    return TrainedModel(output["chosen"], output["kind"], output["digest"], tuple(output["board"]), rows, baseline)


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
    metric = deciding_metric(project)
    reached = output["metrics"][metric]["value"]
    board = tuple({**entry, "test": reached if entry["chosen"] else None, "unit": project.spec.unit} for entry in trained.board)
    return Evaluated(output["metrics"], board, output["losses"])


def _train(project: Project, featured: Featured, ports: Ports, frames: Frames) -> Done:
    split, wanted = split_rows(project, frames.get(featured.snapshot)), featured.program.wanted
    metric = deciding_metric(project)
    learn, check = ((matrix(part, wanted), truth(project, part)) for part in (split.train, split.validation))
    trained = train_candidates(project.spec.candidates, learn, check, names=wanted, progress=ports.progress)
    chosen = choose(trained, metric, higher_is_better=RULES[project.spec.task].higher_is_better)
    everything, target = np.concatenate([learn[0], check[0]]), np.concatenate([learn[1], check[1]])
    model = refit(chosen, everything, target, names=wanted)
    text = model.text()
    digest = digest_bytes(text.encode())
    write_text_atomically(ports.workspace.candidates / digest / file_of(model.kind), text)
    output = {
        "chosen": chosen.name,
        "kind": model.kind,
        "digest": digest,
        "board": [_board_entry(one, metric, chosen) for one in trained],
        "rows": _rows(split),
        "baseline": float(target.mean()),
    }
    note = f"{chosen.name} is best of {len(trained)}: {metric} {chosen.validation[metric]:.3f} on validation rows"
    return Done(output, note, (f"candidates/{digest}",))


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
    target = truth(project, test)
    predicted = trained.load(ports).predict(matrix(test, featured.program.wanted))
    evaluation = evaluate_predictions(target, predicted, resamples=_RESAMPLES, seed=SEED)
    losses = summarise_losses(row_losses(metric, target, predicted))
    metrics = {name: asdict(measured) for name, measured in evaluation.metrics.items()}
    found = metrics[metric]
    note = (
        f"test {metric} {found['value']:.3f} {project.spec.unit} [{found['low']:.3f}, {found['high']:.3f}] on {test.height:,} rows"
    )
    return Done({"metrics": metrics, "losses": {"metric": metric, **losses._asdict()}}, note)
