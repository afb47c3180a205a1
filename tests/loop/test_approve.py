"""An alarm asks a person: approved once, carried out once, also when a kill comes between."""

import sqlite3
import time
from typing import Any

import pytest

from tests.loop.conftest import Steward

pytestmark = [pytest.mark.loop, pytest.mark.timeout(600)]
ROWS = ("--set", "source.simulator.rows=20000")
SLOW = (*ROWS, "--set", "source.simulator.scenario=slow_city")


@pytest.fixture
def asked(steward: Steward) -> Steward:
    """A workspace whose agent waits for an approval, for a city that became slow."""
    steward.json("run", "taxi", *ROWS)
    watched = steward.json("watch", "taxi", "--period", "2023-05", *SLOW, code=1)
    assert watched["response"]["approval"]["status"] == "pending", watched["response"]["decision"]
    return steward


def rows(steward: Steward, query: str) -> list[Any]:
    with sqlite3.connect(steward.home / "steward.db") as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def kinds(steward: Steward, kind: str) -> int:
    return int(rows(steward, f"SELECT count(*) FROM journal WHERE kind = '{kind}'")[0][0])


def test_an_approval_killed_in_the_middle_is_carried_out_once(asked: Steward) -> None:
    killed = asked.start("approve", "taxi", "--by", "Ada")
    newest = "(SELECT id FROM runs ORDER BY started_at DESC LIMIT 1)"
    while not rows(asked, f"SELECT 1 FROM steps WHERE name = 'train' AND run = {newest}"):
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.05)
    killed.kill()
    killed.communicate()
    asked("approve", "taxi", "--by", "Ada")
    assert rows(asked, "SELECT number FROM champions") == [(2,)]
    assert rows(asked, "SELECT count(*) FROM versions") == [(2,)]
    assert rows(asked, "SELECT status FROM incidents") == [("closed",)]
    once = ("approval.approved", "action.started", "action.finished", "incident.closed")
    assert [kinds(asked, kind) for kind in once] == [1, 1, 1, 1]
    trained = rows(asked, "SELECT facts FROM versions WHERE number = 2")[0][0]
    assert "slow_city" in trained  # the new champion learned from the world that was watched
    asked("audit", "verify")
    done = asked("approve", "taxi", code=2)
    assert "nothing waits" in done.stderr


def test_a_rejection_does_nothing_and_closes_the_incident(asked: Steward) -> None:
    asked("approve", "taxi", "--reject", "--by", "Ada", "--reason", "a festival, it will pass")
    assert rows(asked, "SELECT number FROM champions") == [(1,)]
    assert "festival" in rows(asked, "SELECT outcome FROM incidents")[0][0]


def test_the_agent_cannot_approve_itself_and_facts_must_hold(asked: Steward) -> None:
    done = asked("approve", "taxi", "--by", "steward agent", code=4)
    assert "AGENT-005" in done.stderr
    asked.json("run", "taxi", *ROWS, "--set", "candidates=[{kind: lightgbm, num_leaves: 15}]", "--set", "gate.min_gain=-0.5")
    done = asked("approve", "taxi", "--by", "Ada", code=4)
    assert "AGENT-004" in done.stderr
