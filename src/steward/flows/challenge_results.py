"""What did both arms of a challenge do, and is the challenger better?

Rows belong to the arm they were drawn for, also where the challenger had no answer and the champion gave one: else a challenger
that fails on hard rows would look better for it. What is compared is the loss behind the gate's metric, or behind the task's
own where that is no mean over rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import isfinite
from typing import Any

import numpy as np

from steward.core.errors import Fault, Refused
from steward.core.tasks import RULES
from steward.deploy.sequential import BURN_IN, Codes, Looked, Losses, independent, one_mean, paired
from steward.flows.champion import load_version
from steward.flows.ports import Ports
from steward.models.classes import name_of
from steward.models.metrics import is_mean_loss, row_losses
from steward.project.read import Project
from steward.registry.bundle import Bundle
from steward.serving.challenge import Challenge, Seen, drawn_by


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm: answers given (of a shadow: kept), those of known outcome that are compared, and their mean loss, None without any.

    The ends hold at every look at once, as those of the gain do; they are None before the burn-in is over.
    """

    arm: str
    version: int
    answers: int
    outcomes: int
    loss: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ChallengeResult:
    """A challenge, what its arms did, and the verdict of now; `metric` names the loss, a mean over rows."""

    challenge: Challenge
    metric: str
    arms: tuple[ArmResult, ArmResult]
    looked: Looked
    fell_back: int


@dataclass(frozen=True, slots=True)
class _Row:
    """What is kept of a prediction of known outcome: whose it is, when it came, what it depends on, and what was said."""

    challengers: bool
    step: int
    unit: int
    truth: float
    said: float | list[float]
    shadow: float | list[float] | None


def challenge_results(project: Project, ports: Ports) -> ChallengeResult:
    """Return what the newest challenge of a project did so far.

    Raises:
        Refused: SERVE-128 there was none yet.
    """
    challenge = ports.challenges.newest(project.spec.name)
    if challenge is None:
        fix = f"begin one:  steward challenge {project.spec.name} --shadow"
        raise Refused(Fault("SERVE-128", f"nothing has challenged {project.spec.name} yet", fix=fix))
    bundle = load_version(ports.workspace, ports.registry.version(challenge.model, challenge.against)).bundle
    return compare(challenge, ports.challenges.seen(challenge), _metric(project), _names(bundle))


def compare(challenge: Challenge, seen: Iterable[Seen], metric: str, classes: Sequence[str]) -> ChallengeResult:
    """Return what a challenge's predictions and outcomes say; `classes` are the classes' names, none of a quantity."""
    rows: list[_Row] = []
    count: Counter[str] = Counter()
    for one in seen:  # most have no outcome yet, and all are more than fit into memory
        theirs = _drawn_for_challenger(one, challenge)
        count.update(all=1, theirs=theirs, fell=bool(one.answer.get("fell_back")), shadows=one.shadow is not None)
        row = _row(one, challenge, classes, theirs=theirs)
        rows += [] if row is None else [row]
    units = _codes([row.unit for row in rows])
    if challenge.mode == "shadow":
        both = [row for row in rows if row.shadow is not None]
        kept = units[[row.shadow is not None for row in rows]] if rows else units
        answers = (count["all"], count["shadows"])
        arms = (_losses(both, kept, metric, shadow=False), _losses(both, kept, metric, shadow=True))
        looked = paired(Losses(arms[0].losses - arms[1].losses, kept))
    else:
        answers = (count["all"] - count["theirs"], count["theirs"])
        mine = np.array([row.challengers for row in rows], dtype=bool)
        all_rows = _losses(rows, units, metric, shadow=False)
        arms = (_those(all_rows, ~mine), _those(all_rows, mine))
        looked = independent(_strata(all_rows, mine, np.array([row.step for row in rows], dtype=np.intp)))
    told = zip(("champion", "challenger"), (challenge.against, challenge.version), answers, arms, strict=True)
    first, second = (_result(*one) for one in told)
    return ChallengeResult(challenge, metric, (first, second), looked, count["fell"])


def _metric(project: Project) -> str:
    asked = project.spec.gate.metric or RULES[project.spec.task].metric
    return asked if is_mean_loss(asked) else RULES[project.spec.task].loss


def _names(bundle: Bundle) -> list[str]:
    return [name_of(label) for label in bundle.classes]


def _drawn_for_challenger(seen: Seen, challenge: Challenge) -> bool:
    return seen.version == challenge.version or bool(seen.answer.get("fell_back"))


def _row(seen: Seen, challenge: Challenge, classes: Sequence[str], *, theirs: bool) -> _Row | None:
    """Return what of a prediction is compared; None where its outcome is unknown, or none of the classes."""
    outcome = seen.outcome
    if outcome is None:
        return None
    truth = outcome.value if not classes else classes.index(outcome.label) if outcome.label in classes else None
    said = _said(seen.answer, classes)
    if truth is None or not isfinite(truth) or said is None:
        return None
    step = challenge.step_at(datetime.fromisoformat(seen.at))
    shadow = None if seen.shadow is None else _said(seen.shadow, classes)
    return _Row(theirs, step, _unit(seen, challenge), float(truth), said, shadow)


def _unit(seen: Seen, challenge: Challenge) -> int:
    """Return what stands for itself: what an arm was drawn by, or, where a shadow answered everybody, the entity or the prediction.

    Equal rows are all in one arm: were each counted for itself, an arm that got the easier ones would look better for sure.
    """
    named = challenge.entity is not None and seen.row.get(challenge.entity) is not None
    unit = drawn_by(seen.row, challenge.entity) if named or challenge.mode != "shadow" else seen.id
    return int.from_bytes(sha256(unit.encode()).digest()[:8])  # whole rows would be far larger than what is compared


def _said(answer: Mapping[str, Any], classes: Sequence[str]) -> float | list[float] | None:
    if not classes:
        said = answer.get("prediction")
        return float(said) if isinstance(said, int | float) else None
    shares = answer.get("probabilities")
    return [float(shares[name]) for name in classes] if isinstance(shares, Mapping) and set(shares) == set(classes) else None


def _codes(units: Sequence[int]) -> Codes:
    return np.unique(np.array(units, dtype=np.uint64), return_inverse=True)[1].astype(np.intp)


def _losses(rows: Sequence[_Row], units: Codes, metric: str, *, shadow: bool) -> Losses:
    if not rows:
        return Losses(np.empty(0), np.empty(0, dtype=np.intp))
    truth = np.array([row.truth for row in rows])
    said = np.array([row.shadow if shadow else row.said for row in rows], dtype=np.float64)
    return Losses(row_losses(metric, truth, said), units)


def _those(losses: Losses, wanted: Any) -> Losses:
    return Losses(losses.losses[wanted], losses.units[wanted])


def _strata(losses: Losses, mine: Any, steps: Codes) -> list[tuple[Losses, Losses]]:
    return [(_those(losses, ~mine & (steps == step)), _those(losses, mine & (steps == step))) for step in np.unique(steps)]


def _result(arm: str, version: int, answers: int, losses: Losses) -> ArmResult:
    known = losses.losses.size
    if not known:
        return ArmResult(arm, version, answers, 0)
    loss, low, high = one_mean(losses)
    ends = (low, high) if np.unique(losses.units).size >= BURN_IN else (None, None)
    return ArmResult(arm, version, answers, known, loss, *ends)
