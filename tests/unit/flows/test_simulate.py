from pathlib import Path

import polars as pl
import pytest
import yaml
from tests.loop import tiny
from tests.small_project import open_workspace, write_month, write_project

from steward.core.errors import StewardError
from steward.data.made_up import origin_of
from steward.flows.ports import Ports
from steward.flows.simulate import Made, SimulateOptions, simulate
from steward.flows.sources import read_periods
from steward.project.read import Project, blueprint_names, read_project

PERIODS = {"taxi": "2023-02", "uber": "2012-07", "heart": "hungarian", "accidents": "2014"}
MINUTES = [float(5 + hour % 7) for hour in range(200)]


class Desk:
    """A project whose months are written by hand, and one that makes its rows up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.real = read_project(write_project(folder / "trips"))
        self.data = folder / "data"
        write_month(self.data, "2023-01", MINUTES)
        self.made_up = read_project(tiny.write_project(folder / "calls", task="multiclass", target="outcome"))

    def ports(self, data: Path | None) -> Ports:
        return open_workspace(self.folder / "home", data)

    def bend(self, *bends: str, project: Project | None = None, period: str = "2024-01", **options: object) -> Made:
        asked = {"output": self.folder / "bent", "bends": bends, **options}
        return simulate(project or self.made_up, "PROJECT", SimulateOptions(period, **asked), self.ports(self.data))  # type: ignore[arg-type]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_made_up_rows_are_bent_and_their_file_says_what_they_are(desk: Desk) -> None:
    made = desk.bend("scale:wait:60", "stop:0.5")
    plain = desk.bend(output=desk.folder / "plain")
    assert (made.path, made.origin) == (desk.folder / "bent" / "calls_2024-01.parquet", "simulated")
    assert origin_of(made.path) == "simulated"
    assert (plain.rows, made.before) == (3000, 3000)
    assert made.rows < 1600
    whole, bent = pl.read_parquet(plain.path), pl.read_parquet(made.path)
    assert bent["wait"].to_list() == pytest.approx((whole["wait"].head(bent.height) * 60).to_list(), nan_ok=True)
    assert made.sentence == "an ordinary month; scale:wait:60; stop:0.5"
    assert made.watch == (
        f"steward watch PROJECT --period 2024-01 --data {desk.folder / 'bent'} --set 'source.files=[\"calls_{{period}}.parquet\"]'"
    )


def test_real_rows_are_bent_and_read_again_as_bent_ones(desk: Desk) -> None:
    made = desk.bend("null:zone:1", project=desk.real, period="2023-01", origin="rows", segment="zone=2")
    assert (made.origin, made.rows, origin_of(made.path)) == ("bent", 200, "bent")
    named = read_project(desk.real.folder, ['source.files=["trips_{period}.parquet"]'])
    sources, read = read_periods(named, ("2023-01",), desk.ports(made.path.parent))
    assert sources.origin == "bent"
    _, before = read_periods(desk.real, ("2023-01",), desk.ports(desk.data))
    expected = before.frame.with_columns(pl.when(pl.col("zone") != 2).then("zone").alias("zone"))
    assert read.frame.select(expected.columns).equals(expected)


@pytest.mark.parametrize("name", blueprint_names())
def test_bent_rows_of_every_blueprint_are_read_back_as_they_were_bent(name: str, tmp_path: Path) -> None:
    project, ports = read_project(name, ["source.simulator.rows=300"]), open_workspace(tmp_path / "home", None)
    made = simulate(project, name, SimulateOptions(PERIODS[name], bends=("duplicate:0.1",), output=tmp_path / "bent"), ports)
    command = made.watch.split(" --set ")
    overrides = [command[1].strip("'")] if len(command) > 1 else []
    found = Path(command[0].split("--data ")[1])
    sources, read = read_periods(read_project(name, overrides), (PERIODS[name],), open_workspace(tmp_path / "home", found))
    assert (sources.origin, read.apart.height, read.frame.height) == ("simulated", 0, made.rows)
    assert read.frame.drop("period").equals(pl.read_parquet(made.path).select(read.frame.drop("period").columns))


def test_a_case_of_the_drift_plan_runs_by_its_name(desk: Desk) -> None:
    path = desk.made_up.folder / "project.yaml"
    case = {"period": "2024-03", "learned": ["2024-01"], "expect": "alarm", "because": "a test", "name": "hours"}
    declared = yaml.safe_load(path.read_text())
    declared["watch"] = {"cases": [{**case, "scenario": "none", "bend": ["unit:wait:min-h"], "segment": "plan=2"}]}
    path.write_text(yaml.safe_dump(declared))
    project = read_project(desk.made_up.folder)
    by_name = desk.bend(project=project, period="2024-03", scenario="hours")
    by_hand = desk.bend("unit:wait:min-h", project=project, period="2024-03", segment="plan=2", output=desk.folder / "other")
    assert pl.read_parquet(by_name.path).equals(pl.read_parquet(by_hand.path))
    assert not pl.read_parquet(by_name.path).equals(pl.read_parquet(desk.bend(period="2024-03").path))
    with pytest.raises(StewardError, match="says by itself what goes wrong"):
        desk.bend("stop:0.1", project=project, period="2024-03", scenario="hours")


def test_the_seed_decides_which_rows_are_hit(desk: Desk) -> None:
    first, again, other = (
        pl.read_parquet(desk.bend("null:wait:0.5", seed=seed, output=desk.folder / str(place)).path)
        for place, seed in enumerate((1, 1, 2))
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_a_stretch_of_time_and_growth_are_read_from_their_options(desk: Desk) -> None:
    made = desk.bend("constant:plan:3", start="2024-01-10", end="2024-01-20T12:00")
    rows = pl.read_parquet(made.path)
    inside = rows.filter(pl.col("asked_at").is_between(pl.datetime(2024, 1, 10), pl.datetime(2024, 1, 20, 12), closed="left"))
    assert inside["plan"].unique().to_list() == [3]
    assert rows.height - inside.height > 1000
    assert rows["plan"].n_unique() == 3
    grown = pl.read_parquet(desk.bend("constant:plan:3", gradual=True).path)["plan"] == 3
    assert grown.head(500).sum() < 300
    assert grown.tail(500).sum() > 450


def test_a_time_with_an_offset_is_brought_to_the_clock_of_the_data(desk: Desk) -> None:
    path = desk.made_up.folder / "project.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "timezone": "America/New_York"}))
    project = read_project(desk.made_up.folder)
    # In January New York is five hours behind: 10:00 UTC is 05:00 there.
    given = desk.bend("constant:plan:3", project=project, start="2024-01-10T10:00Z", end="2024-01-20T13:00+01:00")
    local = desk.bend(
        "constant:plan:3", project=project, start="2024-01-10T05:00", end="2024-01-20T07:00", output=desk.folder / "local"
    )
    assert pl.read_parquet(given.path).equals(pl.read_parquet(local.path))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"output": None, "bends": ("stop:0.1",)}, "SIM-018"),
        ({"output": Path("calls.csv")}, "SIM-017"),
        ({"output": Path("calls.parquet")}, "SIM-017"),
        ({"scenario": "reverse"}, "SIM-002"),
        ({"bends": ("shrink:wait:2",)}, "SIM-010"),
        ({"bends": ("scale:weight:2",)}, "SIM-012"),
        ({"segment": "plan"}, "SIM-015"),
        ({"start": "yesterday"}, "SIM-016"),
        ({"start": "0001-01-01T00:00+14:00"}, "SIM-016"),
        ({"start": "2024-01-20", "end": "2024-01-10"}, "SIM-016"),
        ({"origin": "rows"}, "SIM-020"),
        ({"period": "2024-13"}, "WATCH-002"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(desk: Desk, options: dict[str, object], code: str) -> None:
    asked = {"period": "2024-01", "output": desk.folder / "bent", **options}
    with pytest.raises(StewardError) as caught:
        simulate(desk.made_up, "PROJECT", SimulateOptions(**asked), desk.ports(None))  # type: ignore[arg-type]
    assert caught.value.faults[0].code == code
    assert caught.value.faults[0].fix
    assert not (desk.folder / "bent").exists()


def test_a_file_of_the_world_is_never_written_over(desk: Desk) -> None:
    there = desk.folder / "bent" / "calls_2024-01.parquet"
    there.parent.mkdir()
    pl.DataFrame({"wait": [1.0]}).write_parquet(there)
    with pytest.raises(StewardError, match="SIM-019"):
        desk.bend("stop:0.1")
    assert pl.read_parquet(there).height == 1
    there.unlink()
    assert desk.bend("stop:0.1").rows == pytest.approx(2700, abs=60)
    assert desk.bend("stop:0.2").rows == pytest.approx(2400, abs=60)  # one of ours is
    assert [path.name for path in there.parent.iterdir()] == [there.name]


def test_without_a_file_and_bends_the_month_goes_where_the_watch_makes_it_up_itself(desk: Desk) -> None:
    made = desk.bend(output=None, scenario="reversed")
    assert made.path.parent == desk.folder / "home" / "downloads"
    assert made.watch.endswith("--set source.simulator.scenario=reversed")
    assert (made.rows, made.before, made.sentence) == (3000, 3000, "who waits long now stays")
