"""Searches in real processes: killed and resumed, shared by several, on SQLite and on servers; none loses or repeats a trial."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from steward.adapters.sql.database import connect
from steward.adapters.sql.tables import studies, trials
from tests.loop.conftest import Steward
from tests.loop.tiny import write_project

pytestmark = [pytest.mark.loop, pytest.mark.timeout(600), pytest.mark.usefixtures("project")]

TRIALS = 8
ASKED = ("tune", "calls", "--candidate", "lightgbm", "--trials", str(TRIALS))
# Slow enough to be met at work: each trial takes a second or so, longer than another process needs to begin.
ONE_RATE = "tune: {pruning: false, space: {learning_rate: [0.002]}}"
SLOW = ("--set", f"candidates=[{{kind: lightgbm, num_trees: 1500, learning_rate: 0.002, min_rows_in_leaf: 5, {ONE_RATE}}}]")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "calls", task="binary", target="left")


def tried(steward: Steward) -> list[Any]:
    database = connect(steward.extra.get("STEWARD_DATABASE_URL", f"sqlite:///{steward.home / 'steward.db'}"))
    with database.read() as connection:
        return list(connection.execute(select(trials).order_by(trials.c.study, trials.c.number)))


def told(steward: Steward) -> list[tuple[object, ...]]:
    """All of the trials that must not depend on clocks, kills and processes."""
    return [(row.number, row.settings, row.state, row.value, row.steps) for row in tried(steward)]


def wait_for(look: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + 200
    while not look():
        assert time.monotonic() < give_up, what
        time.sleep(0.05)


def ended(steward: Steward) -> int:
    try:
        return sum(row.state != "running" for row in tried(steward))
    except Exception:  # noqa: BLE001 - the database is not made yet
        return 0


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def test_a_killed_search_goes_on_where_it_stopped_and_ends_like_a_whole_one(make_steward: Callable[..., Steward]) -> None:
    whole, killed = make_steward("whole"), make_steward("killed")
    found = whole.json(*ASKED, *SLOW)["candidates"][0]
    assert found["trials"] == {"done": TRIALS, "pruned": 0, "failed": 0}
    assert found["value"] >= found["declared"]

    process = killed.start(*ASKED, *SLOW)
    wait_for(lambda: ended(killed) >= 4, "no trial ended")
    process.kill()
    process.communicate()
    left = tried(killed)
    assert len(left) < TRIALS
    again = killed.json(*ASKED, *SLOW)["candidates"][0]
    assert told(killed) == told(whole)
    assert (again["value"], again["settings"]) == (found["value"], found["settings"])
    # What was done before the kill was not done again.
    before = {row.number: row.began_s for row in left if row.state != "running"}
    assert before.items() <= {row.number: row.began_s for row in tried(killed)}.items()


def test_a_search_that_changed_nothing_tries_nothing_again(steward: Steward) -> None:
    first = steward.json(*ASKED[:-1], "4")
    seen = tried(steward)
    assert steward.json(*ASKED[:-1], "4") == first
    assert tried(steward) == seen
    steward.json(*ASKED[:-1], "4", "--set", "split.validation_share=0.3")
    assert len(tried(steward)) == 8
    page = Path(first["page"]).read_text()
    assert "SIMULATED" in page
    assert page.count("<img") >= 3


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_workers_share_the_trials_exactly(
    kind: str, make_steward: Callable[..., Steward], new_database: Callable[[str], str]
) -> None:
    steward = make_steward("shared") if kind == "sqlite" else make_steward("shared", STEWARD_DATABASE_URL=new_database(kind))
    found = steward.json(*ASKED, "--workers", "2", *SLOW)["candidates"][0]
    assert sum(found["trials"].values()) == TRIALS
    rows = tried(steward)
    assert [row.number for row in rows] == list(range(TRIALS))
    assert {row.state for row in rows} <= {"done", "pruned"}
    assert {row.attempt for row in rows} == {1}
    assert len({row.owner for row in rows}) == 2
    assert len({row.settings for row in rows}) == TRIALS


def test_two_machines_with_one_database_share_the_trials(
    make_steward: Callable[..., Steward], new_database: Callable[[str], str]
) -> None:
    url = new_database("postgresql")
    machines = [make_steward(name, STEWARD_DATABASE_URL=url) for name in ("one", "two")]
    processes = [machine.start(*ASKED, *SLOW, "--json") for machine in machines]
    answers = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    both = [json.loads(out)["candidates"][0] for out, _ in answers]
    assert both[0] == both[1]
    rows = tried(machines[0])
    assert [row.number for row in rows] == list(range(TRIALS))
    assert {row.attempt for row in rows} == {1}
    with connect(url).read() as connection:
        assert len(connection.execute(select(studies)).all()) == 1


def test_a_helper_that_is_killed_costs_no_trial(steward: Steward) -> None:
    process = steward.start(*ASKED, "--workers", "2", *SLOW, "--json")
    wait_for(lambda: len({row.owner for row in tried(steward)}) == 2 if ended(steward) else False, "no helper worked")
    (helper,) = children(process.pid)
    os.kill(helper, signal.SIGKILL)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert sum(json.loads(out)["candidates"][0]["trials"].values()) == TRIALS
    rows = tried(steward)
    assert [row.number for row in rows] == list(range(TRIALS))
    assert {row.state for row in rows} <= {"done", "pruned"}


def test_an_interrupt_gives_trials_back_and_leaves_no_process(steward: Steward) -> None:
    process = steward.start(*ASKED, "--workers", "2", *SLOW)
    wait_for(lambda: len({row.owner for row in tried(steward)}) == 2 if ended(steward) else False, "no helper worked")
    (helper,) = children(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not Path(f"/proc/{helper}").exists()
    running = [row for row in tried(steward) if row.state == "running"]
    assert all(row.attempt == 1 for row in running)
    steward.json(*ASKED, *SLOW)
    assert [row.number for row in tried(steward)] == list(range(TRIALS))
    assert {row.state for row in tried(steward)} <= {"done", "pruned"}


def test_a_run_uses_the_study_and_finds_it_done(steward: Steward) -> None:
    asked = ("--set", "candidates=[{kind: mean}, {kind: lightgbm, num_trees: 40, tune: {trials: 3}}]")
    found = steward.json("tune", "calls", *asked)["candidates"][0]
    seen = tried(steward)
    assert [row.number for row in seen] == [0, 1, 2]
    board = steward.json("run", "calls", "--until", "train", *asked)["leaderboard"]
    reached = next(line["validation"] for line in board if line["kind"] == "lightgbm")
    assert reached == pytest.approx(found["value"], rel=1e-9)
    assert tried(steward) == seen


def test_what_to_tune_must_be_said(steward: Steward) -> None:
    assert "no candidate asks to be tuned" in steward("tune", "calls", code=2).stderr
    assert "no candidate is called 'forest'" in steward("tune", "calls", "--candidate", "forest", code=2).stderr
    assert "there is nothing to tune about mean" in steward("tune", "calls", "--candidate", "mean", code=2).stderr
