"""Is the candidate better than the champion on the same rows - by evidence, not by luck?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from steward.core.errors import Fault, Refused
from steward.core.period import Period
from steward.core.tasks import Label
from steward.deploy.gate import Verdict, judge_candidate
from steward.flows.champion import load_champion
from steward.flows.evaluate import SEED
from steward.flows.features import ROW, Featured, split_rows
from steward.flows.ingest import Frames
from steward.flows.matrices import deciding_metric, slice_values, truth
from steward.flows.package import Packaged
from steward.flows.ports import Ports
from steward.flows.process import Cleaned
from steward.flows.steps import Done, Runner
from steward.models.classes import align, name_of
from steward.project.read import Project
from steward.registry.bundle import Bundle
from steward.registry.versions import Version

_TIMED = 50


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict as JSON, the champion it looked at (None for none), and whether it is of this run."""

    verdict: Mapping[str, Any]
    against: int | None
    fresh: bool


def judge(
    project: Project, cleaned: Cleaned, featured: Featured, packaged: Packaged, ports: Ports, runner: Runner, frames: Frames
) -> Judged:
    """Compare candidate and champion on the test rows; without a champion, with the mean of the training rows.

    Raises:
        Refused: GATE-008 made-up rows against a champion of real ones, GATE-009 the champion answers another question.
    """
    champion = ports.registry.champion(project.spec.name)
    if champion is not None:
        version = ports.registry.version(champion.model, champion.number)
        if version.digest == packaged.digest:  # trained again with nothing changed
            verdict = version.facts["verdict"]
            return Judged(verdict if isinstance(verdict, dict) else {}, _number(version.facts.get("judged_against")), fresh=False)
        _refuse_simulated(version, packaged)
    against = champion.number if champion else None
    depends = {"bundle": packaged.digest, "against": against, "gate": project.part("gate"), "clean": cleaned.snapshot}

    def work() -> Done:
        verdict = _compare(project, cleaned, featured, packaged, against, ports, frames)
        if against and _is_history(project, ports.registry.version(project.spec.name, against)):
            reason = f"not judged: {_name(against)} learned from periods after the test rows, so these say nothing"
            verdict = replace(verdict, passed=False, reason=reason)
        return Done({"verdict": asdict(verdict)}, verdict.reason)

    return Judged(runner.step("gate", depends, work)["verdict"], against, fresh=True)


def _compare(
    project: Project,
    cleaned: Cleaned,
    featured: Featured,
    packaged: Packaged,
    against: int | None,
    ports: Ports,
    frames: Frames,
) -> Verdict:
    """Let both answer the test rows; classes that only one of them knows have no probability with the other."""
    test = split_rows(project, frames.get(featured.snapshot)).test
    rows = frames.get(cleaned.snapshot)[test[ROW].to_list()]
    candidate = packaged.load(ports.workspace)
    champion = load_champion(ports, project.spec.name).bundle if against else None
    classes = _all_classes(candidate, champion, _name(against))
    own = candidate.predict(rows)
    other = champion.predict(rows) if champion else np.broadcast_to(np.asarray(packaged.baseline), own.shape)
    if classes:
        own = align(own, candidate.classes, classes)
        other = align(other, champion.classes if champion else candidate.classes, classes)
    return judge_candidate(
        truth(project, test, classes),
        own,
        other,
        project.spec.gate,
        deciding_metric(project),
        seed=SEED,
        task=project.spec.task,
        against=_name(against),
        slices=slice_values(project, test, project.spec.gate.slices),
        thresholds=(candidate.rule.threshold, champion.rule.threshold if champion else None),
        latency_ms=_latency_ms(candidate, rows) if project.spec.gate.max_latency_ms is not None else None,
        megabytes=packaged.megabytes(ports.workspace),
    )


def _latency_ms(bundle: Bundle, rows: pl.DataFrame) -> float:
    """Return how long one answer takes, features and model, the median of several rows one by one."""

    def seconds(row: pl.DataFrame) -> float:
        began = perf_counter()
        bundle.predict(row)
        return perf_counter() - began

    asked = rows.head(_TIMED)
    return 1000 * median(seconds(asked[place : place + 1]) for place in range(asked.height))


def _all_classes(candidate: Bundle, champion: Bundle | None, name: str) -> tuple[Label, ...]:
    """Return the classes that either of two models knows, sorted; refuse a champion of another question."""
    if champion is None or champion.classes == candidate.classes:
        return candidate.classes
    kinds = {type(label) for label in (*candidate.classes, *champion.classes)}
    if candidate.manifest["task"] != "multiclass" or champion.manifest["task"] != "multiclass" or len(kinds) > 1:
        what = f"the candidate cannot be judged against {name}: it tells {_told(candidate)}, the champion {_told(champion)}"
        fix = "give the project another name, for this is another question; or bring the target back to what it was"
        raise Refused(Fault("GATE-009", what, fix=fix))
    return tuple(sorted({*candidate.classes, *champion.classes}))


def _told(bundle: Bundle) -> str:
    return " from ".join(name_of(label) for label in bundle.classes) or f"{bundle.manifest['target']} as a quantity"


def _refuse_simulated(champion: Version, packaged: Packaged) -> None:
    """Raise if made-up or bent rows would replace a champion of the real world."""
    origin = packaged.facts["origin"]
    if origin in ("simulated", "bent") and champion.facts.get("origin") not in ("simulated", "bent"):
        what = f"a candidate of {origin} rows cannot be judged against {champion}, which learned from real ones"
        fix = "give the folder with the real months:  --data FOLDER   (or STEWARD_DATA)"
        raise Refused(Fault("GATE-008", what, fix=fix))


def _is_history(project: Project, champion: Version) -> bool:
    """Tell whether the champion learned from periods after the test rows."""
    learned = champion.facts.get("train")
    if not isinstance(learned, list) or project.spec.time is None:
        return False
    return _last([str(label) for label in learned]) > _last(project.spec.split.test or project.spec.split.train)


def _last(labels: Sequence[str]) -> datetime:
    return max(Period.parse(label).end for label in labels)


def _name(against: int | None) -> str:
    return f"champion v{against}" if against else "the mean baseline"


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
