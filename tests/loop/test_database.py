"""The commands about the database, as real processes on each kind of it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from steward.serving.log import SegmentLog
from tests.loop.conftest import COMMAND, Steward
from tests.loop.tiny import write_project
from tests.servers import DATABASES, PASSWORD

pytestmark = pytest.mark.loop

DATABASE = {
    "tables": ["raw", "processed", "features"],
    "indexes": [["plan"]],
    "views": {"calls_by_hour": {"hour_of": "asked_at", "by": ["plan"], "mean": ["wait"]}},
}


@pytest.fixture
def project(tmp_path: Path) -> str:
    folder = write_project(tmp_path / "calls", task="binary", target="left")
    declared = yaml.safe_load((folder / "project.yaml").read_text())
    (folder / "project.yaml").write_text(yaml.safe_dump({**declared, "database": DATABASE}))
    return str(folder)


@pytest.fixture
def steward_on(make_steward: Callable[..., Steward], new_database: Callable[[str], str]) -> Callable[[str], Steward]:
    def make(kind: str) -> Steward:
        return make_steward(kind, STEWARD_DATABASE_URL=new_database(kind))

    return make


def answer_three_times(steward: Steward) -> None:
    """Leave in the log what a server would: three answers of this model, one of another."""
    log = SegmentLog(steward.home / "predictions" / "calls", "worker")
    answers = [("p0", "calls"), ("p1", "calls"), ("p2", "calls"), ("other", "taxi")]
    beside = {"at": "2026-01-01T00:00:00", "version": 1, "row": {"wait": 1 / 3}, "prediction": 0.25}
    log.append([{"prediction_id": name, "model": model, **beside} for name, model in answers])
    log.close()


@pytest.mark.parametrize("kind", DATABASES)
def test_rows_and_predictions_are_loaded_once_and_can_be_asked(
    steward_on: Callable[[str], Steward], project: str, kind: str
) -> None:
    steward = steward_on(kind)
    steward("features", project)
    answer_three_times(steward)
    loaded = steward.json("db", "load", project)
    assert set(loaded["tables"]) == {"raw_calls", "processed_calls", "features_calls"}
    assert (loaded["views"], loaded["predictions"]) == (["calls_by_hour_calls"], 3)
    again = steward.json("db", "load", project, "--only", "raw")
    assert again == {**loaded, "tables": {"raw_calls": again["tables"]["raw_calls"]}, "views": [], "predictions": 0}
    assert (again["tables"]["raw_calls"]["rows"], again["tables"]["raw_calls"]["loaded"]) == (0, [])
    query = "SELECT sum(row_count) AS calls FROM calls_by_hour_calls UNION ALL SELECT count(*) FROM features_calls"
    by_hour, in_all = (int(row["calls"]) for row in steward.json("db", "sql", query))
    assert by_hour == in_all > 1000


@pytest.mark.parametrize("kind", DATABASES)
def test_a_new_database_is_made_and_told_without_its_password(steward_on: Callable[[str], Steward], kind: str) -> None:
    steward = steward_on(kind)
    made = steward.json("db", "init")
    assert {"runs", "journal", "predictions", "quality_metrics"} <= {table["name"] for table in made["tables"]}
    assert {table["name"]: table["rows"] for table in steward.json("db", "tables")}["journal_head"] == 1
    told = steward("db", "url").stdout
    assert PASSWORD not in told + str(made)
    assert ("***@127.0.0.1" in told) == (kind != "sqlite")


@pytest.mark.parametrize("kind", DATABASES)
def test_neither_a_question_nor_the_shell_changes_anything(steward_on: Callable[[str], Steward], kind: str) -> None:
    steward = steward_on(kind)
    assert steward.json("db", "views") == ["drift_over_time", "model_leaderboard", "quality_over_time"]
    assert "DB-030" in steward("db", "sql", "DELETE FROM journal_head", code=4).stderr
    assert "0" in ask_in_shell(steward, "SELECT number FROM journal_head;\n").stdout
    assert "read" in ask_in_shell(steward, "DELETE FROM journal_head;\n").stderr.lower()
    assert steward.json("db", "sql", "SELECT number FROM journal_head") == [{"number": 0}]


def ask_in_shell(steward: Steward, sql: str) -> subprocess.CompletedProcess[str]:
    words = [*COMMAND, "db", "shell"]
    return subprocess.run(words, input=sql, env=steward.environment(), capture_output=True, text=True, timeout=60, check=False)


def test_what_was_never_made_cannot_be_loaded(steward: Steward) -> None:
    assert "steward run taxi" in steward("db", "load", "taxi", code=2).stderr
    assert "did you mean 'raw'" in steward("db", "load", "taxi", "--only", "rwa", code=2).stderr
