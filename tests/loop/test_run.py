"""One offline run: a champion, a leaderboard, a loud word; then promotions, rollback, the record."""

import sqlite3
from pathlib import Path

import pytest

from tests.loop.conftest import SMALL, Steward

pytestmark = pytest.mark.loop


def test_an_offline_run_ends_with_a_champion_and_says_it_was_simulated(steward: Steward) -> None:
    done = steward("run", "taxi", *SMALL)
    for word in ("Leaderboard", "lightgbm", "linear", "mean", "champion", "SIMULATED DATA", "next:", "left out"):
        assert word in done.stdout, word
    again = steward.json("run", "taxi", *SMALL)
    assert (again["champion"], again["version"], again["origin"]) == (1, 1, "simulated")
    assert {"ingest", "validate", "clean", "features", "train", "evaluate", "bundle"} <= set(again["reused"])
    assert "centroid_km" in again["left_out"]
    status = steward("status", "taxi").stdout
    assert "SIMULATED DATA" in status
    assert len(status.splitlines()) <= 25
    steward("doctor")
    steward("audit", "verify")


def test_a_kill_right_after_the_promotion_is_not_forgotten(steward: Steward) -> None:
    whole = steward.json("run", "taxi", *SMALL)
    with sqlite3.connect(steward.home / "steward.db") as connection:  # as it stands when the last step's record is missing
        connection.execute("UPDATE steps SET status = 'running', output = NULL WHERE name = 'promote'")
        connection.execute("UPDATE runs SET status = 'running', result = NULL")
    connection.close()
    resumed = steward.json("resume", "taxi")
    assert {**resumed, "reused": []} == {**whole, "reused": []}
    with sqlite3.connect(steward.home / "steward.db") as connection:
        assert connection.execute("SELECT number, sequence FROM champions").fetchall() == [(1, 1)]
    connection.close()


def test_a_changed_parameter_redoes_only_what_depends_on_it(steward: Steward) -> None:
    steward.json("run", "taxi", *SMALL, "--no-promote")
    again = steward.json("run", "taxi", *SMALL, "--no-promote", "--set", "candidates.2.num_leaves=15")
    assert set(again["reused"]) >= {"ingest", "validate", "clean", "features"}
    assert "train" not in again["reused"]


def test_two_promote_at_once_one_wins_and_the_other_learns_who(steward: Steward) -> None:
    steward.json("run", "taxi", *SMALL, "--no-promote")
    racers = [steward.start("promote", "taxi") for _ in range(2)]
    ended = [(racer.communicate(timeout=60), racer) for racer in racers]
    codes = sorted(racer.returncode for _, racer in ended)
    assert codes == [0, 4], ended
    loser = next(err for (_, err), racer in ended if racer.returncode == 4)
    winner = next(str(racer.pid) for _, racer in ended if racer.returncode == 0)
    assert f"pid {winner}" in loser, loser
    with sqlite3.connect(steward.home / "steward.db") as connection:
        assert connection.execute("SELECT number, sequence FROM champions").fetchall() == [(1, 1)]
    connection.close()


def test_rollback_goes_to_the_champion_before_and_back(steward: Steward) -> None:
    steward("rollback", "taxi", code=4)
    steward.json("run", "taxi", *SMALL, "--set", "candidates=[{kind: linear}]")
    better = steward.json("run", "taxi", *SMALL, "--set", "candidates=[{kind: lightgbm}]")
    assert better["champion"] == 2, better["verdict"]
    assert steward.json("rollback", "taxi")["number"] == 1
    assert steward.json("rollback", "taxi", "--version", "2")["number"] == 2
    steward("audit", "verify")


def test_one_changed_byte_of_the_journal_is_found_and_named(steward: Steward) -> None:
    steward.json("ingest", "taxi", *SMALL)
    with sqlite3.connect(steward.home / "steward.db") as connection:
        connection.execute("UPDATE journal SET detail = replace(detail, 'reused\":false', 'reused\":falsE') WHERE number = 2")
    connection.close()
    done = steward("audit", "verify", code=1)
    assert "entry 2" in done.stdout


def test_a_second_run_of_the_same_project_at_once_is_refused(steward: Steward) -> None:
    first = steward.start("run", "taxi")
    lock = steward.home / "locks" / "taxi.lock"
    try:
        while not (lock.exists() and lock.read_text()):
            assert first.poll() is None
        done = steward("run", "taxi", code=4)
        assert f"process {first.pid}" in done.stderr
    finally:
        first.kill()
        first.communicate()


def test_a_quiet_simulated_month_is_no_alarm_and_a_slow_city_is_one(steward: Steward) -> None:
    rows = ("--set", "source.simulator.rows=20000")
    steward.json("run", "taxi", *rows)
    quiet = steward.json("watch", "taxi", "--period", "2023-04", *rows)
    assert quiet["window"]["alarm"] is False
    slow = steward.json("watch", "taxi", "--period", "2023-05", *rows, "--set", "source.simulator.scenario=slow_city", code=1)
    assert slow["window"]["alarm"] is True
    assert slow["response"]["incident"]["labels"] == ["2023-05"]
    again = steward.json("watch", "taxi", "--period", "2023-05", *rows, "--set", "source.simulator.scenario=slow_city", code=1)
    assert again["response"] is None


def test_no_file_is_written_outside_the_workspace(steward: Steward, tmp_path: Path) -> None:
    steward.json("run", "taxi", *SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["workspace"]
