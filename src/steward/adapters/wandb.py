"""How do versions appear in Weights & Biases? A run each, with the leaderboard, the pictures and the bundle as an artifact.

It records what MLflow records; which version is champion is told by Steward and MLflow alone. Everything it writes lies in
one folder of the workspace. Offline, its files wait there for `wandb sync`. Its service process ends with each call.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from steward.adapters.run_files import files_of, picture_name, write_files
from steward.core.atomic import write_text_atomically
from steward.core.digest import canonical_json
from steward.core.errors import EnvironmentFault, Fault
from steward.registry.tracking import Experiment, Tracked

if TYPE_CHECKING:
    from wandb import Run, Table

_PATIENCE_S = 30.0  # for the network, when a run begins


class WandbTracker:
    """Weights & Biases, offline or with the key it finds in its own settings; see `steward.registry.tracking.Recorder`."""

    def __init__(self, folder: Path, *, offline: bool) -> None:
        self._folder = folder
        self._offline = offline

    def log(self, experiment: Experiment) -> Tracked:
        """Record a version once; a run that was broken off is written anew.

        Raises:
            EnvironmentFault: TRACK-002 Weights & Biases is not installed, or cannot be told.
        """
        tracked = Tracked(f"{experiment.model}-{experiment.key[:16]}", str(experiment.version))
        told = self._folder / "told" / f"{tracked.run_id}.json"
        if told.is_file():
            return tracked
        for broken in self._folder.glob(f"wandb/offline-run-*-{tracked.run_id}"):
            shutil.rmtree(broken)
        try:
            with self._run(experiment, tracked) as run, TemporaryDirectory(dir=self._folder) as folder:
                _fill(run, experiment, Path(folder))
        except ImportError as error:
            raise EnvironmentFault(_cannot(error, "pip install 'steward[wandb]'")) from error
        except Exception as error:  # its service, its network and its disk each raise what they like
            raise EnvironmentFault(_cannot(error, "wandb login   or, to keep it here:  export WANDB_MODE=offline")) from error
        write_text_atomically(told, canonical_json({"run": tracked.run_id, "version": experiment.version}))
        return tracked

    @contextmanager
    def _run(self, experiment: Experiment, tracked: Tracked) -> "Iterator[Run]":
        self._stay_at_home()
        import wandb

        settings: dict[str, Any] = {
            "console": "off",
            "disable_code": True,
            "disable_git": True,
            "init_timeout": _PATIENCE_S,
            "silent": True,
            "x_disable_machine_info": True,
            "x_disable_meta": True,
            "x_disable_stats": True,
            "x_save_requirements": False,
        }
        if self._offline:
            settings["mode"] = "offline"
        elif not wandb.login(prompt=False, verify=False):  # nobody is asked for a key in the middle of a run
            raise PermissionError("it has no key here")
        try:
            with wandb.init(
                project=experiment.model,
                id=tracked.run_id,
                name=f"{experiment.model} v{experiment.version}",
                notes=experiment.description,
                config={**experiment.parameters, "steward": dict(experiment.tags)},
                dir=self._folder,
                resume="allow",
                settings=wandb.Settings(**settings),
            ) as run:
                yield run
        finally:
            wandb.teardown()

    def _stay_at_home(self) -> None:
        """Keep caches, logs and settings in the folder, and reports about crashes at home; this counts only before the import."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in (
            "ARTIFACT",
            "CACHE",
            "DATA",
            *(("CONFIG",) if self._offline else ()),
        ):  # who is online has settings of their own
            os.environ.setdefault(f"WANDB_{name}_DIR", str(self._folder / name.lower()))
        os.environ["WANDB_ERROR_REPORTING"] = "false"


def _fill(run: "Run", experiment: Experiment, folder: Path) -> None:
    import wandb

    write_files(folder, files_of(experiment))
    shutil.copytree(experiment.artifacts, folder / "bundle")
    shown = {title: wandb.Image(str(folder / picture_name(title))) for title in experiment.pictures}
    run.log({**experiment.metrics, **shown, "leaderboard": _leaderboard(experiment)})
    artifact = wandb.Artifact(experiment.model, "model", experiment.description, {"bundle": experiment.key})
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        artifact.add_file(str(path), path.relative_to(folder).as_posix())
    run.log_artifact(artifact, aliases=[f"steward-v{experiment.version}"])


def _leaderboard(experiment: Experiment) -> "Table":
    from wandb import Table

    metrics = sorted({name for trial in experiment.trials for name in trial.metrics})
    columns: list[str | int] = ["candidate", "chosen", *metrics, "fit_seconds", "failure"]
    rows = [
        [trial.name, trial.chosen, *(trial.metrics.get(name) for name in metrics), trial.seconds, trial.failure]
        for trial in experiment.trials
    ]
    return Table(columns=columns, data=rows)


def _cannot(error: Exception, fix: str) -> Fault:
    return Fault("TRACK-002", "Weights & Biases cannot be told of the version", why=f"{type(error).__name__}: {error}", fix=fix)
