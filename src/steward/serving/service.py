"""Which model answers a request, and what is kept of it? One reference, read once for each request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.clock import Clock
from steward.core.errors import EnvironmentFault, Fault, StewardError, UsageError
from steward.core.tasks import Label, TaskKind
from steward.models.classes import name_of
from steward.models.classification import most_likely
from steward.models.conformal import Margin
from steward.project.dictionary import DictionarySpec
from steward.serving.explanation import Explain
from steward.serving.log import PredictionLog
from steward.serving.request import RequestForm, read_rows, request_form, rows_to_frame
from steward.serving.table import finite

Predict = Callable[[pl.DataFrame], npt.NDArray[np.float64]]
PredictFew = Callable[[Sequence[Mapping[str, object]]], npt.NDArray[np.float64] | None]
"""Answers a few rows by their columns' names, or says by None that they take a frame."""

FEW = 128
"""Up to so many rows a frame costs more than it brings."""


@dataclass(frozen=True, slots=True)
class Served:
    """A version ready to answer, verified before it got here; `facts` is a JSON object for people.

    `predict` gives one answer a row, or with `classes` a row of probabilities in their order; of two classes the second
    answers where its probability is above `threshold`, or where it is the more likely one. `predict_few` is the faster way
    for a few rows, `margin` tells how far the truth may lie from a quantity, `explain` what moved the answer to one row.
    """

    model: str
    version: int
    unit: str
    task: TaskKind
    inputs: tuple[str, ...]
    dictionary: DictionarySpec
    predict: Predict
    facts: Mapping[str, Any]
    classes: tuple[Label, ...] = ()
    threshold: float | None = None
    predict_few: PredictFew | None = None
    margin: Margin | None = None
    explain: Explain | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One prediction and the version that made it.

    A quantity in `unit`, with low and high end of its interval and the level at which the truth lies between them where that
    was measured; or the most likely class, and by the name of each its probability.
    """

    prediction_id: str
    prediction: float | Label
    unit: str
    model: str
    version: int
    probabilities: Mapping[str, float] | None = None
    interval: Mapping[str, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as a JSON object; a quantity has no probabilities, a class no interval."""
        about = {"unit": self.unit, "model": self.model, "version": self.version}
        return {"prediction_id": self.prediction_id, "prediction": self.prediction, **about, **self.beside()}

    def beside(self) -> dict[str, Any]:
        """Return what stands beside the prediction, as far as it has any: probabilities or an interval."""
        both = {"probabilities": self.probabilities, "interval": self.interval}
        return {name: dict(value) for name, value in both.items() if value is not None}


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
        if current is not None:
            self.swap(current)

    @property
    def current(self) -> Served | None:
        """The version that answers now; None before the first champion."""
        return None if self._ready is None else self._ready.served

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

    def predict(self, rows: Sequence[object], *, many: bool = True) -> list[Answer]:
        """Return an answer for each row; all are in the prediction log when it returns.

        Args:
            rows: JSON objects, column name to value.
            many: whether a Fault calls a field ``rows[i].name`` or, of an only row, ``name``.

        Raises:
            UsageError: SERVE-030 to SERVE-037 a row cannot be read or answered.
            EnvironmentFault: SERVE-010 there is no champion, SERVE-011 the log cannot be written.
        """
        ready = self.need_ready()
        read = read_rows(ready.form, rows, many=many)
        return self._give(ready.served, read, predict_read(ready.served, read, many=many))

    def predict_each(self, asked: Sequence[object]) -> list[Answer | StewardError]:
        """Answer requests of one row each, together; a row that cannot be read or answered is refused for itself.

        Raises:
            EnvironmentFault: SERVE-010 there is no champion, SERVE-011 the log cannot be written: no row is answered.
        """
        ready = self.need_ready()
        read = [_read_one(ready.form, row) for row in asked]
        rows = [row for row in read if not isinstance(row, StewardError)]
        answered = iter(self._answer_each(ready.served, rows) if rows else ())
        return [one if isinstance(one, StewardError) else next(answered) for one in read]

    def _answer_each(self, served: Served, rows: Sequence[Mapping[str, Any]]) -> list[Answer | StewardError]:
        predicted = predicted_rows(served, rows)
        fine = finite(predicted)
        given = iter(self._give(served, list(compress(rows, fine)), predicted[fine]))
        return [next(given) if ok else _not_finite(()) for ok in fine]

    def _give(self, served: Served, read: Sequence[Mapping[str, Any]], predicted: npt.NDArray[np.float64]) -> list[Answer]:
        """Return the answers to rows; all are in the prediction log when it returns."""
        answers = [
            Answer(uuid4().hex, value, served.unit, served.model, served.version, probabilities, interval_of(value, served.margin))
            for value, probabilities in answers_of(predicted, served.classes, served.threshold)
        ]
        at = self._clock.now().isoformat()
        if answers:
            self._log.append([_record(answer, row, at) for answer, row in zip(answers, read, strict=True)])
        return answers


def predict_read(served: Served, read: Sequence[Mapping[str, Any]], *, many: bool) -> npt.NDArray[np.float64]:
    """Return the answers to rows that were read.

    Raises:
        UsageError: SERVE-037 an answer is not finite.
    """
    predicted = predicted_rows(served, read)
    _refuse_unless_finite(predicted, many=many)
    return predicted


def predicted_rows(served: Served, read: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.float64]:
    """Return what the model says of rows that were read; a few are answered without a frame where that can be."""
    few = served.predict_few(read) if served.predict_few is not None and len(read) <= FEW else None
    return served.predict(rows_to_frame(read, served.dictionary, served.inputs)) if few is None else few


def _read_one(form: RequestForm, row: object) -> dict[str, Any] | UsageError:
    try:
        return read_rows(form, [row], many=False)[0]
    except UsageError as error:
        return error


def answers_of(
    predicted: npt.NDArray[np.float64], classes: Sequence[Label], threshold: float | None = None
) -> list[tuple[float | Label, Mapping[str, float] | None]]:
    """Return for each row the quantity and None, or the class that answers and the probability of each by its name."""
    if not classes:
        return [(float(value), None) for value in predicted]
    names = [name_of(label) for label in classes]
    codes = most_likely(predicted) if threshold is None else (predicted[:, 1] > threshold).astype(np.intp)
    rows = zip(codes.tolist(), predicted.tolist(), strict=True)
    return [(classes[code], dict(zip(names, shares, strict=True))) for code, shares in rows]


def interval_of(value: float | Label, margin: Margin | None) -> Mapping[str, float] | None:
    """Return between which ends the truth lies, with the level's probability; None of a class, or where nobody measured it."""
    if margin is None or not isinstance(value, float):
        return None
    low, high = margin.around_one(value)
    return {"low": low, "high": high, "level": margin.level}


def answer_of(served: Served, predicted: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the answer to the first row as a JSON object: the prediction and what stands beside it."""
    value, probabilities = answers_of(predicted[:1], served.classes, served.threshold)[0]
    answer = Answer("", value, served.unit, served.model, served.version, probabilities, interval_of(value, served.margin))
    return {"prediction": value, **answer.beside()}


def _refuse_unless_finite(predicted: npt.NDArray[np.float64], *, many: bool) -> None:
    wrong = np.flatnonzero(~finite(predicted))
    if wrong.size:
        raise _not_finite((f"rows[{wrong[0]}]",) if many else ())


def _not_finite(where: tuple[str, ...]) -> UsageError:
    why = "a value lies far outside of all that the model has seen"
    return UsageError(
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
        **answer.beside(),
    }
