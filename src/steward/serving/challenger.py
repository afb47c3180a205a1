"""How does a challenger answer, or watch, without ever changing what the champion says?

It is asked in a thread of its own and for so long only. Whatever goes wrong - an error, a wrong shape, an answer that is none,
no answer in time - the row is the champion's, and it is counted; a challenger that goes wrong too often steps aside. A
shadow's rows wait in a bounded queue until the champion's answers are out; where it is full they are dropped, and counted.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Any

import numpy as np

from steward.core.clock import Clock
from steward.core.errors import StewardError
from steward.models.zoo import Array
from steward.serving.answer import Answer, Served, answers_of, predicted_rows
from steward.serving.beside import FELL, ChallengerState, Fell
from steward.serving.challenge import Challenge, place_of
from steward.serving.log import PredictionLog
from steward.serving.patience import Late, Patience
from steward.serving.table import finite

IN_A_ROW = 3
IN_ALL = 10
"""After so many failures, in a row or in all, a challenger steps aside."""

PATIENCE_S = 0.25
_PATIENCE_A_ROW_S = 0.001
_SHADOW_PATIENCE_S = 10.0
QUEUE = 4096
"""Rows that may wait for a shadow."""

_AT_ONCE = 256
_AFTER_S = 0.005  # a shadow begins once the answers it stands beside had the time to be sent
_STOP_S = 2
_MAX_CHARS = 300
_SLACK = 1e-6


class WrongAnswer(Exception):  # noqa: N818 - it is an answer
    """A challenger answered in another shape than it was asked for."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    prediction: str
    row: Mapping[str, Any]


