"""A choice between two classes and one between three go through the whole loop: run, predict, serve, watch, retrain, report."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.loop.conftest import Steward
from tests.loop.serving import serving
from tests.loop.tiny import write_project

pytestmark = pytest.mark.loop

REVERSED = ("--set", "source.simulator.scenario=reversed")
BANKRUPT = ("--set", "source.simulator.scenario=bankrupt")
ROW: dict[str, Any] = {"asked_at": "2024-02-05T10:30:00", "wait": 12.5, "plan": 1}


def ask(client: httpx.Client, rows: int) -> list[Any]:
    asked = [ROW | {"wait": wait % 20, "plan": 1 + wait % 3} for wait in range(rows)]
    answers: list[Any] = client.post("/predict", json={"rows": asked}).raise_for_status().json()["predictions"]
    return answers


def test_two_classes_go_through_the_loop(steward: Steward, tmp_path: Path) -> None:
    project = str(write_project(tmp_path / "calls", task="binary", target="left"))
    run = steward.json("run", project)
    assert (run["champion"], run["promoted"]) == (1, True)
    assert run["verdict"]["metric"] == "average_precision"
    # who leaves is found: the base rate is a quarter, and an honest model of these calls reaches more than three quarters
    assert run["verdict"]["champion"] == pytest.approx(0.25, abs=0.03)
    assert run["verdict"]["candidate"] > 0.75
    of_both = {"average_precision", "roc_auc", "log_loss", "brier", "accuracy", "f1", "precision", "recall"}
    assert set(run["metrics"]) == of_both | {"balanced_accuracy", "calibration_error"}
    assert all(figure["low"] < figure["value"] < figure["high"] for figure in run["metrics"].values())

    said = steward.json("predict", project)
    assert said["prediction"] is True
    assert set(said["probabilities"]) == {"false", "true"}

    with serving(steward, project) as server:
        client = server.client
        answer = client.post("/predict", json=ROW).json()
        assert (answer["prediction"], answer["probabilities"]) == (True, said["probabilities"])
        assert len(ask(client, 600)) == 600
        answered = client.get("/openapi.json").json()["components"]["schemas"]["PredictionResponse"]["properties"]
        assert answered["prediction"]["enum"] == [False, True]
    logged = steward.json("watch", project, "--log", code=1)["window"]  # nobody waits so evenly as the rows asked above
    assert "prediction" in logged["verdict"]["drift"]["moved"]

    quiet = steward.json("watch", project, "--period", "2024-03")["window"]
    assert (quiet["alarm"], quiet["verdict"]["performance"]["metric"]) == (False, "log_loss")
    changed = steward.json("watch", project, "--period", "2024-04", *REVERSED, code=1)
    assert changed["response"]["diagnosis"]["kind"] == "concept"
    retrained = steward.json("approve", project)["run"]
    assert retrained["promoted"], retrained["verdict"]
    assert retrained["champion"] == 2

    assert "as recorded." in report_of(steward, project)


def report_of(steward: Steward, project: str) -> str:
    (path,) = steward.json("report", project)["reports"].values()
    return Path(path).read_text()


def test_three_classes_go_through_the_loop(steward: Steward, tmp_path: Path) -> None:
    project = str(write_project(tmp_path / "calls", task="multiclass", target="outcome"))
    run = steward.json("run", project)
    assert (run["champion"], run["verdict"]["metric"]) == (1, "macro_f1")
    of_all = {"macro_f1", "macro_precision", "macro_recall", "balanced_accuracy", "accuracy"}
    assert set(run["metrics"]) == of_all | {"roc_auc", "log_loss", "brier", "calibration_error"}
    assert [line["kind"] for line in run["leaderboard"]] == ["mean", "linear", "lightgbm"]

    said = steward("predict", project)
    assert re.search(r"^left\b", said.stdout, re.MULTILINE)
    with serving(steward, project) as server:
        client = server.client
        answers = ask(client, 300)
        assert {answer["prediction"] for answer in answers} == {"left", "content", "angry"}
        assert all(sum(answer["probabilities"].values()) == pytest.approx(1) for answer in answers)
        assert client.get("/model").json()["classes"] == ["angry", "content", "left"]
    logged = steward.json("watch", project, "--log", code=1)["window"]
    assert {column["name"]: column["kind"] for column in logged["verdict"]["drift"]["columns"]}["prediction"] == "category"

    strange = steward.json("watch", project, "--period", "2024-05", *BANKRUPT, code=1)
    verdict = strange["window"]["verdict"]
    assert set(verdict["unknown_classes"]) == {"bankrupt"}
    assert verdict["performance"]["rows"] + sum(verdict["unknown_classes"].values()) == 3000
    assert strange["response"]["diagnosis"]["text"].endswith("classes the model never learnt: bankrupt")
    retrained = steward.json("approve", project)["run"]  # against a champion that gives the new class no chance at all
    assert retrained["promoted"], retrained["verdict"]
    assert set(steward.json("predict", project)["probabilities"]) == {"angry", "bankrupt", "content", "left"}

    page = report_of(steward, project)
    assert "as recorded." in page
    assert page.count("<img ") == 7  # the candidates, the table, two curves, the calibration, what it relies on, what moves it
    assert "Not shown on this page" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("task=binary", "target=outcome"), "MODEL-015"),
        (("task=binary", "target=wait", "features=[hour, plan]", "checks=[]"), "MODEL-012"),
        (("task=multiclass", "target=hour", "features=[wait, plan]", "split.validation_share=0.001"), "MODEL-013"),
        (("task=multiclass", "target=outcome", "gate.metric=f1"), "PROJ-007"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused_with_the_way_out(
    steward: Steward, tmp_path: Path, change: tuple[str, ...], said: str
) -> None:
    project = str(write_project(tmp_path / "calls", task="binary", target="left"))
    refused = steward("run", project, *(word for one in change for word in ("--set", one)), code=2).stderr
    assert said in refused
    assert "fix:" in refused
