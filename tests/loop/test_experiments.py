"""Runs listed, compared and drawn by the real command, with both trackers told; one that cannot costs nothing."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loop.conftest import Steward
from tests.loop.tiny import write_project

pytestmark = pytest.mark.loop

BOTH = {"STEWARD_TRACKERS": "mlflow,wandb", "WANDB_MODE": "offline"}


ALIASES = """
SELECT a.alias, t.value FROM registered_model_aliases a JOIN model_version_tags t USING (name, version)
WHERE t.key = 'steward.version'
"""


def aliases(home: Path) -> dict[str, str]:
    with sqlite3.connect(home / "mlflow.db") as connection:
        found = connection.execute(ALIASES).fetchall()
    connection.close()
    return dict(found)


def test_what_was_tried_is_listed_compared_drawn_and_told_to_both_trackers(
    make_steward: Callable[..., Steward], tmp_path: Path
) -> None:
    steward = make_steward("workspace", **BOTH)
    project = str(write_project(tmp_path / "calls", task="binary", target="left"))
    first = steward.json("run", project, "--set", "candidates=[{kind: mean}, {kind: linear}]")
    second = steward.json("run", project, "--set", "candidates=[{kind: mean}]", code=1)
    assert (first["champion"], second["champion"], second["promoted"]) == (1, 1, False)

    newest, oldest = steward.json("experiments", project)
    assert (newest["chosen"], newest["version"], newest["champion"]) == ("mean", 2, False)
    assert (oldest["chosen"], oldest["version"], oldest["champion"]) == ("linear", 1, True)
    assert oldest["origin"] == "simulated"
    assert oldest["mlflow_run"] == first["mlflow_run"]
    figure = oldest["figure"]
    assert figure["low"] < figure["value"] < figure["high"]
    listed = steward("experiments").stdout
    assert "SIMULATED DATA" in listed
    assert f"#/runs/{second['mlflow_run']}" in listed

    compared = steward.json("experiments", "compare", "v1", "v2", "--html")
    assert "v2 has a worse average_precision than v1" in compared["answer"]
    assert {row["name"]: row["equal"] for row in compared["hashes"]}["raw rows"] is True
    assert any(row["name"].startswith("candidates.linear") for row in compared["settings"])
    page, png = (Path(path) for path in compared["pages"])
    assert "SIMULATED DATA" in page.read_text()
    assert png.read_bytes().startswith(b"\x89PNG")
    drawn = steward.json("experiments", "plot", project)["calls"]
    assert "2 runs of calls" in Path(drawn["html"]).read_text()
    assert "TRACK-004" in steward("experiments", "compare", "v1", "zzz", code=2).stderr

    assert f"#/runs/{first['mlflow_run']}" in steward("status", project).stdout
    assert f"#/runs/{first['mlflow_run']}" in steward("report", project).stdout
    beside = steward.home / "artifacts" / "calls" / first["mlflow_run"] / "artifacts"
    assert "SIMULATED DATA" in (beside / "reports" / "calls-v1.html").read_text()
    assert len(list((beside / "plots").glob("*.png"))) >= 4
    assert aliases(steward.home) == {"champion": "1"}
    assert len(list(steward.home.glob("wandb/wandb/offline-run-*"))) == 2


def test_a_tracker_that_cannot_be_told_costs_nothing_and_is_told_later(
    make_steward: Callable[..., Steward], tmp_path: Path
) -> None:
    steward = make_steward("workspace", **BOTH)
    project = str(write_project(tmp_path / "calls", task="binary", target="left"))
    steward.home.mkdir()
    (steward.home / "wandb").write_text("a file where its folder should be")
    done = steward("run", project, "--set", "candidates=[{kind: linear}]")
    assert "Weights & Biases cannot be told" in done.stderr
    assert "steward experiments tell calls" in done.stderr
    assert steward.json("status", project)[0]["champion"]["number"] == 1
    (entry,) = [entry for entry in steward.json("audit", "log") if entry["kind"] == "tracker.failed"]
    assert (entry["subject"], entry["detail"]["tracker"]) == ("calls v1", "wandb")

    (steward.home / "wandb").unlink()
    told = steward.json("experiments", "tell", project)["calls"]
    assert [one["version"] for one in told] == ["1"]
    assert list(told[0]["also"]) == ["wandb"]
    assert steward.json("experiments", "tell", project)["calls"] == told
    with sqlite3.connect(steward.home / "mlflow.db") as connection:
        assert connection.execute("SELECT count(*) FROM model_versions").fetchone() == (1,)
    connection.close()
    assert json.loads(next(steward.home.glob("wandb/told/*.json")).read_text())["version"] == 1


def test_a_tracker_nobody_knows_is_refused_before_anything_runs(make_steward: Callable[..., Steward]) -> None:
    steward = make_steward("workspace", STEWARD_TRACKERS="mlflow,wand")
    assert "did you mean 'wandb'?" in steward("status", code=2).stderr
