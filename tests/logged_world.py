"""The small project's champion with a prediction log of one's own, and a clock that one winds by hand."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.flows.champion import load_champion
from steward.flows.log import open_log, open_outcome_log
from steward.flows.ports import Ports
from steward.flows.respond import Response, respond
from steward.flows.watch import Watched
from steward.flows.watch_log import watch_log
from steward.project.read import Project, read_project
from steward.testing import FrozenClock, MemoryTracker
from tests.champion_world import World

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday, so that days and weeks begin there."""

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
A_DAY = 240
"""Rows of a usual day: enough for a verdict on its error."""


class Heard(Silent):
    """Remembers what people were told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def noted(self, text: str) -> None:
        self.said.append(text)

    def warned(self, text: str) -> None:
        self.said.append(text)


class Logged:
    """The champion of a world in a workspace of its own; nothing was asked of it yet."""

    def __init__(self, world: World, folder: Path, *overrides: str) -> None:
        shutil.copytree(world.untouched, folder / "home")
        self.clock, self.heard = FrozenClock(BEGIN), Heard()
        settings = Settings(home=folder / "home", data=world.ports.data, offline=True, actor="tester")
        self.ports: Ports = replace(build_ports(settings, self.heard, self.clock), tracker=MemoryTracker())
        self.where = str(world.project.folder)
        self.project: Project = read_project(self.where, ("watch.min_rows=20", *overrides))
        self._log = open_log(self.project, self.ports, "worker")
        self._outcomes = open_outcome_log(self.project, self.ports, "worker")
        self._told = 0
        frame = pl.DataFrame({"zone": list(range(1, 10))})
        self._said = dict(zip(frame["zone"], load_champion(self.ports, "trips").bundle.predict(frame).tolist(), strict=True))

    def ask(self, start: datetime, rows: int = A_DAY, *, span: timedelta = DAY, zones: Sequence[int] = (1, 2, 3)) -> list[str]:
        """Log that many predictions, evenly over a span, and return their ids."""
        made = [self._record(start + span * number / rows, zones[number % len(zones)], number) for number in range(rows)]
        self._log.append(made)
        return [record["prediction_id"] for record in made]

    def tell(self, ids: Sequence[str], error: float, **about: Any) -> None:
        """Tell that the truth lay this far from each of these answers."""
        at = {"at": self.clock.now().isoformat(), "received_at": self.clock.now().isoformat(), "label": None, **about}
        self._told += 1
        records = [
            {"outcome_id": f"{self._told}-{id_}", "prediction_id": id_, "model": "trips", "value": self._answer(id_) + error, **at}
            for id_ in ids
        ]
        self._outcomes.append(records)

    def look(self, **options: Any) -> tuple[Watched, ...]:
        """Watch what is due."""
        return watch_log(self.project, self.ports, **options)

    def answer(self, watched: Sequence[Watched]) -> Response | None:
        """Do what the policy says."""
        return respond(self.project, self.where, watched, self.ports)

    def journal(self, *kinds: str) -> list[tuple[str, str]]:
        """Return the entries of these kinds, with their subjects."""
        return [(entry.kind, entry.subject) for entry in self.ports.journal.entries() if entry.kind in kinds]

    def days(self, count: int, **options: Any) -> Iterator[list[str]]:
        """Log some days from the beginning, one after the other, and let them pass."""
        for _ in range(count):
            yield self.ask(self.clock.now(), **options)
            self.clock.advance(DAY)

    def _record(self, at: datetime, zone: int, number: int) -> dict[str, Any]:
        id_ = f"{at:%m%dT%H%M%S}-{zone}-{number}"
        known = {"prediction_id": id_, "at": at.isoformat(timespec="microseconds"), "model": "trips"}
        version = self.ports.registry.champion("trips")
        return {**known, "version": version.number if version else 0, "prediction": self._answer(id_), "row": {"zone": zone}}

    def _answer(self, id_: str) -> float:
        return float(self._said[int(id_.split("-")[1])])
