"""What MLflow holds of a version, that plain MLflow can read it as data, and that a kill at any point is repaired."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run
from tests.unit.adapters.tracked import PNG, experiment

from steward.adapters.mlflow import MlflowTracker
from steward.core.errors import EnvironmentFault
from steward.models.boosted import fit_boosted
from steward.project.candidates import LightGbmSpec
from steward.registry.tracking import Experiment, Tracked

Give = Callable[[str], MlflowTracker]


def runs(tracker: MlflowTracker) -> dict[str, Run]:
    """All runs by name."""
    found = tracker._client.search_runs([tracker._experiment_id("trips")])
    return {str(run.info.run_name): run for run in found}


def artifacts(tracker: MlflowTracker, tracked: Tracked) -> Path:
    return tracker._artifacts / "trips" / tracked.run_id / "artifacts"


def test_a_run_holds_settings_metrics_with_intervals_data_and_pictures(mlflow_tracker: Give, tmp_path: Path) -> None:
    tracker = mlflow_tracker("one")
    tracked = tracker.log(experiment(tmp_path))
    run = runs(tracker)["trips v1"]
    assert run.info.status == "FINISHED"
    assert run.info.end_time - run.info.start_time == 60_000
    assert run.data.params == {"split.train": "2023-01", "seed": "7"}
    assert run.data.metrics == {"rmse": 5.0, "rmse_low": 4.5, "rmse_high": 5.5}
    assert run.data.tags["data"] == "simulated"
    assert "steward report trips --version 1" in run.data.tags["mlflow.note.content"]
    (given,) = run.inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("raw rows", "b" * 36)
    assert json.loads(given.dataset.source)["sha256"] == "b" * 64
    assert json.loads(given.dataset.profile) == {"num_rows": 1000}
    assert given.tags[0].value == "ingest"
    folder = artifacts(tracker, tracked)
    assert (folder / "plots" / "what_it_relies_on.png").read_bytes() == PNG
    assert (folder / "gate" / "verdict.json").read_bytes() == b'{"passed": true}'


def test_each_candidate_is_a_child_with_its_settings_and_the_reason_it_failed(mlflow_tracker: Give, tmp_path: Path) -> None:
    tracker = mlflow_tracker("one")
    tracked = tracker.log(experiment(tmp_path))
    found = runs(tracker)
    assert set(found) == {"trips v1", "mean", "linear (chosen)", "forest"}
    mean, linear, forest = (found[name] for name in ("mean", "linear (chosen)", "forest"))
    assert {child.data.tags["mlflow.parentRunId"] for child in (mean, linear, forest)} == {tracked.run_id}
    assert linear.data.params == {"alpha": "1.0"}
    assert linear.data.metrics == {"rmse": 5.25, "mae": 4.0, "fit_seconds": 2.0}
    assert linear.info.end_time - linear.info.start_time == 2000
    assert (mean.info.status, forest.info.status) == ("FINISHED", "FAILED")
    assert forest.data.tags["steward.failure"] == "MemoryError: out of memory"
    assert forest.data.metrics == {}


def test_a_registered_version_says_what_it_is_asked_and_where_it_comes_from(mlflow_tracker: Give, tmp_path: Path) -> None:
    tracker = mlflow_tracker("one")
    tracked = tracker.log(experiment(tmp_path))
    version = tracker._client.get_model_version("trips", tracked.version)
    assert version.run_id == tracked.run_id
    assert "steward report trips --version 1" in version.description
    assert version.tags == {"steward.version": "1", "data": "simulated", "gate": "passed", "bundle": "a" * 64}
    described = yaml.safe_load((artifacts(tracker, tracked) / "model" / "MLmodel").read_text())
    assert json.loads(described["signature"]["inputs"]) == [
        {"type": "datetime", "name": "at", "required": True},
        {"type": "long", "name": "zone", "required": False},
    ]
    example = json.loads((artifacts(tracker, tracked) / "model" / "input_example.json").read_text())
    assert example == {"columns": ["at", "zone"], "data": [["2026-01-01T00:00:00", 3]]}
    assert list(described["flavors"]) == ["steward"]
    assert sorted(path.name for path in (artifacts(tracker, tracked) / "model" / "bundle").iterdir()) == ["manifest.json"]


def test_plain_mlflow_loads_a_boosted_champion_as_data(mlflow_tracker: Give, tmp_path: Path) -> None:
    from mlflow import lightgbm, set_registry_uri, set_tracking_uri
    from mlflow.models import Model

    tracker = mlflow_tracker("one")
    draw = np.random.default_rng(7)
    matrix = draw.normal(size=(200, 2))
    model = fit_boosted(LightGbmSpec(kind="lightgbm", num_trees=5), matrix, matrix[:, 0], names=("a", "b"), validation=None)
    told = replace(experiment(tmp_path), kind="lightgbm")
    (told.artifacts / "model.txt").write_text(model.source)
    tracked = tracker.log(told)
    tracker.point("trips", "champion", tracked)
    uri = f"sqlite:///{tracker._database}"
    set_tracking_uri(uri)
    set_registry_uri(uri)
    try:
        booster = lightgbm.load_model("models:/trips@champion")
        described = Model.load(f"models:/trips/{tracked.version}")
    finally:
        set_tracking_uri(None)
        set_registry_uri(None)
    assert booster.predict(matrix) == pytest.approx(model.predict(matrix), rel=1e-12)
    assert described.signature is not None
    assert [column.name for column in described.signature.inputs] == ["at", "zone"]
    held = {path.suffix for path in artifacts(tracker, tracked).rglob("*") if path.is_file()}
    assert held == {"", ".json", ".png", ".txt"}


def test_more_than_a_call_takes_strange_names_and_long_values_are_kept(mlflow_tracker: Give, tmp_path: Path) -> None:
    tracker = mlflow_tracker("one")
    many = {f"setting {number}": str(number) for number in range(250)} | {"share (%)": "x" * 7000}
    tracker.log(replace(experiment(tmp_path), parameters=many, metrics={"share (%)": 1.0, "nothing": float("nan")}))
    data = runs(tracker)["trips v1"].data
    assert len(data.params) == 251
    assert data.params["share _"] == "x" * 6000
    assert data.metrics == {"share _": 1.0}


def test_what_was_told_first_stays_and_the_rest_is_completed(mlflow_tracker: Give, tmp_path: Path) -> None:
    told = experiment(tmp_path)
    tracker = mlflow_tracker("one")
    tracker.log(told)
    again = replace(
        told, parameters={**told.parameters, "seed": "8", "new": "1"}, metrics={"rmse": 9.0, "mae": 4.0}, tags={"gate": "refused"}
    )
    tracked = mlflow_tracker("one").log(again)
    data = runs(tracker)["trips v1"].data
    assert data.params == {"split.train": "2023-01", "seed": "7", "new": "1"}
    assert data.metrics == {"rmse": 5.0, "rmse_low": 4.5, "rmse_high": 5.5, "mae": 4.0}
    assert data.tags["gate"] == "refused"  # a version may be judged anew
    assert len(tracker._client.get_metric_history(tracked.run_id, "rmse")) == 1


class Killed(BaseException):
    """Stands for the end of the process."""


class Mortal:
    """A client that ends the process before its n-th call that writes."""

    WRITES = ("create_", "log_", "set_", "update_", "delete_")

    def __init__(self, client: MlflowClient, calls: int) -> None:
        self._own, self._left = client, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._own, name)
        if not name.startswith(self.WRITES):
            return found

        def counted(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Killed
            return found(*arguments, **options)

        return counted


def everything(tracker: MlflowTracker) -> dict[str, Any]:
    """All that MLflow holds, without what differs by nature."""
    client = tracker._client
    names = {"steward.key", "steward.failure", "data"}
    told = [
        (
            run.info.run_name,
            run.info.status,
            run.data.params,
            run.data.metrics,
            {k: v for k, v in run.data.tags.items() if k in names},
        )
        for run in client.search_runs([tracker._experiment_id("trips")])
    ]
    versions = [(found.version, found.description, found.tags) for found in client.search_model_versions("name = 'trips'")]
    inputs = [len(run.inputs.dataset_inputs) for run in runs(tracker).values() if run.info.run_name == "trips v1"]
    files = sorted(path.relative_to(tracker._artifacts).parts[3:] for path in tracker._artifacts.rglob("*") if path.is_file())
    return {"runs": sorted(told, key=lambda run: str(run[0])), "versions": versions, "inputs": inputs, "files": files}


def test_a_kill_before_any_call_is_repaired_by_telling_again(mlflow_tracker: Give, tmp_path: Path) -> None:
    told = replace(experiment(tmp_path), trials=experiment(tmp_path).trials[1:])
    whole = mlflow_tracker("whole")
    whole.log(told)
    expected = everything(whole)
    moments = 0
    while not whole_after(moments, told, mlflow_tracker):
        assert everything(mlflow_tracker(f"killed-{moments}")) == expected, f"killed before call {moments + 1}"
        moments += 1
    assert moments == 14


def whole_after(calls: int, told: Experiment, give: Give) -> bool:
    """Let a process end before a call, tell again, and return whether it lived through all of them."""
    tracker = give(f"killed-{calls}")
    tracker.__dict__["_client"] = Mortal(tracker._client, calls)
    try:
        tracker.log(told)
    except Killed:
        assert give(f"killed-{calls}").log(told).version == "1"
        return False
    return True


def test_a_database_that_is_none_is_said_with_its_fix(mlflow_tracker: Give, tmp_path: Path) -> None:
    tracker = mlflow_tracker("spoilt")
    (tmp_path / "spoilt" / "mlflow.db").write_bytes(b"no database" * 500)
    with pytest.raises(EnvironmentFault) as caught:
        tracker.point("rides", "champion", None)
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == ("TRACK-002", (str(tmp_path / "spoilt" / "mlflow.db"),))
    assert fault.fix.endswith("steward experiments tell rides")
