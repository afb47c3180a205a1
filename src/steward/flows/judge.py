"""Is the candidate better than the champion on the same rows - by evidence, not by luck?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

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
        return Done({"verdict": asdict(verdict)}, verdict.reason)

    return Judged(runner.step("gate", depends, work)["verdict"], against, fresh=True)


def _name(against: int | None) -> str:
    return f"champion v{against}" if against else "the mean baseline"


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
