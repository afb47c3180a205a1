"""The commands of the pages that lead a new user do what the pages say."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.loop, pytest.mark.timeout(500)]
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def outputs_of(page: str, folder: Path, **more: str) -> list[str]:
    """Run all blocks of a page in one shell, one after the other, and return what each printed."""
    blocks = BLOCK.findall((ROOT / "docs" / page).read_text())
    lines = [f"printf '\\n### {number}\\n'\n{block}" for number, block in enumerate(blocks)]
    before, after = "set -euo pipefail\ntrap 'kill $SERVER 2>/dev/null || true' EXIT\nSERVER=", "printf '\\n### end\\n'\n"
    script = "\n".join([before, *lines, after])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("STEWARD_")},
        "PATH": path,
        "STEWARD_OFFLINE": "1",
        "PORT": str(free_port()),
        "NO_COLOR": "1",
        **more,
    }
    done = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=folder, capture_output=True, text=True, timeout=400, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "Traceback" not in told

    parts = dict(re.findall(r"^### (\d+)\n(.*?)(?=^### )", done.stdout, re.MULTILINE | re.DOTALL))
    return [parts[str(number)] for number in range(len(blocks))]


def test_the_whole_loop_by_hand_on_real_months(data: Path, tmp_path: Path) -> None:
    outputs = outputs_of("tutorial.md", tmp_path, STEWARD_DATA=str(data))
    assert len(outputs) >= 10
    watched = next(o for o in outputs if "2020-04" in o and "ALARM" in o)
    assert "AskApproval" in watched or "Escalate" in watched
    approved = next(o for o in outputs if "approved by Ada" in o)
    assert "v2 (new)" in approved
    assert "ALARM" in next(o for o in outputs if "taxi v2 on 2020-08" in o)
    quiet = outputs[-1]
    assert "ALARM" not in quiet
    assert "the chain is whole" in quiet
    assert "the chain is whole" in outputs[-2]
    _no_alarm_and_one_version(tmp_path / "quiet-workspace" / "steward.db")


def _no_alarm_and_one_version(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM versions").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM incidents").fetchone() == (0,)
        label, alarm = connection.execute("SELECT label, alarm FROM windows").fetchone()
        assert (label, alarm) == ("2024-01", 0)
    connection.close()


def test_the_page_on_serving_leads_to_an_explained_prediction(tmp_path: Path) -> None:
    first, second = outputs_of("serving.md", tmp_path, STEWARD_HOME=str(tmp_path / "workspace"))
    assert '"interval":{"low":' in first
    explained, told, origin = second.partition('{"prediction_id":"')
    assert '"moved":[{"feature":' in explained
    assert '"status":"known"' in told + origin
    assert "promoted" in origin
    assert "outcome     14.5" in origin
    assert "journal" in origin
