"""How good is the winner on the latest rows, which it has never seen? They are looked at once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from steward.core.tasks import RULES
from steward.flows.features import Featured, split_rows
from steward.flows.ingest import Frames
from steward.flows.matrices import deciding_metric, matrix, slice_values, truth, unit_of_metric
from steward.flows.ports import Ports
from steward.flows.steps import Done, Runner
from steward.flows.train import TrainedModel
from steward.models.classification import DECISIONS
from steward.models.conformal import Margin
from steward.models.evaluate import evaluate_predictions
from steward.models.metrics import is_mean_loss, row_losses
from steward.models.slices import figures_by_slice
from steward.models.zoo import Array
from steward.monitoring.performance import cap_losses, quiet_history, summarise_losses
from steward.project.read import Project

SEED = 7
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Test metrics with intervals, the leaderboard with the winner's test figure, the spread of the test losses, slices.

    `inside` tells how often the truth of a test row lay in the interval of its answer, and how wide those are on average;
    None where answers have none.
    """

    metrics: Mapping[str, Mapping[str, float]]
    leaderboard: tuple[Mapping[str, Any], ...]
    losses: Mapping[str, Any]
    slices: tuple[Mapping[str, Any], ...]
    inside: Mapping[str, float] | None = None


def evaluate(
    project: Project, featured: Featured, trained: TrainedModel, ports: Ports, runner: Runner, frames: Frames
) -> Evaluated:
    """Look at the test rows, once, with the winner."""
    depends = {
        "features": featured.snapshot,
        "split": project.part("split"),
        "model": trained.digest,
        "metric": deciding_metric(project),
        "slices": list(project.spec.training.slices),
    }
    output = runner.step("evaluate", depends, lambda: _evaluate(project, featured, trained, ports, frames))
    reached, unit = output["metrics"][deciding_metric(project)]["value"], unit_of_metric(project)
    board = tuple({**entry, "test": reached if entry["chosen"] else None, "unit": unit} for entry in trained.board)
    return Evaluated(output["metrics"], board, output["losses"], tuple(output["slices"]), output["inside"])


def _evaluate(project: Project, featured: Featured, trained: TrainedModel, ports: Ports, frames: Frames) -> Done:
    test, metric = split_rows(project, frames.get(featured.snapshot)).test, deciding_metric(project)
    target = truth(project, test, trained.classes)
    rule = trained.rule(ports)
    predicted = rule.apply(trained.load(ports).predict(matrix(trained.fitting(ports).apply(test), featured.program.wanted)))
    evaluation = evaluate_predictions(
        target, predicted, task=project.spec.task, resamples=_RESAMPLES, seed=SEED, threshold=rule.threshold
    )
    # Later windows are compared row by row.
    by_row = metric if is_mean_loss(metric) else RULES[project.spec.task].loss
    rows = row_losses(by_row, target, predicted)
    losses = {"metric": by_row, **_spread(rows, in_time=project.spec.time is not None)}
    metrics = {name: asdict(measured) for name, measured in evaluation.metrics.items()}
    labels = slice_values(project, test, project.spec.training.slices)
    decided = rule.decided(predicted) if metric in DECISIONS else predicted
    slices = figures_by_slice(target, decided, labels, task=project.spec.task, metric=metric, resamples=_RESAMPLES, seed=SEED)
    found, unit = metrics[metric], unit_of_metric(project)
    value = f"{found['value']:.3f}{f' {unit}' if unit else ''}"
    note = f"test {metric} {value} [{found['low']:.3f}, {found['high']:.3f}] on {test.height:,} rows"
    told = {"metrics": metrics, "slices": [asdict(one) for one in slices], "losses": losses}
    return Done({**told, "inside": _inside(rule.margin, target, predicted)}, note)


def _spread(rows: Array, *, in_time: bool) -> dict[str, Any]:
    # Without a time rows are shuffled, and runs of them mean nothing.
    quiet, capped = quiet_history(rows) if in_time else (), cap_losses(rows, in_time=in_time)
    told = {**summarise_losses(rows)._asdict(), "quiet": [list(one) for one in quiet]}
    return told | ({"capped": capped.as_dict()} if capped else {})


def _inside(margin: Margin | None, target: Array, predicted: Array) -> dict[str, float] | None:
    """Return how often intervals held on rows that had no say in them, and their mean width."""
    if margin is None:
        return None
    low, high = margin.around(predicted)
    return {"level": margin.level, "share": margin.inside(target, predicted), "width": float(np.mean(high - low))}
