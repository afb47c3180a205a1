from pathlib import Path

import polars as pl
import pytest

from steward.core.errors import UsageError
from steward.data.simulate import load_simulator, simulate_file
from steward.project.sources import SimulatorSpec

SOURCE = """
import polars as pl
SCENARIOS = {"none": "as always", "odd": "odd rows"}
def simulate(period, rows, seed, scenario):
    return pl.DataFrame({"period": [str(period)] * rows, "seed": [seed] * rows, "scenario": [scenario] * rows})
"""


def write(folder: Path, source: str = SOURCE) -> Path:
    path = folder / "simulator.py"
    path.write_text(source)
    return path


def test_a_month_is_simulated_once_and_its_file_says_what_it_is(tmp_path: Path) -> None:
    simulator = load_simulator(write(tmp_path))
    spec = SimulatorSpec(rows=3, seed=5, scenario="odd")
    path = simulate_file(simulator, spec, "2023-01", tmp_path / "made")
    assert path.name.startswith("simulated_2023-01_odd_seed5_rows3_")
    assert pl.read_parquet(path).rows() == [("2023-01", 5, "odd")] * 3
    before = path.stat().st_mtime_ns
    assert simulate_file(simulator, spec, "2023-01", tmp_path / "made") == path
    assert path.stat().st_mtime_ns == before
    assert [found.name for found in (tmp_path / "made").iterdir()] == [path.name]


def test_each_choice_and_each_version_of_the_simulator_has_a_file_of_its_own(tmp_path: Path) -> None:
    specs = [SimulatorSpec(rows=1), SimulatorSpec(rows=2), SimulatorSpec(rows=1, seed=8), SimulatorSpec(rows=1, scenario="odd")]
    paths = {simulate_file(load_simulator(write(tmp_path)), spec, "2023-01", tmp_path) for spec in specs}
    paths.add(simulate_file(load_simulator(write(tmp_path, SOURCE + "# changed\n")), specs[0], "2023-01", tmp_path))
    assert len(paths) == 5


def test_an_unknown_scenario_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'odd'"):
        simulate_file(load_simulator(write(tmp_path)), SimulatorSpec(scenario="odds"), "2023-01", tmp_path)


@pytest.mark.parametrize("source", ["SCENARIOS = {}\n", "def simulate(:\n", "import nothing_of_this_name\n"])
def test_a_simulator_that_is_not_one_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_simulator(write(tmp_path, source))
    assert caught.value.faults[0].code == "DATA-029"


def test_a_failing_simulator_leaves_no_file(tmp_path: Path) -> None:
    simulator = load_simulator(write(tmp_path, SOURCE.replace("return ", 'raise ValueError("no rows") #')))
    with pytest.raises(ValueError, match="no rows"):
        simulate_file(simulator, SimulatorSpec(rows=1), "2023-01", tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []
