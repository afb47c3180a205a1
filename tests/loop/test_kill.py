"""kill -9 at twelve moments of a run, then resume: the same as if nothing had happened."""

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steward.adapters.sql.database import open_database, sqlite_url
from steward.adapters.sql.journal import SqlJournal
from steward.core.journal import verify_chain
from steward.testing.clock import FrozenClock
from tests.loop.conftest import SMALL, Steward

pytestmark = [pytest.mark.loop, pytest.mark.timeout(900)]
MOMENTS = 12


def outcome(steward: Steward, result: dict[str, Any]) -> dict[str, Any]:
    """All that must not depend on whether the run was killed."""
    with sqlite3.connect(steward.home / "steward.db") as connection:
        versions = connection.execute("SELECT number, digest, files FROM versions").fetchall()
        promotions = connection.execute("SELECT count(*) FROM journal WHERE kind = 'champion.promoted'").fetchone()
    connection.close()
    with sqlite3.connect(steward.home / "mlflow.db") as connection:
        mlflow_versions = connection.execute("SELECT count(*) FROM model_versions").fetchone()
        mlflow_runs = connection.execute("SELECT name, status FROM runs ORDER BY name").fetchall()
        mlflow_metrics = connection.execute(
            "SELECT key, value FROM metrics WHERE key <> 'fit_seconds' ORDER BY key, value"
        ).fetchall()
    connection.close()
    return {
        **{name: result[name] for name in ("snapshot", "clean", "metrics", "champion", "version", "promoted")},
        "versions": versions,
        "promotions": promotions,
        "mlflow": (mlflow_versions, mlflow_runs, mlflow_metrics),
        "files": sorted(str(p.relative_to(steward.home)) for p in steward.home.rglob("*.parquet") if "artifacts" not in p.parts),
    }


def chain_is_whole(home: Path) -> bool:
    journal = SqlJournal(open_database(sqlite_url(home / "steward.db")), FrozenClock())
    return verify_chain(journal.entries(), expected_head=journal.head()) == ()


def leftovers(home: Path) -> list[str]:
    return [str(p.relative_to(home)) for p in home.rglob("*") if p.name.endswith(".tmp") or p.name.endswith(".part")]


def test_a_killed_run_ends_like_an_uninterrupted_one(make_steward: Callable[..., Steward]) -> None:
    whole = make_steward("whole")
    began = time.monotonic()
    result = whole.json("run", "taxi", *SMALL)
    lasted = time.monotonic() - began
    expected = outcome(whole, result)
    assert expected["champion"] == 1
    generator = random.Random(2026)
    unfinished = 0
    for number in range(MOMENTS):
        # One moment in each twelfth of the run, so that early and late steps are hit alike.
        moment = lasted * (number + generator.random()) / MOMENTS
        killed = make_steward(f"killed-{number}")
        process = killed.start("run", "taxi", *SMALL)
        time.sleep(moment)
        process.kill()
        process.communicate()
        unfinished += process.returncode == -9
        result = killed.json("resume", "taxi", *SMALL)
        assert outcome(killed, result) == expected, f"killed after {moment:.2f} s of {lasted:.2f} s"
        assert leftovers(killed.home) == []
        assert chain_is_whole(killed.home)
    assert unfinished >= MOMENTS // 2
