"""From real files to the page on their quality: one file with the findings, the same each time, also of rows that are not fit."""

import re
from pathlib import Path

import pytest

from steward.core.errors import AnswerIsNo, UsageError
from steward.data.snapshot import read_snapshot
from steward.flows.ingest import Frames
from steward.flows.ports import Ports
from steward.flows.quality import profile_snapshot, quality_contents, write_quality_report
from steward.flows.run import RunOptions, run
from steward.project.read import Project, read_project
from steward.quality.summary import summary_lines
from steward.reporting.quality_contents import finding_words, judge_fitness
from tests.small_project import open_workspace, write_month, write_project

pytestmark = pytest.mark.loop

OCTOBER = ("split.train=[2020-10]", "split.test=[]")
ROADS = """\
name: roads
task: regression
target: lanes
source:
  files: ["accidents/raw/lieux_{period}.csv.gz", "accidents/raw/lieux-{period}.csv.gz"]
split: {train: ["2016"], test: []}
checks:
  - {kind: range, column: lanes, min: 0, max: 20}
features: [width, category]
candidates: [{kind: mean}]
"""
COLUMNS = """\
columns:
  category: {type: integer, aliases: [catr], known_at: request, meaning: kind of road}
  lanes: {type: integer, aliases: [nbv], known_at: outcome, meaning: number of lanes, required: false}
  width: {type: integer, aliases: [larrout], unit: dm, known_at: request, meaning: width of the road, required: false}
  state: {type: integer, aliases: [surf], known_at: request, meaning: state of the surface, required: false}
"""


def processed(where: str, ports: Ports, *overrides: str) -> Project:
    run(RunOptions(where, overrides, until="process"), ports)
    return read_project(where, overrides)


def test_the_page_about_a_real_month_is_one_small_file_with_every_finding(tmp_path: Path, data: Path) -> None:
    ports = open_workspace(tmp_path / "home", data)
    project = processed("taxi", ports, *OCTOBER)
    written = write_quality_report(project, ports)
    page, text = written.html.read_text(), written.markdown.read_text()
    assert written.html == tmp_path / "home" / "reports" / "taxi-quality.html"
    assert len(page.encode()) < 500_000
    assert re.findall(r"https?://|<script|<link|<img", page) == []

    contents = written.contents
    assert contents.findings
    for finding in contents.findings:
        assert finding_words(finding) in page
    assert contents.raw.rows == 95_120
    assert contents.raw.rows == contents.clean.rows + contents.quarantined + contents.dropped
    for said in ("95,120", "real rows, from files in a folder", contents.sources[0].sha256, f"{contents.clean.rows:,}"):
        assert said in page, said
        assert said in text, said
    assert "<summary>range duration_min: 5 of" in page
    # the block that is empty together: passengers, vendor and the others in 44.7 % of the rows
    vendor = contents.raw.column("vendor")
    assert vendor is not None
    assert vendor.cells.null_share == pytest.approx(42510 / 95120)
    assert "44.7%" in page

    metrics = {(one.stage, one.column, one.metric): one.value for one in written.metrics}
    assert metrics["raw", "", "rows"] == 95_120
    assert metrics["raw", "", "quarantined"] == contents.quarantined
    assert metrics["raw", "vendor", "null_share"] == pytest.approx(42510 / 95120)
    assert metrics["clean", "duration_min", "max"] == 60
    again = write_quality_report(project, ports)
    assert again.html.read_text() == page
    assert again.markdown.read_text() == text


def test_what_came_in_is_told_right_after_it_was_read(tmp_path: Path, data: Path) -> None:
    ports = open_workspace(tmp_path / "home", data)
    run(RunOptions("taxi", OCTOBER, until="ingest"), ports)
    project = read_project("taxi", OCTOBER)
    newest = ports.runs.latest("taxi")
    assert newest is not None
    lines = summary_lines(profile_snapshot(project, str(newest.result["snapshot"]), Frames(ports)))
    assert lines[0].startswith("95,120 rows, 21 columns, ")
    assert lines[1].startswith("empty: ehail_fee_usd 100.0%")
    # the page can be had as well: the checks are made for it
    assert quality_contents(project, ports, newest).findings


def test_the_page_about_roads_of_2018_against_2016_says_that_their_width_goes_empty(tmp_path: Path, data: Path) -> None:
    folder = write_project(tmp_path / "roads")
    (folder / "project.yaml").write_text(ROADS)
    (folder / "dictionary.yaml").write_text(COLUMNS)
    ports = open_workspace(tmp_path / "home", data)
    written = write_quality_report(read_project(folder), ports, period="2018", against="2016")
    assert written.html.name == "roads-quality-2018-against-2016.html"
    assert written.run == ""
    comparison = written.contents.comparison
    assert comparison is not None
    assert comparison.changes[0].column == "width"
    said = "going empty: empty in 2.7% of the rows before, in 76.3% after"
    assert comparison.changes[0].text == said
    page = written.html.read_text()
    assert f"width is {said} (2016 to 2018)" in page
    assert "FIT WITH CARE" in page
    assert len(page.encode()) < 500_000
    assert "--quality --period 2018 --against 2016" in page


def test_rows_that_stop_the_run_have_a_page_that_says_why(tmp_path: Path) -> None:
    folder, months = write_project(tmp_path / "trips"), tmp_path / "months"
    write_month(months, "2023-01", [5.0] * 50 + [90.0] * 50)
    write_month(months, "2023-02", [5.0] * 20)
    ports = open_workspace(tmp_path / "home", months)
    overrides = ("quarantine.max_share=0.1",)
    with pytest.raises(AnswerIsNo, match=r"41\.7%"):
        run(RunOptions(str(folder), overrides, until="process"), ports)
    written = write_quality_report(read_project(folder, overrides), ports)
    fitness = judge_fitness(written.contents)
    assert fitness.level == "not fit"
    assert fitness.reasons[0] == "checks set 50 of 120 rows apart (41.7%); 10.0% is allowed"
    assert written.contents.drills[0].rows == 50
    assert "NOT FIT" in written.html.read_text()
    assert str(tmp_path) not in written.html.read_text()


def test_without_rows_there_is_no_page(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "trips")
    ports = open_workspace(tmp_path / "home", tmp_path)
    with pytest.raises(UsageError, match="no run of trips has read any rows") as caught:
        write_quality_report(read_project(folder), ports)
    assert [fault.code for fault in caught.value.faults] == ["DATA-060"]
    with pytest.raises(UsageError, match="neither a month nor a year"):
        write_quality_report(read_project(folder), ports, period="../etc")
    assert not (tmp_path / "home" / "reports").exists() or not list((tmp_path / "home" / "reports").glob("*.html"))


def test_rows_shown_are_those_that_were_set_apart(tmp_path: Path) -> None:
    folder, months = write_project(tmp_path / "trips"), tmp_path / "months"
    write_month(months, "2023-01", [5.0, 61.0, None, 7.5, 99.0])
    write_month(months, "2023-02", [5.0, 6.0], first=100)
    ports = open_workspace(tmp_path / "home", months)
    project = processed(str(folder), ports)
    contents = write_quality_report(project, ports).contents
    (drill,) = contents.drills
    assert [row[:2] for row in drill.cells] == [("61", "2"), ("99", "5")]
    apart = read_snapshot(ports.workspace.snapshots, dict(contents.digests)["rows set apart"])
    assert apart.height == drill.rows == contents.quarantined == 2
    assert contents.raw.periods == {"2023-01": 5, "2023-02": 2}
