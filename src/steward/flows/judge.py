"""Is the candidate better than the champion on the same rows - by evidence, not by luck?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from steward.core.errors import Fault, Refused
from steward.core.tasks import RULES
from steward.deploy.gate import judge_candidate
from steward.flows.champion import load_champion
from steward.flows.features import ROW, Featured, split_rows
from steward.flows.ingest import Frames
from steward.flows.package import Packaged
from steward.flows.ports import Ports
from steward.flows.process import Cleaned
from steward.flows.steps import Done, Runner
from steward.flows.train import SEED
from steward.project.read import Project
from steward.registry.versions import Version


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict as JSON, the champion it looked at (None for none), and whether it is of this run."""

    verdict: Mapping[str, Any]
    against: int | None
    fresh: bool


def judge(
    project: Project, cleaned: Cleaned, featured: Featured, packaged: Packaged, ports: Ports, runner: Runner, frames: Frames
) -> Judged:
    """Compare candidate and champion on the test rows; without a champion, with the mean of the training rows."""
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
        test = split_rows(project, frames.get(featured.snapshot)).test
        truth = test[project.spec.target].to_numpy()
        rows = frames.get(cleaned.snapshot)[test[ROW].to_list()]
        candidate = packaged.load(ports.workspace).predict(rows)
        other = load_champion(ports, project.spec.name).bundle.predict(rows) if against else np.full(len(truth), packaged.baseline)
        metric = project.spec.gate.metric or RULES[project.spec.task].metric
        verdict = judge_candidate(truth, candidate, other, project.spec.gate, metric, seed=SEED, against=_name(against))
        if against and _is_history(project, ports.registry.version(project.spec.name, against)):
            reason = f"not judged: {_name(against)} learned from months after the test rows, so these say nothing"
            verdict = replace(verdict, passed=False, reason=reason)
        return Done({"verdict": asdict(verdict)}, verdict.reason)

    return Judged(runner.step("gate", depends, work)["verdict"], against, fresh=True)


def _refuse_simulated(champion: Version, packaged: Packaged) -> None:
    """Raise if made-up rows would replace a champion of the real world."""
    if packaged.facts["origin"] == "simulated" and champion.facts.get("origin") != "simulated":
        what = f"a candidate of simulated rows cannot be judged against {champion}, which learned from real ones"
        fix = "give the folder with the real months:  --data FOLDER   (or STEWARD_DATA)"
        raise Refused(Fault("GATE-008", what, fix=fix))


def _is_history(project: Project, champion: Version) -> bool:
    """Tell whether the champion learned from months after the test rows."""
    learned = champion.facts.get("train")
    latest = max(project.spec.split.test or project.spec.split.train)
    return isinstance(learned, list) and latest < max(str(month) for month in learned)


def _name(against: int | None) -> str:
    return f"champion v{against}" if against else "the mean baseline"


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
