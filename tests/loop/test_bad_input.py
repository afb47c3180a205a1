"""What is broken gets one coded error that tells the fix, and the workspace stays as it was."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from steward.core.errors import StewardError
from steward.data.snapshot import read_snapshot
from steward.flows.run import RunOptions, run
from steward.project.read import find_project
from tests import bad_files
from tests.bad_files import CASES, ROWS, Case
from tests.loop.conftest import Steward
from tests.small_project import open_workspace

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


SPOILT = [
    (truncated, "DATA-002", 2),
    (csv_in_disguise, "DATA-003", 2),
    (empty, "DATA-001", 2),
    (without_zones, "DATA-004", 2),
    (text_for_numbers, "DATA-012", 2),
    (mostly_broken, "DATA-051", 1),
]


@pytest.mark.parametrize(("spoil", "code", "exit_code"), SPOILT, ids=[case[0].__name__ for case in SPOILT])
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


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the catalogue's project; the workspace beside it is shared, so that what one case leaves would show."""
    folder = tmp_path_factory.mktemp("cases")
    write_catalogue_project(folder / "project")
    return folder


def write_catalogue_project(folder: Path) -> None:
    folder.mkdir()
    (folder / "project.yaml").write_text(bad_files.PROJECT)
    (folder / "dictionary.yaml").write_text(bad_files.DICTIONARY)
    (folder / "features.py").write_text('"""No features of its own."""\n')


def kept(home: Path) -> set[str]:
    """Return what a workspace holds beside its databases, locks and unpacked files."""
    passing = ("locks", "downloads")
    found = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(passing) and not name.startswith("steward.db")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_flow_takes_or_refuses_each_case_of_the_catalogue(case: Case, place: Path, tmp_path: Path) -> None:
    path = bad_files.write_case(case, tmp_path / "data")
    home = place / "workspace"
    before = kept(home)
    options = RunOptions(str(place / "project"), until="ingest")
    ports = open_workspace(home, path.parent)
    if case.letter == "R":
        with pytest.raises(StewardError) as caught:
            run(options, ports)
        assert caught.value.faults[0].code == (case.in_flow or case.code)
        assert caught.value.faults[0].fix
        assert kept(home) == before
        return
    done = run(options, ports)
    output = next(step.output for step in ports.runs.steps(done.id) if step.name == "ingest")
    assert done.result["rows"] == ROWS - case.apart
    assert case.says in " | ".join(output["notes"])
    assert (output["unreadable"] or {"rows": 0})["rows"] == case.apart


def test_rows_set_apart_are_kept_with_line_reason_and_text(steward: Steward, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "text in a number column, twice")
    bad_files.write_case(case, tmp_path / "data")
    write_catalogue_project(tmp_path / "project")
    done = steward("ingest", str(tmp_path / "project"), "--data", str(tmp_path / "data"))
    assert "2 of 400 rows cannot be read and were set apart" in " ".join((done.stdout + done.stderr).split())
    frames = [read_snapshot(steward.home / "snapshots", path.stem) for path in (steward.home / "snapshots").glob("*.parquet")]
    apart = next(frame for frame in frames if "reason" in frame.columns)
    assert apart["line"].to_list() == [7, 9]
    assert apart["reason"].to_list() == ["miles is not a finite number: far"] * 2
    assert apart["content"][0] == "0005,2023-01-06 05:00:00,3,far,Lyon,true,10"


PROCESSES = (
    "header only",
    "latin-1",
    "header again in the middle",
    "infinity",
    "pickle called .csv",
    "gzip bomb",
    "JSON NaN",
    "pipe",
)


@pytest.mark.parametrize("case", [case for case in CASES if case.name in PROCESSES], ids=lambda case: case.name)
def test_the_command_says_the_code_the_place_and_the_fix(case: Case, steward: Steward, tmp_path: Path) -> None:
    bad_files.write_case(case, tmp_path / "data")
    write_catalogue_project(tmp_path / "project")
    refused = case.letter == "R"
    done = steward(
        "ingest",
        str(tmp_path / "project"),
        "--data",
        str(tmp_path / "data"),
        code=(3 if case.in_flow == "DATA-020" else 2) if refused else 0,
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert (f"error[{case.in_flow or case.code}]" in said and "fix:" in said) if refused else case.says in said
    assert not list(tmp_path.rglob("pickle_was_loaded"))


def test_one_row_is_not_enough_to_learn_from(tmp_path: Path, steward: Steward) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/2023-01.csv").write_text(bad_files.text(bad_files.table(1)))
    write_catalogue_project(tmp_path / "project")
    done = steward("train", str(tmp_path / "project"), "--data", str(tmp_path / "data"), code=2)
    assert "error[DATA-016]" in done.stderr


READER = """
import sys, time
from pathlib import Path
import yaml
from steward.core.errors import StewardError
from steward.data.read import read_table
from steward.project.dictionary import DictionarySpec
dictionary = DictionarySpec.model_validate(yaml.safe_load(Path(sys.argv[2]).read_text()))
began = time.perf_counter()
try:
    read_table(Path(sys.argv[1]), dictionary)
except StewardError:
    pass
took = time.perf_counter() - began
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(took, int(peak.split()[1]) / 1024)
"""


@pytest.mark.campaign
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_answered_within_two_seconds_and_500_mb(case: Case, tmp_path: Path) -> None:
    path = bad_files.write_case(case, tmp_path / "data")
    (tmp_path / "dictionary.yaml").write_text(bad_files.DICTIONARY)
    command = [sys.executable, "-c", READER, str(path), str(tmp_path / "dictionary.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    assert megabytes <= 500
    assert seconds <= 2
