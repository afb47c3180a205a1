"""What `steward watch` and `steward status` print and write: stored text as it is, and a page about the right window."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text
from tests.champion_world import World
from tests.logged_world import DAY, HOUR, Logged
from tests.watched_windows import QUIET, verdict

from steward.agent.decide import AskApproval
from steward.agent.diagnose import diagnose
from steward.agent.incidents import Incident
from steward.apps.cli.results import named_windows, show_status, show_window
from steward.apps.cli.screen import literal
from steward.apps.cli.watching import _show, _show_response
from steward.flows.respond import Response
from steward.flows.status import Status
from steward.monitoring.history import WatchedWindow

RUDE = {"[/b]": 3000, "[red]": 1000, "\x1b[2J": 500}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("champion"))


def rude_window() -> WatchedWindow:
    judged = verdict(QUIET, performance=None, estimate=None, slices=(), unknown_classes=RUDE)
    return WatchedWindow("w", "calls", 1, "2026-01", judged.severity, judged.alarm, False, judged.as_dict(), "2026-02-01T00:00:00")


def test_a_class_name_that_looks_like_markup_is_shown_as_it_was_told(capsys: pytest.CaptureFixture[str]) -> None:
    judged = verdict(QUIET, performance=None, estimate=None, slices=(), unknown_classes=RUDE)
    window, diagnosis = rude_window(), diagnose(judged)
    incident = Incident("i1", "calls", 1, "open", judged.severity, ("2026-01",), None, "2026-02-01")
    show_window(window)
    _show_response(window, Response(incident, diagnosis, AskApproval(0.8, diagnosis.text)), "calls", known=False)
    show_status(Status("calls", None, None, 0, None, (window,), replace(incident, labels=("[/b]",)), ()), "calls")
    said = capsys.readouterr().out
    assert said.count("'[/b]' (3,000), '[red]' (1,000)") == 2
    assert said.count("never learnt: [/b], [red], \\x1b[2J") == 2
    assert "i1: [/b]" in said
    assert "\x1b[2J" not in said


@given(st.text(max_size=40))
def test_whatever_others_wrote_is_read_as_no_markup(text: str) -> None:
    shown = Text.from_markup(f"[bold]{literal(text)}[/]", emoji=False).plain
    assert shown.isprintable()
    assert shown == text or not text.isprintable()


def test_of_many_windows_the_newest_fifty_are_named() -> None:
    incident = Incident("i1", "calls", 1, "open", 0.8, tuple(f"day {place}" for place in range(62)), None, "2026-02-01")
    named = named_windows(incident)
    assert named.startswith("12 earlier ones, day 12, day 13")
    assert named.endswith("day 61")
    assert named_windows(replace(incident, labels=("a", "b"))) == "a, b"


def page_after_a_look(logged: Logged) -> str:
    """Watch what is due, and return the label of the window that the page is about."""
    watched = logged.look()
    _show(watched, logged.answer(watched), "trips", logged.project, logged.ports, as_json=True)
    page = (logged.ports.workspace.reports / "trips-watch.html").read_text()
    found = re.search(r"(\d{4}-\d{2}-\d{2}) 00:00\+00:00 1d</strong>", page)
    assert found is not None
    return found[1]


def test_the_page_is_about_an_older_window_only_where_that_is_news(world: World, tmp_path: Path) -> None:
    logged = Logged(world, tmp_path, "watch.every=1d")
    first, second, _ = logged.days(3)
    logged.clock.advance(HOUR)
    assert page_after_a_look(logged) == "2026-01-07"
    logged.tell(first, 40.0)
    assert page_after_a_look(logged) == "2026-01-05"  # its outcomes came late, and are an alarm
    logged.clock.advance(HOUR)
    logged.tell(first[:50], 41.0)
    logged.tell(second, 0.1)
    assert page_after_a_look(logged) == "2026-01-07"  # judged again: the older alarm was answered, and the other one is none
    logged.ask(logged.clock.now(), zones=(9,), span=DAY - 2 * HOUR)
    logged.clock.advance(DAY)
    assert page_after_a_look(logged) == "2026-01-08"
