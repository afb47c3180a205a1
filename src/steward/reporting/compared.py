"""Which rows does a drift report lay beside each other? Frames only; who draws them is handed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from steward.core.tasks import TaskKind

ANSWERED = "answered class"
"""The column of the class that was answered, beside the probability in the column of the prediction."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The rows of a window beside those of training, as the model reads them.

    All three frames hold the features, `prediction` and `target`, and of classes `ANSWERED` too. `learnt` are rows the model
    was fitted on, `judged` are others of that time, and the target of `current` is null where no outcome is known. `categories`
    are the features whose values are levels; of classes the target holds names, of a quantity numbers.
    `note` is what has to be said of the rows, empty where nothing has.
    """

    label: str
    task: TaskKind
    features: tuple[str, ...]
    categories: tuple[str, ...]
    prediction: str
    target: str
    positive: str | None
    learnt: pl.DataFrame
    judged: pl.DataFrame
    current: pl.DataFrame
    note: str = ""


@dataclass(frozen=True, slots=True)
class DrawnReports:
    """Pages by the name of the report, which of how many columns they say have drifted, and what could not be drawn."""

    pages: Mapping[str, bytes]
    drifted: tuple[str, ...]
    columns: int
    notes: tuple[str, ...] = field(default=())


DrawReports = Callable[[Compared], DrawnReports]
"""Draws the reports of another tool: `steward.adapters.evidently.draw_reports`."""
