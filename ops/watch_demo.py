"""How long does it take until somebody hears that a model's world changed? All of it for real, on this machine alone.

    make watch-demo            # or  python ops/watch_demo.py --stay  to look around afterwards

A champion is made, `steward serve` answers with it, Prometheus reads the server, Alertmanager listens to Prometheus, and a webhook
to Alertmanager. Ordinary rides are asked for first, and watched: nobody is told. Then rides of another world: the watch finds them,
and the alarm has to reach the webhook. Each leg is printed with its seconds; everything ends with the demonstration.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import polars as pl
from demo_servers import Webhook, alertmanager, find_program, prometheus, running, until, webhook

from steward.core.period import Period
from steward.data.simulate import load_simulator
from steward.project.read import Project, read_project

STEWARD = (sys.executable, "-m", "steward.apps.cli.main")
PROJECT, MONTH = "uber", Period(2012, 7)
LEARNED, QUIET, DRIFTING = 1500, 1500, 2500
AT_ONCE = 500
OTHER_WORLD = "airports"
ALARM = "StewardModelAlarm"


@dataclass
class Legs:
    """Says how far it is, and how many seconds that took since the last time."""

    last_s: float = field(default_factory=time.monotonic)

    def note(self, text: str) -> None:
        now_s = time.monotonic()
        print(f"{now_s - self.last_s:8.2f} s  {text}", flush=True)
        self.last_s = now_s


@dataclass(frozen=True)
class World:
    """The workspace of the demonstration, its project, and who answers where."""

    environ: Mapping[str, str]
    project: Project
    server: httpx.Client
    prometheus: httpx.Client
    heard: Webhook

    def ask_prometheus(self, query: str) -> Sequence[Mapping[str, Any]]:
        answer = self.prometheus.get("/api/v1/query", params={"query": query}).raise_for_status().json()
        return answer["data"]["result"]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="From other traffic to an alarm at a webhook, on loopback.")
    parser.add_argument("--stay", action="store_true", help="go on afterwards, with a ride now and then, until interrupted")
    stay = parser.parse_args(arguments).stay
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    find_program("prometheus")
    find_program("prometheus-alertmanager", "alertmanager")
    legs = Legs()
    with tempfile.TemporaryDirectory(prefix="steward-demo-") as folder:
        with opened(Path(folder), legs) as world:
            stay_quiet(world, legs)
            raise_the_alarm(world, legs)
            if stay:
                go_on(world)
        legs.note("everything has ended")


@contextmanager
def opened(folder: Path, legs: Legs) -> Iterator[World]:
    """Make a champion and start everybody; all of it ends with the block."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEWARD_")}
    environ = {**kept, "STEWARD_HOME": str(folder / "workspace"), "STEWARD_OFFLINE": "1", "NO_COLOR": "1"}
    with ExitStack() as stack:
        made = subprocess.run(
            [*STEWARD, "run", PROJECT, "--set", f"source.simulator.rows={LEARNED}"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            sys.exit(made.stdout + made.stderr)
        legs.note("a champion of made-up rides (steward run uber)")
        log = folder / "server.log"
        stack.enter_context(running([*STEWARD, "serve", PROJECT, "--port", "0"], log, environ))
        address = until("the server to say where", partial(address_in, log))
        server = stack.enter_context(httpx.Client(base_url=address, timeout=60))
        until("the server", lambda: is_ready(server))
        legs.note(f"steward serve answers at {address}")
        heard = stack.enter_context(webhook())
        alerts = stack.enter_context(alertmanager(folder, heard))
        reading = stack.enter_context(prometheus(folder, address, alerts))
        legs.note(f"Prometheus at {reading}, Alertmanager at {alerts}, a webhook behind them")
        asked = stack.enter_context(httpx.Client(base_url=reading, timeout=60))
        yield World(environ, read_project(PROJECT), server, asked, heard)


def stay_quiet(world: World, legs: Legs) -> None:
    """Let an ordinary world come by; the watch finds nothing, and nobody is told."""
    drive(world, "none", QUIET)
    legs.note(f"{QUIET:,} ordinary rides were answered")
    with watching(world) as watch:
        legs.note(f"watched: {verdict_of(watch)}")
    until("Prometheus to know that all is well", lambda: world.ask_prometheus("steward_window_alarm == 0"))
    legs.note("Prometheus knows that all is well")
    firing = world.ask_prometheus('ALERTS{alertstate="firing"}')
    legs.note(f"{len(firing)} alerts, {len(world.heard.received)} messages at the webhook")


def raise_the_alarm(world: World, legs: Legs) -> None:
    """Let another world come by, and wait until the webhook hears of it."""
    drive(world, OTHER_WORLD, DRIFTING)
    legs.note(f"{DRIFTING:,} rides of another world ({OTHER_WORLD}) were answered")
    with watching(world) as watch:
        until("/metrics to say so", partial(says_alarm, world.server))
        legs.note("watched, and /metrics says that it is an alarm")
        until("the rule", lambda: world.ask_prometheus(f'ALERTS{{alertname="{ALARM}", alertstate="firing"}}'))
        legs.note(f"Prometheus: {ALARM} fires")
        first = until("the webhook", lambda: world.heard.alerts("firing"))[0]
        legs.note(f"the webhook was told: {first['labels']['alertname']}: {first['annotations']['summary']}")
        legs.note(f"the command that watched has ended: {verdict_of(watch)}")


@contextmanager
def watching(world: World) -> Iterator[subprocess.Popen[str]]:
    """Watch what was answered, while others look for what comes of it."""
    words = [*STEWARD, "watch", PROJECT, "--log"]
    with subprocess.Popen(words, env=world.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watch:
        try:
            yield watch
        except SystemExit:
            watch.terminate()
            print(watch.communicate()[0])
            raise


def verdict_of(watch: subprocess.Popen[str]) -> str:
    """Return the exit code and the sentence of a verdict, once the command has ended."""
    output, _ = watch.communicate()
    found = next((line.strip() for line in output.splitlines() if "severity" in line), output)
    return f"exit {watch.returncode}, {found}"


def says_alarm(server: httpx.Client) -> bool:
    """Say whether the server tells Prometheus of an alarm."""
    return re.search(r"^steward_window_alarm\{.*\} 1.0$", server.get("/metrics").text, re.MULTILINE) is not None


def drive(world: World, scenario: str, rows: int) -> None:
    """Ask for made-up rides, tell what they cost, and wait until all of it is in the database."""
    rides = simulated(world.project, scenario, rows)
    for some in rides.iter_slices(AT_ONCE):
        answers = (
            world.server.post("/predict", json={"rows": some.select(asked_for(world.project)).to_dicts()})
            .raise_for_status()
            .json()["predictions"]
        )
        ids = [answer["prediction_id"] for answer in answers]
        outcomes = [{"prediction_id": one, "outcome": fare} for one, fare in zip(ids, some["fare_usd"], strict=True)]
        world.server.post("/outcomes", json={"outcomes": outcomes}).raise_for_status()
    until("the log to be in the database", lambda: world.server.get("/health").json()["log"]["waiting"] == 0)


def simulated(project: Project, scenario: str, rows: int) -> pl.DataFrame:
    """Return rides that the project's simulator makes up, under the dictionary's names; those without a place are left out."""
    assert project.simulator_path is not None
    rides = load_simulator(project.simulator_path).simulate(MONTH, rows, 7, scenario).filter(pl.col("pickup_latitude") != 0)
    names = {alias: name for name, column in project.dictionary.columns.items() for alias in column.aliases}
    return rides.rename(names, strict=False).with_columns(pl.col("pickup_at").str.strip_suffix(" UTC"))


def asked_for(project: Project) -> Sequence[str]:
    """Return the columns that are known when an answer is wanted."""
    return [name for name, column in project.dictionary.columns.items() if column.known_at == "request"]


def go_on(world: World) -> None:
    """Ask for a ride now and then until interrupted, so that there is something to look at."""
    print(f"\nserver      {world.server.base_url}\nprometheus  {world.prometheus.base_url}\ninterrupt to end", flush=True)
    rides = cycle(simulated(world.project, "none", 100).select(asked_for(world.project)).to_dicts())
    try:
        for ride in rides:
            world.server.post("/predict", json=ride).raise_for_status()
            time.sleep(0.5)
    except KeyboardInterrupt:
        return


def address_in(log: Path) -> str | None:
    """Return the address that the server has said, once it has."""
    found = re.search(r"http://\S+:\d+", log.read_text())
    return found[0] if found else None


def is_ready(server: httpx.Client) -> bool:
    """Say whether the server answers with a version."""
    try:
        return server.get("/health/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("interrupted; everything has ended")
