"""A workspace with two champions, one before the other, made once and copied for each test that does harm to its own."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.flows.ports import Ports
from steward.flows.promote import roll_back_by_hand
from steward.flows.run import RunOptions, run
from steward.testing import MemoryTracker
from tests.loop.conftest import Steward
from tests.small_project import write_month, write_project

ROW = {"zone": 2}
MODEL = "trips"


@dataclass(frozen=True)
class World:
    """The command in a workspace, the project's folder, and the ports of the same workspace."""

    steward: Steward
    project: str
    ports: Ports

    @property
    def log(self) -> Path:
        """Where answers are written before they are given."""
        return self.steward.home / "predictions" / MODEL

    def swap(self, version: int) -> None:
        """Let an earlier champion answer again."""
        roll_back_by_hand(MODEL, version, "a test swaps", self.ports)

    def copy(self, folder: Path) -> "World":
        """Return a world of its own in another folder."""
        shutil.copytree(self.steward.home, folder / "home")
        return open_world(folder / "home", Path(self.project), self.steward.extra.get("STEWARD_DATABASE_URL"))


def open_world(home: Path, project: Path, database: str | None = None) -> World:
    """Return the world in a workspace that may be there already."""
    extra = {} if database is None else {"STEWARD_DATABASE_URL": database}
    ports = build_ports(Settings(home=home, data=project.parent / "data", offline=True, database_url=database), Silent())
    return World(Steward(home, extra), str(project), replace(ports, tracker=MemoryTracker()))


def make_world(folder: Path, database: str | None = None) -> World:
    """Train two versions of a small project: a line, and trees that are better; both were champions."""
    project = write_project(folder / "trips")
    for number, period in enumerate(("2023-01", "2023-02")):
        minutes = [(10.0, 40.0, 25.0)[hour % 3] + hour * 7 % 11 for hour in range(600)]
        write_month(folder / "data", period, minutes, first=1 + 1000 * number)
    world = open_world(folder / "home", project, database)
    for candidate in ("{kind: linear}", "{kind: lightgbm, num_trees: 40, num_leaves: 4}"):
        assert run(RunOptions(str(project), (f"candidates=[{candidate}]",)), world.ports).result["promoted"], candidate
    return world
