"""kill -9 at twelve moments of a run, then resume: the same as if nothing had happened."""

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loop.conftest import SMALL, Steward

pytestmark = pytest.mark.loop
MOMENTS = 12


def outcome(steward: Steward) -> dict[str, Any]:
    """All that must not depend on whether the run was killed."""
    result = steward.json("resume", "taxi")
    with sqlite3.connect(steward.home / "steward.db") as connection:
        versions = connection.execute("SELECT number, digest, files FROM versions").fetchall()
        promotions = connection.execute("SELECT count(*) FROM journal WHERE kind = 'champion.promoted'").fetchone()
    connection.close()
    with sqlite3.connect(steward.home / "mlflow.db") as connection:
        mlflow_versions = connection.execute("SELECT count(*) FROM model_versions").fetchone()
        mlflow_runs = connection.execute("SELECT status FROM runs").fetchall()
    connection.close()
    return {
        "snapshot": result["snapshot"],
        "clean": result["clean"],
        "metrics": result["metrics"],
        "champion": result["champion"],
        "versions": versions,
        "promotions": promotions,
        "mlflow": (mlflow_versions, mlflow_runs),
        "files": sorted(str(p.relative_to(steward.home)) for p in steward.home.rglob("*.parquet") if "artifacts" not in p.parts),
    }


def leftovers(home: Path) -> list[str]:
    return [str(p.relative_to(home)) for p in home.rglob("*") if p.name.endswith(".tmp") or p.name.endswith(".part")]


def test_a_killed_run_ends_like_an_uninterrupted_one(make_steward: Callable[..., Steward]) -> None:
    whole = make_steward("whole")
    began = time.monotonic()
    whole("run", "taxi", *SMALL)
    lasted = time.monotonic() - began
    expected = outcome(whole)
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
        killed("resume", "taxi", *SMALL)
        assert outcome(killed) == expected, f"killed after {moment:.2f} s of {lasted:.2f} s"
        assert leftovers(killed.home) == []
        killed("audit", "verify")
    assert unfinished >= MOMENTS // 2
