"""Is a model as good for everybody? Its figures on the rows of each value of some columns, beside those of all other rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.tasks import TaskKind
from steward.models.evaluate import Measured
from steward.models.measure import MEASURES, redraw

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.str_]
Mask = npt.NDArray[np.bool_]

FEWEST_ROWS = 30
_MOST_VALUES = 12
_RANGES = 4
_TAILS = (0.025, 0.975)
OTHERS = "all other values"
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class SliceFigure:
    """A metric on the rows of one value of a column, and how far it lies from that of the rest (slice minus rest).

    Both have 95 % intervals, and both are None where the slice, or the rest, has too few rows to say anything or leaves
    the metric undefined.
    """

    column: str
    value: str
    rows: int
    metric: str
    measured: Measured | None
    to_the_rest: Measured | None
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether the slice surely differs from the rest."""
        apart = self.to_the_rest
        return apart is not None and (apart.low > 0 or apart.high < 0)


def slice_labels(values: pl.Series, *, most: int = _MOST_VALUES) -> Labels:
    """Return the value of each row as a label for `figures_by_slice`.

    Text, codes and a handful of numbers stay as they are; more numbers than `most` become four ranges of about as many
    rows; what is null is called missing.

    >>> slice_labels(pl.Series([20.0, 25, 30, 35, 40, 45, 50, 55, None]), most=4).tolist()[::2]
    ['20 to 25', '25 to 35', '35 to 45', '45 to 55', 'missing']
    """
    if values.dtype.is_numeric() and values.n_unique() > most + 1:
        return _ranges(values.cast(pl.Float64).to_numpy())
    return values.cast(pl.String).fill_null(MISSING).to_numpy().astype(np.str_)


def slices_of(labels: Mapping[str, Labels], *, most: int = _MOST_VALUES) -> Iterator[tuple[str, str, Mask]]:
    """Yield each column, value, and which rows have it: the most frequent values, and all others together."""
    for column, values in labels.items():
        names, counts = np.unique(values, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        shown = names[order[: min(len(names), most)]]
        yield from ((column, str(name), values == name) for name in shown)
        if len(shown) < len(names):
            yield column, OTHERS, ~np.isin(values, shown)


def figures_by_slice(
    truth: Array,
    predicted: Array,
    labels: Mapping[str, Labels],
    *,
    task: TaskKind,
    metric: str,
    seed: int,
    resamples: int = 400,
    most: int = _MOST_VALUES,
    fewest: int = FEWEST_ROWS,
) -> tuple[SliceFigure, ...]:
    """Return one metric of each slice, columns as given, the largest slices first.

    Args:
        truth: shape (rows,), rows in the order of time; the codes of classes.
        predicted: shape (rows,), or probabilities of shape (rows, classes).
        labels: the value of each row by column, from `slice_labels`.
        task: what is asked.
        metric: one of the task's.
        seed: the same seed gives the same intervals.
        resamples: bootstrap samples behind the intervals.
        most: values of a column that are shown; those beyond are one slice.
        fewest: smaller slices are only counted.

    Raises:
        ValueError: not one label a row, or not one prediction a row.
    """
    odd = [column for column, values in labels.items() if len(values) != len(truth)]
    if odd:
        raise ValueError(f"one label a row is needed, {odd[0]!r} has {len(labels[odd[0]])} for {len(truth)} rows")

    def measure(rows: Mask, seed: int) -> tuple[float, Array] | None:
        if rows.sum() < fewest:
            return None
        value = MEASURES[task].once(truth[rows], predicted[rows]).get(metric, np.nan)
        if not np.isfinite(value):
            return None
        return value, redraw(task, truth[rows], predicted[rows], metric=metric, resamples=resamples, seed=seed)[metric]

    def figure(column: str, value: str, rows: Mask) -> SliceFigure:
        count, own = int(rows.sum()), measure(rows, seed)
        if own is None:
            why = f"fewer than {fewest} rows" if count < fewest else f"{metric} is undefined here"
            return SliceFigure(column, value, count, metric, None, None, why)
        rest = measure(~rows, seed + 1)
        apart = None if rest is None else _interval(own[0] - rest[0], own[1] - rest[1])
        return SliceFigure(column, value, count, metric, _interval(*own), apart)

    return tuple(figure(*part) for part in slices_of(labels, most=most))


def _interval(value: float, drawn: Array) -> Measured:
    low, high = np.quantile(drawn[~np.isnan(drawn)], _TAILS)
    return Measured(float(value), float(low), float(high))


def _ranges(values: Array) -> Labels:
    """Return ranges of about as many rows each as text; the upper end belongs to a range, and so does the least value."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _RANGES + 1), method="lower"))
    names = np.array([*(f"{low:.6g} to {high:.6g}" for low, high in pairwise(edges)), MISSING])
    place = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 2)
    return names[np.where(np.isnan(values), len(names) - 1, place)]
