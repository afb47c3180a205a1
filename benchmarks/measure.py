"""How is a piece of work measured? In a process of its own, several times; the fastest one counts.

The clock starts after a side has imported its libraries and made its empty workspace, so that what is
compared is the work. The whole process is shown beside it, and memory is always that of the whole process.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds and megabytes of one piece of work; `facts` say what it did, so that sides can be compared."""

    name: str
    wall_s: float
    cpu_s: float
    process_s: float
    peak_mb: float
    facts: Mapping[str, object] = field(default_factory=dict)


def data_folder() -> Path | None:
    """Return the folder with the real months (STEWARD_DATA, else ../shared/data); None, and said so, without it."""
    folder = Path(os.environ.get("STEWARD_DATA") or ROOT.parent / "shared" / "data")
    if (folder / "taxi" / "green").is_dir():
        return folder.absolute()
    print(f"{Path(sys.argv[0]).name}: skipped, {folder} holds no taxi/green months; name a folder that does:  STEWARD_DATA=...")
    return None


def report_work(work: Callable[[], Mapping[str, object]]) -> None:
    """Do the work in this process and print what it took as one line of JSON, the last one."""
    cpu, wall = time.process_time(), time.perf_counter()
    facts = work()
    took = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "facts": dict(facts)}
    print(json.dumps(took))


def measure(name: str, command: Sequence[str | Path], *, times: int, env: Mapping[str, str] | None = None) -> Measured:
    """Run a command that calls `report_work` several times and return the fastest, with the largest memory seen."""
    runs = [_once(name, command, {**os.environ, **(env or {})}) for _ in range(times)]
    best = min(runs, key=lambda run: run.wall_s)
    return Measured(**{**asdict(best), "peak_mb": max(run.peak_mb for run in runs)})


def _once(name: str, command: Sequence[str | Path], env: Mapping[str, str]) -> Measured:
    used, process_s, output = _run(command, env)
    peak_mb = used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)  # the one unit that differs between systems
    return Measured(name, process_s=process_s, peak_mb=peak_mb, **json.loads(output.splitlines()[-1]))


def cpu_seconds(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> tuple[float, float, str]:
    """Run a command and return its user and system seconds together, its wall seconds, and what it printed."""
    used, wall_s, output = _run(command, {**os.environ, **(env or {})})
    return used.ru_utime + used.ru_stime, wall_s, output


def _run(command: Sequence[str | Path], env: Mapping[str, str]) -> tuple[resource.struct_rusage, float, str]:
    started = time.perf_counter()
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT) as child:
        output = child.stdout.read() if child.stdout else ""
        status, used = os.wait4(child.pid, 0)[1:]
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(str(part) for part in command)} ended with {child.returncode}\n{output}")
    return used, time.perf_counter() - started, output


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their heads, the first column to the left and the others to the right."""
    texts = [list(head), *[[f"{value:,.2f}" if isinstance(value, float) else str(value) for value in row] for row in rows]]
    widths = [max(len(row[i]) for row in texts) for i in range(len(head))]
    for row in texts:
        print("  ".join([row[0].ljust(widths[0]), *[text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]]))


def keep(name: str, value: object) -> None:
    """Write a result to benchmarks/out/NAME.json."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(value, indent=2) + "\n")
    print(f"-> {path.relative_to(ROOT)}")
