"""What the drift plan promises of made-up rows holds: each case runs through the real commands and has its verdict."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from steward.project.read import read_project
from steward.project.spec import DriftCase
from tests.loop.conftest import Steward

pytestmark = pytest.mark.loop
ROWS: dict[str, tuple[str, ...]] = {
    "taxi": ("--set", "source.simulator.rows=6000"),
    "uber": ("--set", "source.simulator.rows=2000"),
    "accidents": (),
    "heart": (),
}
PLANNED = [(name, case) for name in ROWS for case in read_project(name).spec.watch.cases if case.scenario is not None]


def called(value: object) -> str:
    return value.name or str(value.scenario) if isinstance(value, DriftCase) else str(value)


@pytest.fixture(scope="module")
def champions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Steward]:
    return {name: Steward(tmp_path_factory.mktemp(name) / "workspace") for name in ROWS}


def champion(steward: Steward, name: str, case: DriftCase) -> None:
    """Let a project have the champion that a case begins with; it is made once."""
    if not steward.home.exists():
        learned = f"split.train=[{', '.join(json_text(label) for label in case.learned)}]"
        steward("run", name, "--set", learned, "--set", "split.test=[]", *ROWS[name])


def json_text(label: str) -> str:
    return f'"{label}"'


@pytest.mark.parametrize(("name", "case"), PLANNED, ids=called)
def test_a_made_up_case_of_the_plan_has_the_verdict_it_promises(
    name: str, case: DriftCase, champions: dict[str, Steward], tmp_path: Path
) -> None:
    champion(champions[name], name, case)
    steward = Steward(tmp_path / "workspace")  # of its own: an open incident would speak into the next case
    shutil.copytree(champions[name].home, steward.home)
    command = ["watch", name, "--period", case.period, "--set", f"source.simulator.scenario={case.scenario}", *ROWS[name]]
    if case.bend:
        asked = ("--period", case.period, "--scenario", case.name, "--output", str(tmp_path / "bent"))
        said = steward("simulate", name, *asked, *ROWS[name])
        assert "SIMULATED DATA" in said.stdout
        command = shlex.split(re.search(r"next:  steward (.+)", said.stdout)[1])  # type: ignore[index] # it says what comes next
    window = judged(steward, command, case)
    assert window["status"] == ("alarm" if case.expect == "alarm" else "ok"), window["text"]
    if case.name in FAULTS:
        assert FAULTS[case.name] in [(fault["kind"], fault["column"]) for fault in window["faults"]]


def judged(steward: Steward, command: list[str], case: DriftCase) -> dict[str, Any]:
    said = steward.json(*command, code=1 if case.expect == "alarm" else 0)
    verdict: dict[str, Any] = said["window"]["verdict"]
    return verdict


FAULTS = {
    "stuck_zone": ("constant", "dropoff_zone"),
    "lost_zones": ("nulls", "pickup_zone"),
    "sent_twice": ("duplicates", None),
    "cents": ("range", None),
    "lost_vehicles": ("nulls", "vehicle_type"),
    "millimoles": ("range", "cholesterol_mg_dl"),
}
