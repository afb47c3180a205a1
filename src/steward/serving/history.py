"""Which predictions were given, and what turned out to be true?"""

from collections.abc import Mapping, Sequence
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


class PredictionStore(Protocol):
    """Where predictions are kept for questions in SQL: the SQL store, or memory in tests."""

    def keep_predictions(self, given: Sequence[Given]) -> int:
        """Keep those that are not kept yet, by id, and return how many that were; all or none where it raises."""
        ...

    def keep_outcomes(self, told: Sequence[Outcome]) -> int:
        """Keep what turned out to be true and return how much of it was new; a correction replaces what was told before."""
        ...

    def predictions(self, model: str, *, limit: int) -> Sequence[tuple[Given, Outcome | None]]:
        """Return a model's newest predictions, newest first, each with its outcome where that is known."""
        ...
