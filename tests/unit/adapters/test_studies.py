"""The same tests of a store of trials, in memory and on each database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.servers import DATABASES

from steward.adapters.sql.database import Database
from steward.adapters.studies import SqlStudyStore
from steward.core.clock import SystemClock
from steward.models.tune_trials import FREE, StudyFacts, StudyStore, Trial
from steward.testing.studies import MemoryStudies

SETTINGS = {"rate": 0.1, "leaves": 31, "hidden": (64, 32), "loss": "squared", "bound": None, "on": True}
TRIAL = Trial(0, SETTINGS, "running", "me", 1.5)


@pytest.fixture(params=["memory", *DATABASES])
def store(request: pytest.FixtureRequest, store_of: Callable[[str], Database]) -> StudyStore:
    return MemoryStudies() if request.param == "memory" else SqlStudyStore(store_of(request.param), SystemClock())


def test_a_trial_is_kept_as_it_is(store: StudyStore) -> None:
    store.remember(StudyFacts("a" * 64, "taxi", "lightgbm", "rmse", {"seed": 7}))
    store.remember(StudyFacts("a" * 64, "taxi", "lightgbm", "rmse", {"seed": 7}))
    assert store.trials("a" * 64) == ()
    assert store.begin("a" * 64, TRIAL)
    ended = replace(TRIAL, state="done", value=0.1 + 0.2, steps=((0, 1.25), (10, 1 / 3)), seconds=2.5, error="")
    assert store.swap("a" * 64, TRIAL, ended)
    assert store.trials("a" * 64) == (ended,)
    assert store.trials("b" * 64) == ()


def test_a_number_is_begun_once(store: StudyStore) -> None:
    assert store.begin("s", TRIAL)
    assert not store.begin("s", replace(TRIAL, owner="another"))
    assert store.begin("t", TRIAL)
    assert [trial.owner for trial in store.trials("s")] == ["me"]


def test_of_many_at_once_one_begins_a_number(store: StudyStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda owner: store.begin("s", replace(TRIAL, owner=f"o{owner}")), range(8)))
    assert sum(won) == 1
    assert store.trials("s")[0].owner == f"o{won.index(True)}"


def test_only_its_owner_changes_a_trial_and_only_while_it_runs(store: StudyStore) -> None:
    store.begin("s", TRIAL)
    assert store.swap("s", TRIAL, replace(TRIAL, beat=1))
    given_back = replace(TRIAL, owner=FREE)
    assert store.swap("s", TRIAL, given_back)
    assert not store.swap("s", TRIAL, replace(TRIAL, state="done", value=1.0))
    taken = replace(TRIAL, owner="other", attempt=2)
    assert store.swap("s", given_back, taken)
    assert not store.swap("s", replace(taken, attempt=1), taken)
    assert store.swap("s", taken, replace(taken, state="failed", error="no rows"))
    assert not store.swap("s", taken, replace(taken, state="done", value=1.0))
    assert [(trial.state, trial.error) for trial in store.trials("s")] == [("failed", "no rows")]
