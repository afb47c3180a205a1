"""A monitor that watches on: it looks when windows end, waits for what is away, and ends when it is told to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.champion_world import World
from tests.logged_world import DAY, Logged

from steward.core.errors import EnvironmentFault, Fault, Refused, UsageError
from steward.flows.respond import Response
from steward.flows.watch import Watched
from steward.flows.watch_due import next_end
from steward.flows.watch_follow import follow_log
from steward.monitoring.history import ListedWindow
from steward.project.read import Project

Labels = list[list[str]]


def follow(
    logged: Logged,
    steps: int,
    step: timedelta,
    *,
    each: Callable[[int], None] = lambda _: None,
    project_now: Callable[[], Project] | None = None,
) -> Labels:
    """Follow for so many waits, each of which lets some time pass, and return the labels of each telling."""
    heard: Labels = []
    passed = 0

    def wait(seconds: float) -> bool:
        nonlocal passed
        if seconds == 0:
            return False
        each(passed)
        logged.clock.advance(step)
        passed += 1
        return passed > steps

    def tell(watched: Sequence[Watched], _response: Response | None) -> None:
        heard.append([one.window.label[:13] for one in watched])

    follow_log(project_now or (lambda: logged.project), logged.where, logged.ports, wait=wait, tell=tell)
    return heard


def test_each_window_is_told_once_when_it_has_ended_and_its_grace_is_over(world: World, tmp_path: Path) -> None:
    logged = Logged(world, tmp_path, "watch.every=6h", "watch.wait=30m")
    logged.ask(logged.clock.now(), 960, span=2 * DAY)
    heard = follow(logged, 4 * 8, timedelta(minutes=15))  # eight hours
    assert heard == [["2026-01-05 00"]]
    assert next_end(logged.project.spec.watch, logged.clock.now()) == logged.clock.now().replace(hour=12, minute=30)
    assert follow(logged, 8, timedelta(hours=3)) == [["2026-01-05 06"], ["2026-01-05 12"], ["2026-01-05 18"], ["2026-01-06 00"]]


class Shaky:
    """Windows whose database is away at the second look."""

    def __init__(self, logged: Logged) -> None:
        self._windows, self.asked = logged.ports.windows, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._windows, name)

    def of_version(self, model: str, version: int) -> Sequence[ListedWindow]:
        self.asked += 1
        if self.asked == 3:  # the first look asked twice: what is due, and what is known
            raise EnvironmentFault(Fault("DB-003", "the database server does not answer"))
        return self._windows.of_version(model, version)


def test_a_database_that_is_away_is_told_and_the_next_look_catches_up(world: World, tmp_path: Path) -> None:
    logged = Logged(world, tmp_path, "watch.every=1d")
    logged.ask(logged.clock.now(), 960, span=4 * DAY)
    shaky = Shaky(logged)
    logged.ports = replace(logged.ports, windows=shaky)  # type: ignore[arg-type]
    heard = follow(logged, 4, DAY + timedelta(minutes=2))
    assert [day for one in heard for day in one] == ["2026-01-05 00", "2026-01-06 00", "2026-01-07 00", "2026-01-08 00"]
    assert "the database server does not answer: the next look catches up" in logged.heard.said


def test_whatever_fails_after_the_first_look_is_told_and_tried_again(world: World, tmp_path: Path) -> None:
    logged = Logged(world, tmp_path, "watch.every=1d")
    logged.ask(logged.clock.now(), 960, span=4 * DAY)
    asked = iter(
        [
            None,
            None,
            EnvironmentFault(Fault("DB-003", "the database server does not answer")),
            UsageError(Fault("YAML-001", "the project file is half written")),
            OSError(28, "No space left on device"),
        ]
    )

    def project_now() -> Project:
        trouble = next(asked, None)
        if trouble is not None:
            raise trouble
        return logged.project

    heard = follow(logged, 7, DAY + timedelta(minutes=2), project_now=project_now)
    assert [day for one in heard for day in one][:4] == ["2026-01-05 00", "2026-01-06 00", "2026-01-07 00", "2026-01-08 00"]
    told = [line for line in logged.heard.said if line.endswith(": the next look catches up")]
    assert [line.split(":")[0] for line in told] == [
        "the database server does not answer",
        "the project file is half written",
        "[Errno 28] No space left on device",
    ]


def test_at_the_first_look_what_is_wrong_ends_it(world: World, tmp_path: Path) -> None:
    logged = Logged(world, tmp_path, "watch.every=1d")
    asked = iter([logged.project])

    def project_now() -> Project:
        found = next(asked, None)
        if found is None:
            raise Refused(Fault("REG-002", "there is no champion yet"))
        return found

    with pytest.raises(Refused, match="REG-002"):
        follow(logged, 1, DAY, project_now=project_now)


def test_who_follows_must_say_how_long_a_window_is(world: World, tmp_path: Path) -> None:
    logged = Logged(world, tmp_path, "watch.alert=0.5")
    with pytest.raises(UsageError, match="WATCH-007"):
        follow(logged, 1, DAY)
