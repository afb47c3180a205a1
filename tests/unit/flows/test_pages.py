from pathlib import Path

import pytest
from tests.conftest import ROOT

from steward.flows.pages import dictionary_page, drift_page, write_pages
from steward.project.read import read_project


def test_the_pages_in_docs_are_those_the_blueprints_declare(tmp_path: Path) -> None:
    for path in write_pages(tmp_path):
        assert (ROOT / "docs" / path.name).read_text() == path.read_text(), "run  make docs"


def test_every_column_stands_in_the_dictionary_page_once() -> None:
    taxi = read_project("taxi")
    page = dictionary_page([taxi])
    for name in taxi.dictionary.columns:
        assert page.count(f"\n| {name} |") == 1
    assert "| pickup_at | datetime | local wall clock of New York |" in page


@pytest.mark.parametrize("text", ["`steward watch taxi --period 2020-04`", "| 2024-01 | 2023-01 | quiet |", "- `slow_city`: "])
def test_the_drift_plan_names_cases_scenarios_and_commands(text: str) -> None:
    assert text in drift_page([read_project("taxi")])
