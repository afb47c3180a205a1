"""What does an experiment tracker get to know about a version, and what does it answer?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from steward.core.errors import EnvironmentFault
from steward.project.dictionary import ColumnType

Alias = Literal["champion", "challenger"]

_PAGES = "http://127.0.0.1:5000"  # where MLflow shows its pages unless told otherwise


@dataclass(frozen=True, slots=True)
class Trial:
    """What one candidate of the leaderboard was and reached; `failure` says why it reached nothing, else it is empty.

    `metrics` are those of the validation rows, `seconds` what its fit took.
    """

    name: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    seconds: float | None
    chosen: bool
    failure: str = ""


@dataclass(frozen=True, slots=True)
class RowsUsed:
    """Rows that took part: what for, their SHA-256, how many (None where nobody counted), and what their columns hold."""

    name: str
    use: str
    digest: str
    rows: int | None
    columns: Mapping[str, ColumnType]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model is asked and what it answers: columns and what they hold; `example` is one question as JSON values.

    `optional` names the inputs that a question may leave out.
    """

    inputs: Mapping[str, ColumnType]
    outputs: Mapping[str, ColumnType]
    optional: frozenset[str]
    example: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that a tracker is told of one version; `key` makes telling it twice the same as once.

    `artifacts` is the bundle's folder and `kind` the kind of model in it. Pictures are PNG bytes by title, documents bytes
    by file name. `description` is Markdown. Times are ISO 8601 with a zone; trackers count from `started_at`.
    """

    model: str
    version: int
    key: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Path
    started_at: str = "1970-01-01T00:00:00+00:00"
    finished_at: str = "1970-01-01T00:00:00+00:00"
    kind: str = ""
    description: str = ""
    trials: tuple[Trial, ...] = ()
    rows: tuple[RowsUsed, ...] = ()
    signature: Signature | None = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    documents: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tracked:
    """Where the tracker keeps it: its own run id and its own version number; `also` has the run ids of further trackers."""

    run_id: str
    version: str
    also: Mapping[str, str] = field(default_factory=dict)


class Recorder(Protocol):
    """Keeps what was tried: Weights & Biases, or a whole `Tracker`."""

    def log(self, experiment: Experiment) -> Tracked:
        """Record a version once; the same key again completes what is there.

        Raises:
            EnvironmentFault: TRACK-002 it cannot be told.
        """
        ...


class Tracker(Recorder, Protocol):
    """A recorder with a registry of versions: MLflow, or memory in tests."""

    def point(self, model: str, alias: Alias, tracked: Tracked | None) -> None:
        """Let an alias follow Steward's own pointer; None takes it away.

        Raises:
            EnvironmentFault: TRACK-001 the tracker does not know the version.
        """
        ...

    def attach(self, model: str, tracked: Tracked, documents: Mapping[str, bytes]) -> None:
        """Put documents, bytes by file name, beside what is recorded of a version; those of the same name are replaced.

        Raises:
            EnvironmentFault: TRACK-001 the tracker does not know the version.
        """
        ...


Tell = Callable[[str, Experiment, EnvironmentFault], None]
"""Is told which further tracker could not record a version, and why."""


def run_page(run_id: str) -> str:
    """Return where `make mlflow-ui`, or `mlflow ui` in the workspace, shows a run.

    >>> run_page("6d23")
    'http://127.0.0.1:5000/#/runs/6d23'
    """
    return f"{_PAGES}/#/runs/{run_id}"