class Challenger:
    """A version that stands beside the champion while a server runs.

    Args:
        challenge: to whom it answers.
        served: the version, verified and like the champion in what it answers; see `why_unlike`.
        clock: tells which share it has.
        shadows: keeps what a shadow would have answered.
        patience_s: how long a request waits for it, a millisecond more for each row.
        queue: rows that may wait for a shadow.
    """

    def __init__(
        self,
        challenge: Challenge,
        served: Served,
        clock: Clock,
        shadows: PredictionLog,
        *,
        patience_s: float = PATIENCE_S,
        queue: int = QUEUE,
    ) -> None:
        self.challenge = challenge
        self.served = served
        self.mark: Mapping[str, str] = {"challenge": challenge.id}
        self._clock = clock
        self._shadows = shadows
        self._patience_s = patience_s
        self._needed = tuple(name for name in served.inputs if served.dictionary.columns[name].required)
        self._thread = Patience(f"steward-challenger-{challenge.id}")
        self._lock = threading.Lock()
        self._answered = self._failures = self._in_a_row = self._dropped = 0
        self._error: str | None = None
        self._aside = False
        self._waiting: Queue[_Waiting] = Queue(queue)
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name=f"steward-shadow-{challenge.id}", daemon=True)
        if challenge.mode == "shadow":
            self._watcher.start()

    def stands_beside(self, served: Served) -> bool:
        """Tell whether it takes part in requests that this version answers."""
        return not self._aside and served.version == self.challenge.against

    def state(self) -> ChallengerState:
        """Return how it goes."""
        challenge = self.challenge
        share = challenge.share_at(self._clock.now())
        counts = (self._answered, self._failures, self._dropped)
        return ChallengerState(challenge.id, challenge.version, challenge.mode, share, not self._aside, *counts, self._error)

    def answer(self, read: Sequence[Mapping[str, Any]]) -> Sequence[Array | Fell | None]:
        """Return for each row what the challenger says: None where the row is not its own, FELL where it has no answer."""
        challenge, said = self.challenge, list[Array | Fell | None]([None] * len(read))
        if challenge.mode == "shadow":
            return said
        share = challenge.share_at(self._clock.now())
        mine = [place for place, row in enumerate(read) if place_of(challenge.salt, row, challenge.entity) < share]
        whole = [place for place in mine if self._can_read(read[place])]
        for place in mine:
            said[place] = FELL
        if whole:
            seconds = self._patience_s + len(whole) * _PATIENCE_A_ROW_S
            for place, one in zip(whole, self._ask([read[place] for place in whole], seconds), strict=True):
                said[place] = FELL if one is None else one
        return said

    def look_on(self, answers: Sequence[Answer], read: Sequence[Mapping[str, Any]]) -> None:
        """Let a shadow see rows that were answered, some time later; what finds no room is dropped."""
        if self.challenge.mode != "shadow":
            return
        for answer, row in zip(answers, read, strict=True):
            try:
                self._waiting.put_nowait(_Waiting(answer.prediction_id, row))
            except Full:
                with self._lock:
                    self._dropped += 1

    def close(self) -> None:
        """Let it go, once what waits for a shadow was seen; a shadow that hangs is waited for a moment only."""
        self._closing.set()
        if self._watcher.is_alive():
            self._watcher.join(_STOP_S)
        self._thread.close()

    def _can_read(self, row: Mapping[str, Any]) -> bool:
        return all(row.get(name) is not None for name in self._needed)

    def _ask(self, rows: Sequence[Mapping[str, Any]], seconds: float) -> list[Array | None]:
        """Return what the challenger says to each row, None where that is no answer; what goes wrong is counted."""
        try:
            predicted = self._thread.ask(lambda: predicted_rows(self.served, rows), seconds)
            good = _whole(predicted, len(rows), len(self.served.classes))
        except BaseException as error:  # noqa: BLE001 - whatever it does, it is no reason for the champion not to answer
            self._note(_in_short(error))
            return [None] * len(rows)
        wrong = int(np.sum(~good))
        self._note(f"no finite answer to {wrong} of {len(rows)} rows" if wrong else None, len(rows) - wrong)
        return [one if fine else None for one, fine in zip(np.asarray(predicted), good, strict=True)]

    def _note(self, error: str | None, answered: int = 0) -> None:
        with self._lock:
            self._answered += answered
            self._in_a_row = 0 if error is None else self._in_a_row + 1
            if error is not None:
                self._failures, self._error = self._failures + 1, error
            self._aside = self._aside or self._in_a_row >= IN_A_ROW or self._failures >= IN_ALL

    def _watch(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            try:
                some = [self._waiting.get(timeout=0.1)]
            except Empty:
                continue
            time.sleep(_AFTER_S)
            with suppress(Empty):
                while len(some) < _AT_ONCE:
                    some.append(self._waiting.get_nowait())
            self._see([one for one in some if self._can_read(one.row)])

    def _see(self, some: Sequence[_Waiting]) -> None:
        """Keep what the challenger would have answered to some rows."""
        if not some or self._aside:
            return
        said = self._ask([one.row for one in some], _SHADOW_PATIENCE_S)
        at = self._clock.now().isoformat()
        try:
            records = [_record(self, one.prediction, row, at) for one, row in zip(some, said, strict=True) if row is not None]
            if records:
                self._shadows.append(records)
        except StewardError as error:
            self._note(_in_short(error))


def why_unlike(challenger: Served, champion: Served) -> str | None:
    """Return in what a challenger's answers would be of another kind than the champion's; None where they are alike."""
    kinds = {
        "what is asked": (challenger.task, champion.task),
        "the unit": (challenger.unit, champion.unit),
        "the classes": (challenger.classes, champion.classes),
        "whether there is an interval": (challenger.margin is None, champion.margin is None),
    }
    return next((name for name, (one, other) in kinds.items() if one != other), None)


def _whole(predicted: object, rows: int, classes: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return for each row whether it was answered; WrongAnswer where they are not one a row and class."""
    wanted = (rows, classes) if classes else (rows,)
    answers = np.asarray(predicted)
    if answers.shape != wanted or answers.dtype.kind != "f":
        raise WrongAnswer(f"it answered with {answers.dtype} of shape {answers.shape} where {wanted} was asked for")
    good = finite(answers)
    return good & np.all((answers >= -_SLACK) & (answers <= 1 + _SLACK), axis=1) if classes else good


def _record(challenger: Challenger, prediction: str, predicted: Array, at: str) -> dict[str, Any]:
    served = challenger.served
    value, probabilities = answers_of(predicted[None], served.classes, served.threshold)[0]
    about = {"prediction_id": prediction, "at": at, "model": served.model, "version": served.version}
    beside = {} if probabilities is None else {"probabilities": dict(probabilities)}
    return {**about, **challenger.mark, "arm": "shadow", "prediction": value, **beside}


def _in_short(error: BaseException) -> str:
    if isinstance(error, StewardError):
        return "; ".join(f"{fault.code}: {fault.what}" for fault in error.faults)[:_MAX_CHARS]
    # What a model's own error says may hold values of a row.
    return str(error) if isinstance(error, Late | WrongAnswer) else type(error).__name__
