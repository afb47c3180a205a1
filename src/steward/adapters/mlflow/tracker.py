"""How does MLflow serve as Steward's tracker?"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from steward.adapters.mlflow.database import open_mlflow, told
from steward.adapters.mlflow.model import FOLDER
from steward.adapters.mlflow.runs import fill_run, find_or_make_run
from steward.adapters.run_files import write_files
from steward.core.errors import EnvironmentFault, Fault
from steward.registry.tracking import Alias, Experiment, Tracked

if TYPE_CHECKING:
    from mlflow import MlflowClient

_KIND = "mlflow.experimentKind"  # opens the pages of trained models instead of those of prompts and traces


class MlflowTracker:
    """MLflow's tracking store and registry in one SQLite file; see `steward.registry.tracking.Tracker`."""

    def __init__(self, database: Path, artifacts: Path) -> None:
        self._database = database
        self._artifacts = artifacts

    def log(self, experiment: Experiment) -> Tracked:
        """Record a version once; the same key again completes what is there.

        Raises:
            EnvironmentFault: TRACK-002 its database cannot be read or written.
        """
        with told(self._database, experiment.model):
            run = find_or_make_run(self._client, self._experiment_id(experiment.model), experiment)
            fill_run(self._client, run, experiment)
            version = self._model_version(experiment, run.info.run_id, run.info.artifact_uri)
            self._client.set_tag(run.info.run_id, "steward.mlflow_version", version)
            return Tracked(run.info.run_id, version)

    def point(self, model: str, alias: Alias, tracked: Tracked | None) -> None:
        """Let an alias follow Steward's own pointer; None takes it away.

        Raises:
            EnvironmentFault: TRACK-001 MLflow does not know the version, because its database is another one; TRACK-002 that cannot
                be read or written.
        """
        with told(self._database, model):
            self._point(model, alias, tracked)

    def _point(self, model: str, alias: Alias, tracked: Tracked | None) -> None:
        known = self._client.search_registered_models(f"name = '{model}'")
        now = {name: str(number) for name, number in known[0].aliases.items()} if known else {}
        # By its run: in a database that was made anew the same number may be another version.
        wanted = self._number(model, tracked.run_id) if tracked else None
        if tracked is not None and wanted is None:
            what = f"MLflow does not know {model}'s {alias}, run {tracked.run_id}"
            raise EnvironmentFault(_unknown(what, "its database is another one than when the version was told", model))
        if wanted is not None and now.get(alias) != wanted:
            self._client.set_registered_model_alias(model, alias, wanted)
        if wanted is None and alias in now:
            self._client.delete_registered_model_alias(model, alias)

    def attach(self, model: str, tracked: Tracked, documents: Mapping[str, bytes]) -> None:
        """Put documents beside what is recorded of a version.

        MLflow's pages read the folder of a run; its database, costly to open, knows nothing of single files.

        Raises:
            EnvironmentFault: TRACK-001 there is no such run.
        """
        folder = self._artifacts / model / tracked.run_id / "artifacts"
        if not folder.is_dir():
            what = f"MLflow run {tracked.run_id} of {model} has no folder; the documents are not shown there"
            raise EnvironmentFault(_unknown(what, f"{folder} is not there", model))
        write_files(folder, documents)

    @cached_property
    def _client(self) -> "MlflowClient":
        return open_mlflow(self._database)

    def _experiment_id(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = (self._artifacts / name).absolute().as_uri()
        return str(self._client.create_experiment(name, artifact_location=place, tags={_KIND: "custom_model_development"}))

    def _model_version(self, experiment: Experiment, run_id: str, artifacts: str) -> str:
        model, client = experiment.model, self._client
        if not client.search_registered_models(f"name = '{model}'"):
            about = f"Steward's project {model}: `steward status {model}` shows where it stands."
            client.create_registered_model(model, tags={"steward.project": model}, description=about)
        known = self._number(model, run_id)
        if known is not None:
            client.update_model_version(model, known, experiment.description)
            return known
        kept = ("steward.version", "steward.run", "data", "gate")
        tags = {name: value for name, value in experiment.tags.items() if name in kept}
        made = client.create_model_version(
            model, f"{artifacts}/{FOLDER}", run_id, tags={**tags, "bundle": experiment.key}, description=experiment.description
        )
        return str(made.version)

    def _number(self, model: str, run_id: str) -> str | None:
        found = self._client.search_model_versions(f"name = '{model}' and run_id = '{run_id}'")
        return str(found[0].version) if found else None


def _unknown(what: str, why: str, model: str) -> Fault:
    return Fault("TRACK-001", what, why=why, fix=f"tell MLflow of all versions again:  steward experiments tell {model}")
