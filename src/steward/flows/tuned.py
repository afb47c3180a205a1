"""What are the best settings of each candidate that asks to be tuned? Found once, kept in the database, shared by processes.

A study is known by the digest of all that its values depend on - rows, candidate, space, metric, code - so that a run that
was killed goes on where it stopped, and one that changed nothing tries nothing again.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from steward.core.digest import digest_json
from steward.core.errors import AnswerIsNo
from steward.core.progress import Progress, Silent
from steward.core.tasks import higher_is_better
from steward.flows.matrices import Learnable, deciding_metric
from steward.flows.ports import Helper, Ports
from steward.flows.steps import code_digest
from steward.models.train import Lesson
from steward.models.tune import Tuned, tune
from steward.models.tune_claim import Budget, Study
from steward.models.tune_sample import Space
from steward.models.tune_score import Exam, exam, score_of
from steward.models.tune_trials import StudyFacts
from steward.models.worker import end_with_parent, read_rows
from steward.models.zoo import Array, Sample
from steward.project.candidates import CandidateSpec, names_of
from steward.project.read import Project
from steward.project.tuning import LimitsSpec, TuneSpec, space_of

_JOB = "search.json"
_LAST_S = 10.0
# Of a candidate: what changes nothing about a trial of given settings.
_NO_MATTER = frozenset({"name", "tune"})


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """A candidate that asks to be tuned, under the name it has on the leaderboard, and its exam."""

    project: str
    name: str
    spec: CandidateSpec
    tune: TuneSpec
    exam: Exam

    def space(self) -> Space:
        """Return what is tried."""
        return Space.of(self.spec, space_of(self.spec))

    def facts(self) -> StudyFacts:
        """Return what the study is about; its key is the digest of all of it, of the rows and of the code."""
        declared = {name: value for name, value in self.spec.model_dump(mode="json").items() if name not in _NO_MATTER}
        space = {name: axis.model_dump(mode="json") for name, axis in self.space().axes.items()}
        how = {"seed": self.tune.seed, "pruning": self.tune.pruning}
        asked = {"candidate": declared, "space": space, **how, "exam": self.exam.digest(), "code": code_digest()}
        return StudyFacts(digest_json(asked), self.project, self.name, self.exam.metric, asked)


def settle(project: Project, lesson: Lesson, learned: Learnable, check: Sample, ports: Ports) -> tuple[CandidateSpec, ...]:
    """Return the candidates with the best settings that were found for those that ask for it, in the order declared.

    One of which no trial succeeded stays as declared: it then says on the leaderboard what is wrong.

    Args:
        project: the declaration.
        lesson: what is to be learnt.
        learned: the training rows.
        check: the validation rows.
        ports: the outside world; its `studies` keep the trials.
    """
    specs = dict(zip(names_of(project.spec.candidates), project.spec.candidates, strict=True))
    asked = searches(project, specs, lesson, learned, check)
    return tuple(_settled(asked[name], ports) if name in asked else spec for name, spec in specs.items())


def searches(
    project: Project, specs: Mapping[str, CandidateSpec], lesson: Lesson, learned: Learnable, check: Sample
) -> dict[str, Search]:
    """Return what is to be searched for each candidate that asks to be tuned, by its name on the leaderboard."""
    found: dict[str, Search] = {}
    for name, spec in specs.items():
        tune_: TuneSpec | None = getattr(spec, "tune", None)
        if tune_ is not None:
            metric, in_time = tune_.metric or deciding_metric(project), project.spec.time is not None
            asked = exam(lesson, learned.sample, check, metric=metric, in_time=in_time, weights=learned.weights)
            found[name] = Search(project.spec.name, name, spec, tune_, asked)
    return found


def search(asked: Search, ports: Ports) -> Tuned[CandidateSpec]:
    """Carry a study through, with as many processes as it asks for, and return the best of all trials.

    Raises:
        AnswerIsNo: MODEL-040 no trial succeeded.
    """
    with _helpers(asked, ports):
        return _work_on(asked, ports, ports.progress)


def join(folder: Path, ports: Ports) -> None:
    """Work on the study that another process described in a folder, until it is over or that process ends."""
    end_with_parent(folder)
    _work_on(_read(folder), ports, Silent())


def _settled(asked: Search, ports: Ports) -> CandidateSpec:
    ports.progress.noted(f"tuning {asked.name}: {asked.tune.trials} trials at most")
    try:
        return search(asked, ports).spec
    except AnswerIsNo as error:
        ports.progress.warned("; ".join(f"{fault.what}: {fault.why}" for fault in error.faults))
        return asked.spec


def _work_on(asked: Search, ports: Ports, progress: Progress) -> Tuned[CandidateSpec]:
    facts = asked.facts()
    ports.studies.remember(facts)
    study = Study(
        store=ports.studies,
        key=facts.key,
        space=asked.space(),
        metric=facts.metric,
        higher_is_better=higher_is_better(facts.metric),
        seed=asked.tune.seed,
        pruning=asked.tune.pruning,
        warm_up=asked.exam.warm_up,
        now_s=lambda: ports.clock.now().timestamp(),
    )
    budget = Budget(asked.tune.trials, asked.tune.seconds)
    return tune(asked.spec, score_of(asked.exam), budget=budget, study=study, progress=progress)


@contextmanager
def _helpers(asked: Search, ports: Ports) -> Iterator[None]:
    """Let as many more processes work on a search as it asks for; none of them outlives it."""
    if asked.tune.workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="steward-tune-") as name:
        _write(Path(name), asked)
        helpers = [ports.start_helper(Path(name)) for _ in range(asked.tune.workers - 1)]
        try:
            yield
        finally:
            for helper in helpers:
                helper.terminate()
            for helper in helpers:
                _end(helper)


def _end(helper: Helper) -> None:
    """Wait until a helper has given back its trial; in the middle of a long fit it is not waited for."""
    try:
        helper.wait(_LAST_S)
    except TimeoutExpired:
        helper.kill()
        helper.wait()


def _write(folder: Path, asked: Search) -> None:
    given, lesson = asked.exam, asked.exam.lesson
    rows: dict[str, Array] = {"learn": given.learn[0], "learn_target": given.learn[1]}
    rows |= {"check": given.check[0], "check_target": given.check[1]}
    rows |= {} if given.weights is None else {"weights": given.weights}
    for name, array in rows.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    told = {"task": lesson.task, "names": lesson.names, "classes": lesson.classes, "categories": sorted(lesson.categories)}
    job = {
        "project": asked.project,
        "name": asked.name,
        "spec": asked.spec.model_dump(mode="json"),
        "lesson": {**told, "limits": lesson.limits.model_dump() if lesson.limits else None},
        "metric": given.metric,
        "in_time": not given.folds,
    }
    (folder / _JOB).write_text(json.dumps(job), encoding="utf-8")


def _read(folder: Path) -> Search:
    job: dict[str, Any] = json.loads((folder / _JOB).read_text(encoding="utf-8"))
    rows, spec, told = read_rows(folder), TypeAdapter[CandidateSpec](CandidateSpec).validate_python(job["spec"]), job["lesson"]
    limits = LimitsSpec(**told["limits"]) if told["limits"] else None
    lesson = Lesson(told["task"], tuple(told["names"]), told["classes"], tuple(told["categories"]), limits)
    learn, check = ((rows[part], rows[f"{part}_target"]) for part in ("learn", "check"))
    asked = exam(lesson, learn, check, metric=job["metric"], in_time=job["in_time"], weights=rows.get("weights"))
    return Search(job["project"], job["name"], spec, TuneSpec.model_validate(job["spec"]["tune"]), asked)
