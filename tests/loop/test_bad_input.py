"""What is broken gets one coded error that tells the fix, and the workspace stays as it was."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from steward.project.read import find_project
from tests.loop.conftest import Steward

pytestmark = pytest.mark.loop
MONTH = "taxi/green/green_tripdata_2023-01.parquet"
RUN = ("run", "taxi", "--set", "split.test=[]")


@pytest.fixture
def months(tmp_path: Path) -> Path:
    """A data folder with one small month of the right form."""
    from steward.core.period import Period
    from steward.data.simulate import load_simulator

    simulator = load_simulator(find_project("taxi") / "simulator.py")
    path = tmp_path / "data" / MONTH
    path.parent.mkdir(parents=True)
    simulator.simulate(Period.parse("2023-01"), 3000, 7, "none").write_parquet(path)
    return tmp_path / "data"


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def csv_in_disguise(path: Path) -> None:
    pl.read_parquet(path).write_csv(path)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def without_zones(path: Path) -> None:
    pl.read_parquet(path).drop("PULocationID").write_parquet(path)


def text_for_numbers(path: Path) -> None:
    frame = pl.read_parquet(path).with_columns(pl.col("PULocationID").cast(pl.String).replace("74", "Harlem"))
    frame.write_parquet(path)


def mostly_broken(path: Path) -> None:
    pl.read_parquet(path).with_columns(pl.lit(999).alias("PULocationID")).write_parquet(path)


CASES = [
    (truncated, "DATA-002", 2),
    (csv_in_disguise, "DATA-003", 2),
    (empty, "DATA-001", 2),
    (without_zones, "DATA-004", 2),
    (text_for_numbers, "DATA-012", 2),
    (mostly_broken, "DATA-051", 1),
]


@pytest.mark.parametrize(("spoil", "code", "exit_code"), CASES, ids=[case[0].__name__ for case in CASES])
def test_a_broken_month_is_one_coded_error_and_leaves_nothing(
    steward: Steward, months: Path, spoil: Callable[[Path], None], code: str, exit_code: int
) -> None:
    spoil(months / MONTH)
    done = steward(*RUN, "--data", str(months), code=exit_code)
    assert done.stderr.count(f"error[{code}]") == 1, done.stderr
    assert "fix:" in done.stderr
    status = steward.json("status", "taxi")[0]
    assert (status["champion"], status["versions"]) == (None, 0)
    snapshots = steward.home / "snapshots"
    left = [path.name for path in snapshots.glob("*")] if snapshots.exists() else []
    assert len(left) <= (2 if exit_code == 1 else 0), left  # rows that were read whole are kept: only the checks said no


def test_after_the_fix_the_same_command_goes_through(steward: Steward, months: Path) -> None:
    good = (months / MONTH).read_bytes()
    truncated(months / MONTH)
    steward(*RUN, "--data", str(months), code=2)
    (months / MONTH).write_bytes(good)
    assert steward.json(*RUN, "--data", str(months))["champion"] == 1


def test_a_truncated_gzip_month_is_refused(steward: Steward, months: Path) -> None:
    import gzip

    path = (months / MONTH).with_suffix(".csv.gz")
    path.write_bytes(gzip.compress(pl.read_parquet(months / MONTH).write_csv().encode())[:-5000])
    (months / MONTH).unlink()
    done = steward(*RUN, "--data", str(months), code=2)
    assert "error[DATA-002]" in done.stderr


def test_three_typos_in_a_project_file_are_three_faults_at_once(steward: Steward, tmp_path: Path) -> None:
    project = tmp_path / "mine"
    shutil.copytree(find_project("taxi"), project, ignore=shutil.ignore_patterns("__pycache__"))
    text = (project / "project.yaml").read_text()
    spoiled = (
        text.replace("task: regression", "task: regresion")
        .replace("confidence:", "confidnce:")
        .replace("- pickup_hour", "- pickup_huor")
    )
    (project / "project.yaml").write_text(spoiled)
    done = steward("check", str(project), code=2)
    assert done.stderr.count("error[PROJ-") >= 2
    for hint in ("did you mean 'regression'?", "did you mean 'confidence'?"):
        assert hint in done.stderr
    assert "project.yaml:" in done.stderr
    assert not steward.home.exists()


def test_rows_that_break_a_rule_are_counted_not_dropped_in_silence(steward: Steward, months: Path) -> None:
    frame = pl.read_parquet(months / MONTH)
    broken = frame.with_row_index().with_columns(
        PULocationID=pl.when(pl.col("index") < 30).then(999).otherwise("PULocationID").cast(pl.Int64)
    )
    broken.drop("index").write_parquet(months / MONTH)
    result = steward.json("process", "taxi", "--set", "split.test=[]", "--data", str(months))
    zones = next(finding for finding in result["findings"] if "pickup_zone" in finding["columns"] and finding["kind"] == "range")
    assert zones["rows"] == 30
    assert result["quarantined"] + result["clean_rows"] <= result["rows"]
    assert result["quarantined"] >= 30


def test_an_unknown_command_option_or_project_exits_2_with_a_hint(steward: Steward) -> None:
    assert "taxi" in steward("check", "taxo", code=2).stderr
    steward("nonsense", code=2)
    steward("run", "taxi", "--until", "trian", code=2)
