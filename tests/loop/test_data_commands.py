"""The commands about rows, on a month that is published anew."""

import polars as pl
import pytest

from tests.loop.conftest import Steward
from tests.small_project import write_month, write_project

pytestmark = pytest.mark.loop


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Steward:
    """Run a small project, publish January anew with three more trips, and process it again."""
    folder = tmp_path_factory.mktemp("trips")
    write_project(folder / "trips")
    steward = Steward(folder / "workspace", {"STEWARD_DATA": str(folder / "data")})
    minutes = [10.0 + 7 * (number % 3) + number % 5 for number in range(300)]
    write_month(folder / "data", "2023-02", minutes, first=1001)
    write_month(folder / "data", "2023-01", minutes)
    steward("run", "trips")
    write_month(folder / "data", "2023-01", [*minutes, 20.0, 21.0, 99.0])
    steward("process", "trips")
    return steward


def test_log_show_diff_and_lineage_go_from_the_model_back_to_the_files(trips: Steward) -> None:
    log = trips.json("data", "log", "trips")
    raw = [kept for kept in log if "raw" in kept["kinds"]]
    assert [kept["rows"] for kept in raw] == [603, 600]
    assert all(kept["run"] and kept["when"] for kept in raw)
    listed = trips("data", "log").stdout
    assert all(kept["digest"][:12] in listed for kept in log)
    assert "\nnext:  steward data show" in listed

    diff = trips.json("data", "diff", "trips~1", "trips")
    assert [(period["period"], period["added"], period["removed"], period["changed"]) for period in diff["changed"]["periods"]] == [
        ("2023-01", 3, 0, 0),
        ("2023-02", 0, 0, 0),
    ]
    assert "2023-01: 3 rows added" in trips("data", "diff", "trips@2023-01~1", "trips@2023-01").stdout

    lineage = trips.json("data", "lineage", "trips", "--version", "1")
    assert [rows["digest"] for rows in lineage["rows"] if rows["kind"] == "raw"] == [raw[1]["digest"]]
    assert {rows["state"] for rows in lineage["rows"]} == {"whole"}
    shown = trips.json("data", "show", raw[1]["digest"][:12])
    assert [source["sha256"] for source in shown["sources"]] == [source["sha256"] for source in lineage["sources"]]
    assert shown["versions"] == ["trips v1"]
    assert {field["name"]: field["unit"] for field in shown["schema"]}["minutes"] == "min"

    told = trips("data", "lineage", "trips").stdout
    assert all(word in told for word in ("champion", raw[1]["digest"], "2023-01.csv (folder)", "features.py", "commit none"))
    assert "\nnext:  steward report trips" in told


def test_a_digest_nobody_knows_is_refused_with_a_hint(trips: Steward) -> None:
    digest = trips.json("data", "log")[0]["digest"]
    slip = f"{digest[:5]}{'0' if digest[5] != '0' else '1'}"
    refused = trips("data", "show", slip, code=2).stderr
    assert "DATA-031" in refused
    assert f"did you mean '{digest[:6]}'" in refused
    assert "DATA-033" in trips("data", "diff", "trips@2023-01", "trips@2024-01", code=2).stderr


def test_rows_are_exported_with_the_champions_reference_and_the_newest_window(trips: Steward) -> None:
    trips("watch", "trips", "--period", "2023-02")
    names = trips.json("export", "trips", "--rows", "--into", "out")["files"]
    assert names == [f"data/{kind}/trips.parquet" for kind in ("raw", "processed", "reference", "current")]
    rows = {name.split("/")[1]: pl.read_parquet(trips.home.parent / "out" / name) for name in names}
    assert rows["reference"].height == 300  # version 1 learned from the first January
    assert set(rows["current"]["period"]) == {"2023-02"}
    assert rows["raw"].height == 603
    assert "CLI-003" in trips("export", "trips", code=2).stderr
