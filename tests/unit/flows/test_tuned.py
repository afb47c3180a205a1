from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import numpy as np
import pytest
from tests.small_project import open_workspace, write_project

from steward.features.fitted.fit import Fitting
from steward.flows.matrices import Learnable
from steward.flows.ports import Ports
from steward.flows.tuned import join, search, searches, settle
from steward.models.train import Lesson
from steward.project.candidates import LightGbmSpec
from steward.project.read import Project, read_project

LESSON = Lesson("regression", ("a", "b"))
TREES = "{kind: lightgbm, num_trees: 30, min_rows_in_leaf: 5, tune: {trials: 4, space: {num_leaves: {low: 2, high: 31}}}}"


def rows(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(count, 2))
    return matrix, np.abs(matrix[:, 0]) + 0.1 * draw.normal(size=count)


LEARNED, CHECK = Learnable(rows(300, 1), Fitting(), None), rows(100, 2)


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return open_workspace(tmp_path / "home", None)


def declared(tmp_path: Path, *candidates: str) -> Project:
    folder = write_project(tmp_path / "trips")
    path = folder / "project.yaml"
    text = path.read_text().replace("candidates: [{kind: mean}, {kind: linear}]", "")
    path.write_text(text + "candidates:\n" + "".join(f"  - {one}\n" for one in candidates))
    return read_project(folder)


def test_only_what_asks_is_tuned_and_what_comes_back_is_settled(tmp_path: Path, ports: Ports) -> None:
    project = declared(tmp_path, "{kind: mean}", TREES, "{kind: linear}")
    mean, trees, linear = settle(project, LESSON, LEARNED, CHECK, ports)
    assert (mean, linear) == (project.spec.candidates[0], project.spec.candidates[2])
    assert isinstance(trees, LightGbmSpec)
    assert (trees.tune, trees.num_trees) == (None, 30)
    # Found once: the same declaration and rows try nothing again.
    asked = searches(project, {"lightgbm": project.spec.candidates[1]}, LESSON, LEARNED, CHECK)["lightgbm"]
    tried = ports.studies.trials(asked.facts().key)
    assert [trial.number for trial in tried] == [0, 1, 2, 3]
    assert settle(project, LESSON, LEARNED, CHECK, ports) == (mean, trees, linear)
    assert ports.studies.trials(asked.facts().key) == tried


def test_other_rows_another_metric_or_another_space_are_another_study(tmp_path: Path) -> None:
    project = declared(tmp_path, TREES)
    one = searches(project, {"lightgbm": project.spec.candidates[0]}, LESSON, LEARNED, CHECK)["lightgbm"]
    keys = {
        one.facts().key,
        replace(one, exam=replace(one.exam, check=rows(100, 3))).facts().key,
        replace(one, exam=replace(one.exam, metric="mae")).facts().key,
        replace(one, tune=one.tune.model_copy(update={"seed": 8})).facts().key,
        replace(one, spec=one.spec.model_copy(update={"num_trees": 31})).facts().key,
    }
    assert len(keys) == 5
    # How long it may go on, by how many and under which name makes no other one of it.
    longer = one.tune.model_copy(update={"trials": 100, "workers": 3, "seconds": 9})
    assert replace(one, tune=longer).facts().key == one.facts().key
    named = one.spec.model_copy(update={"name": "trees", "tune": longer})
    assert replace(one, spec=named).facts().key == one.facts().key


def test_one_of_which_no_trial_succeeds_stays_as_declared(tmp_path: Path, ports: Ports) -> None:
    project = declared(tmp_path, TREES, "{kind: linear}")
    of_other_columns = Lesson("regression", ("a", "b", "c"))
    assert settle(project, of_other_columns, LEARNED, CHECK, ports) == project.spec.candidates


class Stubborn:
    """A helper that does not end when it is asked to."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def terminate(self) -> None:
        self.told.append("terminate")

    def kill(self) -> None:
        self.told.append("kill")

    def wait(self, timeout: float | None = None) -> int:
        self.told.append("wait")
        if timeout is not None:
            raise TimeoutExpired("helper", timeout)
        return -9


def test_a_helper_gets_all_it_needs_and_does_not_outlive_the_search(
    tmp_path: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = declared(tmp_path, TREES.replace("trials: 4", "trials: 4, workers: 2"))
    learned = replace(LEARNED, weights=np.linspace(0, 2, 300))
    asked = searches(project, {"lightgbm": project.spec.candidates[0]}, LESSON, learned, CHECK)["lightgbm"]
    helper, seen = Stubborn(), {}

    def start(folder: Path) -> Stubborn:
        monkeypatch.setattr("steward.flows.tuned.end_with_parent", lambda _: None)
        join(folder, ports)
        seen.update(
            {"trials": len(ports.studies.trials(asked.facts().key)), "files": sorted(path.name for path in folder.iterdir())}
        )
        return helper

    search(asked, replace(ports, start_helper=start))
    told: Mapping[str, Any] = seen
    # The helper knew the same study, and left nothing to do.
    assert told["trials"] == 4
    assert told["files"] == ["check.npy", "check_target.npy", "learn.npy", "learn_target.npy", "search.json", "weights.npy"]
    assert helper.told == ["terminate", "wait", "kill", "wait"]
