"""What did the reference look like at the hours of the week that a window covers?

A window under a week is compared with the reference's rows of the same weekday and hour, mixed in the proportions in which the
window holds them; so a calendar is no drift. The mixture of shares p = sum w_s p_s, each from m_s rows, varies like a sample
of 1 / sum(w_s^2 / m_s) rows: its effective size.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import compress, decompress

import numpy as np
import numpy.typing as npt
import polars as pl

SLOTS = 168
"""Hours of a week; slot 0 is Monday from midnight to one."""

FEWEST_ROWS = 20
"""With fewer rows of the reference in any of its hours a window is compared with all of the reference."""

Counts = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mixture:
    """The reference's share of rows per place for a window's hours, and the effective number of rows behind it."""

    shares: FloatArray
    rows: float


@dataclass(frozen=True, slots=True)
class Season:
    """The reference's rows by hour of the week, and by place of each column in each hour: shape (168, places), packed."""

    rows: tuple[int, ...]
    columns: Mapping[str, str]

    def mixture(self, name: str, slots: Mapping[int, int]) -> Mixture | None:
        """Return what to compare a column with in a window of so many rows per slot; None where too little is known."""
        packed, total = self.columns.get(name), sum(slots.values())
        hours = [slot for slot, rows in slots.items() if rows]
        if packed is None or not hours or min(self.rows[slot] for slot in hours) < FEWEST_ROWS:
            return None
        weights = np.array([slots[slot] for slot in hours]) / total
        held = np.array([self.rows[slot] for slot in hours], dtype=np.float64)
        effective = 1 / float((weights**2 / held).sum())
        if effective < total:
            return None
        shares = (weights / held) @ unpack(packed)[hours]
        return Mixture(shares, effective)


def slots_of(at: pl.Series) -> dict[int, int]:
    """Return how many times lie in each hour of the week, on the clock they are written in; times that are missing in none.

    >>> from datetime import datetime
    >>> slots_of(pl.Series([datetime(2024, 1, 1, 0, 30), datetime(2024, 1, 2, 3), None]))
    {0: 1, 27: 1}
    """
    counted = np.bincount(slot_codes(at.drop_nulls()), minlength=SLOTS)
    return {int(slot): int(counted[slot]) for slot in np.flatnonzero(counted)}


def slot_codes(at: pl.Series) -> npt.NDArray[np.int64]:
    """Return the hour of the week of each time, shape (rows,); none may be missing."""
    times = at.cast(pl.Datetime("us")) if at.dtype == pl.Date else at
    return ((times.dt.weekday().cast(pl.Int64) - 1) * 24 + times.dt.hour().cast(pl.Int64)).to_numpy()


def pack(counts: Counts) -> str:
    """Return counts of shape (168, places) as text."""
    return b64encode(compress(np.ascontiguousarray(counts, dtype="<i4").tobytes(), 6)).decode()


def unpack(packed: str) -> Counts:
    """Return the counts that `pack` wrote."""
    return np.frombuffer(decompress(b64decode(packed)), dtype="<i4").reshape(SLOTS, -1)
