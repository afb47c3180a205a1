"""Real processes of the real command, each test in a workspace of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, "-m", "steward.apps.cli.main")


@dataclass
class Steward:
    """Runs `steward` in one workspace; offline, so that nothing here depends on a network."""

    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STEWARD_")}
        return {**kept, "STEWARD_HOME": str(self.home), "STEWARD_OFFLINE": "1", "NO_COLOR": "1", "COLUMNS": "200", **self.extra}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home.parent,
        )

    def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, f"exit {process.returncode}, expected {code}\n{out}\n{err}"
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code).stdout)


@pytest.fixture
def steward(tmp_path: Path) -> Steward:
    return Steward(tmp_path / "workspace")


@pytest.fixture
def make_steward(tmp_path: Path) -> Callable[..., Steward]:
    def make(name: str, **extra: str) -> Steward:
        return Steward(tmp_path / name, extra)

    return make


SMALL = ("--set", "source.simulator.rows=6000")
