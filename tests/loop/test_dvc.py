"""The exported flow under DVC itself: repro, status, a changed parameter, push and pull to a folder and to S3."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml

from steward.core.digest import digest_file
from tests.loop.conftest import Steward
from tests.servers import free_port

pytestmark = pytest.mark.loop

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
OUTS = ("data/raw/taxi.parquet", "data/processed/taxi.parquet", "data/features/taxi.parquet", "models/taxi")
_READY_S = 60


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    tools = {"dvc": find_spec("dvc"), "moto": find_spec("moto"), "git": shutil.which("git")}
    missing = [name for name, there in tools.items() if not there]
    if missing:
        why = f"{', '.join(missing)} not installed"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)


@dataclass
class Repository:
    """A folder under git and DVC."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def dvc(self, *arguments: str) -> str:
        return self(sys.executable, "-m", "dvc", *arguments)

    def repro(self) -> dict[str, bool]:
        """Reproduce, and return which stages ran."""
        said = self.dvc("repro")
        return {stage: f"Running stage '{stage}'" in said for stage in ("ingest", "process", "features", "train")}

    def outs(self) -> dict[str, str]:
        """Return the digests of all that DVC keeps."""
        files = [path for out in OUTS for path in sorted((self.folder / out).rglob("*")) or [self.folder / out] if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): digest_file(path) for path in files}

    def clone(self, to: Path) -> "Repository":
        """Commit all that git keeps, and return a fresh clone with an empty workspace."""
        self("git", "add", ".")
        self("git", "commit", "-q", "--allow-empty", "-m", "state")
        self("git", "clone", "-q", ".", str(to))
        return Repository(to, {**self.environment, "STEWARD_HOME": str(to / ".steward")})


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Export the simulated taxi project into a new repository and reproduce it once."""
    folder = tmp_path_factory.mktemp("repository")
    steward = Steward(folder / ".steward")
    plain = {name: value for name, value in steward.environment().items() if not name.startswith(("GIT_", "AWS_"))}
    apart = {"HOME": str(folder.parent), "GIT_CONFIG_GLOBAL": os.devnull, "DVC_NO_ANALYTICS": "1", "NO_COLOR": "1"}
    who = {f"GIT_{role}_{what}": "tester@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    made = Repository(folder, {**plain, **apart, **who, **path, **KEYS})
    made(
        "steward",
        "export",
        "taxi",
        "--dvc",
        "--set",
        "source.simulator.rows=2000",
        "--set",
        "candidates=[{kind: linear, alpha: 0.5}]",
    )
    made("git", "init", "-q")
    made.dvc("init", "-q")
    assert made.repro() == dict.fromkeys(("ingest", "process", "features", "train"), True)
    return made


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Start a real S3 server, in memory, and give its address."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **KEYS})
    address = f"http://127.0.0.1:{port}"
    give_up = time.monotonic() + _READY_S
    try:
        while not _answers(f"{address}/moto-api/"):
            assert server.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(_READY_S)


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def test_a_second_repro_does_nothing_and_the_status_is_clean(repository: Repository) -> None:
    assert set(repository.repro().values()) == {False}
    assert "up to date" in repository.dvc("status")
    metrics = yaml.safe_load((repository.folder / "metrics.json").read_text())  # JSON is YAML
    assert (metrics["project"], metrics["data"], metrics["rows"]["raw"]) == ("taxi", "simulated", 4000)
    assert {"rmse", "mae"} <= metrics["test"].keys()


def test_what_dvc_keeps_is_what_steward_keeps(repository: Repository) -> None:
    outs = repository.outs()
    snapshots = {path.stem for path in (repository.folder / ".steward" / "snapshots").glob("*.parquet")}
    assert {digest for name, digest in outs.items() if name.endswith(".parquet")} <= snapshots
    assert "models/taxi/manifest.json" in outs
    ignored = repository("git", "status", "--porcelain", "--untracked-files=all")
    assert ".steward" not in ignored
    assert ".parquet" not in ignored


def test_a_changed_parameter_reruns_what_depends_on_it_and_no_more(repository: Repository) -> None:
    path = repository.folder / "params.yaml"
    text, outs = path.read_text(), repository.outs()
    try:
        path.write_text(text.replace("alpha: 0.5", "alpha: 5.0"))
        assert repository.repro() == {"ingest": False, "process": False, "features": False, "train": True}
        assert {name for name, digest in repository.outs().items() if outs.get(name) != digest} >= {"models/taxi/manifest.json"}
    finally:
        path.write_text(text)
    repository.repro()
    assert repository.outs() == outs


@pytest.mark.parametrize("where", ["folder", "s3"])
def test_a_fresh_clone_pulls_the_same_bytes_and_goes_on_from_there(
    repository: Repository, where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if where == "folder":
        repository.dvc("remote", "add", "-f", where, str(tmp_path / "storage"))
    else:
        address = request.getfixturevalue("s3")
        script = "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket='steward')"
        repository(sys.executable, "-W", "ignore", "-c", script, address)
        repository.dvc("remote", "add", "-f", where, "s3://steward/taxi")
        repository.dvc("remote", "modify", where, "endpointurl", address)
    repository.dvc("push", "-r", where)
    clone = repository.clone(tmp_path / "clone")
    assert clone.outs() == {}
    clone.dvc("pull", "-r", where)
    assert clone.outs() == repository.outs()
    assert set(clone.repro().values()) == {False}
    if where == "s3":
        path = clone.folder / "params.yaml"
        path.write_text(path.read_text().replace("alpha: 0.5", "alpha: 3.0"))
        assert clone.repro() == {"ingest": False, "process": False, "features": False, "train": True}
