import gzip
import shutil
from pathlib import Path

import polars as pl
import pytest

from steward.core.period import Period
from steward.data.assemble import read_rows
from steward.data.locate import Remote, gather
from steward.data.read import read_table
from steward.data.simulate import load_simulator
from steward.features.program import Program, load_features
from steward.flows.program import rule_program
from steward.project.read import Project, check_project, read_project


@pytest.fixture(scope="module")
def accidents() -> Project:
    return read_project("accidents")


def rows(project: Project, data: Path, *years: str) -> pl.DataFrame:
    files = gather(project.spec.source, years, data, Remote()).files
    frame = read_rows(files, project.spec.source, project.dictionary).frame
    return rule_program(project).run(frame)


def test_the_project_has_no_faults() -> None:
    assert check_project("accidents") == []


def test_years_come_from_the_file_that_holds_them(accidents: Project, data: Path) -> None:
    frame = rows(accidents, data, "2005", "2016", "2018")
    counted = frame.group_by("period").agg(
        pl.len(),
        (pl.col("severity") != "unhurt_or_slight").mean().round(3).alias("severe"),
        pl.col("road_width").is_null().mean().round(3).alias("no_width"),
    )
    assert counted.sort("period").rows() == [
        ("2005", 4420, 0.238, 0.167),
        ("2016", 3023, 0.234, 0.428),
        ("2018", 3061, 0.198, 0.877),
    ]
    assert frame["accident_at"].null_count() == 0


def test_the_four_tables_of_a_year_are_joined_to_its_users(accidents: Project, data: Path, tmp_path: Path) -> None:
    shutil.copytree(data / "accidents" / "raw", tmp_path / "accidents" / "raw")
    frame = rows(accidents, tmp_path, "2016")
    assert (frame.height, frame["accident_id"].n_unique()) == (5000, 2238)
    # Circumstances and places of all these accidents are there; the clock says 1445 where the sample has two columns.
    for column in ("light", "road_category", "accident_at"):
        assert frame[column].null_count() == 0, column
    first = frame.row(0, named=True)
    assert (first["accident_id"], first["vehicle_number"], first["department"]) == ("201600000001", "B02", "590")
    assert str(first["accident_at"]) == "2016-02-01 14:45:00"
    assert (first["age"], first["severity"], first["road_width"]) == (33, "unhurt_or_slight", None)


def test_every_column_of_the_files_stands_in_the_dictionary(accidents: Project, data: Path) -> None:
    known = {name.casefold() for key, column in accidents.dictionary.columns.items() for name in (key, *column.aliases)}
    headers: list[str] = []
    for path in [*data.glob("accidents/baac*.csv.gz"), *data.glob("accidents/raw/*")]:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            headers += file.readline().strip().replace('"', "").split(",")
    assert {name.casefold() for name in headers} - known == set()


def test_the_simulator_is_of_the_samples_form_and_repeats_itself(accidents: Project, tmp_path: Path) -> None:
    assert accidents.simulator_path is not None
    simulator = load_simulator(accidents.simulator_path)
    year = Period.parse("2010")
    first, again, other = (simulator.simulate(year, 3000, seed, "none") for seed in (7, 7, 8))
    assert first.equals(again)
    assert not first.equals(other)
    first.write_parquet(tmp_path / "x.parquet")
    frame = read_table(tmp_path / "x.parquet", accidents.dictionary).frame
    assert 0.15 < float(str((frame["injury"] != 1).mean())) < 0.33
    lost = simulator.simulate(year, 3000, 7, "width_missing")
    assert float(str((lost["larrout"] == 0).mean())) > 0.9


def test_users_of_one_made_up_accident_share_its_circumstances(accidents: Project) -> None:
    assert accidents.simulator_path is not None
    frame = load_simulator(accidents.simulator_path).simulate(Period.parse("2010"), 999, 7, "none")
    shared = ["mois", "jour", "hr", "mn", "lum", "agg", "int", "atm", "col", "com", "dep", "catr", "nbv", "surf", "larrout"]
    assert frame.group_by("num_acc").agg(pl.col(shared).n_unique()).select(shared).max().row(0) == (1,) * len(shared)
    assert frame["num_acc"].n_unique() == 500


def test_a_department_has_one_number_before_and_after_2019(accidents: Project) -> None:
    rows = pl.DataFrame({"year": [18, 18, 2021, 2021, 2021, 2021], "department": ["590", "201", "59", "2A", "971", "2B"]})
    program = Program.build(load_features(accidents.features_path), ["department_number"], rows.columns, ())
    assert program.run(rows)["department_number"].to_list() == [590, 201, 590, 201, 971, 202]
