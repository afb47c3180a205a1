"""What did a sample look like, in integers that add up and outlive its rows?

The reference decides the cells once, and every later batch is counted into them. So sketches of batches merge to the
sketch of all their rows together, in any order, and a window of a year is opened without reading a row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.tasks import Label
from steward.models.classes import name_of
from steward.models.classification import most_likely
from steward.monitoring.columns import (
    CategorySketch,
    ColumnSketch,
    NumberSketch,
    absent_column,
    count_like,
    count_reference,
    merge_columns,
    summed,
)
from steward.monitoring.pairs import Axis, PairSketch, category_axis, count_pairs, empty_pair, number_axis

__all__ = [
    "PREDICTION",
    "CategorySketch",
    "ColumnSketch",
    "NumberSketch",
    "Sketch",
    "absent_column",
    "merge",
    "prediction_column",
    "sketch_like",
    "sketch_reference",
]

PREDICTION = "prediction"
"""Name of the column that holds what the model answered; it is watched like a feature."""

_TWO = 2


@dataclass(frozen=True, slots=True)
class Sketch:
    """A sample of `rows` rows, column by column and for some pairs of columns."""

    rows: int
    columns: Mapping[str, ColumnSketch]
    pairs: tuple[PairSketch, ...] = ()

    def without(self, names: Collection[str]) -> "Sketch":
        """Return the sketch without these columns and without their pairs."""
        kept = {name: column for name, column in self.columns.items() if name not in names}
        pairs = tuple(pair for pair in self.pairs if pair.first.name not in names and pair.second.name not in names)
        return Sketch(self.rows, kept, pairs)

    def as_dict(self) -> dict[str, Any]:
        """Return the sketch as a JSON object; `from_dict` turns it back."""
        return {
            "rows": self.rows,
            "columns": {name: _plain(column) for name, column in self.columns.items()},
            "pairs": [{**_plain(pair), "first": _plain(pair.first), "second": _plain(pair.second)} for pair in self.pairs],
        }

    @classmethod
    def from_dict(cls, value: object) -> "Sketch":
        """Return the sketch that `as_dict` wrote.

        Raises:
            ValueError: the value is not a sketch; pydantic says where.
        """
        read: Sketch = _reader().validate_python(value)
        return read


def sketch_reference(frame: pl.DataFrame, categories: Collection[str], *, pairs: Collection[tuple[str, str]] = ()) -> Sketch:
    """Return the sketch of the rows that later ones are compared with; it decides the cells.

    Args:
        frame: features as the model reads them, and `PREDICTION`; text columns count as categories.
        categories: further columns whose numbers are codes, such as zones.
        pairs: names of the columns that are also counted two by two.
    """
    columns = {column.name: count_reference(column, is_category=column.name in categories) for column in frame}
    empty = [empty_pair(_axis(first, columns[first]), _axis(second, columns[second])) for first, second in pairs]
    return Sketch(frame.height, columns, count_pairs(frame, empty))


def sketch_like(frame: pl.DataFrame, reference: Sketch) -> Sketch:
    """Return the sketch of later rows in the reference's cells.

    Columns the reference does not have are left out; one that the frame lacks is not in the sketch, and is missing in
    all its rows once merged. What is a number and what a category, the reference decides.
    """
    wanted = [name for name in reference.columns if name in frame.columns]
    columns = {name: count_like(frame[name], reference.columns[name]) for name in wanted}
    return Sketch(frame.height, columns, count_pairs(frame, reference.pairs))


def merge(sketches: Iterable[Sketch]) -> Sketch:
    """Return the sketch of all rows together; of no sketches one without rows and columns, which changes nothing it meets.

    Counts are exact whatever the order; sums of values are rounded as floats are.

    Raises:
        ValueError: two sketches were not counted into the same cells.
    """
    parts = [one for one in sketches if one.rows or one.columns or one.pairs]
    rows = sum(one.rows for one in parts)
    names = dict.fromkeys(chain.from_iterable(one.columns for one in parts))
    pairs = dict.fromkeys(pair.axes for one in parts for pair in one.pairs)
    return Sketch(
        rows, {name: _merge_column(name, parts, rows) for name in names}, tuple(_merge_pair(axes, parts) for axes in pairs)
    )


def prediction_column(predicted: npt.NDArray[np.float64], classes: Sequence[Label]) -> pl.Series:
    """Return what is watched of a model's answers, one value a row.

    Args:
        predicted: shape (rows,), or probabilities of shape (rows, classes).
        classes: the labels; none for a quantity.

    Returns:
        The quantity, the probability of the positive one of two classes, or the name of the most likely of several.
    """
    if not classes:
        return pl.Series(PREDICTION, predicted)
    if len(classes) == _TWO:
        return pl.Series(PREDICTION, predicted[:, 1])
    return pl.Series(PREDICTION, [name_of(label) for label in classes], dtype=pl.String).gather(most_likely(predicted))


def _axis(name: str, column: ColumnSketch) -> Axis:
    if isinstance(column, CategorySketch):
        return category_axis(name, column.counts)
    return number_axis(name, column.counts, column.edges)


def _merge_column(name: str, parts: Sequence[Sketch], rows: int) -> ColumnSketch:
    held = [(one.rows, one.columns[name]) for one in parts if name in one.columns]
    return merge_columns(name, [column for _, column in held], absent=rows - sum(count for count, _ in held))


def _merge_pair(axes: tuple[Axis, Axis], parts: Sequence[Sketch]) -> PairSketch:
    counts = [pair.counts for one in parts for pair in one.pairs if pair.axes == axes]
    return PairSketch(*axes, summed(counts))


def _plain(value: ColumnSketch | PairSketch | Axis) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


@cache
def _reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Sketch)
