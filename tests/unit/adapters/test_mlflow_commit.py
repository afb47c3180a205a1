"""The commit of a version, where MLflow's own pages look for it."""

from collections.abc import Callable
from pathlib import Path

from mlflow import MlflowClient

from steward.adapters.mlflow import MlflowTracker
from steward.registry.tracking import Experiment


def test_an_mlflow_run_carries_the_commit_of_its_version(tmp_path: Path, mlflow_tracker: Callable[[str], MlflowTracker]) -> None:
    (tmp_path / "bundle").mkdir()
    tags = {"data": "folder", "commit": "ab" * 20}
    tracked = mlflow_tracker("one").log(Experiment("trips", 1, "key", {}, {"rmse": 1.0}, tags, tmp_path / "bundle"))
    uri = f"sqlite:///{tmp_path / 'one' / 'mlflow.db'}"
    found = MlflowClient(tracking_uri=uri, registry_uri=uri).get_run(tracked.run_id).data.tags
    assert found["mlflow.source.git.commit"] == "ab" * 20
    assert found["data"] == "folder"
    assert "commit" not in found
