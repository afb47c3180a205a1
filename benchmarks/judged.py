"""What do Steward, Evidently and NannyML say of the same windows? Each peer in an environment and a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from measure import Measured, measure
from monitored import World, unchanged, write_windows

from steward.flows.watch_faults import BROKE
from steward.monitoring.budget import chance_per_window
from steward.monitoring.drift import judge_drift
from steward.monitoring.faults import judge_faults
from steward.monitoring.reference import Reference, make_reference
from steward.monitoring.sketch import sketch_like
from steward.monitoring.watch import WindowVerdict, judge_window
from steward.project.spec import WatchSpec

HERE = Path(__file__).parent
ALERT = 0.5
PEERS = ("evidently", "nannyml")


@dataclass(frozen=True, slots=True)
class Told:
    """What a side said of some windows: of how many each was true, and the largest severity (ours alone has one)."""

    side: str
    windows: int
    moved: int
    alarms: int
    worst: float | None = None
    least: float | None = None

    def share(self, count: int) -> str:
        """Return a count of windows as a share and as itself."""
        return f"{count / self.windows:.2%} ({count} of {self.windows})" if self.windows else "-"


def learn(world: World) -> Reference:
    """Return our reference of a world, as training makes it, without a history of days."""
    return make_reference(world.reference, None, world.categories, world.importance)


def verdict_on(world: World, reference: Reference, frame: pl.DataFrame) -> WindowVerdict:
    """Return our verdict on one window, at the budget a project has by default, however few its rows are."""
    seen = sketch_like(frame, reference.sketch)
    chance = chance_per_window(WatchSpec())
    drift = judge_drift(reference, seen, world.importance, chance=chance * (1 - BROKE), min_rows=2)
    faults = judge_faults(reference.sketch, seen, world.importance, chance=chance * BROKE, min_rows=2, drift=drift)
    return judge_window(drift, None, ALERT, faults=faults)


def ours(world: World, rows: int, count: int, bend: object = unchanged) -> Told:
    """Judge windows of a world ourselves."""
    reference = learn(world)
    verdicts = [verdict_on(world, reference, world.window(i, rows, bend)) for i in range(count)]  # type: ignore[arg-type]
    return sum_up("Steward", verdicts)


def sum_up(side: str, verdicts: Sequence[WindowVerdict]) -> Told:
    """Count what our verdicts say."""
    severities = [verdict.severity or 0.0 for verdict in verdicts]
    moved = sum(bool(verdict.drift.moved) for verdict in verdicts)
    alarms = sum(verdict.alarm for verdict in verdicts)
    return Told(side, len(verdicts), moved, alarms, max(severities, default=None), min(severities, default=None))


def peer(side: str, world: World, folder: Path, rows: int, count: int, bend: object = unchanged) -> Told | None:
    """Let a peer judge windows of the same world; None where it is not installed."""
    if not installed(side):
        return None
    places = write_windows(world, folder, rows, count, bend)  # type: ignore[arg-type]
    facts = run_peer(side, [*(["drift"] if side == "nannyml" else []), *places, *world.categories]).facts
    moved, alarms = facts["moved"], facts["alarm"]
    assert isinstance(moved, list)
    assert isinstance(alarms, list)
    return Told(side, len(moved), sum(moved), sum(alarms))


def run_peer(side: str, arguments: Sequence[object]) -> Measured:
    """Run a peer's script once in its own environment."""
    command = [HERE / "monitoring" / side / ".venv" / "bin" / "python", HERE / "monitoring" / side / "peer.py"]
    return measure(side, [*command, *(str(one) for one in arguments)], times=1, env={"PYTHONPATH": str(HERE)})


def installed(side: str) -> bool:
    """Return whether a peer's environment is there."""
    return (HERE / "monitoring" / side / ".venv" / ".installed").exists()
