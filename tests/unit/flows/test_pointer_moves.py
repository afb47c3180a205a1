"""The pointer moves: a server that could not tell of it tries again, and a challenge of another champion ends."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.champion_world import World
from tests.small_project import open_workspace

from steward.core.errors import EnvironmentFault, Fault
from steward.flows.challenge import start_challenge
from steward.flows.log import open_log, open_shadow_log
from steward.flows.ports import Ports
from steward.flows.promote import promote_by_hand, roll_back_by_hand
from steward.flows.run import RunOptions, run
from steward.flows.serve import ChampionFollower
from steward.project.read import Project
from steward.registry.versions import Promotion
from steward.serving.service import Service


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("moves"))
    for trees in (5, 6):
        changed = (f"candidates=[{{kind: lightgbm, num_trees: {trees}, learning_rate: 0.1}}]",)
        run(RunOptions(str(world.folder / "trips"), changed, promote=False), world.ports)
    return world


@pytest.fixture
def ports(made: World, tmp_path: Path) -> Ports:
    home = tmp_path / "workspace"
    shutil.copytree(made.folder / "workspace", home)
    return open_workspace(home, None)


class Forgetful:
    """A journal whose database is away at the first entry."""

    def __init__(self, ports: Ports) -> None:
        self._journal, self.away = ports.journal, True

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)

    def append(self, *told: object, **more: object) -> object:
        if self.away:
            self.away = False
            raise EnvironmentFault(Fault("DB-003", "the database server does not answer"))
        return self._journal.append(*told, **more)  # type: ignore[arg-type]


def test_a_new_champion_that_could_not_be_told_of_is_loaded_at_the_next_look(made: World, ports: Ports) -> None:
    follower = ChampionFollower(made.project, replace(ports, journal=Forgetful(ports)), "w")  # type: ignore[arg-type]
    with pytest.raises(EnvironmentFault, match="DB-003"):
        follower.load_current()
    served = follower.load_current()
    assert served is not None
    assert served.version == 1
    assert follower.load_current() is None


def test_a_challenge_ends_with_its_champion_and_does_not_come_back_with_it(made: World, ports: Ports) -> None:
    ramp = start_challenge(made.project, ports, number=2, steps=[0.1, 0.5], every=timedelta(days=1))
    ports.registry.note("trips", 3, {"verdict": {"passed": True, "reason": "better"}, "judged_against": 1})
    assert promote_by_hand("trips", 3, "by hand", ports).number == 3
    ended = ports.challenges.newest("trips")
    assert ended is not None
    assert (ended.id, ended.ended.how if ended.ended else None) == (ramp.id, "overtaken")
    assert roll_back_by_hand("trips", None, "it was worse", ports).number == 1
    assert ports.challenges.now("trips") is None


def test_a_server_ends_what_a_killed_command_left_open(made: World, ports: Ports) -> None:
    project: Project = made.project
    start_challenge(project, ports, number=2, steps=[0.1, 0.5], every=timedelta(days=1))
    follower = ChampionFollower(project, ports, "w")
    service = Service(follower.load_current(), open_log(project, ports, "w"), ports.clock)
    ports.registry.swap_champion(Promotion("trips", 3, 1, "tester", "and then it was killed"))
    follower.follow_challenges(service, open_shadow_log(project, ports, "w"))
    assert ports.challenges.now("trips") is not None  # its champion answers here still
    moved = follower.load_current()
    assert moved is not None
    service.swap(moved)
    follower.load_current()
    assert ports.challenges.now("trips") is None
