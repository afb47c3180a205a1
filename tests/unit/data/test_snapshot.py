import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.core.digest import digest_file
from steward.core.errors import UsageError
from steward.data.locate import SourceFile
from steward.data.snapshot import read_snapshot, write_snapshot

FRAME = pl.DataFrame({"zone": [1, 2, None], "at": [datetime(2023, 1, 1)] * 3, "flag": ["a", None, "é"]})  # noqa: DTZ001
SOURCE = SourceFile("2023-01", Path("/somewhere/trips.csv"), "folder", "ab" * 32, 12, "trips.csv")


def test_a_snapshot_is_named_by_its_bytes_and_says_where_it_came_from(tmp_path: Path) -> None:
    snapshot = write_snapshot(FRAME, tmp_path / "new", kind="raw", sources=[SOURCE], parent="p", extra={"note": 1})
    assert snapshot.path == tmp_path / "new" / f"{snapshot.digest}.parquet"
    assert digest_file(snapshot.path) == snapshot.digest
    assert read_snapshot(tmp_path / "new", snapshot.digest).equals(FRAME)
    manifest = json.loads(snapshot.path.with_suffix(".json").read_text())
    assert manifest == snapshot.manifest
    assert manifest == {
        "digest": snapshot.digest,
        "kind": "raw",
        "rows": 3,
        "columns": {"zone": "Int64", "at": "Datetime(time_unit='us', time_zone=None)", "flag": "String"},
        "parent": "p",
        "sources": [{"period": "2023-01", "name": "trips.csv", "origin": "folder", "sha256": "ab" * 32, "bytes": 12}],
        "note": 1,
    }


def test_equal_rows_are_kept_once_wherever_they_were_read_from(tmp_path: Path) -> None:
    first = write_snapshot(FRAME, tmp_path, kind="raw", sources=[SOURCE])
    second = write_snapshot(FRAME.clone(), tmp_path, kind="raw", sources=[replace(SOURCE, origin="url")])
    assert first.digest == second.digest
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".parquet"]


@pytest.mark.parametrize(
    "other",
    [
        FRAME.reverse(),
        FRAME.head(2),
        FRAME.rename({"zone": "z"}),
        FRAME.cast({"zone": pl.Int32}),
        FRAME.select("at", "zone", "flag"),
    ],
)
def test_other_rows_order_names_or_types_are_another_snapshot(tmp_path: Path, other: pl.DataFrame) -> None:
    digests = {write_snapshot(frame, tmp_path, kind="raw").digest for frame in (FRAME, other)}
    assert len(digests) == 2


@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.none() | st.integers(-5, 5), min_size=2, max_size=50), cut=st.integers(1, 49))
def test_how_rows_lie_in_memory_does_not_show(tmp_path_factory: pytest.TempPathFactory, values: list[int | None], cut: int) -> None:
    whole = pl.DataFrame({"a": pl.Series(values, dtype=pl.Int64), "b": pl.Series([str(v) for v in values])})
    pieces = pl.concat([whole[:cut], whole[cut:]], rechunk=False)
    folder = tmp_path_factory.mktemp("snapshots")
    assert write_snapshot(whole, folder, kind="x").digest == write_snapshot(pieces, folder, kind="x").digest


def test_an_empty_table_can_be_kept(tmp_path: Path) -> None:
    snapshot = write_snapshot(FRAME.clear(), tmp_path, kind="quarantine")
    assert read_snapshot(tmp_path, snapshot.digest).schema == FRAME.schema


def test_a_changed_or_missing_snapshot_is_refused(tmp_path: Path) -> None:
    snapshot = write_snapshot(FRAME, tmp_path, kind="raw")
    content = bytearray(snapshot.path.read_bytes())
    content[len(content) // 2] ^= 1
    snapshot.path.write_bytes(content)
    for digest in (snapshot.digest, "0" * 64):
        with pytest.raises(UsageError) as caught:
            read_snapshot(tmp_path, digest)
        assert caught.value.faults[0].code == "DATA-030"


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    unwritable = pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)})
    with pytest.raises(BaseException):  # noqa: B017, PT011 - the engine's own kind of failure
        write_snapshot(unwritable, tmp_path, kind="raw")
    assert list(tmp_path.iterdir()) == []


def test_what_the_first_said_of_rows_stays_and_a_damaged_manifest_is_written_anew(tmp_path: Path) -> None:
    first = write_snapshot(FRAME, tmp_path, kind="raw", sources=[SOURCE])
    path = first.path.with_suffix(".json")
    said = path.read_bytes()
    again = write_snapshot(FRAME, tmp_path, kind="clean", parent=first.digest)
    assert (again.manifest, path.read_bytes()) == (first.manifest, said)
    path.write_text("{")
    assert write_snapshot(FRAME, tmp_path, kind="raw", sources=[SOURCE]).manifest == first.manifest
    assert path.read_bytes() == said
