"""Which batches does the reference's own time divide it into, and what is each of them to be compared with?

All spans are sums of hours, so a column's rows are counted once, by hour and place. A batch is compared with all other rows;
and, for spans under a week, with the other rows of its own hours of the week.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.monitoring.places import Places
from steward.monitoring.quiet import Compared
from steward.monitoring.season import SLOTS

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

SEASONAL = "season "
"""Put before the name of a span whose batches are compared with their own hours of the week."""

_MOST_HOURS = 20_000
_MOST_BATCHES = 400
_NEARLY = 0.9
_FEWEST_ROWS = 30  # of the median batch: shorter spans say nothing but noise
_WITHIN_A_WEEK = ("1h", "6h", "1d")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The newest hours that have rows: each row's place among them, -1 for older rows and rows without a time; and the hours.

    `row_hours` has shape (rows,); `hours` counts hours from 1970 on the data's own clock, ascending. `dated` tells that only
    days are known.
    """

    row_hours: IntArray
    hours: IntArray
    dated: bool

    @property
    def slots(self) -> IntArray:
        """The hour of the week of each hour; 0 is Monday's first."""
        return (self.hours + 72) % SLOTS  # 1970 began on a Thursday

    def spans(self) -> Iterator[tuple[str, IntArray]]:
        """Yield each span's name with the number of the batch that each hour belongs to, ascending."""
        if not self.dated:
            yield "1h", self.hours
            yield "6h", self.hours // 6
        yield "1d", self.hours // 24
        yield "1w", (self.hours + 72) // SLOTS
        yield "1mo", self.hours.astype("datetime64[h]").astype("datetime64[M]").astype(np.int64)


def calendar(at: pl.Series) -> Calendar | None:
    """Return the hours of a column of times; None where it holds no times at all."""
    if not at.dtype.is_temporal() or at.dtype in (pl.Time, pl.Duration) or at.null_count() == len(at):
        return None
    wall = at.cast(pl.Datetime("us")) if at.dtype == pl.Date else at.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    row_hours = (wall.to_physical() // 3_600_000_000).fill_null(np.iinfo(np.int64).min).to_numpy()
    known = np.unique(row_hours[at.is_not_null().to_numpy()])[-_MOST_HOURS:]
    places = np.searchsorted(known, row_hours)
    return Calendar(np.where(row_hours >= known[0], places, -1), known, at.dtype == pl.Date)


def count_by_hour(places: Places, count: int, when: Calendar) -> FloatArray:
    """Return the rows in each place in each hour, shape (hours, places)."""
    inside = when.row_hours >= 0
    joint = when.row_hours[inside] * count + places[inside]
    table = np.bincount(joint, minlength=len(when.hours) * count)
    return table.reshape(len(when.hours), count).astype(np.float64)


def batches_of(by_hour: FloatArray, when: Calendar, *, season: bool) -> Iterator[tuple[str, Compared]]:
    """Yield the batches of each span that holds enough rows, by its name; those of the same hours of the week as well."""
    for span, batches in when.spans():
        starts = np.flatnonzero(np.diff(batches, prepend=batches[0] - 1))
        rows = np.add.reduceat(by_hour.sum(axis=1), starts)
        if float(np.median(rows)) < _FEWEST_ROWS:
            continue
        if span in _WITHIN_A_WEEK:
            yield span, _all_others(by_hour, starts, _some(len(starts)))
        else:
            yield span, _all_others(by_hour, starts, _whole(when.hours, starts))
        if season and span in _WITHIN_A_WEEK:
            yield SEASONAL + span, _same_hours(by_hour, starts, when.slots)


def count_by_slot(by_hour: FloatArray, slots: IntArray) -> FloatArray:
    """Return the rows in each place in each hour of the week, shape (168, places)."""
    order = np.argsort(slots, kind="stable")
    present, starts = np.unique(slots[order], return_index=True)
    table = np.zeros((SLOTS, by_hour.shape[1]))
    table[present] = np.add.reduceat(by_hour[order], starts)
    return table


def _all_others(by_hour: FloatArray, starts: IntArray, some: IntArray) -> Compared:
    counts = np.add.reduceat(by_hour, starts)[some]
    others = by_hour.sum(axis=0) - counts
    held = others.sum(axis=1)
    return Compared(counts, others / np.maximum(held, 1)[:, None], held)


def _same_hours(by_hour: FloatArray, starts: IntArray, slots: IntArray) -> Compared:
    ends, some = np.append(starts[1:], len(by_hour)), _some(len(starts))
    lengths = (ends - starts)[some]
    hours = np.concatenate([np.arange(starts[at], ends[at]) for at in some])
    firsts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    here = by_hour[hours]
    others = count_by_slot(by_hour, slots)[slots[hours]] - here
    rows, held = here.sum(axis=1), others.sum(axis=1)
    counts = np.add.reduceat(here, firsts)
    weights = rows / np.repeat(np.maximum(counts.sum(axis=1), 1), lengths)
    with np.errstate(divide="ignore"):
        effective = 1 / np.add.reduceat(np.divide(weights**2, held, out=np.full(len(held), np.inf), where=held > 0), firsts)
    expected = np.add.reduceat(others * (weights / np.maximum(held, 1))[:, None], firsts)
    # As in `Season.mixture`: too few rows of these hours, and the window is compared with all rows instead.
    return Compared(counts, expected, np.where(effective < counts.sum(axis=1), 0.0, effective))


def _whole(hours: IntArray, starts: IntArray) -> IntArray:
    """Return the batches whose hours reach nearly as far as most batches' do: the first week may begin on its Sunday."""
    ends = np.append(starts[1:], len(hours)) - 1
    lengths = hours[ends] - hours[starts] + 1
    return np.flatnonzero(lengths >= _NEARLY * np.median(lengths))


def _some(count: int) -> IntArray:
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_BATCHES)).astype(np.int64))
