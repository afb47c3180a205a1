"""Who is told of versions? MLflow, which is relied on, and perhaps others: what those cannot do is said and costs nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from steward.core.errors import EnvironmentFault, Fault, UsageError, unknown_name
from steward.core.journal import Journal
from steward.core.progress import Progress
from steward.core.workspace import Workspace
from steward.registry.tracking import Alias, Experiment, Recorder, Tell, Tracked, Tracker

_KNOWN = ("mlflow", "wandb")


@dataclass(frozen=True, slots=True)
class Trackers:
    """One tracker for the registry's aliases, and further ones, by name, that only record."""

    first: Tracker
    others: Mapping[str, Recorder]
    tell: Tell

    def log(self, experiment: Experiment) -> Tracked:
        """Record a version with the first, then with the others; the answer names the runs of those that could."""
        tracked = self.first.log(experiment)
        also = {name: self._try(name, recorder, experiment) for name, recorder in self.others.items()}
        return replace(tracked, also={name: run for name, run in also.items() if run is not None})

    def point(self, model: str, alias: Alias, tracked: Tracked | None) -> None:
        """Let the first tracker's alias follow."""
        self.first.point(model, alias, tracked)

    def attach(self, model: str, tracked: Tracked, documents: Mapping[str, bytes]) -> None:
        """Put documents beside what the first tracker records."""
        self.first.attach(model, tracked, documents)

    def _try(self, name: str, recorder: Recorder, experiment: Experiment) -> str | None:
        try:
            return recorder.log(experiment).run_id
        except EnvironmentFault as fault:
            self.tell(name, experiment, fault)
            return None


def open_trackers(names: str, workspace: Workspace, tell: Tell, *, offline: bool) -> Tracker:
    """Return the trackers of a comma-separated list of names; none of them is started before it is told something.

    Raises:
        UsageError: TRACK-003 a name is none, or MLflow is missing.
    """
    from steward.adapters.mlflow import MlflowTracker

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    strange = [name for name in wanted if name not in _KNOWN]
    if strange:
        raise unknown_name("tracker", strange[0], _KNOWN, code="TRACK-003", where=("STEWARD_TRACKERS",))
    if "mlflow" not in wanted:
        what = "mlflow is missing from the trackers: it holds the registry"
        raise UsageError(Fault("TRACK-003", what, ("STEWARD_TRACKERS",), fix="export STEWARD_TRACKERS=mlflow,wandb"))
    mlflow = MlflowTracker(workspace.mlflow, workspace.artifacts)
    if "wandb" not in wanted:
        return mlflow
    from steward.adapters.wandb import WandbTracker

    return Trackers(mlflow, {"wandb": WandbTracker(workspace.wandb, offline=offline)}, tell)


def say_untold(
    journal: Journal, progress: Progress, actor: str, name: str, experiment: Experiment, error: EnvironmentFault
) -> None:
    """Journal and say that a further tracker was not told of a version, which has everything else."""
    fault = error.faults[0]
    detail = {"tracker": name, "code": fault.code, "why": fault.why}
    subject, key = f"{experiment.model} v{experiment.version}", f"tracker.failed:{name}:{experiment.key}"
    journal.append("tracker.failed", subject, detail, actor=actor, key=key)
    progress.warned(f"{fault.what}: {fault.why}")
    progress.noted(f"tell it later:  steward experiments tell {experiment.model}")
