"""How many answers a second does a server give, and how long does one take? wrk asks, from a process of its own."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests a second and in all, milliseconds until an answer, answers that were not 2xx, connections that broke."""

    rate: float
    requests: int
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int


def ask(folder: Path, url: str, body: str, *, connections: int, seconds: int) -> Asked:
    """Ask the same thing over some connections, each as soon as it has its answer.

    Args:
        folder: for wrk's script.
        url: where to.
        body: JSON.
        connections: how many are open at the same time.
        seconds: for how long.
    """
    script = folder / "ask.lua"
    quoted = "".join(f"\\x{byte:02x}" for byte in body.encode())  # Lua has its own escapes
    script.write_text(f'wrk.method = "POST"\nwrk.body = "{quoted}"\nwrk.headers["Content-Type"] = "application/json"\n')
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency", "-s", str(script)]
    told = subprocess.run(["wrk", *options, url], capture_output=True, text=True, check=True).stdout
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    return Asked(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", told)),
        requests=int(_found(r"(\d+) requests in", told)),
        p50_ms=_milliseconds(_found(r"\n\s+50%\s+(\S+)", told)),
        p99_ms=_milliseconds(_found(r"\n\s+99%\s+(\S+)", told)),
        refused=int(_found(r"Non-2xx or 3xx responses: (\d+)", told, "0")),
        broken=sum(map(int, broken.groups())) if broken else 0,
    )


def _found(pattern: str, told: str, otherwise: str | None = None) -> str:
    found = re.search(pattern, told)
    if found is None and otherwise is None:
        raise ValueError(f"wrk said nothing like {pattern!r}: {told}")
    return otherwise or "" if found is None else found[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()
    return float(number) * _MS[unit]
