"""The demonstration of the alarms, run as `make watch-demo` runs it: real server, Prometheus and Alertmanager, on free ports."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT
from tests.loop.dashboards import Line, dashboard, lines_of, picture
from tests.reliability import count_trials
from tests.servers import _need

pytestmark = [pytest.mark.loop, pytest.mark.timeout(600)]
LEG = re.compile(r"^\s*(\d+\.\d+) s  (.+)$")
PANELS = {"serving": {"instance": ".+", "__rate_interval": "30s"}, "model": {"model": "uber"}}


@dataclass
class Demo:
    """The demonstration while it stays: what it has said, leg by leg with seconds, and where its servers listen."""

    process: subprocess.Popen[str]
    legs: Sequence[tuple[str, float]]
    addresses: Mapping[str, str]

    def end(self) -> str:
        """End it in order and return the rest of what it said."""
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=120)
        return rest


@contextmanager
def demonstration() -> Iterator[Demo]:
    _need("prometheus")
    _need("prometheus-alertmanager")
    words = [sys.executable, str(ROOT / "ops" / "watch_demo.py"), "--stay"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    try:
        said = list(_until_it_stays(process))
        legs = [(found[2], float(found[1])) for line in said if (found := LEG.match(line))]
        addresses = dict(line.split() for line in said if re.match(r"(server|prometheus) +http", line))
        assert addresses, "".join(said)
        yield Demo(process, legs, addresses)
    finally:
        process.terminate()
        process.communicate(timeout=120)


def _until_it_stays(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if line.startswith("interrupt to end"):
            return


def test_traffic_of_another_world_becomes_an_alarm_at_a_webhook_and_shows_in_every_panel(tmp_path: Path) -> None:
    with demonstration() as demo:
        _every_leg_came(demo.legs)
        with httpx.Client(base_url=demo.addresses["prometheus"], timeout=60) as prometheus:
            for name, variables in PANELS.items():
                lines = _every_panel_shows_something(dashboard(name), prometheus, variables)
                drawn = picture(dashboard(name), lines)
                _keep(drawn, name, tmp_path)
                assert drawn.startswith(b"\x89PNG")
                assert 20_000 < len(drawn) < 400_000
            _prometheus_and_the_server_agree(prometheus, demo.addresses["server"])
        assert "everything has ended" in demo.end()
        assert demo.process.returncode == 0
        assert all(_nobody_listens(address) for address in demo.addresses.values())


def _every_leg_came(legs: Sequence[tuple[str, float]]) -> None:
    told = [text for text, _ in legs]
    quiet = told.index("0 alerts, 0 messages at the webhook")
    assert "exit 0" in told[quiet - 2]
    alarm = told.index("Prometheus: StewardModelAlarm fires")
    assert alarm > quiet
    # The graver of two alerts about one window keeps the other back, where it comes first.
    assert re.match(r"the webhook was told: Steward(ModelAlarm|SeverityHigh): .*uber v1", told[alarm + 1])
    assert "exit 1" in told[alarm + 2]
    assert "ALARM" in told[alarm + 2]
    spent = [seconds for _, seconds in legs]
    named = zip(("until /metrics says it", "until the rule fires", "until the webhook"), spent[alarm - 1 :], strict=False)
    figures = {**{name: f"{seconds:.1f} s" for name, seconds in named}, "from nothing": f"{sum(spent):.0f} s"}
    count_trials("U5", "other traffic until an alarm at a webhook", trials=1, failed=0, figures=figures)


def _every_panel_shows_something(
    board: Mapping[str, Any], prometheus: httpx.Client, variables: Mapping[str, str]
) -> dict[int, Sequence[Line]]:
    found: dict[int, Sequence[Line]] = {}

    def ask() -> bool:
        found.update({panel["id"]: lines_of(panel, prometheus, variables) for panel in board["panels"]})
        return not any(is_empty(panel, found[panel["id"]]) for panel in board["panels"])

    until(ask)
    assert {panel["title"] for panel in board["panels"] if is_empty(panel, found[panel["id"]])} == set()
    return found


def is_empty(panel: Mapping[str, Any], lines: Sequence[Line]) -> bool:
    """Say whether a panel shows nothing, or less than it asks for: a line without any number counts as none."""
    return len([line for line in lines if any(map(isfinite, line.values))]) < len(panel["targets"])


def _prometheus_and_the_server_agree(prometheus: httpx.Client, server: str) -> None:
    text = httpx.get(f"{server}/metrics", timeout=60).text
    said = re.search(r"^steward_window_severity\{.*\} (\S+)$", text, re.MULTILINE)
    read = prometheus.get("/api/v1/query", params={"query": "steward_window_severity"}).json()["data"]["result"]
    assert said is not None
    assert [float(one["value"][1]) for one in read] == [float(said[1])]


def _nobody_listens(address: str) -> bool:
    try:
        httpx.get(address, timeout=5)
    except httpx.ConnectError:
        return True
    return False


def _keep(drawn: bytes, name: str, tmp_path: Path) -> None:
    """Keep the picture where somebody wants to look at it."""
    (Path(os.environ.get("STEWARD_PICTURES") or tmp_path) / f"dashboard-{name}.png").write_bytes(drawn)


def until(holds: Callable[[], bool]) -> bool:
    return any(holds() or time.sleep(1) for _ in range(60))
