"""The tutorial's commands do what the tutorial says."""

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


def test_the_whole_loop_by_hand_on_real_months(data: Path, tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text())
    assert len(blocks) >= 10
    lines = [f"printf '\\n### {number}\\n'\n{block}" for number, block in enumerate(blocks)]
    before, after = "set -euo pipefail\ntrap 'kill $SERVER 2>/dev/null || true' EXIT\nSERVER=", "printf '\\n### end\\n'\n"
    script = "\n".join([before, *lines, after])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "STEWARD_DATA": str(data),
        "STEWARD_OFFLINE": "1",
        "PORT": str(free_port()),
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "Traceback" not in told

    parts = dict(re.findall(r"^### (\d+)\n(.*?)(?=^### )", done.stdout, re.MULTILINE | re.DOTALL))
    outputs = [parts[str(number)] for number in range(len(blocks))]
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
