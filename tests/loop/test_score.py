"""Rows in bulk and single ones by the real commands: scored, killed, asked with curl, explained, taken back."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from steward.client import Client
from steward.flows.promote import roll_back_by_hand
from steward.flows.provenance import provenance
from steward.flows.run import RunOptions, run
from steward.flows.score import ScoreOptions, score
from steward.flows.score_input import matching_files
from steward.project.read import read_project
from steward.serving.log import read_segments
from tests.loop.conftest import Steward
from tests.loop.serving import serving, until
from tests.loop.tiny import write_project
from tests.small_project import open_workspace

pytestmark = pytest.mark.loop

ROWS = 2000
SIZE = "source.simulator.rows=1200"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Steward:
    """Two versions of a choice between two classes: v1 knows two kinds of calls, v2 many and is champion."""
    folder = tmp_path_factory.mktemp("score")
    project = write_project(folder / "calls", task="binary", target="left")
    ports = open_workspace(folder / "workspace", None)
    for trees, leaves in ((1, 2), (60, 7)):
        candidate = f"candidates=[{{kind: lightgbm, num_trees: {trees}, num_leaves: {leaves}}}]"
        assert run(RunOptions(str(project), (SIZE, candidate)), ports).result["promoted"]
    return Steward(folder / "workspace")


def project_of(world: Steward) -> str:
    return str(world.home.parent / "calls")


def calls(folder: Path, rows: int = ROWS) -> Path:
    frame = pl.DataFrame(
        {
            "order": [f"A{i:05d}" for i in range(rows)],
            "asked_at": [f"2024-03-{1 + i % 28:02d}T{i % 24:02d}:00:00" for i in range(rows)],
            "wait": [None if i % 9 == 0 else i % 30 for i in range(rows)],
            "plan": [1 + i % 3 for i in range(rows)],
        }
    )
    path = folder / "calls.csv"
    frame.write_csv(path)
    return path


def test_a_file_is_scored_killed_and_scored_again_to_the_same_bytes_and_once_in_the_log(world: Steward, tmp_path: Path) -> None:
    rows, out = calls(tmp_path, 60_000), tmp_path / "out.csv"
    command = ("score", project_of(world), "--input", str(rows), "--output", str(out), "--log", "--columns", "order")
    killed = world.start(*command)
    part = tmp_path / ".out.csv.part"
    until(lambda: killed.poll() is not None or part.exists())
    killed.kill()
    killed.communicate()
    said = world.json(*command)
    assert (said["rows"], said["refused"], said["version"], said["logged"]) == (60_000, 0, 2, True)
    undisturbed = tmp_path / "undisturbed.csv"
    project, ports = read_project(project_of(world)), open_workspace(world.home, None)
    score(project, matching_files(project, str(rows)).files, ScoreOptions(undisturbed, columns=("order",)), ports)
    assert out.read_bytes() == undisturbed.read_bytes()
    assert not part.exists()
    answers = pl.read_csv(out)
    assert answers["order"].to_list() == pl.read_csv(rows)["order"].to_list()
    assert set(answers.columns) >= {"line", "prediction_id", "prediction", "probability_true", "version"}
    kept = [record["prediction_id"] for record in read_segments(world.home / "predictions" / "calls")]
    assert sorted(set(kept)) == sorted(kept)
    assert set(kept) >= set(answers["prediction_id"].to_list())


def test_rows_without_an_answer_make_the_command_exit_with_1(world: Steward, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.parquet"
    rows.write_text("asked_at,wait,plan\n2024-03-01T10:00:00,5,1\nyesterday,5,1\n2024-03-01T10:00:00,,\n")
    said = world("score", project_of(world), "--input", str(rows), "--output", str(out), code=1)
    assert "2 rows could not be answered" in said.stdout
    assert pl.read_parquet(out)["line"].to_list() == [2]
    assert pl.read_csv(tmp_path / "out.parquet.refused.csv")["line"].to_list() == [3, 4]
    assert "SCORE-008" in world("score", project_of(world), "--output", str(out), code=2).stderr


def test_months_of_the_project_s_own_source_are_scored(world: Steward, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    said = world.json("score", project_of(world), "--set", SIZE, "--period", "2024-03", "--output", str(out))
    assert (said["rows"], said["simulated"]) == (1200, True)
    assert len(out.read_text().splitlines()) == 1200


def curl(*arguments: str) -> Any:
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None and not os.environ.get("CI"), reason="needs curl")
def test_curl_and_the_python_client_ask_tell_and_learn_why(world: Steward) -> None:
    row = {"asked_at": "2024-03-05T10:30:00", "wait": 12.5, "plan": 1}
    as_json = ("-H", "Content-Type: application/json")
    with serving(world, project_of(world), "--request-log", os.devnull) as server:
        address = server.address
        assert server.client.get("/health/live").is_success
        said = curl(*as_json, "-d", json.dumps(row), f"{address}/predict")
        asked = {"prediction_id": said["prediction_id"]}
        why = curl(*as_json, "-d", json.dumps(asked), f"{address}/explain")
        told = curl(*as_json, "-d", json.dumps({**asked, "outcome": True}), f"{address}/outcomes")
        with Client(address) as client:
            again = client.predict(row)
            explained = client.explain_earlier(again.prediction_id)
            corrected = client.tell_outcome(said["prediction_id"], outcome=False)
    assert (why["prediction"], why["total"]) == (said["prediction"], explained.total)
    assert {told["status"], corrected} <= {"known", "unknown", "unchecked"}
    assert (again.prediction, again.version, again.model) == (said["prediction"], said["version"], "calls")
    origin = world.json("explain", project_of(world), "--id", said["prediction_id"])
    assert origin["given"]["row"] == row
    assert (origin["lineage"]["version"], origin["verdict"]["passed"], origin["journal_whole"]) == (said["version"], True, True)
    assert origin["promoted"]["by"]
    shown = world("explain", project_of(world), "--id", said["prediction_id"]).stdout
    assert origin["lineage"]["bundle"] in shown
    assert "usual answer" in shown


def test_a_running_server_answers_with_the_old_version_after_a_rollback_and_with_the_new_one_again(world: Steward) -> None:
    row = {"asked_at": "2024-03-05T10:30:00", "wait": 25.0, "plan": 1}
    with serving(world, project_of(world), "--request-log", os.devnull) as server, Client(server.address, timeout_s=60) as client:
        assert server.client.get("/health/live").is_success
        before = client.predict(row)
        assert before.version == 2
        assert world.json("rollback", project_of(world), "--reason", "complaints")["number"] == 1
        assert until(lambda: client.predict(row).version == 1)
        old = client.predict(row)
        assert old.probabilities != before.probabilities
        ports = open_workspace(world.home, None)
        roll_back_by_hand("calls", 2, "mended", ports)
        assert until(lambda: client.predict(row).version == 2)
        assert client.predict(row).probabilities == before.probabilities
        origin = provenance(read_project(project_of(world)), old.prediction_id, ports)
    assert origin.promoted is not None
    assert (origin.lineage.version, origin.promoted.reason) == (1, "complaints")
