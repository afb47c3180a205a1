"""Is the machine fit, and is everything that is recorded still what was recorded?"""

import importlib.metadata
import importlib.util
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from steward.core.digest import digest_file
from steward.core.errors import StewardError
from steward.flows.audit import verify_journal
from steward.flows.champion import load_champion
from steward.flows.ports import Ports

_GIB = 1024**3
_OLDEST_SQLITE = (3, 35, 0)
_LIBRARIES = (
    "polars",
    "narwhals",
    "numpy",
    "scipy",
    "lightgbm",
    "scikit-learn",
    "mlflow-skinny",
    "sqlalchemy",
    "fastapi",
    "pydantic",
)
_EXTRAS = {"geo": ("shapefile", "pyproj")}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found and, where it is wrong, how to mend it."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def examine(ports: Ports) -> tuple[Check, ...]:
    """Run every check; none of them changes anything."""
    checks = [_python(), _sqlite(), *_libraries(), *_extras(), _memory(), _disk(ports), _writable(ports), _private(ports), _clock()]
    checks += [_data(ports), _network(ports), _journal(ports), *_champions(ports), *_snapshots(ports), *_unfinished(ports)]
    return tuple(checks)


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Check("python", (3, 11) <= sys.version_info[:2] < (3, 14), found, "use Python 3.11, 3.12 or 3.13")


def _sqlite() -> Check:
    ok = sqlite3.sqlite_version_info >= _OLDEST_SQLITE
    return Check("sqlite", ok, sqlite3.sqlite_version, "a Python with SQLite 3.35 or newer is needed")


def _libraries() -> list[Check]:
    return [_installed(name) for name in _LIBRARIES]


def _installed(name: str) -> Check:
    try:
        return Check(name, ok=True, found=importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Check(name, ok=False, found="not installed", fix="install again:  pip install steward")


def _extras() -> list[Check]:
    checks = []
    for extra, modules in _EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        found = f"without {', '.join(missing)}" if missing else "there"
        checks.append(Check(f"extra {extra}", not missing, found, f"pip install 'steward[{extra}]'"))
    return checks


def _memory() -> Check:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Check("memory", total >= 2 * _GIB, f"{total / _GIB:.1f} GiB", "2 GiB are needed")


def _disk(ports: Ports) -> Check:
    free = shutil.disk_usage(ports.workspace.home).free
    return Check("disk", free >= _GIB, f"{free / _GIB:.1f} GiB free", "make room: at least 1 GiB beside the workspace")


def _writable(ports: Ports) -> Check:
    home = ports.workspace.home
    return Check("workspace", os.access(home, os.W_OK), str(home), f"make it writable:  chmod u+w {home}")


def _private(ports: Ports) -> Check:
    mode = ports.workspace.home.stat().st_mode & 0o777
    return Check("workspace is private", mode & 0o022 == 0, f"mode {mode:o}", f"chmod go-w {ports.workspace.home}")


def _clock() -> Check:
    now = datetime.now(tz=UTC)
    return Check("clock", now.year >= 2025, now.isoformat(timespec="seconds"), "set the machine's clock")  # noqa: PLR2004 - before this code was written


def _data(ports: Ports) -> Check:
    if ports.data is None:
        return Check("data folder", ok=True, found="none given: the publisher's address, then the simulator")
    fix = "give a folder that exists:  --data FOLDER  or  STEWARD_DATA"
    return Check("data folder", ports.data.is_dir(), str(ports.data), fix)


def _network(ports: Ports) -> Check:
    return Check(
        "network", ok=True, found="never used (STEWARD_OFFLINE)" if ports.offline else "only for data the project file names"
    )


def _journal(ports: Ports) -> Check:
    report = verify_journal(ports)
    found = f"{report.entries} entries" + "".join(f"; entry {b.number}: {b.problem}" for b in report.breaks[:1])
    return Check("journal", not report.breaks, found, "see  steward audit verify")


def _champions(ports: Ports) -> list[Check]:
    return [_try(f"champion of {name}", partial(_loaded, ports, name)) for name in _with_champion(ports)]


def _loaded(ports: Ports, name: str) -> str:
    return str(load_champion(ports, name).version)


def _with_champion(ports: Ports) -> list[str]:
    return [name for name in ports.runs.projects() if ports.registry.champion(name) is not None]


def _snapshots(ports: Ports) -> list[Check]:
    files = sorted(ports.workspace.snapshots.glob("*.parquet"))
    wrong = [path.name[:12] for path in files if digest_file(path) != path.stem]
    found = f"{len(files)} whole" if not wrong else f"changed: {', '.join(wrong)}"
    return [Check("snapshots", not wrong, found, "delete the changed files; the next run makes them again")]


def _unfinished(ports: Ports) -> list[Check]:
    checks = []
    for name in ports.runs.projects():
        last = ports.runs.latest(name)
        stopped = last is not None and last.status == "running"
        found = f"run {last.id} did not finish" if stopped and last else "finished"
        checks.append(Check(f"last run of {name}", not stopped, found, f"steward resume {name}   (unless it is running now)"))
    return checks


def _try(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, found=look())
    except StewardError as error:
        return Check(name, ok=False, found=error.faults[0].what, fix=error.faults[0].fix)
