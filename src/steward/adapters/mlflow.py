"""How do versions appear in MLflow: a run, a model version of it, and the alias of the champion?

MLflow mirrors Steward's registry and is repaired from it. It holds its own SQLite file, so that
`mlflow ui` works on it with nothing else running.
"""

import logging
import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from steward.core.errors import EnvironmentFault, Fault
from steward.registry.tracking import Experiment, Tracked

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_KEY = "steward.key"
_COMMIT = "mlflow.source.git.commit"  # where MLflow's own pages look for it


class MlflowTracker:
    """MLflow's tracking store and registry in one SQLite file; see `steward.registry.tracking.Tracker`."""

    def __init__(self, database: Path, artifacts: Path) -> None:
        self._database = database
        self._artifacts = artifacts
        self._client: MlflowClient | None = None

    def log(self, experiment: Experiment) -> Tracked:
        """Record a version once; the same key again completes what is there."""
        client = self._connect()
        home = self._experiment_id(experiment.model)
        run = self._run(home, experiment)
        if run.info.status == "RUNNING":
            self._fill(run.info.run_id, experiment, known=run)
        version = self._model_version(experiment, run.info.run_id)
        client.set_tag(run.info.run_id, "steward.mlflow_version", version)
        return Tracked(run.info.run_id, version)

    def point(self, model: str, alias: str, tracked: Tracked) -> None:
        """Let an alias (champion, challenger) follow Steward's own pointer.

        Raises:
            EnvironmentFault: TRACK-001 MLflow does not know the version, because its database is another one.
        """
        client = self._connect()
        from mlflow.exceptions import MlflowException

        try:
            client.set_registered_model_alias(model, alias, tracked.version)
        except MlflowException as error:
            what = f"{model}'s champion is set, but MLflow's alias {alias!r} could not follow"
            fix = f"tell MLflow of the model again:  steward run {model}"
            raise EnvironmentFault(Fault("TRACK-001", what, why=str(error), fix=fix)) from error

    def _connect(self) -> "MlflowClient":
        if self._client is None:
            os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # MLflow's own imports warn about their future
                from mlflow import MlflowClient

                for talkative in ("mlflow", "alembic"):  # after the import, which sets levels of its own
                    logging.getLogger(talkative).setLevel(logging.WARNING)
                if not self._database.exists():
                    _make_database(self._database)
                uri = f"sqlite:///{self._database}"
                self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        return self._client

    def _experiment_id(self, name: str) -> str:
        client = self._connect()
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(client.create_experiment(name, artifact_location=(self._artifacts / name).absolute().as_uri()))

    def _run(self, home: str, experiment: Experiment) -> "Run":
        client = self._connect()
        known = client.search_runs([home], f"tags.`{_KEY}` = '{experiment.key}'", max_results=1)
        if known:
            return known[0]
        tags = {**experiment.tags, _KEY: experiment.key}
        if "commit" in tags:
            tags[_COMMIT] = tags.pop("commit")
        return client.create_run(home, tags=tags, run_name=f"{experiment.model} v{experiment.version}")

    def _fill(self, run_id: str, experiment: Experiment, *, known: "Run") -> None:
        client = self._connect()
        for name, value in experiment.parameters.items():
            client.log_param(run_id, name, value)
        for name, number in experiment.metrics.items():
            if name not in known.data.metrics:  # a run that a crash left half filled
                client.log_metric(run_id, name, number)
        client.log_artifacts(run_id, str(experiment.artifacts), "bundle")
        client.set_terminated(run_id)

    def _model_version(self, experiment: Experiment, run_id: str) -> str:
        client = self._connect()
        if not client.search_registered_models(f"name = '{experiment.model}'"):
            client.create_registered_model(experiment.model)
        known = client.search_model_versions(f"name = '{experiment.model}' and run_id = '{run_id}'")
        if known:
            return str(known[0].version)
        tags = {"steward.version": str(experiment.version)}
        source = f"{(client.get_run(run_id).info.artifact_uri)}/bundle"
        return str(client.create_model_version(experiment.model, source, run_id, tags=tags).version)


def _make_database(path: Path) -> None:
    """Let MLflow make its tables beside, then give the file its name.

    MLflow's first migrations are many transactions: a kill between two of them leaves a file that it refuses ever after.
    """
    from mlflow import MlflowClient

    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    MlflowClient(tracking_uri=f"sqlite:///{beside}", registry_uri=f"sqlite:///{beside}").search_experiments(max_results=1)
    with suppress(FileExistsError):  # another process was first, and may have filled it already
        os.link(beside, path)
    beside.unlink()
