"""What the description says is held, whatever is sent: schemathesis with all its checks against a real server (CATALOGUE F2)."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.loop.patient import Patient, train_calls
from tests.loop.serving import serving
from tests.reliability import count_trials

pytestmark = [pytest.mark.loop, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Patient, str]:
    return train_calls(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize(
    ("role", "minutes"),
    [
        ("viewer", 0),
        ("predictor", 0),
        pytest.param("viewer", 2, marks=pytest.mark.campaign),
        pytest.param("predictor", 16, marks=pytest.mark.campaign),
        pytest.param("admin", 2, marks=pytest.mark.campaign),
    ],
)
def test_a_fuzzer_finds_nothing_that_the_description_does_not_say(trained: tuple[Patient, str], role: str, minutes: int) -> None:
    steward, project = trained
    secret = steward.json("keys", "create", f"{role}{minutes}", "--role", role, "--per-minute", "1000000")["secret"]
    with serving(steward, project) as server:
        found = fuzz(server.address, secret, minutes, steward.home.parent)
        assert server.client.get("/health/live").status_code == 200
    cases = int(re.search(r"(\d+) generated", found.stdout)[1])  # type: ignore[index] # its summary
    failures = len(re.findall(r"(?m)^ +- ST\d+", found.stdout))
    what = f"Schemathesis with all its checks, also in sequences, asked as {role}; every answer is as the description says"
    count_trials("F2", what, trials=cases, failed=failures, figures={"minutes": str(minutes)})
    assert found.returncode == 0, found.stdout
    assert cases > 100
    assert "Traceback" not in steward.said.read_text()


def fuzz(address: str, secret: str, minutes: int, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Ask for so many minutes, or with 0 some hundred times, whatever the description allows, and what it does not."""
    said = ("--header", f"Authorization: Bearer {secret}", "--seed", "20261121", "--warnings", "off")
    long = ("--max-time", str(60 * minutes)) if minutes else ("--max-examples", "20")
    checks = ("--checks", "all", "--max-response-time", "5", "--phases", "examples,coverage,fuzzing,stateful")
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{address}/openapi.json",
        *checks,
        *said,
        *long,
        "--continue-on-failure",
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.loop.fuzz_hooks", "PYTHONPATH": str(Path.cwd()), "NO_COLOR": "1"}
    process = partial(subprocess.run, env={**os.environ, **hooks}, cwd=folder, capture_output=True, text=True)
    return process(command, check=False, timeout=60 * minutes + 300)
