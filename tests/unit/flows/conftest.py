from pathlib import Path

import pytest
from tests.champion_world import World


@pytest.fixture(scope="session")
def one_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("champion"))


@pytest.fixture
def world(one_world: World, tmp_path: Path) -> World:
    """A champion made once, and a folder of one's own for files."""
    one_world.folder = tmp_path
    return one_world
