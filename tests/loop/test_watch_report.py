"""Should I retrain today? The page answers on one screen of a real browser, in the light and in the dark, and on a phone."""

from pathlib import Path

import numpy as np
import pytest

from steward.reporting.watch_report import render_watch_html
from tests.browser import DARK, DESKTOP, PHONE, Pixels, colours, has, picture
from tests.loop.conftest import Steward
from tests.small_project import write_month, write_project
from tests.watched_windows import NULLS, report, verdict

pytestmark = [pytest.mark.loop, pytest.mark.timeout(600)]

ALARM, CALM, INK, DARK_ALARM, DARK_PAGE = "#b3261e", "#1f5fa8", "#1a1a1a", "#ff6f63", "#14181c"


def show(folder: Path, size: tuple[int, int], *options: str) -> Pixels:
    page = folder / "taxi-watch.html"
    page.write_text(render_watch_html(report(verdict(faults=(NULLS,)), done="Incident 7: the agent asks, approval 7.")))
    return picture(page, size, folder, *options)


def test_one_screen_shows_answer_severity_reasons_and_history(tmp_path: Path) -> None:
    shown = show(tmp_path, DESKTOP)
    assert colours(shown) > 50
    assert has(shown[50:110, 40:400], ALARM)  # the answer, in large letters
    assert has(shown[80:160, 860:1240], ALARM, least=2000)  # the severity's bar
    assert has(shown[230:560, 40:430], ALARM, least=1000)  # bars of the columns that moved
    assert has(shown[230:560, 840:1240], ALARM)  # what broke
    assert has(shown[540:800, 1150:1240], ALARM, least=1000)  # the last window in the strip
    assert has(shown[540:800, 40:1150], CALM, least=1000)  # and those before it


def test_it_can_be_read_in_the_dark_and_on_a_phone(tmp_path: Path) -> None:
    dark = show(tmp_path, DESKTOP, DARK)
    assert has(dark[:20, :20], DARK_PAGE, least=300)
    assert has(dark[50:110, 40:400], DARK_ALARM)
    assert dark.mean() < 0.25
    phone = show(tmp_path, PHONE)
    assert has(phone[60:200], ALARM)
    assert np.all(phone[:, -6:] == 1.0)  # nothing is cut at the right edge


def test_a_watched_window_has_a_page_that_answers(tmp_path: Path) -> None:
    project = write_project(tmp_path / "trips")
    quiet = [(10.0, 40.0, 25.0)[hour % 3] + hour * 7 % 11 for hour in range(600)]
    for number, period in enumerate(("2023-01", "2023-02", "2023-03")):
        write_month(tmp_path / "data", period, quiet, first=1 + 1000 * number)
    longer = [min(60.0, minutes * 1.8) for minutes in quiet]
    write_month(tmp_path / "data", "2023-04", longer, first=9001)
    steward = Steward(tmp_path / "home", {"STEWARD_DATA": str(tmp_path / "data")})
    steward.json("run", str(project))
    assert "REP-001" in steward("report", str(project), "--watch", code=4).stderr

    steward("watch", str(project), "--period", "2023-03")
    said = steward("report", str(project), "--watch").stdout
    assert "should trips be retrained today?  No." in said
    told = steward.json("report", str(project), "--watch")
    path = steward.home / "reports" / "trips-watch.html"
    assert (told["html"], told["window"], told["answer"]["word"]) == (str(path), "2023-03", "no")

    steward(
        "watch", str(project), "--period", "2023-04", "--set", "policy.retrain_from=0.1", "--set", "policy.ask_from=0.1", code=1
    )
    told = steward.json("report", str(project), "--watch")
    assert told["window"] == "2023-04"
    assert told["answer"]["word"].startswith("yes")
    page = path.read_text()
    assert len(page.encode()) < 300_000
    assert "realised" in page
    attached = list((steward.home / "artifacts").rglob("reports/trips-watch.html"))
    assert [one.read_text() for one in attached] == [page]
    assert "CLI-004" in steward("report", "--watch", code=2).stderr
    assert "CLI-004" in steward("report", str(project), "--watch", "--evidently", code=2).stderr
