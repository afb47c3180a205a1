"""Manifests of kept snapshots, and digests cut short."""

from pathlib import Path

import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.data.history import Manifest, ancestors, find_digest, read_manifests
from steward.data.locate import SourceFile
from steward.data.snapshot import write_snapshot

SOURCE = SourceFile("2023-01", Path("/somewhere/trips.csv"), "folder", "ab" * 32, 12, "trips.csv")


def test_a_manifest_says_what_was_kept_and_of_what_it_was_made(tmp_path: Path) -> None:
    raw = write_snapshot(pl.DataFrame({"a": [1, 2]}), tmp_path, kind="raw", sources=[SOURCE])
    clean = write_snapshot(pl.DataFrame({"a": [1]}), tmp_path, kind="clean", parent=raw.digest)
    found = read_manifests(tmp_path)
    assert found.keys() == {raw.digest, clean.digest}
    assert found[clean.digest] == Manifest(clean.digest, "clean", 1, {"a": "Int64"}, raw.digest, ())
    assert found[raw.digest].sources[0]["sha256"] == "ab" * 32
    assert ancestors(clean.digest, found) == (clean.digest, raw.digest)


def test_where_the_manifest_was_lost_the_file_tells_what_it_can(tmp_path: Path) -> None:
    lost = write_snapshot(pl.DataFrame({"a": [1, 2]}), tmp_path, kind="raw")
    lost.path.with_suffix(".json").write_text("{")
    assert read_manifests(tmp_path)[lost.digest] == Manifest(lost.digest, "without manifest", 2, {"a": "Int64"}, None, ())
    lost.path.write_bytes(b"not Parquet")
    assert read_manifests(tmp_path)[lost.digest].kind == "damaged"


def test_no_folder_holds_no_snapshots(tmp_path: Path) -> None:
    assert read_manifests(tmp_path / "nowhere") == {}


def test_a_digest_may_be_cut_short_as_long_as_it_is_the_only_one() -> None:
    known = ["abcd" + "0" * 60, "abce" + "0" * 60]
    assert find_digest("abcd", known) == known[0]
    assert find_digest("ABCE", known) == known[1]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("abdc", "DATA-031", "did you mean 'abcd'?"),
        ("abc", "DATA-031", "at least 4 signs"),
        ("ffff", "DATA-031", "steward data log"),
        ("abcd", "DATA-032", "abcd00000000, abcd11111111"),
    ],
)
def test_no_or_several_digests_are_refused_with_what_to_write(text: str, code: str, said: str) -> None:
    known = ["abcd" + "0" * 60, "abcd" + "1" * 60, "9876" + "0" * 60]
    with pytest.raises(UsageError) as caught:
        find_digest(text, known)
    assert caught.value.faults[0].code == code
    assert said in str(caught.value)
