"""What holds for every tracker - in memory, MLflow, Weights & Biases - and for several at once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.adapters.tracked import experiment

from steward.adapters.mlflow import MlflowTracker
from steward.adapters.trackers import Trackers, open_trackers, say_untold
from steward.adapters.wandb import WandbTracker
from steward.core.errors import EnvironmentFault, Fault, StewardError, UsageError
from steward.core.progress import Silent
from steward.core.workspace import Workspace
from steward.registry.tracking import Experiment, Recorder, Tracked, Tracker
from steward.testing import FrozenClock, MemoryJournal, MemoryTracker


@pytest.fixture(params=["memory", "mlflow", "wandb"])
def recorder(request: pytest.FixtureRequest, tmp_path: Path, mlflow_tracker: Callable[[str], MlflowTracker]) -> Recorder:
    match request.param:
        case "memory":
            return MemoryTracker()
        case "mlflow":
            return mlflow_tracker("one")
        case _:
            return WandbTracker(tmp_path / "wandb", offline=True)


@pytest.fixture(params=["memory", "mlflow"])
def tracker(request: pytest.FixtureRequest, mlflow_tracker: Callable[[str], MlflowTracker]) -> Tracker:
    return MemoryTracker() if request.param == "memory" else mlflow_tracker("one")


def alias(tracker: Tracker, name: str) -> str | None:
    if isinstance(tracker, MemoryTracker):
        return tracker.aliases.get(("trips", name))  # type: ignore[call-overload, no-any-return]
    assert isinstance(tracker, MlflowTracker)
    found = tracker._client.get_registered_model("trips").aliases.get(name)
    return None if found is None else str(found)


def test_the_same_key_told_twice_is_one_run(recorder: Recorder, tmp_path: Path) -> None:
    first = recorder.log(experiment(tmp_path))
    assert recorder.log(experiment(tmp_path)) == first


def test_two_versions_are_two_runs(recorder: Recorder, tmp_path: Path) -> None:
    first = recorder.log(experiment(tmp_path))
    second = recorder.log(experiment(tmp_path, version=2, key="c" * 64))
    assert first.run_id != second.run_id
    assert (first.version, second.version) == ("1", "2")


def test_an_alias_follows_moves_and_is_taken_away(tracker: Tracker, tmp_path: Path) -> None:
    first = tracker.log(experiment(tmp_path))
    second = tracker.log(experiment(tmp_path, version=2, key="c" * 64))
    tracker.point("trips", "champion", first)
    tracker.point("trips", "challenger", second)
    assert (alias(tracker, "champion"), alias(tracker, "challenger")) == ("1", "2")
    tracker.point("trips", "champion", second)
    tracker.point("trips", "challenger", None)
    tracker.point("trips", "challenger", None)
    assert (alias(tracker, "champion"), alias(tracker, "challenger")) == ("2", None)


def test_an_alias_of_a_model_nobody_told_of_is_taken_away_without_a_word(tracker: Tracker) -> None:
    assert tracker.point("trips", "challenger", None) is None


def test_a_run_of_another_database_is_refused_whatever_its_number(tracker: Tracker, tmp_path: Path) -> None:
    tracker.log(experiment(tmp_path))
    lost = Tracked("f" * 32, "1")  # the same number means another version there
    for attempt in (lambda: tracker.point("trips", "champion", lost), lambda: tracker.attach("trips", lost, {"a.txt": b""})):
        with pytest.raises(EnvironmentFault, match="TRACK-001"):
            attempt()


def test_documents_are_put_beside_a_version_and_replaced(tracker: Tracker, tmp_path: Path) -> None:
    tracked = tracker.log(experiment(tmp_path))
    for content in (b"first", b"second"):
        tracker.attach("trips", tracked, {"windows/2023-04.json": content})
    if isinstance(tracker, MemoryTracker):
        held = tracker.documents[tracked.run_id]["windows/2023-04.json"]
    else:
        assert isinstance(tracker, MlflowTracker)
        held = (tracker._artifacts / "trips" / tracked.run_id / "artifacts" / "windows" / "2023-04.json").read_bytes()
    assert held == b"second"


class Broken:
    """A recorder that cannot."""

    def log(self, experiment: Experiment) -> Tracked:
        raise EnvironmentFault(Fault("TRACK-002", f"no word of v{experiment.version}", why="the wire is cut"))


def test_what_a_further_tracker_cannot_do_is_told_and_costs_nothing(tmp_path: Path) -> None:
    journal = MemoryJournal(FrozenClock())

    def tell(name: str, told: Experiment, error: EnvironmentFault) -> None:
        say_untold(journal, Silent(), "me", name, told, error)

    first, other = MemoryTracker(), MemoryTracker()
    both = Trackers(first, {"broken": Broken(), "other": other}, tell)
    for _ in range(2):
        tracked = both.log(experiment(tmp_path))
        assert tracked == Tracked("run-trips-1", "1", {"other": "run-trips-1"})
    both.point("trips", "champion", tracked)
    both.attach("trips", tracked, {"a.txt": b"a"})
    assert first.aliases == {("trips", "champion"): "1"}
    assert other.aliases == {}
    (entry,) = journal.entries()
    assert (entry.kind, entry.subject) == ("tracker.failed", "trips v1")
    assert entry.detail == {"tracker": "broken", "code": "TRACK-002", "why": "the wire is cut"}


@pytest.mark.parametrize(
    ("names", "told"), [("mlflow, wandbb", "did you mean 'wandb'?"), ("wandb", "mlflow is missing"), ("", "mlflow is missing")]
)
def test_trackers_are_chosen_by_name(names: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_trackers(names, Workspace(tmp_path), lambda *_: None, offline=True)
    assert "TRACK-003" in str(caught.value)
    assert told in str(caught.value)


def test_mlflow_is_the_tracker_and_wandb_comes_beside_it(tmp_path: Path) -> None:
    alone = open_trackers("mlflow", Workspace(tmp_path), lambda *_: None, offline=True)
    both = open_trackers("mlflow, wandb", Workspace(tmp_path), lambda *_: None, offline=True)
    assert isinstance(alone, MlflowTracker)
    assert isinstance(both, Trackers)
    assert list(both.others) == ["wandb"]
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_ours_names_its_remedy(tmp_path: Path, mlflow_tracker: Callable[[str], MlflowTracker]) -> None:
    tracker = mlflow_tracker("one")
    tracker.log(experiment(tmp_path))
    shutil.rmtree(tmp_path / "one" / "artifacts")
    with pytest.raises(StewardError, match="steward experiments tell trips"):
        tracker.attach("trips", Tracked("f" * 32, "1"), {"a.txt": b""})
