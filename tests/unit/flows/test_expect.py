import json
from pathlib import Path

import pytest
from tests.small_project import open_workspace, write_month, write_project

from steward.adapters.great_expectations import run_suite
from steward.core.errors import UsageError
from steward.flows.expect import expect_periods
from steward.project.read import read_project
from steward.quality.expected import Answer, Expectations, SuiteRun


def other_engine(name: str, expectations: Expectations, folder: Path) -> SuiteRun:
    """Say the same, but miscount the rows of the first check by one."""
    answers = [Answer("expected", carried=False, holds=one.holds, rows=one.rows) for one in expectations.each]
    first = expectations.each[0]
    answers[0] = Answer("expected", carried=False, holds=first.holds, rows=(first.rows or 0) + 1)
    return SuiteRun(tuple(answers), folder / f"{name}.json", folder / "index.html")


def test_rows_of_a_period_are_asked_about_and_both_answers_compared(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path / "trips"))
    write_month(tmp_path / "data", "2023-01", [5.0, 90.0, -1.0, None])
    report = expect_periods(project, ["2023-01"], open_workspace(tmp_path / "home", tmp_path / "data"), other_engine)
    assert (report.periods, report.origin, report.rows) == (("2023-01",), "folder", 4)
    assert [finding.check for finding in report.findings] == ["range minutes"]
    told = [(one.ours.name, one.ours.holds, one.ours.rows, one.agree) for one in report.compared]
    assert told == [("unique id", True, 0, False), ("range minutes", False, 2, True), ("dictionary: types", True, None, True)]
    assert not report.agree
    assert json.loads(json.dumps(report.as_dict()))["checks"][1]["expectation_rows"] == 2


def test_great_expectations_itself_agrees_and_leaves_its_suite_and_pages_in_the_workspace(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path / "trips"))
    for month in ("2023-01", "2023-02"):
        write_month(tmp_path / "data", month, [5.0, 90.0, -1.0, None])
    report = expect_periods(project, ["2023-01", "2023-02"], open_workspace(tmp_path / "home", tmp_path / "data"), run_suite)
    assert report.agree
    assert [(one.ours.name, one.theirs.rows) for one in report.compared][:2] == [("unique id", 8), ("range minutes", 4)]
    assert report.suite == tmp_path / "home" / "expectations" / "trips.json"
    assert report.suite.is_file()
    assert report.pages == tmp_path / "home" / "expectations" / "data_docs" / "trips" / "index.html"
    assert report.pages.is_file()


def test_a_period_that_is_none_is_refused(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path / "trips"))
    with pytest.raises(UsageError, match="'2023-13' is neither a month nor a year"):
        expect_periods(project, ["2023-13"], open_workspace(tmp_path / "home", tmp_path), other_engine)
