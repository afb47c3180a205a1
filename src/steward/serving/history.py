"""Which predictions were given, and what turned out to be true?"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Given:
    """A prediction that was given: for which row, by which version, when (ISO 8601, UTC); `row` and `answer` are JSON objects."""

    id: str
    model: str
    version: int
    at: str
    row: Mapping[str, Any]
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What turned out to be true for a prediction: a `value` in the target's unit or a class's `label`, and when it held."""

    prediction: str
    value: float | None
    label: str | None
    at: str


@dataclass(frozen=True, slots=True)
class Told:
    """One telling of an outcome: its own `id`, of which model's prediction, what was told, when it came (ISO 8601, UTC)."""

    id: str
    model: str
    outcome: Outcome
    received_at: str


@dataclass(frozen=True, slots=True)
class Removed:
    """How many predictions and tellings of outcomes were taken out."""

    predictions: int
    outcomes: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many predictions a span of time holds, how many of them have an outcome, and when the last of these came in."""

    rows: int
    outcomes: int
    told_at: str | None


class PredictionStore(Protocol):
    """Where predictions are kept for questions in SQL: the SQL store, or memory in tests."""

    def keep_predictions(self, given: Sequence[Given]) -> int:
        """Keep those that are not kept yet, by id, and return how many that were; all or none where it raises."""
        ...

    def keep_outcomes(self, told: Sequence[Told]) -> int:
        """Keep each telling once, by id, and return how many were new; what came in last is the outcome from then on."""
        ...

    def tellings(self, prediction: str) -> Sequence[Told]:
        """Return all that was told about a prediction, oldest first: the last is its outcome, the others were corrected."""
        ...

    def known(self, ids: Collection[str]) -> frozenset[str]:
        """Return which of some ids are predictions that are kept."""
        ...

    def find(self, model: str, column: str, values: Collection[object]) -> frozenset[str]:
        """Return the ids of a model's predictions whose row holds one of these JSON values in a column."""
        ...

    def forget(self, ids: Collection[str]) -> Removed:
        """Take out predictions, by id, with all that was told about them."""
        ...

    def remove_before(self, model: str, at: str) -> Removed:
        """Take out a model's predictions of before a time with what was told about them, and what was told about none by then."""
        ...

    def predictions(self, model: str, *, limit: int) -> Sequence[tuple[Given, Outcome | None]]:
        """Return a model's newest predictions, newest first, each with its outcome where that is known."""
        ...

    def prediction(self, id_: str) -> tuple[Given, Outcome | None] | None:
        """Return one prediction with its outcome where that is known; None where no prediction has this id."""
        ...

    def between(self, model: str, version: int, start: str, end: str) -> Iterator[tuple[Given, Outcome | None]]:
        """Return a version's predictions of a half-open span (ISO 8601, UTC), oldest first, with their outcomes where known."""
        ...

    def tallies(self, model: str, version: int, spans: Sequence[tuple[str, str]]) -> Sequence[Tally]:
        """Return what each of some half-open spans (ISO 8601, UTC) holds of a version's predictions, in their order."""
        ...

    def arrivals(self, model: str, version: int, start: str, end: str) -> Sequence[tuple[str, int]]:
        """Return when a version's predictions of a half-open span came, each time once, ascending, and how many then."""
        ...

    def first_and_last(self, model: str, version: int) -> tuple[str, str] | None:
        """Return when the oldest and the newest prediction of a version came; None where there is none."""
        ...
