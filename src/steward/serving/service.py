"""Which model answers a request, and what is kept of it? One reference, read once for each request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from steward.core.clock import Clock
from steward.core.errors import EnvironmentFault, Fault, StewardError, UsageError
from steward.serving.answer import Answer, Served, answers_of, interval_of, not_finite, predicted_rows
from steward.serving.beside import FELL, Beside, ChallengerState, Fell
from steward.serving.challenge import Arm
from steward.serving.ids import new_id
from steward.serving.log import PredictionLog
from steward.serving.request import RequestForm, read_rows, request_form
from steward.serving.table import finite


@dataclass(frozen=True, slots=True)
class Ready:
    """A version and the form that its requests must fit."""

    served: Served
    form: RequestForm

    @staticmethod
    def of(served: Served) -> "Ready":
        """Return a version with the form made from its dictionary."""
        return Ready(served, request_form(served.dictionary, served.inputs))


class Service:
    """Answers with the version of the moment; `swap` puts another in its place between two requests."""

    def __init__(self, current: Served | None, log: PredictionLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._ready: Ready | None = None
        self._challenger: Beside | None = None
        self._trouble: ChallengerState | None = None
        if current is not None:
            self.swap(current)

    @property
    def current(self) -> Served | None:
        """The version that answers now; None before the first champion."""
        return None if self._ready is None else self._ready.served

    @property
    def challenger(self) -> ChallengerState | None:
        """How it goes with the challenger; None where there is none."""
        return self._trouble if self._challenger is None else self._challenger.state()

    def need_current(self) -> Served:
        """Return the version that answers now; EnvironmentFault SERVE-010 before the first champion."""
        return self.need_ready().served

    def need_ready(self) -> Ready:
        """Return the version that answers now with its form; EnvironmentFault SERVE-010 before the first champion."""
        if self._ready is None:
            fix = "train and promote one:  steward run PROJECT   (this server will follow within a second)"
            raise EnvironmentFault(Fault("SERVE-010", "there is no champion to answer with yet", fix=fix))
        return self._ready

    def swap(self, served: Served) -> None:
        """Let `served` answer from the next request on; requests under way end with the one they began with."""
        self._ready = Ready.of(served)

    def challenge(self, challenger: Beside | None, trouble: ChallengerState | None = None) -> None:
        """Let a challenger stand beside the champion from the next request on, or none; `trouble` says why one could not."""
        before, self._challenger, self._trouble = self._challenger, challenger, trouble
        if before is not None:
            before.close()

    def predict(self, rows: Sequence[object], *, many: bool = True, caller: str | None = None) -> list[Answer]:
        """Return an answer for each row; all are in the prediction log when it returns.

        Args:
            rows: JSON objects, column name to value.
            many: whether a Fault calls a field ``rows[i].name`` or, of an only row, ``name``.
            caller: which key asked, by its prefix; it is kept in the log.

        Raises:
            UsageError: SERVE-030 to SERVE-037 a row cannot be read or answered.
            EnvironmentFault: SERVE-010 there is no champion, SERVE-011 the log cannot be written.
        """
        ready = self.need_ready()
        given = self._answer(ready.served, read_rows(ready.form, rows, many=many))
        wrong = next((place for place, one in enumerate(given.answers) if one is None), None)
        if wrong is not None:
            raise not_finite((f"rows[{wrong}]",) if many else ())
        return self._keep(given, [caller] * len(given.read))

    def predict_each(self, asked: Sequence[object], callers: Sequence[str | None] | None = None) -> list[Answer | StewardError]:
        """Answer requests of one row each, together; a row that cannot be read or answered is refused for itself.

        Args:
            asked: JSON objects.
            callers: which key asked for each, by its prefix; they are kept in the log.

        Raises:
            EnvironmentFault: SERVE-010 there is no champion, SERVE-011 the log cannot be written: no row is answered.
        """
        ready = self.need_ready()
        read = [_read_one(ready.form, row) for row in asked]
        rows = [row for row in read if not isinstance(row, StewardError)]
        if not rows:
            return [one for one in read if isinstance(one, StewardError)]
        given = self._answer(ready.served, rows)
        asking = callers or [None] * len(read)
        self._keep(given, [who for who, row in zip(asking, read, strict=True) if not isinstance(row, StewardError)])
        answers = iter(given.answers)
        return [one if isinstance(one, StewardError) else next(answers) or not_finite(()) for one in read]

    def _answer(self, served: Served, read: Sequence[Mapping[str, Any]]) -> "_Given":
        """Answer rows, None where there is no finite answer; nothing is kept yet."""
        beside = self._challenger
        if beside is None or not beside.stands_beside(served):
            return _Given(read, _answers(served, predicted_rows(served, read)))
        said = beside.answer(read)
        theirs = [place for place, one in enumerate(said) if isinstance(one, np.ndarray | np.floating)]
        if not theirs:
            return _Given(read, _answers(served, predicted_rows(served, read)), beside, said)
        answers: list[Answer | None] = [None] * len(read)
        _put(answers, theirs, _answers(beside.served, np.stack([np.asarray(said[place]) for place in theirs]), "challenger"))
        ours = [place for place in range(len(read)) if place not in frozenset(theirs)]
        if ours:
            _put(answers, ours, _answers(served, predicted_rows(served, [read[place] for place in ours])))
        return _Given(read, answers, beside, said)

    def _keep(self, given: "_Given", callers: Sequence[str | None]) -> list[Answer]:
        """Write the answers to the log, let a challenger look on, and return them; without those that are none."""
        at = self._clock.now().isoformat()
        rows = zip(given.answers, given.read, strict=True)
        if given.beside is None:
            records = [_record(answer, row, at) for answer, row in rows if answer is not None]
        else:
            mark = given.beside.mark
            marks = [{**mark, "fell_back": True} if one is FELL else mark for one in given.said]
            records = [{**_record(a, row, at), **mark} for (a, row), mark in zip(rows, marks, strict=True) if a is not None]
        if any(callers):
            asking = [who for answer, who in zip(given.answers, callers, strict=True) if answer is not None]
            records = [{**one, "caller": who} if who else one for one, who in zip(records, asking, strict=True)]
        if records:
            self._log.append(records)
        kept = [answer for answer in given.answers if answer is not None]
        if given.beside is not None:
            given.beside.look_on(kept, [row for a, row in zip(given.answers, given.read, strict=True) if a is not None])
        return kept


@dataclass(frozen=True, slots=True)
class _Given:
    """Rows and their answers, and what a challenger said to them where one stands beside the champion."""

    read: Sequence[Mapping[str, Any]]
    answers: Sequence[Answer | None]
    beside: Beside | None = None
    said: Sequence[npt.NDArray[np.float64] | Fell | None] = ()


def _answers(served: Served, predicted: npt.NDArray[np.float64], arm: Arm = "champion") -> list[Answer | None]:
    """Return the answers that a version's predictions are, None where one is not finite."""
    return [
        Answer(new_id(), value, served.unit, served.model, served.version, probabilities, interval_of(value, served.margin), arm)
        if fine
        else None
        for (value, probabilities), fine in zip(
            answers_of(predicted, served.classes, served.threshold), finite(predicted).tolist(), strict=True
        )
    ]


def _put(into: list[Answer | None], places: Sequence[int], answers: Sequence[Answer | None]) -> None:
    for place, answer in zip(places, answers, strict=True):
        into[place] = answer


def _read_one(form: RequestForm, row: object) -> dict[str, Any] | UsageError:
    try:
        return read_rows(form, [row], many=False)[0]
    except UsageError as error:
        return error


def _record(answer: Answer, row: Mapping[str, Any], at: str) -> dict[str, Any]:
    kept = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    return {
        "prediction_id": answer.prediction_id,
        "at": at,
        "model": answer.model,
        "version": answer.version,
        "row": kept,
        "prediction": answer.prediction,
        "arm": answer.arm,
        **answer.beside(),
    }
