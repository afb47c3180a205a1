"""What is a version ready to answer, and what is one of its answers?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.errors import Fault, UsageError
from steward.core.tasks import Label, TaskKind
from steward.models.classes import name_of
from steward.models.classification import most_likely
from steward.models.conformal import Margin
from steward.project.dictionary import DictionarySpec
from steward.serving.challenge import Arm
from steward.serving.explanation import Explain
from steward.serving.request import rows_to_frame
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
    """One prediction, the version that made it, and the arm that stood for.

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
    arm: Arm = "champion"

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as a JSON object; a quantity has no probabilities, a class no interval."""
        about = {"unit": self.unit, "model": self.model, "version": self.version, "arm": self.arm}
        return {"prediction_id": self.prediction_id, "prediction": self.prediction, **about, **self.beside()}

    def beside(self) -> dict[str, Any]:
        """Return what stands beside the prediction, as far as it has any: probabilities or an interval."""
        beside: dict[str, Any] = {}
        if self.probabilities is not None:
            beside["probabilities"] = dict(self.probabilities)
        if self.interval is not None:
            beside["interval"] = dict(self.interval)
        return beside


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
        raise not_finite((f"rows[{wrong[0]}]",) if many else ())


def not_finite(where: tuple[str, ...]) -> UsageError:
    """Return the error SERVE-037 for a row, by its path in the request."""
    why = "a value lies far outside of all that the model has seen"
    return UsageError(
        Fault("SERVE-037", "the model has no finite answer to this row", where, why=why, fix="check the row's values")
    )
