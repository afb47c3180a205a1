"""What a project may ask of training goes through the whole loop: fitted columns, folds, calibration, threshold, slices."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.loop.conftest import Steward
from tests.loop.serving import serving
from tests.loop.test_classes import ROW
from tests.loop.tiny import PROJECT, write_project

pytestmark = pytest.mark.loop

FITTED = {
    "left_by_plan": {"kind": "target_mean", "by": ["plan", "hour"], "smoothing": 10},
    "calls_by_plan": {"kind": "count", "by": ["plan"]},
    "waited": {"kind": "impute", "of": "wait"},
    "wait_bin": {"kind": "bins", "of": "waited", "count": 6},
    "cell": {"kind": "clusters", "of": ["waited", "hour"], "count": 4},
}
TRAINING = {
    "calibrate": "sigmoid",
    "threshold": {"metric": "cost", "false_negative": 5},
    "slices": ["plan"],
    "folds": {"count": 3, "repeats": 1},
    "weight": "hour",
}
GATE = {"resamples": 500, "slices": ["plan"], "max_calibration_error": 0.2, "max_latency_ms": 500, "max_megabytes": 5}


def write(folder: Path, **changes: Any) -> str:
    write_project(folder, task="binary", target="left")
    project = {**PROJECT, "task": "binary", "target": "left", **changes}
    (folder / "project.yaml").write_text(yaml.safe_dump(project))
    return str(folder)


def test_all_that_a_project_may_ask_of_training_reaches_the_server(steward: Steward, tmp_path: Path) -> None:
    project = write(tmp_path / "calls", features=["hour", "wait", "plan", *FITTED], fitted=FITTED, training=TRAINING, gate=GATE)
    run = steward.json("run", project)
    assert run["promoted"], run["verdict"]
    assert {check["name"]: check["passed"] for check in run["verdict"]["checks"]} == dict.fromkeys(
        ["gain", "slices", "calibration", "latency", "size"], True
    )
    assert {(line["column"], line["value"]) for line in run["slices"]} == {("plan", word) for word in ("cheap", "dear", "old")}
    assert all(line["low"] < line["validation"] < line["high"] for line in run["leaderboard"] if line["kind"] != "mean")
    # a miss costs five false alarms: more of those who leave are found than the more likely class would find
    plain = write(tmp_path / "plain", name="plain")
    assert run["metrics"]["recall"]["value"] > steward.json("run", plain)["metrics"]["recall"]["value"] + 0.1

    said = steward.json("predict", project)
    explained = steward.json("explain", project)
    names = [name for name, _, _ in explained["moved"]]
    assert set(names) == {"hour", "wait", "plan", *FITTED}
    assert explained["answer"]["prediction"] == said["prediction"]
    with serving(steward, project) as server:
        answer = server.client.post("/predict", json=ROW).json()
    assert (answer["prediction"], answer["probabilities"]) == (said["prediction"], said["probabilities"])

    (path,) = steward.json("report", project)["reports"].values()
    page = Path(path).read_text()
    assert "as recorded." in page
    assert "What moves its answers (SHAP)" in page
    assert "By slice" in page
    assert "Not shown on this page" not in page


def test_a_fitted_column_of_what_is_known_later_is_refused_with_its_way(steward: Steward, tmp_path: Path) -> None:
    fitted = {"by_end": {"kind": "count", "by": ["outcome"]}}
    project = write(tmp_path / "calls", features=["hour", "by_end"], fitted=fitted)
    for verb in ("check", "run"):
        refused = steward(verb, project, code=2).stderr
        assert "FEAT-010" in refused
        assert "by_end <- outcome" in refused


@pytest.mark.parametrize(
    ("training", "code", "said"),
    [
        ({"budget": {"megabytes": 0.000001}}, 1, "MODEL-018"),
        ({"folds": {"count": 100}}, 2, "MODEL-017"),
        ({"weight": "wait"}, 2, "MODEL-019"),
        ({"weight": "weight"}, 2, "PROJ-007"),
    ],
)
def test_what_training_cannot_do_is_refused_with_the_way_out(
    steward: Steward, tmp_path: Path, training: dict[str, Any], code: int, said: str
) -> None:
    project = write(
        tmp_path / "calls",
        training=training,
        time=None,
        split={"train": ["2024-01"]},
        source={"simulator": {"rows": 150}},
        leaks={"allow": [{"rule": "random_split", "because": "calls are told apart by chance here"}]},
    )
    refused = steward("train", project, code=code).stderr
    assert said in refused
    assert "fix:" in refused


def test_a_threshold_needs_two_classes(steward: Steward, tmp_path: Path) -> None:
    project = write(tmp_path / "calls", task="multiclass", target="outcome", training={"threshold": {"metric": "f1"}})
    assert "MODEL-023" in steward("train", project, code=2).stderr


def test_candidates_over_folds_are_told_apart_or_not(steward: Steward, tmp_path: Path) -> None:
    project = write(tmp_path / "calls")
    contest = steward.json("crossval", project, "--folds", "4")
    assert (contest["folds"], contest["metric"]) == (4, "average_precision")
    assert contest["chosen"] in {"linear", "lightgbm"}
    mean = next(line for line in contest["board"] if line["kind"] == "mean")
    assert mean["note"] == f"surely worse than {contest['best']}"
    assert [one["champion"] for one in json.loads(steward("status", project, "--json").stdout)] == [None]
