"""Where do files live? One folder holds all that Steward remembers; nothing is written outside it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace folder (`.steward` unless STEWARD_HOME says otherwise) and what is where in it."""

    home: Path

    @property
    def database(self) -> Path:
        """Runs, versions, incidents, the journal."""
        return self.home / "steward.db"

    @property
    def mlflow(self) -> Path:
        """MLflow's own database."""
        return self.home / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """What MLflow keeps beside its database."""
        return self.home / "artifacts"

    @property
    def wandb(self) -> Path:
        """What Weights & Biases keeps, where it is told too."""
        return self.home / "wandb"

    @property
    def downloads(self) -> Path:
        """Files fetched from publishers, and simulated ones."""
        return self.home / "downloads"

    @property
    def snapshots(self) -> Path:
        """Immutable rows, named by their content."""
        return self.home / "snapshots"

    @property
    def candidates(self) -> Path:
        """Models that were trained, before any of them became a version."""
        return self.home / "candidates"

    @property
    def bundles(self) -> Path:
        """Models ready to serve, named by their content."""
        return self.home / "bundles"

    @property
    def predictions(self) -> Path:
        """The prediction log's segments."""
        return self.home / "predictions"

    @property
    def outcomes(self) -> Path:
        """What turned out to be true, as segments like those of the predictions."""
        return self.home / "outcomes"

    @property
    def shadows(self) -> Path:
        """What challengers would have answered, as segments like those of the predictions."""
        return self.home / "shadows"

    @property
    def log_key(self) -> Path:
        """The key of the hashes in the prediction log; it lies apart from them."""
        return self.home / "log.key"

    @property
    def logs(self) -> Path:
        """What was asked of servers, a line a request."""
        return self.home / "logs"

    @property
    def workers(self) -> Path:
        """What several processes of one server share while it runs."""
        return self.home / "workers"

    @property
    def reports(self) -> Path:
        """Reports for people."""
        return self.home / "reports"

    @property
    def locks(self) -> Path:
        """One lock file a project; see `steward.flows.lock`."""
        return self.home / "locks"
