"""Rows in bulk: the same answers as one by one, nothing lost, the same file again."""

import fcntl
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import polars as pl
import pytest
from tests.champion_world import World
from tests.small_project import open_workspace, write_project

from steward.core.errors import Refused, UsageError
from steward.flows import score as score_module
from steward.flows.predict import predict_once
from steward.flows.score import ScoreOptions, score
from steward.flows.score_input import files_of_periods, matching_files
from steward.project.read import read_project


def test_every_row_is_answered_as_it_would_be_alone(world: World) -> None:
    scored = world.score(world.write("rows.csv", [1, 2, 3, 3]))
    found = pl.read_csv(world.folder / "out.csv")
    alone = [predict_once(world.project, json.dumps({"zone": zone}), world.ports)["prediction"] for zone in (1, 2, 3, 3)]
    assert found["prediction"].to_list() == alone
    assert found["line"].to_list() == [2, 3, 4, 5]
    assert found["version"].to_list() == [1] * 4
    assert found["prediction_id"].n_unique() == 4
    assert set(found["prediction_id"].str.len_chars()) == {32}
    assert (scored.rows, scored.refused, scored.refused_to, scored.version) == (4, 0, None, 1)


def test_rows_without_an_answer_stand_beside_with_line_and_reason(world: World) -> None:
    scored = world.score(world.write("rows.csv", [1, "x", 0, "", 2]), "out.parquet")
    assert (scored.rows, scored.refused) == (5, 3)
    assert pl.read_parquet(world.folder / "out.parquet")["line"].to_list() == [2, 6]
    refused = pl.read_csv(world.folder / "out.parquet.refused.csv")
    assert scored.refused_to == str(world.folder / "out.parquet.refused.csv")
    assert refused["line"].to_list() == [3, 4, 5]
    assert refused["reason"].to_list() == [
        "zone is not an integer of at most 64 bits: x",
        "zone is 0, outside of what it can be (from 1 to 9)",
        "zone is missing",
    ]
    assert refused["content"].to_list() == ["A001,x", None, None]


def test_a_clean_run_takes_the_refused_rows_of_an_earlier_one_away(world: World) -> None:
    assert world.score(world.write("rows.csv", ["x", 1])).refused == 1
    assert world.score(world.write("rows.csv", [1])).refused == 0
    assert not (world.folder / "out.csv.refused.csv").exists()


def test_a_file_of_refused_rows_alone_gives_an_empty_table(world: World) -> None:
    assert world.score(world.write("rows.csv", ["x", 0]), "out.parquet").refused == 2
    assert pl.read_parquet(world.folder / "out.parquet").height == 0


def test_columns_of_the_input_come_along_by_any_of_their_names(world: World) -> None:
    world.score(world.write("rows.csv", [2, "x", 3]), columns=("order", "Zone"))
    found = pl.read_csv(world.folder / "out.csv")
    assert found.select("line", "order", "Zone").rows() == [(2, "A000", 2), (4, "A002", 3)]


def test_columns_of_a_parquet_file_keep_their_type(world: World) -> None:
    path = world.folder / "rows.parquet"
    pl.DataFrame({"zone": [1, 2], "n": [7, 8], "share": [0.5, None], "ok": [True, None], "who": ["a", "b"]}).write_parquet(path)
    world.score(path, "out.parquet", columns=("n", "share", "ok", "who"))
    found = pl.read_parquet(world.folder / "out.parquet").select("n", "share", "ok", "who")
    assert found.rows() == [(7, 0.5, True, "a"), (8, None, None, "b")]
    with pytest.raises(UsageError, match="SCORE-007"):
        world.score(path, columns=("m",))


@pytest.mark.parametrize("name", ["prediction", "line", "interval_low"])
def test_a_column_named_like_one_of_the_output_is_refused(world: World, name: str) -> None:
    with pytest.raises(UsageError, match="SCORE-006"):
        world.score(world.write("rows.csv", [1]), columns=(name,))


def test_several_files_come_in_the_order_of_their_names_and_are_named(world: World) -> None:
    paths = [world.write("b.csv", [1, 2]), world.write("a.csv", [3]), world.write("c.csv", [1, 2])]
    world.score(world.folder / "[abc].csv", "out.csv")
    found = pl.read_csv(world.folder / "out.csv")
    assert found.select("file", "line").rows() == [(str(paths[1]), 2), *[(str(p), n) for p in (paths[0], paths[2]) for n in (2, 3)]]
    assert found["prediction_id"].n_unique() == 5  # the same rows in two files are two predictions


@pytest.mark.parametrize("output", ["out.parquet", "out.csv.gz", "out.jsonl"])
def test_the_same_rows_give_the_same_file_again(world: World, output: str) -> None:
    path = world.write("rows.csv", [1, 2, "x"] * 50)
    world.score(path, output)
    first = (world.folder / output).read_bytes()
    world.score(path, output)
    assert (world.folder / output).read_bytes() == first


