"""Which model answers a request, and what is kept of it? One reference, read once for each request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.clock import Clock
from steward.core.errors import EnvironmentFault, Fault, UsageError
from steward.core.tasks import TaskKind
from steward.project.dictionary import DictionarySpec
from steward.serving.log import PredictionLog
from steward.serving.request import RequestForm, read_rows, request_form, rows_to_frame

Predict = Callable[[pl.DataFrame], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Served:
    """A version ready to answer, verified before it got here; `facts` is a JSON object for people."""

    model: str
    version: int
    unit: str
    task: TaskKind
    inputs: tuple[str, ...]
    dictionary: DictionarySpec
    predict: Predict
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One prediction, in `unit`, and the version that made it."""

    prediction_id: str
    prediction: float
    unit: str
    model: str
    version: int


@dataclass(frozen=True, slots=True)
class _Ready:
    served: Served
    form: RequestForm


class Service:
    """Answers with the version of the moment; `swap` puts another in its place between two requests."""

    def __init__(self, current: Served | None, log: PredictionLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._ready: _Ready | None = None
        if current is not None:
            self.swap(current)

    @property
    def current(self) -> Served | None:
        """The version that answers now; None before the first champion."""
        return None if self._ready is None else self._ready.served

    def need_current(self) -> Served:
        """Return the version that answers now; EnvironmentFault SERVE-010 before the first champion."""
        return self._need_ready().served

    def swap(self, served: Served) -> None:
        """Let `served` answer from the next request on; requests under way end with the one they began with."""
        self._ready = _Ready(served, request_form(served.dictionary, served.inputs))

    def predict(self, rows: Sequence[object], *, many: bool = True) -> list[Answer]:
        """Return an answer for each row; all are in the prediction log when it returns.

        Args:
            rows: JSON objects, column name to value.
            many: whether a Fault calls a field ``rows[i].name`` or, of an only row, ``name``.

        Raises:
            UsageError: SERVE-030 to SERVE-037 a row cannot be read or answered.
            EnvironmentFault: SERVE-010 there is no champion, SERVE-011 the log cannot be written.
        """
        ready = self._need_ready()
        served = ready.served
        read = read_rows(ready.form, rows, many=many)
        predicted = served.predict(rows_to_frame(read, served.dictionary, served.inputs))
        _refuse_unless_finite(predicted, many=many)
        answers = [Answer(uuid4().hex, float(value), served.unit, served.model, served.version) for value in predicted]
        at = self._clock.now().isoformat()
        self._log.append([_record(answer, row, at) for answer, row in zip(answers, read, strict=True)])
        return answers

    def _need_ready(self) -> _Ready:
        if self._ready is None:
            fix = "train and promote one:  steward run PROJECT   (this server will follow within a second)"
            raise EnvironmentFault(Fault("SERVE-010", "there is no champion to answer with yet", fix=fix))
        return self._ready


def _refuse_unless_finite(predicted: npt.NDArray[np.float64], *, many: bool) -> None:
    wrong = np.flatnonzero(~np.isfinite(predicted))
    if wrong.size:
        where = (f"rows[{wrong[0]}]",) if many else ()
        why = "a value lies far outside of all that the model has seen"
        raise UsageError(
            Fault("SERVE-037", "the model has no finite answer to this row", where, why=why, fix="check the row's values")
        )


def _record(answer: Answer, row: Mapping[str, Any], at: str) -> dict[str, Any]:
    kept = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    return {
        "prediction_id": answer.prediction_id,
        "at": at,
        "model": answer.model,
        "version": answer.version,
        "row": kept,
        "prediction": answer.prediction,
    }
