"""How fast does a server answer one row, and a thousand? Beside it, in the same minute, other servers of the same model.

`make bench-serving` prints it: serving.py [SECONDS [SWAPS]]. The taxi's champion, a LightGBM, answers from each server of
benchmarks/servers.py, one worker each; `wrk` asks them one after another, measure by measure, while the others wait. Nothing is
measured before all have answered the same rows alike. Then the champion is swapped while others ask.
"""

import json
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from itertools import cycle, islice
from pathlib import Path
from urllib.request import urlopen

import polars as pl
from measure import cpu_seconds, data_folder, keep
from running import CannotStart, Row, Running, Server, environment, running
from served import MEASURES, Logged, Measured, print_log, print_servers, print_swaps
from swaps import Swapped, swap
from wrk import Asked, ask

import servers
from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.flows.champion import load_champion

ROWS: Sequence[Row] = tuple(
    {"pickup_at": at, "pickup_zone": start, "dropoff_zone": end}
    for at, start, end in (
        ("2023-03-06T08:30:00", 74, 42),
        ("2023-03-12T23:59:59", 7, 132),
        ("2023-03-08T00:00:00", 75, 264),  # a zone without a place on the map
        ("2023-03-11T14:07:30", 166, 166),
        ("2023-03-31T17:45:00", 244, 1),
    )
)
ALIKE = 1e-6
WARM_S = 1
SHIPPED_WITHIN_S = 300


def main(seconds: int, swaps: int) -> None:
    """Train, serve, ask, swap, print."""
    data = data_folder()
    if data is None:
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {"STEWARD_HOME": f"{folder}/workspace", "STEWARD_DATA": str(data), "STEWARD_OFFLINE": "true"}
        for kind in ("linear", "lightgbm"):  # the first is there to be swapped with
            cpu_seconds([servers.STEWARD, "run", "taxi", "--set", f"candidates=[{{kind: {kind}}}]"], env)
        with ExitStack() as stack:
            ours = _started(stack, servers.steward(env), folder)
            expected = _alike(ours, None)
            with ExitStack() as besides:
                others, missing = _others(besides, folder, data, expected)
                measured = _measure([ours, *others], folder, seconds)
            shipped_s = _until_shipped(ours)
            log = _logged(folder / "workspace", 2 * len(ROWS) + measured[0].answered(), shipped_s)
            swapped = _swap(ours, env, swaps, measured[0].asked[0].rate / 2)
            _until_shipped(ours)
        ids = list(_ids(folder / "workspace"))
        lost = len({one.encode() for one in swapped.ids}.difference(ids))
    print_servers(measured, missing, seconds, load)
    print_log(log)
    print_swaps(swapped, len(ids) - log.rows, lost)
    facts = {"servers": [asdict(one) for one in measured], "missing": missing, "log": asdict(log), "load": load}
    keep("serving", {**facts, "swaps": {name: value for name, value in asdict(swapped).items() if name != "ids"}})


def _started(stack: ExitStack, server: Server, folder: Path) -> Running:
    """Start a server twice; the second time, with its modules compiled and its files read once, is measured."""
    log = folder / "server.log"
    with running(server, log):
        pass
    return stack.enter_context(running(server, log))


def _others(stack: ExitStack, folder: Path, data: Path, expected: Sequence[float]) -> tuple[Sequence[Running], Mapping[str, str]]:
    """Start the other servers; return them, and by name why one is missing."""
    model = next((folder / "workspace" / "bundles").glob("*/model.txt"))
    found: list[Running] = []
    missing: dict[str, str] = {}

    def env(name: str) -> Mapping[str, str]:
        paths = {"BUNDLE": str(model.parent), "PREDICTIONS": f"{folder}/{name}.jsonl"}
        return {**paths, "PYTHONPATH": str(servers.PEERS)}

    makers: Mapping[str, Callable[[], Server]] = {
        "bare": lambda: servers.bare(model, _features(folder, data)),
        "FastAPI": lambda: servers.fastapi(env("fastapi")),
        "MLflow": lambda: servers.mlflow(env("mlflow"), folder / "mlflow"),
        "BentoML": lambda: servers.bentoml(env("bentoml")),
        "MLServer": lambda: servers.mlserver(env("mlserver")),
    }
    for name, make in makers.items():
        try:
            found.append(_started(stack, make(), folder))
        except (CannotStart, OSError) as error:
            missing[name] = str(error)
        else:
            _alike(found[-1], expected)
    return found, missing


