"""How does a version become a run of MLflow's, with a child for each candidate - once, whatever was killed in between?"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from steward.adapters.mlflow.entries import dataset_of, log_entries, milliseconds
from steward.adapters.mlflow.model import FOLDER, write_model
from steward.adapters.run_files import files_of, write_files
from steward.registry.tracking import Experiment, Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

KEY = "steward.key"
_PARENT = "mlflow.parentRunId"
_NOTE = "mlflow.note.content"  # what MLflow's pages show as the description
# Where they look for the commit, for who it was, and for what was run.
_THEIRS = {"commit": "mlflow.source.git.commit", "actor": "mlflow.user", "command": "mlflow.source.name"}
_MANY = 1000


def find_or_make_run(client: "MlflowClient", home: str, experiment: Experiment) -> "Run":
    """Return the run that carries the experiment's key, empty where it is new; `home` is MLflow's experiment."""
    known = client.search_runs([home], f"tags.`{KEY}` = '{experiment.key}'", max_results=1)
    if known:
        return known[0]
    name = f"{experiment.model} v{experiment.version}"
    return client.create_run(home, milliseconds(experiment.started_at), {KEY: experiment.key}, name)


def fill_run(client: "MlflowClient", run: "Run", experiment: Experiment) -> None:
    """Write whatever the run lacks and end it."""
    run_id = run.info.run_id
    tags = {_THEIRS.get(name, name): value for name, value in experiment.tags.items()} | {_NOTE: experiment.description}
    log_entries(client, run, experiment.parameters, experiment.metrics, tags, experiment.finished_at)
    if experiment.rows:
        client.log_inputs(run_id, [dataset_of(rows) for rows in experiment.rows])
    folder = Path(url2pathname(urlsplit(run.info.artifact_uri).path))
    write_model(folder / FOLDER, experiment, run_id)
    write_files(folder, files_of(experiment))
    _log_trials(client, run, experiment)
    client.set_terminated(run_id, "FINISHED", milliseconds(experiment.finished_at))


def _log_trials(client: "MlflowClient", parent: "Run", experiment: Experiment) -> None:
    home = parent.info.experiment_id
    found = client.search_runs([home], f"tags.`{_PARENT}` = '{parent.info.run_id}'", max_results=_MANY)
    known = {child.data.tags.get(KEY): child for child in found}
    for number, trial in enumerate(experiment.trials):
        key = f"{experiment.key}/{number}"
        child = known.get(key) or _make_child(client, parent, experiment, trial, key)
        if child.info.status == "RUNNING":
            _fill_child(client, child, experiment, trial)


def _make_child(client: "MlflowClient", parent: "Run", experiment: Experiment, trial: Trial, key: str) -> "Run":
    tags = {KEY: key, _PARENT: parent.info.run_id}
    name = f"{trial.name}{' (chosen)' if trial.chosen else ''}"
    return client.create_run(parent.info.experiment_id, milliseconds(experiment.started_at), tags, name)


def _fill_child(client: "MlflowClient", child: "Run", experiment: Experiment, trial: Trial) -> None:
    tags = {"steward.candidate": trial.name, "steward.chosen": str(trial.chosen).lower()}
    tags |= {"steward.failure": trial.failure, _NOTE: f"Failed: {trial.failure}"} if trial.failure else {}
    took = {} if trial.seconds is None else {"fit_seconds": trial.seconds}
    log_entries(client, child, trial.parameters, {**trial.metrics, **took}, tags, experiment.finished_at)
    ended = datetime.fromisoformat(experiment.started_at) + timedelta(seconds=trial.seconds or 0.0)
    status = "FAILED" if trial.failure else "FINISHED"
    client.set_terminated(child.info.run_id, status, milliseconds(ended.isoformat()))
