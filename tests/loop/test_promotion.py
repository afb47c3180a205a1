"""Two who promote at once, and who is killed while the champion changes: there is one pointer, and all else follows it."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from steward.core.journal import verify_chain
from steward.flows.ports import Ports
from steward.flows.run import RunOptions, run
from steward.flows.serve import ChampionFollower
from steward.flows.track import catch_up
from steward.project.read import read_project
from steward.registry.versions import Promotion
from tests.loop.conftest import Steward
from tests.loop.forked import Ended, Forks, dividing
from tests.loop.serving import serving
from tests.reliability import count_trials
from tests.small_project import open_workspace, write_month, write_project

pytestmark = [pytest.mark.loop, pytest.mark.timeout(2400)]

MINUTES = [10.0 * (1 + hour % 3) + hour * 7 % 11 for hour in range(60)]


class Versions:
    """A workspace with three versions of a model, of which the first is champion; the others passed against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = str(write_project(folder / "trips"))
        write_month(folder / "data", "2023-01", MINUTES)
        write_month(folder / "data", "2023-02", MINUTES, first=101)
        self.ports: Ports = open_workspace(folder / "workspace", folder / "data")
        self.steward = Steward(folder / "workspace", {"STEWARD_DATA": str(folder / "data")})
        run(RunOptions(self.where), self.ports)
        for share in (0.3, 0.4):  # other training rows, and so another model
            run(RunOptions(self.where, (f"split.validation_share={share}",), promote=False), self.ports)
        for number in (2, 3):
            verdict = {"passed": True, "reason": "better", "checks": []}
            self.ports.registry.note("trips", number, {"verdict": verdict, "judged_against": 1, "was_champion": True})

    def reset(self) -> int:
        """Let the first version be champion, as if everybody had been told, and say how often the pointer has moved."""
        number, sequence = self.pointer()
        if number != 1:
            sequence = self.ports.registry.swap_champion(Promotion("trips", 1, number, "tester", "again")).sequence
            self.ports.registry.note("trips", 1, {"followed": sequence})
        return sequence

    def pointer(self) -> tuple[int, int]:
        """The champion and how often the pointer moved, from the table itself: there is one row."""
        with closing(sqlite3.connect(self.ports.workspace.database)) as connection:
            ((number, sequence),) = connection.execute("SELECT number, sequence FROM champions WHERE model = 'trips'").fetchall()
        return number, sequence

    def alias(self) -> int:
        """The version that MLflow calls champion, as Steward numbers it."""
        query = (
            "SELECT t.value FROM registered_model_aliases a JOIN model_version_tags t ON t.name = a.name AND t.version = a.version "
            "WHERE a.name = 'trips' AND a.alias = 'champion' AND t.key = 'steward.version'"
        )
        with closing(sqlite3.connect(self.ports.workspace.mlflow)) as connection:
            ((number,),) = connection.execute(query).fetchall()
        return int(number)

    def moves(self) -> list[tuple[int, int]]:
        """All moves in the journal: to which version, the how manieth it was."""
        return [(e.detail["to"], e.detail["sequence"]) for e in self.ports.journal.entries() if e.kind == "champion.promoted"]  # type: ignore[misc]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(tmp_path_factory.mktemp("promotion"))


@pytest.fixture
def forks(versions: Versions) -> Iterator[Forks]:
    with dividing(versions.steward, versions.folder / "said") as forks:
        yield forks


def carry_out(forks: Forks, *commands: list[str]) -> list[Ended]:
    forks.start(*commands)
    return forks.wait()


def test_three_versions_are_there_and_the_first_answers(versions: Versions) -> None:
    assert len({version.digest for version in versions.ports.registry.versions("trips")}) == 3
    assert (versions.pointer(), versions.alias()) == ((1, 1), 1)


