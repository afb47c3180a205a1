"""Training, serving and monitoring as processes of their own on one PostgreSQL: none takes another one down."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import yaml

from tests.loop.conftest import COMMAND, Steward
from tests.loop.serving import serving, until
from tests.loop.tiny import write_project
from tests.reliability import count_trials

pytestmark = [pytest.mark.loop, pytest.mark.timeout(900)]

FIRST = ("--set", "candidates=[{kind: mean}, {kind: linear}]", "--set", "features=[hour, plan]")
BETTER = ("--set", "candidates=[{kind: lightgbm, num_trees: 30, num_leaves: 7}]")
ROWS = "source.simulator.rows=1500"
ROW = {"asked_at": "2024-02-05T10:30:00", "wait": 12.5, "plan": 1}


class Asking:
    """Asks for predictions without a pause, in a thread, and keeps what came back."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._on = True
        self.statuses: list[int] = []
        self.versions: list[int] = []
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while self._on:
            try:
                answer = self._client.post("/predict", json=ROW)
            except httpx.TransportError:
                self.statuses.append(0)
                continue
            self.statuses.append(answer.status_code)
            self.versions += [answer.json()["version"]] if answer.status_code == 200 else []
            time.sleep(0.01)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._on = False
        self._thread.join()

    def failed(self) -> int:
        return sum(status != 200 for status in self.statuses)


@contextmanager
def limited(steward: Steward, megabytes: int, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a command that gets no more memory than that, as a limit of the machine or of a container would have it."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", f'ulimit -v {megabytes * 1000} && exec "$@"', "sh", *COMMAND, *arguments],
        env={**steward.environment(), "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        cwd=steward.home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def begun(steward: Steward, *arguments: str) -> "subprocess.Popen[str]":
    """Start a command and return it when it is well under way: its run, or its looking, has begun."""
    process = steward.start(*arguments)
    time.sleep(4)
    return process


def test_trainer_monitor_and_server_share_one_database_and_none_needs_the_other_two(
    make_steward: Callable[..., Steward], new_database: Callable[[str], str], tmp_path: Path
) -> None:
    url = new_database("postgresql")
    steward = make_steward("workspace", STEWARD_DATABASE_URL=url)
    folder = write_project(tmp_path / "calls", task="binary", target="left")
    declared = yaml.safe_load((folder / "project.yaml").read_text())
    (folder / "project.yaml").write_text(yaml.safe_dump({**declared, "watch": {"min_rows": 20, "alert": 0.99}}))
    project = str(folder)
    steward.json("run", project, "--set", ROWS, *FIRST)
    with serving(steward, project) as server, Asking(server.client) as asking:
        assert until(lambda: len(asking.statuses) > 100)
        # Both are killed in the middle of their work; the server does not notice.
        trainer, monitor = begun(steward, "run", project, "--set", ROWS, *BETTER), begun(steward, "watch", project, "--log")
        for process in (trainer, monitor):
            process.kill()
            process.communicate()
        assert asking.failed() == 0
        # The monitor reads what the server wrote, while it writes on.
        watched = json.loads(monitored(steward, "watch", project, "--log", "--json"))
        assert (watched["window"]["model"], watched["window"]["version"]) == ("calls", 1)
        assert watched["window"]["severity"] is not None  # enough rows for a verdict
        # The trainer goes on where it was killed, and its champion answers in the server that never stopped.
        resumed = steward.json("resume", project, "--set", ROWS)
        if resumed["champion"] == 1:  # it was killed before its run was begun, and the first one had ended
            resumed = steward.json("run", project, "--set", ROWS, *BETTER)
        assert (resumed["promoted"], resumed["champion"]) == (True, 2)
        asked = len(asking.versions)
        assert until(lambda: 2 in asking.versions[asked:])
    assert asking.failed() == 0
    assert asking.versions == sorted(asking.versions)
    assert {*asking.versions} == {1, 2}


def monitored(steward: Steward, *arguments: str) -> str:
    """Return what a monitor says; whether that is an alarm is not the question here."""
    process = steward.start(*arguments)
    out, said = process.communicate(timeout=240)
    assert process.returncode in {0, 1}, said
    return out


@pytest.mark.parametrize("limits", [(700, 900), pytest.param(range(600, 1600, 50), marks=pytest.mark.campaign)])
def test_a_trainer_without_memory_ends_by_itself_and_says_why_while_the_server_answers_on(
    steward: Steward, tmp_path: Path, limits: Any
) -> None:
    project = str(write_project(tmp_path / "calls", task="binary", target="left"))
    steward.json("run", project, "--set", ROWS, *FIRST)
    champion = steward.json("status", project)[0]["champion"]
    wrong: list[str] = []
    codes: list[str] = []
    with serving(steward, project) as server, Asking(server.client) as asking:
        assert until(lambda: len(asking.statuses) > 20)
        for megabytes in limits:
            with limited(steward, megabytes, "run", project, "--set", f"source.simulator.rows={400_000 + megabytes}") as process:
                said = process.communicate(timeout=240)[0]
            now = steward.json("status", project)[0]
            fault = (now["last_run"]["result"].get("faults") or [{}])[0]
            right = process.returncode != 0 and now["last_run"]["status"] == "failed" and now["champion"] == champion
            right &= fault.get("code") in {"RUN-003", "RUN-004"} and "memory" in fault["fix"] and "steward resume" in fault["fix"]
            wrong += [] if right else [f"{megabytes} MB: exit {process.returncode}, {now['last_run']}\n{said[-1000:]}"]
            codes.append(str(fault.get("code")))
        failed = asking.failed()
    what = (
        "a memory limit ends `steward run` while a server answers: no request fails, the champion stays, "
        "and the run is marked failed with the reason and what to do"
    )
    figures = {"requests meanwhile": f"{len(asking.statuses):,}", "failed requests": f"{failed}"}
    figures |= {"said by the run itself": f"{codes.count('RUN-003')}", "died without a word": f"{codes.count('RUN-004')}"}
    count_trials("K8", what, trials=len(codes), failed=len(wrong) + bool(failed), figures=figures)
    assert wrong == []
    assert failed == 0
    stopped = steward("status", project).stdout
    assert "stopped by" in stopped
    assert f"steward resume {project}" in stopped