def _alike(server: Running, expected: Sequence[float] | None) -> Sequence[float]:
    """Return what a server answers to `ROWS`, together and one by one; end where they differ, or are not what was expected."""
    together = list(server.answer(ROWS))
    for others in ([server.answer([row])[0] for row in ROWS], expected or together):
        if max(abs(one - other) for one, other in zip(together, others, strict=True)) > ALIKE:
            sys.exit(f"{server.server.name} answers {together}, and not {list(others)}: nothing was measured")
    return together


def _features(folder: Path, data: Path) -> Callable[[Sequence[Row]], Sequence[Sequence[float]]]:
    ports = build_ports(Settings(home=folder / "workspace", data=data, offline=True), Silent())
    bundle = load_champion(ports, "taxi").bundle

    def features(rows: Sequence[Row]) -> Sequence[Sequence[float]]:
        frame = pl.DataFrame(rows).with_columns(pl.col("pickup_at").str.to_datetime())
        found: Sequence[Sequence[float]] = bundle.features(frame).to_numpy(order="c").tolist()
        return found

    return features


def _measure(up: Sequence[Running], folder: Path, seconds: int) -> Sequence[Measured]:
    asked: list[list[Asked]] = [[] for _ in up]
    warmed: list[list[Asked]] = [[] for _ in up]
    for connections, count in MEASURES:
        rows = list(islice(cycle(ROWS), count))
        # Ours comes last: a moment later it still carries its log to the database, and would be in the way of the others.
        for one, told, before in reversed(list(zip(up, asked, warmed, strict=True))):
            url, body = one.url(count), one.body(rows)
            before.append(ask(folder, url, body, connections=connections, seconds=WARM_S))
            told.append(ask(folder, url, body, connections=connections, seconds=seconds))
    both = zip(up, asked, warmed, strict=True)
    return [Measured(one.server.name, one.ready_s, one.memory_mb(), told, before) for one, told, before in both]


def _swap(ours: Running, env: Mapping[str, str], swaps: int, rate: float) -> Swapped:
    back = [str(servers.STEWARD), "rollback", "taxi", "--version", "1", "--json"]
    forth = [str(servers.STEWARD), "promote", "taxi", "--version", "2", "--json"]
    commands = list(islice(cycle((back, forth)), swaps))
    return swap(ours.port, ours.body(ROWS[:1]), commands, environment(env), rate=rate)


def _ids(workspace: Path) -> Iterator[bytes]:
    """Yield the id of every row in the log."""
    for segment in (workspace / "predictions").rglob("*.segment"):
        yield from re.findall(rb'^[^{]*{"prediction_id":"([0-9a-f]+)"', segment.read_bytes(), re.MULTILINE)


def _logged(workspace: Path, acknowledged: int, shipped_s: float) -> Logged:
    ids = list(_ids(workspace))
    cut = 2 * sum(connections * rows for connections, rows in MEASURES)
    with closing(sqlite3.connect(workspace / "steward.db")) as database:
        kept = database.execute("SELECT count(*) FROM predictions").fetchone()[0]
    return Logged(acknowledged, cut, len(ids), len(set(ids)), kept, shipped_s)


def _until_shipped(ours: Running) -> float:
    """Return how many seconds it took until nothing waited for the database; end where it never comes to an end."""
    began = time.perf_counter()
    while (waited_s := time.perf_counter() - began) < SHIPPED_WITHIN_S:
        with urlopen(f"http://127.0.0.1:{ours.port}/health") as told:
            if not json.load(told)["log"]["waiting"]:
                return waited_s
        time.sleep(0.5)
    sys.exit(f"the log was not in the database after {SHIPPED_WITHIN_S} s")


if __name__ == "__main__":
    given = sys.argv[1:3]
    main(*(int(text) for text in (*given, *("10", "20")[len(given) :])))
