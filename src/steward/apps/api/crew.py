"""What do the workers of one server know of each other? Each writes down how it goes, twice a second, and reads the others.

All of it lies in one folder, which lives as long as the server: a small file a worker, Prometheus' counters, the answers given
under an `Idempotency-Key`, and how often each key asked.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import anyio

from steward.apps.api.shared_folder import ANSWERS, COUNTERS
from steward.serving.beside import ChallengerState
from steward.serving.limits import SharedBuckets

Status = Literal["ok", "degraded", "waiting"]

_SILENT_S = 5.0
_NOT_SHOWN = ("challenger", "told_s")


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How it goes with one worker: its number from 1 on, its process, and the version it answers with."""

    worker: int
    pid: int
    status: Status
    version: int | None
    last_error: str | None = None
    challenger: Mapping[str, Any] | None = None
    told_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Crew:
    """The workers of one server, as one of them sees it: the folder they share, its own number, and how many there are."""

    folder: Path
    number: int
    of: int

    @property
    def counters(self) -> Path:
        """Where Prometheus' client keeps what each worker counted."""
        return self.folder / COUNTERS

    @property
    def answers(self) -> Path:
        """Answers that were given under an `Idempotency-Key`."""
        return self.folder / ANSWERS

    def limits(self, kind: str) -> SharedBuckets:
        """Return the buckets of one kind of limit, in which all workers count together."""
        return SharedBuckets(self.folder / f"limits-{kind}")

    def tell(self, state: WorkerState) -> None:
        """Let the others know how it goes here; where the disk is full they learn it later."""
        path = self.folder / f"worker-{self.number}.json"
        beside = path.with_suffix(".new")
        with suppress(OSError):
            beside.write_text(json.dumps(asdict(replace(state, told_s=monotonic()))))
            beside.replace(path)

    def states(self) -> Sequence[WorkerState]:
        """Return how it goes with each worker, by number; one that has not begun, or is silent for 5 s, is `waiting`."""
        return [self._state(number) for number in range(1, self.of + 1)]

    def _state(self, number: int) -> WorkerState:
        with suppress(OSError, ValueError, TypeError):
            state = WorkerState(**json.loads((self.folder / f"worker-{number}.json").read_text()))
            if monotonic() - state.told_s < _SILENT_S:
                return state
        return WorkerState(number, 0, "waiting", None, "it is starting, or does not answer")


async def tell_crew(crew: Crew, look: Callable[[], WorkerState], every_s: float) -> None:
    """Tell the others how it goes, until cancelled."""
    while True:
        crew.tell(look())
        await anyio.sleep(every_s)


def status_of_all(states: Sequence[WorkerState]) -> Status:
    """Return what all workers have in common, or that something is wrong with some of them.

    >>> status_of_all([WorkerState(1, 7, "ok", 3), WorkerState(2, 8, "waiting", None)])
    'degraded'
    """
    first, *others = {state.status for state in states}
    return "degraded" if others else first


def health_of_all(crew: Crew, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said under ``/health`` where several processes answer: of this one, and how it goes in each."""
    others = others_of(crew)
    states = sorted((state_of(crew, own), *others), key=lambda state: state.worker)
    beside = challenger_of_all(None if own["challenger"] is None else ChallengerState(**own["challenger"]), others)
    shown = [{name: value for name, value in asdict(state).items() if name not in _NOT_SHOWN} for state in states]
    challenger = None if beside is None else asdict(beside)
    return {**own, "status": status_of_all(states), "challenger": challenger, "workers": shown}


def challenger_of_all(own: ChallengerState | None, others: Sequence[WorkerState]) -> ChallengerState | None:
    """Return how it goes with the challenger in all workers together."""
    if own is None:
        return None
    told = [ChallengerState(**state.challenger) for state in others if state.challenger is not None]
    all_ = [own, *(one for one in told if one.id == own.id)]
    return replace(
        own,
        ok=all(one.ok for one in all_),
        answered=sum(one.answered for one in all_),
        failures=sum(one.failures for one in all_),
        dropped=sum(one.dropped for one in all_),
        last_error=next((one.last_error for one in all_ if one.last_error), None),
    )


def others_of(crew: Crew | None) -> Sequence[WorkerState]:
    """Return the states of the other workers; nobody where there is one process."""
    return () if crew is None else [state for state in crew.states() if state.worker != crew.number]


def state_of(crew: Crew, health: Mapping[str, Any]) -> WorkerState:
    """Return what a worker tells of itself, from what it would say under ``/health``."""
    challenger = health["challenger"]
    error = health["following"]["last_error"] if not health["following"]["ok"] else None
    return WorkerState(crew.number, os.getpid(), health["status"], health["version"], error, challenger)
