"""One short name and one port for the server: what `make serve` starts, what the command takes, what the pages tell."""

import re
import shutil
import subprocess
from inspect import signature

import pytest
from tests.conftest import ROOT

from steward.apps.cli.model import serve

API = 8000


def test_make_serve_is_steward_serve_of_the_project() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    told = subprocess.run(["make", "-n", "serve", "PROJECT=heart"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(r"steward serve heart\s*$", told, re.MULTILINE)
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"make serve\s+.*port {API}", listed)


def test_the_port_of_the_command_is_the_one_that_the_pages_tell() -> None:
    assert signature(serve).parameters["port"].default == API
    assert signature(serve).parameters["host"].default == "127.0.0.1"
    page = (ROOT / "docs" / "serving.md").read_text()
    assert f"http://127.0.0.1:{API}/docs" in page
    assert f'Client("http://127.0.0.1:{API}")' in page
    assert {int(port) for port in re.findall(r"(?:127\.0\.0\.1|localhost):(\d+)", page)} == {API}
    readme = (ROOT / "README.md").read_text()
    assert f"Ports: {API} the server (`make serve`, `--port`), 5000 MLflow's pages (`make mlflow-ui`); 8501" in readme
