"""What stands in for real rows where there are none: the blueprint's own simulator."""

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from steward.core.digest import digest_file
from steward.core.errors import Fault, UsageError, unknown_name
from steward.core.period import as_period
from steward.project.sources import SimulatorSpec

_Simulate = Callable[[Any, int, int, str], pl.DataFrame]  # a calendar Period, or the name of a part


@dataclass(frozen=True, slots=True)
class Simulator:
    """A blueprint's simulator: `scenarios` maps names to sentences, `digest` is of its source."""

    simulate: _Simulate
    scenarios: Mapping[str, str]
    digest: str


def load_simulator(path: Path) -> Simulator:
    """Import a simulator.py from its place.

    Raises:
        UsageError: DATA-029 it cannot be imported, or lacks `simulate` or `SCENARIOS`.
    """
    digest = digest_file(path)
    module = _import(path, f"_steward_simulator_{digest[:16]}")
    try:
        return Simulator(module.simulate, module.SCENARIOS, digest)
    except AttributeError as error:
        fix = "define  SCENARIOS: Mapping[str, str]  and  simulate(period, rows, seed, scenario)"
        raise UsageError(Fault("DATA-029", "the simulator is not complete", (str(path),), str(error), fix)) from error


def simulate_file(simulator: Simulator, spec: SimulatorSpec, period: str, into: Path) -> Path:
    """Return one month's simulated file; an equal one that is there already is used again.

    Args:
        simulator: as loaded.
        spec: rows, seed and scenario.
        period: the month, YYYY-MM.
        into: the folder for it.

    Raises:
        UsageError: SIM-002 no such scenario.
    """
    if spec.scenario not in simulator.scenarios:
        raise unknown_name("scenario", spec.scenario, simulator.scenarios, code="SIM-002", where=("source.simulator.scenario",))
    # The source is part of the name: a changed simulator does not find the files of the one before.
    name = f"simulated_{period}_{spec.scenario}_seed{spec.seed}_rows{spec.rows}_{simulator.digest[:8]}.parquet"
    path = into / name
    if path.is_file():
        return path
    into.mkdir(parents=True, exist_ok=True)
    beside = into / f".{name}.{os.getpid()}.tmp"
    try:
        frame = simulator.simulate(as_period(period), spec.rows, spec.seed, spec.scenario)
        frame.write_parquet(beside, compression="lz4")
        return beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _import(path: Path, name: str) -> ModuleType:
    description = importlib.util.spec_from_file_location(name, path)
    if description is None or description.loader is None:
        raise UsageError(Fault("DATA-029", "the simulator is not a Python file", (str(path),)))
    module = importlib.util.module_from_spec(description)
    try:
        description.loader.exec_module(module)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise UsageError(Fault("DATA-029", "the simulator cannot be imported", (str(path),), why, "mend simulator.py")) from error
    return module
