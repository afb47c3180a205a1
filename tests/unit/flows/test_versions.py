"""Snapshots of a small project: the log, references, differences, and a month that was published anew."""

from pathlib import Path

import polars as pl
import pytest
from tests.small_project import open_workspace, write_month, write_project

from steward.core.errors import UsageError
from steward.core.runs import Run
from steward.flows.ports import Ports
from steward.flows.run import RunOptions, run
from steward.flows.snapshots import find_part, kept_snapshots
from steward.flows.sources import read_periods
from steward.flows.versions import Republished, compare, republished, show_snapshot
from steward.project.read import read_project

JANUARY = [10.0, 20.0, 30.0, 40.0]
FEBRUARY = [11.0, 21.0, 99.0]  # the last one is set apart


class World:
    """A project, a data folder and a workspace."""

    def __init__(self, tmp_path: Path) -> None:
        self.project = write_project(tmp_path / "trips")
        self.data = tmp_path / "data"
        self.january(JANUARY)
        write_month(self.data, "2023-02", FEBRUARY, first=101)
        self.ports: Ports = open_workspace(tmp_path / "workspace", self.data)

    def january(self, minutes: list[float]) -> None:
        write_month(self.data, "2023-01", minutes)

    def run(self, until: str = "ingest") -> Run:
        return run(RunOptions(str(self.project), until=until), self.ports)

    def republished(self) -> tuple[Republished, ...]:
        project = read_project(self.project)
        sources, read = read_periods(project, ("2023-01", "2023-02"), self.ports)
        return republished(project, sources.files, read.frame, self.ports)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_same_months_twice_change_nothing(world: World) -> None:
    first = world.run("process")
    folder = world.ports.workspace.snapshots
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    second = world.run("process")
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    assert {**second.result, "reused": []} == {**first.result, "reused": []}
    assert second.result["reused"] == ["ingest", "validate", "clean"]
    assert world.republished() == ()


def test_the_log_tells_kind_periods_origin_run_and_time_newest_first(world: World) -> None:
    first = world.run("process")
    kept = {one.kinds[0]: one for one in kept_snapshots(world.ports, "trips")}
    assert kept.keys() == {"raw", "quarantine", "clean"}
    for one in kept.values():
        assert one.made is not None
        assert (one.made.run, one.periods, one.origin) == (first.id, ("2023-01", "2023-02"), "folder")
    times = [one.made.at for one in kept_snapshots(world.ports) if one.made and one.made.at]
    assert times == sorted(times, reverse=True)
    world.run("process")
    again = {one.kinds[0]: one for one in kept_snapshots(world.ports, "trips")}
    assert again["raw"].made == kept["raw"].made  # who took it later did not make it
    assert len(again["raw"].uses) == 2


def test_raw_rows_that_nothing_was_taken_from_are_the_clean_ones_as_well(world: World) -> None:
    write_month(world.data, "2023-02", [11.0, 21.0], first=101)
    world.run("process")
    shown = show_snapshot("trips", world.ports)
    assert (shown.kept.kinds, shown.kept.manifest.kind, shown.parents) == (("raw", "clean"), "raw", {})
    assert list(shown.children.values()) == ["quarantine"]  # no row was set apart, and that is kept too


def test_a_snapshot_is_shown_with_its_units_sources_and_kin(world: World) -> None:
    world.run("process")
    raw, clean = find_part("trips", world.ports).digest, str(world.ports.runs.latest("trips").result["clean"])  # type: ignore[union-attr]
    shown = show_snapshot(clean[:10], world.ports)
    assert (shown.kept.manifest.rows, shown.parents, shown.children) == (6, {raw: "raw"}, {})
    assert {field.name: field.unit for field in shown.fields}["minutes"] == "min"
    assert [source["path"] for source in shown.kept.sources] == ["2023-01.csv", "2023-02.csv"]
    assert all(len(source["sha256"]) == 64 for source in shown.kept.sources)
    children = show_snapshot("trips", world.ports).children
    assert (children[clean], sorted(children.values())) == ("clean", ["clean", "quarantine"])


