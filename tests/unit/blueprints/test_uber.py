from pathlib import Path

import polars as pl
import pytest

from steward.core.period import Period
from steward.data.assemble import read_rows
from steward.data.locate import Remote, gather
from steward.data.simulate import load_simulator
from steward.flows.program import rule_program
from steward.project.read import Project, check_project, read_project
from steward.quality.checks import run_checks

YEARS = {"2009": 9.96, "2010": 10.01, "2011": 10.47, "2012": 11.34, "2013": 12.70, "2014": 13.32}  # mean fare, measured elsewhere


@pytest.fixture(scope="module")
def uber() -> Project:
    return read_project("uber")


def rows(project: Project, data: Path, *periods: str) -> pl.DataFrame:
    files = gather(project.spec.source, periods, data, Remote()).files
    return read_rows(files, project.spec.source, project.dictionary).frame


def test_the_project_has_no_faults() -> None:
    assert check_project("uber") == []


def test_one_file_gives_each_year_its_rides(uber: Project, data: Path) -> None:
    frame = rows(uber, data, *YEARS)
    assert frame.height == 26_303
    means = frame.group_by("period").agg(pl.col("fare_usd").mean().round(2)).sort("period")
    assert dict(means.iter_rows()) == YEARS


def test_a_month_is_a_part_of_its_year(uber: Project, data: Path) -> None:
    before, after = (rows(uber, data, month)["fare_usd"].mean() for month in ("2012-08", "2012-09"))
    assert (round(float(str(before)), 1), round(float(str(after)), 1)) == (10.6, 12.7)  # the new tariff


def test_places_that_were_not_recorded_are_set_apart(uber: Project, data: Path) -> None:
    checked = run_checks(rule_program(uber).run(rows(uber, data, *YEARS)), uber.spec.checks)
    assert 0.015 < checked.quarantined_share < 0.025  # 490 pick-ups at longitude 0, 516 outside New York
    assert checked.kept["pickup_lon"].min() is not None
    assert checked.kept.filter(pl.col("pickup_lat") == 0).is_empty()


def test_the_simulator_is_of_the_publishers_form_and_repeats_itself(uber: Project, tmp_path: Path) -> None:
    assert uber.simulator_path is not None
    simulator = load_simulator(uber.simulator_path)
    first, again, other = (simulator.simulate(Period.parse("2013"), 400, seed, "none") for seed in (7, 7, 8))
    assert first.equals(again)
    assert not first.equals(other)
    path = tmp_path / "rides.parquet"
    first.write_parquet(path)
    from steward.data.read import read_table

    frame = read_table(path, uber.dictionary).frame
    assert frame.height == 400
    assert frame["pickup_at"].is_between(Period.parse("2013").start, Period.parse("2013").end, closed="left").all()


def test_dear_rides_cost_a_quarter_more(uber: Project) -> None:
    assert uber.simulator_path is not None
    simulator = load_simulator(uber.simulator_path)
    plain, dear = (simulator.simulate(Period.parse("2011-05"), 2000, 7, name)["fare_amount"] for name in ("none", "dear"))
    assert float(str(dear.mean())) / float(str(plain.mean())) == pytest.approx(1.25, abs=0.01)