def test_answers_come_into_the_log_once_however_often_they_are_given(world: World) -> None:
    before = len(world.records())
    path = world.write("rows.csv", [1, 2, 3, "x"])
    for _ in range(2):
        assert world.score(path, log=True).logged
    answers = pl.read_csv(world.folder / "out.csv")
    kept = world.records()[before:]
    assert [one["prediction_id"] for one in kept] == answers["prediction_id"].to_list()
    assert [one["prediction"] for one in kept] == answers["prediction"].to_list()
    assert [one["row"] for one in kept] == [{"zone": 1}, {"zone": 2}, {"zone": 3}]
    assert {(one["model"], one["version"]) for one in kept} == {("trips", 1)}
    world.score(world.write("rows.csv", [3]), log=True)
    assert len(world.records()) == before + 4


def test_a_run_that_broke_off_leaves_nothing_and_the_next_one_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(world.records())
    path = world.write("rows.csv", [2, 2, 1])  # which no other test of this world puts into the log

    def stop(*_: object, **__: object) -> pl.DataFrame:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(score_module, "_output", stop)
        with pytest.raises(KeyboardInterrupt):
            world.score(path, log=True)
    assert len(world.records()) == before
    assert not (world.folder / "out.csv").exists()
    assert list((world.ports.workspace.predictions / "trips").glob(".score-*")) == []
    world.score(path, log=True)
    assert len(world.records()) == before + 3


def test_the_same_answers_are_put_into_the_log_by_one_process_at_a_time(world: World) -> None:
    path = world.write("rows.csv", [1, 3, 2, 2])
    world.score(path, log=True)
    (hidden,) = _waiting(world)
    hidden.mkdir()
    held = os.open(hidden, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with pytest.raises(Refused, match="SCORE-010"):
            world.score(path, log=True)
    finally:
        os.close(held)
    assert world.score(path, log=True).logged
    assert not hidden.exists()


def _waiting(world: World) -> list[Path]:
    """Return where the answers to a file wait until all are there: named as the segment they become."""
    first = pl.read_csv(world.folder / "out.csv")["prediction_id"][0]
    folder = world.ports.workspace.predictions / "trips"
    named = [one for one in folder.glob("score-*.segment") if first in one.read_text()]
    return [folder / f".{one.name.rpartition('-')[0]}" for one in named]


def test_rows_of_the_project_s_own_source_are_scored_by_period(world: World) -> None:
    inputs = files_of_periods(world.project, ["2023-02"], world.ports)
    scored = score(world.project, inputs.files, ScoreOptions(world.folder / "out.csv", columns=("id",)), world.ports)
    assert (scored.rows, scored.refused, inputs.simulated) == (60, 0, False)
    assert pl.read_csv(world.folder / "out.csv")["id"].to_list() == list(range(101, 161))


def test_rows_of_a_declared_query_are_scored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(world.folder / "trips.db")) as connection:
        connection.execute("CREATE TABLE trips (id INTEGER, at TEXT, zone INTEGER, minutes REAL)")
        rows = [(i, f"2023-0{1 + i % 3}-05 10:00:00", 1 + i % 3, None) for i in range(9)]
        connection.executemany("INSERT INTO trips VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    monkeypatch.setenv("TRIPS_DB", f"sqlite:///{world.folder / 'trips.db'}")
    folder = write_project(world.folder / "asked")
    asked = "source: {sql: {connection: '${TRIPS_DB}', query: 'SELECT * FROM trips WHERE at >= :start AND at < :end ORDER BY id'}}"
    declared = (folder / "project.yaml").read_text()
    (folder / "project.yaml").write_text(declared.replace('source: {files: ["{period}.csv"]}', asked))
    project = read_project(folder)
    inputs = files_of_periods(project, ["2023-03"], world.ports)
    scored = score(project, inputs.files, ScoreOptions(world.folder / "out.csv", columns=("id",)), world.ports)
    assert (scored.rows, scored.refused) == (3, 0)
    assert pl.read_csv(world.folder / "out.csv")["id"].to_list() == [2, 5, 8]


def test_a_file_with_more_than_the_period_is_not_scored_as_the_period(world: World) -> None:
    folder = write_project(world.folder / "whole")
    declared = (folder / "project.yaml").read_text()
    whole = 'source: {files: ["2023-0*.csv"], period_column: at}'
    (folder / "project.yaml").write_text(declared.replace('source: {files: ["{period}.csv"]}', whole))
    with pytest.raises(UsageError, match=r"SCORE-002.*other periods too"):
        files_of_periods(read_project(folder), ["2023-02"], world.ports)


def test_what_cannot_be_scored_says_so(world: World) -> None:
    with pytest.raises(UsageError, match="SCORE-001"):
        world.score(world.folder / "nothing-*.csv")
    path = world.write("rows.csv", [1])
    with pytest.raises(UsageError, match="SCORE-005"):
        world.score(path, "rows.csv")
    with pytest.raises(UsageError, match="REG-001"):
        world.score(path, version=99)


def test_without_a_champion_nothing_is_scored(world: World, tmp_path: Path) -> None:
    ports = open_workspace(tmp_path / "empty", None)
    files = matching_files(world.project, str(world.write("rows.csv", [1]))).files
    with pytest.raises(Refused, match="REG-002"):
        score(world.project, files, ScoreOptions(tmp_path / "out.csv"), ports)


def test_what_came_of_it_is_plain_json(world: World) -> None:
    said = json.loads(json.dumps(asdict(world.score(world.write("rows.csv", [1])))))
    assert {name: said[name] for name in ("model", "unit", "logged")} == {"model": "trips", "unit": "", "logged": False}