def test_a_month_published_anew_is_another_snapshot_and_says_what_changed(world: World) -> None:
    before = world.run().result["snapshot"]
    world.january([10.0, 20.0, 31.0, 41.0, 50.0])  # two trips corrected, one came
    (found,) = world.republished()
    assert (found.periods, found.before) == (("2023-01",), before)
    assert found.changed is not None
    (january,) = found.changed.periods
    assert (january.before, january.after, january.added, january.removed, january.changed) == (4, 5, 1, 0, 2)
    assert found.text == (
        f"published anew since snapshot {str(before)[:12]}: 2023-01 (2023-01: 1 row added, 2 changed; "
        "mean of minutes 25 -> 30.4; mean of id 2.5 -> 3; mean of zone 1.75 -> 1.8)"
    )
    assert found.as_dict()["text"] == found.text
    assert world.run().result["snapshot"] != before


def test_only_the_state_just_before_counts_and_another_source_is_no_earlier_state(world: World) -> None:
    world.run()
    world.january([1.0])
    world.run()
    assert world.republished() == ()
    world.january([1.0, 2.0])
    assert [found.periods for found in world.republished()] == [("2023-01",)]
    text = (world.project / "project.yaml").read_text().replace('["{period}.csv"]', '["{period}.csv", "other/{period}.csv"]')
    (world.project / "project.yaml").write_text(text)
    assert world.republished() == ()


def test_another_file_with_the_same_rows_says_so_and_a_lost_snapshot_too(world: World) -> None:
    before = str(world.run().result["snapshot"])
    path = world.data / "2023-01.csv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *reversed(rows)]) + "\n")
    assert world.republished()[0].text.endswith("2023-01 (the same rows)")
    (world.ports.workspace.snapshots / f"{before}.parquet").unlink()
    assert "its rows are gone" in world.republished()[0].text


def test_references_name_the_newest_a_period_of_it_and_those_before(world: World) -> None:
    first = str(world.run().result["snapshot"])
    world.january([1.0, 2.0])
    second = str(world.run().result["snapshot"])
    assert [find_part(text, world.ports).digest for text in ("trips", "trips@2023-01", "trips~1", "trips@2023-01~1")] == [
        second,
        second,
        first,
        first,
    ]
    assert find_part("trips@2023-02", world.ports).digest == second
    with pytest.raises(UsageError, match="has 1 different snapshots, none 1 before"):  # February was never published anew
        find_part("trips@2023-02~1", world.ports)
    assert find_part(first[:8], world.ports).digest == first


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("trip", "DATA-031", "did you mean 'trips'?"),
        ("trips@2023-03", "DATA-033", "did you mean '2023-0"),
        ("trips~9", "DATA-033", "steward data log trips"),
        ("0123456789ab", "DATA-031", "steward data log"),
        ("trips@", "DATA-031", "trips"),
    ],
)
def test_a_reference_to_nothing_says_what_there_is(world: World, text: str, code: str, said: str) -> None:
    world.run()
    with pytest.raises(UsageError) as caught:
        find_part(text, world.ports)
    assert caught.value.faults[0].code == code
    assert said in str(caught.value)


def test_two_months_are_compared_as_wholes_and_one_month_with_itself_by_key(world: World) -> None:
    world.run()
    world.january([10.0, 20.0, 30.0])
    world.run()
    months = compare("trips@2023-01", "trips@2023-02", world.ports).changed
    assert [(period.period, period.before, period.after) for period in months.periods] == [("", 3, 3)]
    (again,) = compare("trips@2023-01~1", "trips", world.ports).changed.periods  # the period is meant on both sides
    assert (again.period, again.removed, again.changed) == ("2023-01", 1, 0)
    both = compare("trips~1", "trips", world.ports).changed
    assert [period.same for period in both.periods] == [False, True]


def test_a_snapshot_of_no_run_is_kept_in_sight(world: World) -> None:
    from steward.data.snapshot import write_snapshot

    stray = write_snapshot(pl.DataFrame({"a": [1]}), world.ports.workspace.snapshots, kind="reference")
    world.run()
    last = kept_snapshots(world.ports)[-1]
    assert (last.manifest.digest, last.made, last.origin) == (stray.digest, None, None)
    assert show_snapshot(stray.digest, world.ports).versions == ()
