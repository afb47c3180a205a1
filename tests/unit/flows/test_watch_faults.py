"""What breaks on the way is told apart from a world that moved: in rows as they came in, and where one client floods the log."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.champion_world import MINUTES, World
from tests.logged_world import BEGIN, DAY, HOUR, Logged
from tests.small_project import open_workspace, write_month

from steward.agent.diagnose import diagnose
from steward.flows.champion import load_champion
from steward.flows.ports import Ports
from steward.flows.watch import Watched
from steward.flows.watch_faults import importance_of_columns
from steward.flows.watch_rows import watch_parts, watch_period
from steward.monitoring.faults import DataFault
from steward.project.read import read_project

OVERRIDES = ("watch.min_rows=20",)


def beside(world: World, data: Path) -> Ports:
    """Return the champion's workspace in a copy of its own, with other data."""
    home = data.with_name(f"{data.name}-home")
    shutil.copytree(world.ports.workspace.home, home)
    return open_workspace(home, data)


def watched(world: World, folder: Path, lines: Sequence[str]) -> Watched:
    folder.mkdir()
    (folder / "2023-03.csv").write_text("\n".join(["id,at,zone,minutes", *lines]) + "\n")
    return watch_period(read_project(world.project.folder, OVERRIDES), "2023-03", beside(world, folder))


def month(folder: Path) -> list[str]:
    path = write_month(folder / "plain", "2023-03", [*MINUTES, *MINUTES], first=1001)
    return path.read_text().splitlines()[1:]


def kinds(one: Watched) -> list[tuple[str, str | None]]:
    assert one.verdict is not None
    return [(fault.kind, fault.column) for fault in one.verdict.faults if fault.severity > 0]


def test_an_ordinary_month_has_no_faults(world: World, tmp_path: Path) -> None:
    assert kinds(watched(world, tmp_path / "data", month(tmp_path))) == []


def test_rows_that_come_twice_are_a_fault_though_a_check_takes_them_out(world: World, tmp_path: Path) -> None:
    lines = month(tmp_path)
    twice = watched(world, tmp_path / "data", [*lines, *lines[:60]])
    assert ("duplicates", None) in kinds(twice)
    assert twice.window.alarm
    assert twice.verdict is not None
    assert diagnose(twice.verdict).kind == "data_fault"


def test_a_column_that_comes_empty_or_out_of_bounds_is_named(world: World, tmp_path: Path) -> None:
    lines = [line.split(",") for line in month(tmp_path)]
    empty = [",".join([*line[:2], "" if place % 2 else line[2], line[3]]) for place, line in enumerate(lines)]
    far = [",".join([*line[:2], "99" if place % 2 else line[2], line[3]]) for place, line in enumerate(lines)]
    assert ("nulls", "zone") in kinds(watched(world, tmp_path / "empty", empty))
    assert ("range", "zone") in kinds(watched(world, tmp_path / "far", far))


def test_days_without_rows_after_quiet_ones_are_a_feed_that_stopped(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    write_month(folder, "2023-03", [MINUTES[hour % 60] for hour in range(15 * 24)], first=1001)
    project = read_project(world.project.folder, ("watch.min_rows=5",))
    days = watch_parts(project, "2023-03", "day", beside(world, folder))
    assert [one.window.status for one in days[15:]] == ["alarm"] * 16
    assert all(kinds(one) == [("stopped", None)] for one in days[15:])
    assert not any(fault == ("stopped", None) for one in days[:15] for fault in kinds(one))


def test_the_gain_of_a_column_is_that_of_the_best_feature_that_reads_it(world: World) -> None:
    bundle = load_champion(world.ports, "trips").bundle
    assert importance_of_columns(bundle) == {"zone": max(bundle.importance.values())}


class Asking(Logged):
    """Logs what named clients ask."""

    def ask_by(self, caller: str | None, rows: int, zone: int) -> None:
        at = [BEGIN + DAY * number / rows for number in range(rows)]
        made: list[dict[str, Any]] = [self._record(moment, zone, number) for number, moment in enumerate(at)]
        named = [{**one, "prediction_id": f"{caller}-{number}", "caller": caller} for number, one in enumerate(made)]
        self._log.append(named if caller else [{**one, "prediction_id": f"none-{i}"} for i, one in enumerate(made)])

    def judged(self) -> tuple[float, DataFault | None]:
        self.clock.advance(DAY + HOUR)
        (one,) = self.look()
        assert one.verdict is not None
        flood = next((fault for fault in one.verdict.faults if fault.kind == "one client"), None)
        return float(one.window.severity or 0.0), flood


def clients(logged: Asking, flood: int) -> None:
    for place, name in enumerate(("ann", "bob", "cid")):
        logged.ask_by(name, 100, 1 + place)
    if flood:
        logged.ask_by("dan", flood, 2)


def test_one_client_that_floods_a_window_counts_at_most_to_the_cap(world: World, tmp_path: Path) -> None:
    logged = Asking(world, tmp_path, "watch.every=1d", "watch.client_share=0.2")
    clients(logged, 3000)
    severity, flood = logged.judged()
    assert flood is not None
    assert flood.text == "one client asked for 91% of the rows; 75 of its 3,000 count"
    free = Asking(world, tmp_path / "free", "watch.every=1d", "watch.client_share=0.99")
    clients(free, 3000)
    swamped, unseen = free.judged()
    assert unseen is None
    assert severity < 0.5 <= swamped


def test_a_window_of_few_clients_or_of_unknown_ones_counts_whole(world: World, tmp_path: Path) -> None:
    logged = Asking(world, tmp_path, "watch.every=1d", "watch.client_share=0.2")
    clients(logged, 0)
    logged.ask_by(None, 300, 1)
    _, flood = logged.judged()
    assert flood is None


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    (tmp_path / "free").mkdir()
