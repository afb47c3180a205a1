"""What is written for tools beside Steward, and what is never written over."""

from pathlib import Path

import polars as pl
import pytest
import yaml
from tests.small_project import open_workspace, write_month, write_project

from steward.adapters.dvc import PIPELINE_FILE, dvc_yaml
from steward.core.digest import digest_file
from steward.core.errors import UsageError
from steward.flows.export import Pipeline, export_pipeline, place_outputs
from steward.flows.layout import export_rows
from steward.flows.ports import Ports
from steward.flows.run import RunOptions, run
from steward.project.read import read_project


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for period, first in (("2023-01", 1), ("2023-02", 101)):
        write_month(tmp_path / "data", period, [10.0, 20.0, 30.0, 99.0], first=first)
    return tmp_path / "data"


@pytest.fixture
def ports(tmp_path: Path, data: Path) -> Ports:
    return open_workspace(tmp_path / "workspace", data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_project(tmp_path / "trips")


def export(where: Path | str, into: Path, ports: Ports, *, force: bool = False) -> Pipeline:
    return export_pipeline(read_project(where), into, ports, PIPELINE_FILE, dvc_yaml, force=force)


def codes(error: pytest.ExceptionInfo[UsageError]) -> list[str]:
    return [fault.code for fault in error.value.faults]


def test_a_project_elsewhere_is_copied_and_its_data_files_are_named(tmp_path: Path, folder: Path, ports: Ports) -> None:
    into = tmp_path / "repo"
    written = export(folder, into, ports)
    assert written.files == ("trips/project.yaml", "trips/dictionary.yaml", "trips/features.py", "params.yaml", "dvc.yaml")
    assert read_project(into / "trips").frozen == read_project(folder).frozen
    ingest = yaml.safe_load((into / "dvc.yaml").read_text())["stages"]["ingest"]
    assert ingest["deps"][-2:] == ["../data/2023-01.csv", "../data/2023-02.csv"]
    assert ingest["cmd"].endswith("--data ../data")
    assert (into / ".gitignore").read_text() == "/.steward/\n"


def test_a_project_within_is_used_where_it_lies(folder: Path, ports: Ports) -> None:
    assert export(folder, folder, ports).files == ("params.yaml", "dvc.yaml")
    stages = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    assert stages["process"]["cmd"].startswith("steward process . --params params.yaml --into .")
    assert stages["process"]["deps"] == ["project.yaml", "dictionary.yaml", "features.py", "data/raw/trips.parquet"]


def test_exporting_twice_changes_nothing_and_a_changed_file_is_not_written_over(folder: Path, ports: Ports) -> None:
    export(folder, folder, ports)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    export(folder, folder, ports)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    (folder / "params.yaml").write_text("split: {train: [2022-12]}\n")
    (folder / "dvc.yaml").unlink()
    with pytest.raises(UsageError) as caught:
        export(folder, folder, ports)
    assert codes(caught) == ["EXPORT-001"]
    assert not (folder / "dvc.yaml").exists()
    export(folder, folder, ports, force=True)
    assert (folder / "params.yaml").read_bytes() == before["params.yaml"]


def test_a_stage_leaves_its_own_rows_under_a_name_people_know(tmp_path: Path, folder: Path, ports: Ports) -> None:
    into = tmp_path / "repo"
    ingested = run(RunOptions(str(folder), until="ingest"), ports)
    assert place_outputs(ingested, "ingest", into, ports) == ("data/raw/trips.parquet",)
    assert digest_file(into / "data/raw/trips.parquet") == ingested.result["snapshot"]
    processed = run(RunOptions(str(folder), until="process"), ports)
    assert place_outputs(processed, "process", into, ports) == ("data/processed/trips.parquet",)
    assert pl.read_parquet(into / "data/processed/trips.parquet")["minutes"].to_list() == [10.0, 20.0, 30.0] * 2
    assert sorted(path.name for path in into.rglob("*") if path.is_file()) == ["trips.parquet", "trips.parquet"]


def test_a_stage_that_went_on_with_other_rows_than_lie_there_is_refused(
    tmp_path: Path, folder: Path, data: Path, ports: Ports
) -> None:
    into = tmp_path / "repo"
    place_outputs(run(RunOptions(str(folder), until="ingest"), ports), "ingest", into, ports)
    write_month(data, "2023-01", [1.0, 2.0])
    later = run(RunOptions(str(folder), until="process"), ports)
    with pytest.raises(UsageError) as caught:
        place_outputs(later, "process", into, ports)
    assert codes(caught) == ["EXPORT-003"]
    assert not (into / "data" / "processed").exists()


def test_rows_of_an_earlier_run_are_replaced_and_a_stranger_is_not(tmp_path: Path, folder: Path, data: Path, ports: Ports) -> None:
    into = tmp_path / "repo"
    place_outputs(run(RunOptions(str(folder), until="ingest"), ports), "ingest", into, ports)
    write_month(data, "2023-01", [1.0, 2.0])
    again = run(RunOptions(str(folder), until="ingest"), ports)
    place_outputs(again, "ingest", into, ports)
    target = into / "data/raw/trips.parquet"
    assert digest_file(target) == again.result["snapshot"]
    target.write_bytes(b"somebody's own")
    with pytest.raises(UsageError) as caught:
        place_outputs(again, "ingest", into, ports)
    assert codes(caught) == ["EXPORT-002"]
    assert target.read_bytes() == b"somebody's own"


def test_the_newest_rows_lie_in_folders_people_know(tmp_path: Path, folder: Path, ports: Ports) -> None:
    with pytest.raises(UsageError) as caught:
        export_rows(read_project(folder), tmp_path, ports)
    assert codes(caught) == ["EXPORT-004"]
    run(RunOptions(str(folder), until="features"), ports)
    names = export_rows(read_project(folder), tmp_path / "out", ports)
    assert names == tuple(f"data/{kind}/trips.parquet" for kind in ("raw", "processed", "features"))
    assert pl.read_parquet(tmp_path / "out" / names[0]).height == 8
