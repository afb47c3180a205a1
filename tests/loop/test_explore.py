"""The shape of the rows is looked at from the command line: made-up calls of two classes, and trips of one feature."""

from pathlib import Path

import pytest

from tests.loop.conftest import Steward
from tests.loop.tiny import write_project as write_calls
from tests.small_project import write_month, write_project

pytestmark = pytest.mark.loop


def test_explore_writes_a_page_and_says_what_is_on_it(steward: Steward, tmp_path: Path) -> None:
    project = str(write_calls(tmp_path / "calls", task="binary", target="left"))
    said = steward("explore", project).stdout
    page = tmp_path / "workspace" / "reports" / "calls-explore.html"
    for line in (
        "SIMULATED DATA",
        "component 1 (",
        "discriminant 1 (",
        "k-means: ",
        "mixture: ",
        f"page: {page}",
        "next:  steward run",
    ):
        assert line in said
    text = page.read_text()
    assert text.count('<img src="data:image/png;base64,') == 7
    assert "steward explore calls" in text
    assert str(tmp_path) not in text

    facts = steward.json("explore", project, "--clusters", "3", "--components", "2")
    assert (facts["k_means"]["clusters"], facts["pca"]["components"]) == (3, 2)
    assert facts["columns"] == ["hour", "wait", "plan: cheap", "plan: dear", "plan: old"]
    assert facts["rows"] == facts["used"] > 1500
    assert "gaps are filled" in facts["notes"][0]


def test_what_cannot_be_explored_is_refused_with_the_way_out(steward: Steward, tmp_path: Path) -> None:
    project = str(write_project(tmp_path / "trips"))
    minutes = [10.0 + 7 * (number % 3) + number % 5 for number in range(120)]
    for place, month in enumerate(("2023-01", "2023-02")):
        write_month(tmp_path / "data", month, minutes, first=1 + 1000 * place)
    data = ("--data", str(tmp_path / "data"))
    for asked, code in (
        (("--clusters", "many"), "CLI-006"),
        (("--clusters", "4"), "MODEL-063"),
    ):
        refused = steward("explore", project, *data, *asked, code=2).stderr
        assert f"error[{code}]" in refused
        assert "fix: " in refused
    assert "1 feature of 96 training rows" in steward("explore", project, *data).stdout  # three zones: one feature, three points
