"""What must not happen by accident: made-up rows beating real ones, damage becoming champion, a leak."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from steward.core.period import Period
from steward.data.simulate import load_simulator
from steward.project.read import find_project
from tests.loop.conftest import SMALL, Steward

pytestmark = pytest.mark.loop


@pytest.fixture
def real_months(tmp_path: Path) -> Path:
    """A folder that stands for the user's own data."""
    simulator = load_simulator(find_project("taxi") / "simulator.py")
    folder = tmp_path / "data" / "taxi" / "green"
    folder.mkdir(parents=True)
    for month in ("2023-01", "2023-03"):
        simulator.simulate(Period.parse(month), 3000, 7, "none").write_parquet(folder / f"green_tripdata_{month}.parquet")
    return tmp_path / "data"


def test_simulated_rows_are_never_mixed_with_a_champion_of_real_ones(steward: Steward, real_months: Path) -> None:
    assert steward.json("run", "taxi", "--data", str(real_months))["origin"] == "folder"
    assert "DATA-020" in steward("watch", "taxi", "--period", "2023-07", "--data", str(real_months), code=3).stderr
    assert "WATCH-003" in steward("watch", "taxi", "--period", "2023-07", code=3).stderr
    assert "GATE-008" in steward("run", "taxi", *SMALL, code=4).stderr
    assert steward.json("status", "taxi")[0]["champion"]["number"] == 1


def test_rows_bent_on_purpose_are_watched_and_never_become_a_champion_of_the_real_world(
    steward: Steward, real_months: Path
) -> None:
    real, bent = str(real_months), str(real_months.parent / "bent")
    steward("run", "taxi", "--data", real, "--set", "candidates=[{kind: linear}]")
    for month in ("2023-01", "2023-03"):
        asked = ("--period", month, "--from", "rows", "--bend", "scale:distance_miles:1.6", "--data", real, "--output", bent)
        assert "BENT DATA" in steward("simulate", "taxi", *asked).stdout
    assert steward.json("watch", "taxi", "--period", "2023-03", "--data", bent)["window"]["alarm"] is False
    refused = steward("run", "taxi", "--data", bent, code=4)
    assert "GATE-008" in refused.stderr
    assert "a candidate of bent rows" in refused.stderr


def test_a_damaged_bundle_does_not_come_back_as_champion(steward: Steward) -> None:
    first = steward.json("run", "taxi", *SMALL, "--set", "candidates=[{kind: linear}]")
    steward.json("run", "taxi", *SMALL, "--set", "candidates=[{kind: lightgbm}]")
    model = steward.home / "bundles" / first["bundle"] / "model.json"
    model.write_bytes(model.read_bytes()[:-1] + b" ")
    assert "BUNDLE-003" in steward("rollback", "taxi", code=4).stderr
    assert steward.json("status", "taxi")[0]["champion"]["number"] == 2
    assert steward("doctor", code=0).stdout  # the champion of now is whole


def test_a_deleted_mlflow_database_is_made_again(steward: Steward) -> None:
    steward.json("run", "taxi", *SMALL)
    (steward.home / "mlflow.db").unlink()
    assert steward.json("run", "taxi", *SMALL)["champion"] == 1
    with sqlite3.connect(steward.home / "mlflow.db") as connection:
        assert connection.execute("SELECT count(*) FROM model_versions").fetchone() == (1,)
    connection.close()


def test_an_emptied_journal_is_noticed(steward: Steward) -> None:
    steward.json("ingest", "taxi", *SMALL)
    with sqlite3.connect(steward.home / "steward.db") as connection:
        connection.execute("DELETE FROM journal")
        connection.execute("DELETE FROM journal_head")
    connection.close()
    assert "entries were removed" in steward("audit", "verify", code=1).stdout


FARE = "def fare_again(fare_usd: Column) -> Column:\n    return fare_usd * 2\n"
SPEED = "def speed(distance_miles: Column, duration_min: Column) -> Column:\n    return distance_miles / duration_min * 60\n"


@pytest.mark.parametrize(
    ("command", "source", "named"),
    [("check", FARE, ("FEAT-010", "'fare_again'", "fare_usd")), ("train", SPEED, ("FEAT-011", "'speed'", "speed <- duration_min"))],
)
def test_a_leak_is_refused_with_the_way_to_it(
    steward: Steward, tmp_path: Path, command: str, source: str, named: tuple[str, ...]
) -> None:
    project = tmp_path / "leaky"
    shutil.copytree(find_project("taxi"), project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "features.py").write_text((project / "features.py").read_text() + "\n\n" + source)
    feature = source.partition("(")[0].removeprefix("def ")
    (project / "project.yaml").write_text(
        (project / "project.yaml").read_text().replace("  - pickup_hour", f"  - pickup_hour\n  - {feature}")
    )
    told = steward(command, str(project), code=2).stderr
    assert all(part in told for part in named), told


@pytest.mark.parametrize("odd", ["with % sign", "with ? mark"])
def test_a_workspace_whose_path_means_something_else_in_an_address_is_refused(steward: Steward, odd: str) -> None:
    elsewhere = Steward(steward.home.parent / odd)
    assert "ENV-002" in elsewhere("status", code=2).stderr


def test_a_workspace_with_spaces_and_other_letters_works(steward: Steward) -> None:
    elsewhere = Steward(steward.home.parent / "Ordner mit Ümläuten")
    assert elsewhere.json("ingest", "taxi", *SMALL)["origin"] == "simulated"