@pytest.mark.parametrize("races", [50, pytest.param(500, marks=pytest.mark.campaign)])
def test_of_two_who_promote_at_once_one_wins_and_the_other_is_told_who(versions: Versions, forks: Forks, races: int) -> None:
    wrong: list[tuple[Ended, ...]] = []
    lost_in_swap = 0
    for race in range(races):
        sequence = versions.reset()
        ended = carry_out(
            forks, *(["promote", versions.where, "--version", str(number)] for number in (2, 3)[:: 1 - 2 * (race % 2)])
        )
        number, moved = versions.pointer()
        loser = next((one for one in ended if one.code), ended[0])
        lost_in_swap += "GATE-003" in loser.said
        right = sorted(one.code for one in ended) == [0, 4] and f"the champion is now v{number}" in loser.said
        right &= moved == sequence + 1 and number in {2, 3} and versions.moves()[-1] == (number, moved)
        wrong += [] if right and "Traceback" not in ended[0].said + ended[1].said else [tuple(ended)]
    what = (
        "two `steward promote` of two versions at the same moment: one exits 0 and its version is champion, "
        "the other exits 4 and names the champion of now"
    )
    count_trials("C1", what, trials=races, failed=len(wrong), figures={"lost in the swap itself": f"{lost_in_swap}"})
    assert wrong == []
    assert verify_chain(versions.ports.journal.entries(), expected_head=versions.ports.journal.head()) == ()
    assert versions.alias() == versions.pointer()[0]


@pytest.mark.parametrize("kills", [20, pytest.param(300, marks=pytest.mark.campaign)])
def test_killed_while_the_champion_changes_the_pointer_is_the_old_one_or_the_new_one_and_all_else_agrees(
    versions: Versions, forks: Forks, kills: int
) -> None:
    seed, project = random.Random(20261121), read_project(versions.where)
    for _ in range(2):  # the first waits for the imports; the second tells how long one takes
        before, _ = versions.pointer()
        began = time.monotonic()
        assert [one.code for one in carry_out(forks, ["rollback", versions.where, "--version", str(1 + before % 3)])] == [0]
        lasts = time.monotonic() - began
    killed = moved = behind = 0
    wrong: list[str] = []
    for _ in range(kills):
        old, sequence = versions.pointer()
        new = 1 + old % 3
        (child,) = forks.start(["rollback", versions.where, "--version", str(new)])
        time.sleep(seed.uniform(0, lasts))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        (ended,) = forks.wait()
        killed += ended.code == -signal.SIGKILL
        now = versions.pointer()
        moved += now == (new, sequence + 1)
        behind += versions.alias() != now[0]
        wrong += [] if now in {(old, sequence), (new, sequence + 1)} else [f"pointer {now} after v{old} -> v{new}"]
        wrong += [] if versions.moves()[-1] == now else [f"the journal ends with {versions.moves()[-1]}, the pointer is {now}"]
        # What a start does: the alias is repaired, the champion is verified and loaded.
        catch_up("trips", versions.ports)
        wrong += [] if versions.alias() == now[0] else [f"alias v{versions.alias()}, pointer {now}"]
        served = ChampionFollower(project, versions.ports, "test").load_current()
        wrong += [] if served is not None and served.version == now[0] else [f"served {served and served.version}, pointer {now}"]
    wrong += [str(gap) for gap in verify_chain(versions.ports.journal.entries(), expected_head=versions.ports.journal.head())]
    what = (
        "kill -9 of a command that moves the champion, at a random moment of it: the pointer is the old or the new one, "
        "and after a start the journal, MLflow's alias and the version that answers agree with it"
    )
    figures = {"killed before its end": f"{killed}", "pointer had moved": f"{moved}", "alias was behind": f"{behind}"}
    count_trials("K4", what, trials=kills, failed=len(wrong), figures=figures)
    assert wrong == []
    assert killed >= kills // 2


def test_a_server_that_starts_brings_the_alias_to_where_the_pointer_is(versions: Versions) -> None:
    old = versions.pointer()[0]
    new = 1 + old % 3
    with closing(sqlite3.connect(versions.ports.workspace.database)) as connection, connection:  # as a kill in between leaves it
        connection.execute("UPDATE champions SET number = ?, sequence = sequence + 1 WHERE model = 'trips'", (new,))
    assert versions.alias() == old
    with serving(versions.steward, versions.where) as server:
        assert server.client.get("/model").json()["version"] == new
        assert versions.alias() == new
