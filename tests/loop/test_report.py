"""A champion's page: whole, loud about simulated rows, the same after more happened; an old version's is shorter."""

import re
import sqlite3

import pytest

from tests.loop.conftest import SMALL, Steward

pytestmark = pytest.mark.loop


def test_a_report_shows_the_champion_and_names_what_an_old_version_did_not_keep(steward: Steward) -> None:
    refused = steward("report", "taxi", code=4)
    assert "REG-002" in refused.stderr
    run = steward.json("run", "taxi", *SMALL)
    steward.json("watch", "taxi", "--period", "2023-04", *SMALL)

    done = steward("report", "taxi")
    path = steward.home / "reports" / "taxi-v1.html"
    assert str(path) in done.stdout
    assert "next:" in done.stdout
    page = path.read_text()
    assert len(page.encode()) < 600_000
    assert page.count("<strong>SIMULATED DATA</strong>") == 2
    assert page.count("<img ") == 9
    assert re.findall(r"https?://", page) == []
    assert "as recorded." in page
    assert "Not shown on this page" not in page
    for said in (run["bundle"], run["mlflow_run"], run["verdict"]["reason"].split(";")[0], "2023-04", "centroid_km"):
        assert said in page, said

    with sqlite3.connect(steward.home / "steward.db") as connection:
        connection.execute("UPDATE runs SET id = 'lost'")
        connection.execute("UPDATE versions SET facts = '{}'")
    connection.close()
    assert steward.json("report", "taxi", "--version", "1")["reports"] == {"taxi": str(path)}
    page = path.read_text()
    assert "Not shown on this page" in page
    assert "Leaderboard</h2>" not in page
    assert run["bundle"] in page
    assert "REG-001" in steward("report", "taxi", "--version", "7", code=2).stderr
