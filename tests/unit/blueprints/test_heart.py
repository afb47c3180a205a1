from pathlib import Path

import polars as pl
import pytest

from steward.data.assemble import read_rows
from steward.data.locate import Remote, gather
from steward.data.read import read_table
from steward.data.simulate import load_simulator
from steward.flows.program import rule_program
from steward.project.read import Project, check_project, read_project
from steward.quality.clean import clean


@pytest.fixture(scope="module")
def heart() -> Project:
    return read_project("heart")


def rows(project: Project, data: Path, *parts: str) -> pl.DataFrame:
    files = gather(project.spec.source, parts, data, Remote()).files
    frame = read_rows(files, project.spec.source, project.dictionary).frame
    return clean(rule_program(project).run(frame), project.spec.cleaning[:-1]).frame  # duplicates stay


def test_the_project_has_no_faults() -> None:
    assert check_project("heart") == []


@pytest.mark.parametrize(("part", "count", "ill"), [("cleveland", 303, 0.459), ("hungarian", 294, 0.361), ("va", 200, 0.745)])
def test_a_hospital_is_a_part_with_its_own_share_of_the_ill(heart: Project, data: Path, part: str, count: int, ill: float) -> None:
    frame = rows(heart, data, part)
    assert frame.height == count
    assert (frame["disease"] == "present").mean() == pytest.approx(ill, abs=0.0005)


def test_question_marks_and_zeros_are_missing(heart: Project, data: Path) -> None:
    nulls = {part: rows(heart, data, part).null_count().row(0, named=True) for part in ("cleveland", "hungarian", "va")}
    assert (nulls["cleveland"]["vessels"], nulls["cleveland"]["thallium"]) == (4, 2)
    assert (nulls["hungarian"]["vessels"], nulls["hungarian"]["st_slope"]) == (291, 190)
    assert (nulls["va"]["cholesterol_mg_dl"], nulls["va"]["resting_bp_mmhg"]) == (7 + 49, 56 + 1)  # "?" and 0


def test_the_kaggle_copy_becomes_the_cleveland_rows(heart: Project, data: Path) -> None:
    told = ["age_years", "sex", "resting_bp_mmhg", "cholesterol_mg_dl", "max_heart_rate", "st_depression_mm"]
    codes = ["chest_pain", "resting_ecg", "st_slope", "disease"]
    ours, copy = rows(heart, data, "cleveland"), rows(heart, data, "kaggle")
    both = ours.join(copy.unique(told), on=told, suffix="_copy")
    assert both.height >= 295
    for code in codes:
        assert (both[code] == both[f"{code}_copy"]).mean() == 1.0, code
    assert copy["vessels"].null_count() == 5
    assert copy["thallium"].null_count() == 2


def test_the_simulator_is_of_the_publishers_form_and_repeats_itself(heart: Project, tmp_path: Path) -> None:
    assert heart.simulator_path is not None
    simulator = load_simulator(heart.simulator_path)
    first, again, other = (simulator.simulate("cleveland", 2000, seed, "none") for seed in (7, 7, 8))
    assert first.equals(again)
    assert not first.equals(other)
    assert list(first.columns) == list(heart.spec.source.header)
    first.write_parquet(tmp_path / "x.parquet")
    frame = read_table(tmp_path / "x.parquet", heart.dictionary).frame
    assert (frame["diagnosis"] > 0).mean() == pytest.approx(0.459, abs=0.04)
    hungarian = simulator.simulate("hungarian", 2000, 7, "none")
    assert float(str(hungarian["ca"].is_null().mean())) > 0.8
