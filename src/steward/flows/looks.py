"""What can be asked about a model while it answers: how good it is, how its world and its data did, what else was tried?

Every question has an end: `limit` newest things, or one version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from steward.flows.ports import Ports
from steward.flows.snapshots import run_of
from steward.models.classes import name_of
from steward.models.evaluate import Measured, evaluate_predictions
from steward.models.history import Experiment
from steward.models.zoo import Array
from steward.monitoring.history import WatchedWindow
from steward.quality.history import KeptFinding, KeptMetric
from steward.reporting.recorded import figures, mapping, read_as
from steward.serving.answer import Served
from steward.serving.history import Given, Outcome

_RESAMPLES = 200
_SEED = 7
_FEWEST = 20  # outcomes behind a figure; of fewer an interval says nothing


@dataclass(frozen=True, slots=True)
class Realised:
    """What known outcomes say of a version's newest answers: metrics with 95 % intervals, none where outcomes are few.

    `rows` are the answers with an outcome among the `looked_at` newest; `inside` is the share of these whose truth lay in the
    interval that was answered, None where no interval was.
    """

    rows: int
    looked_at: int
    metrics: Mapping[str, Measured]
    inside: float | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """How good a version is: metrics on its test rows (ends of an interval None where none was recorded), and since then.

    `inside` says of the intervals on the test rows: their level, the share that held, the mean width in the target's unit.
    """

    tested: Mapping[str, Mapping[str, float | None]]
    rows: int | None
    inside: Mapping[str, float] | None
    realised: Realised


@dataclass(frozen=True, slots=True)
class Looks:
    """The questions, each a function; the integer is how many answers at most, the newest first."""

    windows: Callable[[int], Sequence[WatchedWindow]] = lambda _limit: ()
    findings: Callable[[int], Sequence[KeptFinding]] = lambda _limit: ()
    missing: Callable[[], Sequence[KeptMetric]] = lambda: ()
    experiments: Callable[[int], Sequence[Experiment]] = lambda _limit: ()
    performance: Callable[[Served, int], Performance] = lambda _served, _limit: Performance({}, None, None, Realised(0, 0, {}))


def looks(model: str, ports: Ports) -> Looks:
    """Return the questions about one model, answered from the stores."""
    return Looks(
        windows=lambda limit: ports.windows.windows(model, limit=limit),
        findings=lambda limit: ports.quality.findings(model, limit=limit),
        missing=lambda: _newest_run(ports.quality.metrics(model, "null_share")),
        experiments=lambda limit: ports.experiments.experiments(model, limit=limit),
        performance=partial(performance, ports),
    )


def performance(ports: Ports, served: Served, limit: int) -> Performance:
    """Return how good a version was on its test rows, and how good its `limit` newest answers turned out to be."""
    version = ports.registry.version(served.model, served.version)
    run = run_of(version.run, version.model, ports)
    found = figures(version.facts, run.result if run else {})
    rows, inside = mapping(version.facts.get("rows")).get("test"), read_as(dict[str, float], version.facts.get("inside"))
    given = ports.predictions.predictions(version.model, limit=limit)
    return Performance(
        tested={one.name: {"value": one.value, "low": one.low, "high": one.high} for one in found},
        rows=rows if isinstance(rows, int) else None,
        inside=inside,
        realised=realised(served, [(one, told) for one, told in given if one.version == version.number]),
    )


def realised(served: Served, given: Sequence[tuple[Given, Outcome | None]]) -> Realised:
    """Return what the outcomes say that are known of some answers of one version, newest first.

    An outcome that is no number where a quantity was answered, or none of the version's classes, is not counted.
    """
    known = [pair for one, told in reversed(given) if told is not None and (pair := _pair(served, one, told)) is not None]
    if len(known) < _FEWEST:
        return Realised(len(known), len(given), {})
    truth = np.array([true for true, _, _ in known])
    answered = np.array([said for _, said, _ in known])
    evaluation = evaluate_predictions(
        truth, answered, task=served.task, resamples=_RESAMPLES, seed=_SEED, threshold=served.threshold
    )
    return Realised(len(known), len(given), evaluation.metrics, _inside(truth, [ends for _, _, ends in known]))


Pair = tuple[float, float | list[float], tuple[float, float] | None]
"""Truth (a code, of classes), answer (probabilities, of classes), ends of the interval."""


def _pair(served: Served, given: Given, told: Outcome) -> Pair | None:
    return _pair_of_class(served, given, told) if served.classes else _pair_of_quantity(given, told)


def _pair_of_quantity(given: Given, told: Outcome) -> Pair | None:
    said, ends = given.answer.get("prediction"), read_as(dict[str, float], given.answer.get("interval"))
    if told.value is None or not isinstance(said, int | float):
        return None
    return told.value, float(said), (ends["low"], ends["high"]) if ends else None


def _pair_of_class(served: Served, given: Given, told: Outcome) -> Pair | None:
    names = [name_of(label) for label in served.classes]
    shares = read_as(dict[str, float], given.answer.get("probabilities"))
    if shares is None or told.label not in names or set(shares) != set(names):
        return None
    return float(names.index(told.label)), [shares[name] for name in names], None


def _inside(truth: Array, ends: Sequence[tuple[float, float] | None]) -> float | None:
    held = [low <= true <= high for true, (low, high) in ((t, e) for t, e in zip(truth, ends, strict=True) if e is not None)]
    return sum(held) / len(held) if held else None


def _newest_run(kept: Sequence[KeptMetric]) -> Sequence[KeptMetric]:
    return tuple(one for one in kept if one.run == kept[-1].run)
