"""A version under BentoML's own server answers as `steward serve` does: a hundred rows, one by one and together, and bad ones."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.loop.conftest import Steward
from tests.loop.serving import serving, until
from tests.loop.tiny import write_project
from tests.servers import free_port

pytest.importorskip("bentoml", reason="bentoml is not installed:  pip install 'steward[bentoml]'")
pytestmark = [pytest.mark.loop, pytest.mark.timeout(600)]

BAD: tuple[tuple[bytes, dict[str, str]], ...] = (
    (b"{", {}),
    (b"", {}),
    (b'{"asked_at": "2024-02-05T10:30:00", "wait": NaN, "plan": 1}', {}),
    (b'{"asked_at": "2024-02-05T10:30:00", "plan": 1, "plan": 2}', {}),
    (b'{"asked_at": "2024-02-05T10:30:00Z", "plan": "1", "outcome": "left", "wiat": 1}', {}),
    (b'{"rows": []}', {}),
    (b'{"rows": 3}', {}),
    (b'{"rows": [{"plan": 1}, {"asked_at": "2024-02-30T10:30:00", "plan": 1}]}', {}),
    (b'{"rows": [' + b"{}," * 1000 + b"{}]}", {}),
    (b"[1, 2]", {}),
    (b'"' + b"x" * 1_100_000 + b'"', {}),
    (b"\xff\xfe", {}),
    (b"{}", {"content-type": "text/plain"}),
)


@contextmanager
def bento(folder: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Start ``bentoml serve`` on an exported folder, its port in the process's `args`; end it with all it started."""
    command = [sys.executable, "-m", "bentoml", "serve", "--host", "127.0.0.1", "--port", str(free_port())]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEWARD_")}
    home = folder.with_name("bentoml-home")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**kept, "BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(home), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@contextmanager
def asking(process: subprocess.Popen[str]) -> Iterator[httpx.Client]:
    """Give a client of a BentoML server that is ready."""
    assert isinstance(process.args, list)
    with httpx.Client(base_url=f"http://127.0.0.1:{process.args[-1]}", timeout=60) as client:

        def ready() -> bool:
            try:
                return client.get("/readyz").status_code == 200
            except httpx.TransportError:
                return False

        assert until(lambda: process.poll() is not None or ready())
        assert process.poll() is None, process.communicate()[0]
        yield client


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Steward, str]:
    """A workspace with a champion, and its project."""
    folder = tmp_path_factory.mktemp("bento")
    steward, project = Steward(folder / "workspace"), str(write_project(folder / "calls", task="binary", target="left"))
    lightgbm = "candidates=[{kind: lightgbm, num_trees: 20, num_leaves: 7}]"
    steward.json("run", project, "--set", "source.simulator.rows=1500", "--set", lightgbm)
    return steward, project


def rows() -> list[dict[str, Any]]:
    draw = random.Random(20261121)
    waits = (None, 0, 5.0, 1e12, -3.25)
    return [
        {"asked_at": f"2024-02-{1 + n % 28:02d}T{n % 24:02d}:30:00", "plan": draw.choice((1, 2, 3, 77)), "wait": draw.choice(waits)}
        for n in range(100)
    ]


def same(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "prediction_id"}


def post(client: httpx.Client, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    answer = client.post("/predict", content=body, headers={"content-type": "application/json", **headers})
    return answer.status_code, answer.json()


def test_bentoml_serves_the_same_answers_and_the_same_refusals(world: tuple[Steward, str], tmp_path: Path) -> None:
    (steward, project), out = world, tmp_path / "out"
    exported = steward.json("export", project, "--to", "bentoml", "--output", str(out))
    assert (exported["model"], exported["version"]) == ("calls", 1)
    assert {"bentofile.yaml", "service.py", "version.json", "model/model.txt"} <= {*exported["files"]}
    asked = rows()
    with bento(out, STEWARD_HOME=str(steward.home)) as process, serving(steward, project) as server, asking(process) as client:
        ours, theirs = ([one.post("/predict", json=row) for row in asked] for one in (server.client, client))
        assert [one.status_code for one in ours] == [200] * 100
        assert [same(one.json()) for one in theirs] == [same(one.json()) for one in ours]
        assert all(len(one.json()["prediction_id"]) == 32 for one in theirs)
        together = [one.post("/predict", json={"rows": asked}).json()["predictions"] for one in (server.client, client)]
        assert [same(one) for one in together[0]] == [same(one) for one in together[1]]
        for body, headers in BAD:
            assert post(client, body, headers) == post(server.client, body, headers), body[:80]
        assert client.post("/predict", content=b"x", headers={"content-type": "application/vnd.bentoml+pickle"}).status_code == 415
        shown = client.get("/schema.json").json()["routes"][0]["input"]
        assert {*shown["properties"]} == {"asked_at", "wait", "plan"}
        assert "/predict" in client.get("/docs.json").json()["paths"]
    # Kept in the workspace's log before they were given: shipped, and explained by their ids.
    steward("log", "ship", project)
    told = steward.json("explain", project, "--id", theirs[0].json()["prediction_id"])
    assert "calls" in str(told)


def test_bentoml_does_not_start_from_other_bytes(world: tuple[Steward, str], tmp_path: Path) -> None:
    (steward, project), out = world, tmp_path / "out"
    assert "next:" in steward("export", project, "--to", "bentoml", "--output", str(out)).stdout
    assert "EXPORT-010" in steward("export", project, "--to", "bentoml", "--output", str(out), code=2).stderr
    features, marker = out / "model" / "features.py", tmp_path / "ran"
    features.write_text(features.read_text() + f"\nopen({str(marker)!r}, 'w').close()\n")
    with bento(out) as process:
        assert until(lambda: process.poll() is not None)
        said = process.communicate()[0]
    assert process.returncode != 0
    assert "BUNDLE-003" in said
    assert not marker.exists()
    assert "did you mean 'bentoml'" in steward("export", project, "--to", "bentml", code=2).stderr
    elsewhere = str(tmp_path / "x")
    assert "REG-001" in steward("export", project, "--to", "bentoml", "--version", "9", "--output", elsewhere, code=2).stderr
    assert not (tmp_path / "x").exists()
