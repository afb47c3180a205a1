"""How fast does a server answer one row, and a thousand? Beside it, in the same minute, the barest server there can be.

`make bench-serving` prints it. The taxi's champion answers with its door, its checks, its log and its counters on; the bare side
is a FastAPI `async` endpoint around the same booster, which reads finished features, checks nothing and keeps nothing. Both run
one worker in a process of its own; `wrk` asks them.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from measure import cpu_seconds, data_folder, keep, print_table

STEWARD = Path(sys.executable).with_name("steward")
BARE = Path(__file__).with_name("bare_server.py")
SECONDS = 10
ROW = {"pickup_at": "2023-03-06T08:30:00", "pickup_zone": 74, "dropoff_zone": 42}


def main() -> None:
    """Train, serve, ask, print."""
    data = data_folder()
    if data is None:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {"STEWARD_HOME": f"{folder}/workspace", "STEWARD_DATA": str(data), "STEWARD_OFFLINE": "true"}
        cpu_seconds([STEWARD, "run", "taxi", "--set", "candidates=[{kind: lightgbm}]"], env)
        model = next((folder / "workspace" / "bundles").glob("*/model.txt"))
        rows: list[tuple[object, ...]] = []
        with serving([STEWARD, "serve", "taxi"], env) as (port, began_s):
            ours = [_ask(folder, port, body, connections) for body, connections in asked()]
            rows += [("start to ready", "seconds", began_s, "", "")]
        with serving([sys.executable, BARE, model], env) as (port, _):
            bare = [_ask(folder, port, {"values": list(range(9))}, connections) for connections in (16, 1)]
        logged = sum(line.count(b'"prediction_id"') for line in _segments(folder / "workspace"))
    for (label, unit, factor), one, other in zip(LABELS, ours, [*bare, None], strict=True):
        rows.append((label, unit, one["rate"] * factor, other["rate"] if other else "", f"{one['p50']}, {one['p99']}"))
    print_table(("asked", "unit", "ours", "bare", "ours: p50, p99"), rows)
    answered = sum(int(one["requests"] * factor) for (_, _, factor), one in zip(LABELS, ours, strict=True))
    print(f"answered {answered:,}, in the log {logged:,}; not 2xx {sum(one['failed'] for one in ours)}")
    keep("serving", {"ours": ours, "bare": bare})


LABELS = (("one row, 16 connections", "requests/s", 1), ("one row, 1 connection", "requests/s", 1), ("1,000 rows", "rows/s", 1000))


def asked() -> Iterator[tuple[Mapping[str, Any], int]]:
    """Yield bodies and over how many connections they are asked."""
    yield ROW, 16
    yield ROW, 1
    yield {"rows": [ROW] * 1000}, 2


@contextmanager
def serving(command: list[str | Path], env: Mapping[str, str]) -> Iterator[tuple[int, float]]:
    """Start a server on a free port; yield the port and the seconds until it was ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    with subprocess.Popen(
        [*map(str, command), "--port", str(port)], env={**os.environ, **env}, stdout=subprocess.DEVNULL
    ) as server:
        try:
            _until_ready(port)
            yield port, time.perf_counter() - began
        finally:
            server.terminate()
            server.wait(10)


def _until_ready(port: int) -> None:
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/ready") as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    sys.exit("the server did not become ready")


def _ask(folder: Path, port: int, body: Mapping[str, Any], connections: int) -> dict[str, Any]:
    script = folder / "ask.lua"
    quoted = json.dumps(json.dumps(body))
    script.write_text(f'wrk.method = "POST"\nwrk.body = {quoted}\nwrk.headers["Content-Type"] = "application/json"\n')
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{SECONDS}s",
        "--latency",
        "-s",
        str(script),
        f"http://127.0.0.1:{port}/predict",
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]),
        "requests": int(re.search(r"(\d+) requests in", told)[1]),
        "p50": re.search(r"50%\s+(\S+)", told)[1],
        "p99": re.search(r"99%\s+(\S+)", told)[1],
        "failed": int(failed[1]) if failed else 0,
    }


def _segments(workspace: Path) -> Iterator[bytes]:
    for segment in (workspace / "predictions").rglob("*.segment"):
        yield segment.read_bytes()


if __name__ == "__main__":
    main()
