"""What the trackers come to know of a version, and how their aliases follow."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.small_project import open_workspace, write_month, write_project

from steward.flows.ports import Ports
from steward.flows.promote import promote_by_hand, roll_back_by_hand
from steward.flows.report import write_report
from steward.flows.run import RunOptions, run
from steward.flows.track import catch_up, follow, tell_all
from steward.flows.watch_rows import watch_period
from steward.project.read import read_project
from steward.registry.tracking import Experiment
from steward.registry.versions import Promotion
from steward.testing import MemoryTracker

LONG = (10.0, 20.0, 30.0)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project whose trips take as long as their zone says, with a little to and fro."""
    for period in ("2023-01", "2023-02"):
        write_month(tmp_path / "data", period, [LONG[hour % 3] + hour * 7 % 23 for hour in range(600)])
    return write_project(tmp_path / "project")


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return replace(open_workspace(tmp_path / "home", tmp_path / "data"), tracker=MemoryTracker())


def memory(ports: Ports) -> MemoryTracker:
    assert isinstance(ports.tracker, MemoryTracker)
    return ports.tracker


def experiments(ports: Ports) -> list[Experiment]:
    return list(memory(ports).experiments.values())


def aliases(ports: Ports) -> Mapping[str, str]:
    return {alias: version for (_, alias), version in memory(ports).aliases.items()}


def train(place: Path, ports: Ports, *overrides: str, promote: bool = True) -> None:
    run(RunOptions(str(place), overrides, promote=promote), ports)


def test_a_run_tells_the_tracker_all_there_is_to_a_version(place: Path, ports: Ports) -> None:
    train(place, ports)
    (told,) = experiments(ports)
    version = ports.registry.version("trips", 1)
    assert (told.model, told.version, told.key) == ("trips", 1, version.digest)
    assert told.parameters["split.train"] == "2023-01"
    assert told.parameters["features"] == "zone"
    assert told.parameters["rows.test"] == "600"
    assert {"rmse", "rmse_low", "rmse_high", "validation_rmse", "gain", "gain_low"} <= told.metrics.keys()
    assert told.metrics["rmse_low"] < told.metrics["rmse"] < told.metrics["rmse_high"]
    assert told.tags["data"] == "real"
    assert told.tags["gate"] == "passed"
    assert told.tags["steward.run"] == version.run
    assert told.tags["features.py"] == version.files["features.py"]
    assert "`steward report trips --version 1`" in told.description
    assert [(trial.name, trial.chosen, trial.failure) for trial in told.trials] == [("mean", False, ""), ("linear", True, "")]
    assert told.trials[1].parameters["alpha"] == "0.0"
    assert next((rows.name, rows.digest) for rows in told.rows) == ("raw rows", version.facts["snapshot"])
    assert {rows.rows for rows in told.rows} == {1200}
    assert told.signature is not None
    assert dict(told.signature.inputs) == {"zone": "integer"}
    assert dict(told.signature.outputs) == {"prediction": "number"}
    assert told.signature.example["zone"] in {1, 2, 3}


def test_every_picture_and_page_of_a_version_goes_along(place: Path, ports: Ports) -> None:
    train(place, ports)
    (told,) = experiments(ports)
    assert len(told.pictures) >= 4
    assert all(png.startswith(b"\x89PNG") for png in told.pictures.values())
    assert "Candidates" in told.pictures  # also what only the result of a run that still goes on tells
    assert {"reports/trips-quality.html", "gate/verdict.json", "data/sources.json"} <= told.documents.keys()
    assert json.loads(told.documents["gate/verdict.json"])["passed"] is True


def test_aliases_show_who_is_champion_and_who_comes_next(place: Path, ports: Ports) -> None:
    train(place, ports, "candidates=[{kind: mean}]", promote=False)
    assert aliases(ports) == {}  # no better than the mean it is
    train(place, ports)
    assert aliases(ports) == {"champion": "2"}
    train(place, ports, "candidates=[{kind: mean}]")
    assert aliases(ports) == {"champion": "2"}  # a mean is surely worse


def test_a_version_that_passed_waits_as_challenger_and_a_rollback_moves_the_alias_back(place: Path, ports: Ports) -> None:
    train(place, ports, "candidates=[{kind: mean}]", "gate.min_gain=-0.5")
    train(place, ports, promote=False)
    assert aliases(ports) == {"champion": "1", "challenger": "2"}
    promote_by_hand("trips", None, "it passed", ports)
    assert aliases(ports) == {"champion": "2"}
    roll_back_by_hand("trips", None, "a look back", ports)
    assert aliases(ports) == {"champion": "1"}


def test_a_tracker_that_was_lost_is_told_again(place: Path, ports: Ports) -> None:
    train(place, ports, "candidates=[{kind: mean}]", "gate.min_gain=-0.5")
    train(place, ports)
    anew = replace(ports, tracker=MemoryTracker())
    follow("trips", anew)
    assert [told.version for told in experiments(anew)] == [2]
    assert aliases(anew) == {"champion": "1"}
    tell_all("trips", anew)
    assert [told.version for told in experiments(anew)] == [2, 1]
    assert aliases(anew) == {"champion": "1"}
    first, second = (ports.registry.version("trips", number).facts for number in (1, 2))
    assert (first["mlflow_version"], second["mlflow_version"]) == ("2", "1")


def test_telling_again_changes_nothing_but_where_the_journal_stands(place: Path, ports: Ports) -> None:
    train(place, ports)
    (before,) = experiments(ports)
    tell_all("trips", ports)
    (after,) = experiments(ports)
    changing = {"tags", "documents", "pictures"}
    assert all(getattr(before, name) == getattr(after, name) for name in before.__slots__ if name not in changing)
    assert before.pictures == after.pictures
    assert {**before.tags, "journal.head": ""} == {**after.tags, "journal.head": ""}


def test_a_report_is_put_beside_its_version(place: Path, ports: Ports) -> None:
    train(place, ports)
    path = write_report("trips", 1, ports)
    assert memory(ports).documents["run-trips-1"]["reports/trips-v1.html"] == path.read_bytes()


def test_a_watched_window_is_put_beside_the_version_it_was_watched_with(place: Path, ports: Ports, tmp_path: Path) -> None:
    train(place, ports)
    write_month(tmp_path / "data", "2023-03", [LONG[hour % 3] + hour * 7 % 23 for hour in range(600)])
    watched = watch_period(read_project(place), "2023-03", ports)
    kept = json.loads(memory(ports).documents["run-trips-1"]["windows/2023-03.json"])
    assert (kept["label"], kept["severity"], kept["alarm"]) == ("2023-03", watched.window.severity, False)


def test_an_alias_that_a_kill_left_behind_is_brought_after_once(place: Path, ports: Ports) -> None:
    catch_up("trips", ports)  # before the first champion there is nothing to follow
    train(place, ports)
    train(place, ports, "split.validation_share=0.3", promote=False)
    ports.registry.swap_champion(Promotion("trips", 2, 1, "tester", "and then it was killed"))
    assert aliases(ports)["champion"] == "1"
    catch_up("trips", ports)
    assert aliases(ports)["champion"] == "2"
    memory(ports).aliases.clear()
    catch_up("trips", ports)  # everybody was told: the tracker is left alone
    assert aliases(ports) == {}
