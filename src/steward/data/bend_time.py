"""Where in its stretch of time does each row lie?"""

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from steward.core.errors import Fault, UsageError

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def places_in_time(frame: pl.DataFrame, time: str | None, start: datetime | None, end: datetime | None) -> Floats:
    """Return for each row 0 at the start of the stretch to 1 at its end; NaN outside, and where the time is missing.

    Args:
        frame: the rows.
        time: a column of times; None where the order of the rows stands for it.
        start: the stretch begins here; at the first row where absent.
        end: and ends before this; with the last row where absent.

    Raises:
        UsageError: SIM-016 a stretch is named, but there is no time.
    """
    if time is None:
        if start is not None or end is not None:
            raise UsageError(_timeless("a stretch of time", "--start"))
        return np.linspace(0.0, 1.0, frame.height)
    at = _seconds(frame[time])
    known = at[np.isfinite(at)]
    first = _second(start) if start is not None else known.min(initial=np.inf)
    last = _second(end) if end is not None else known.max(initial=-np.inf)
    places = np.ones_like(at) if last <= first else (at - first) / (last - first)
    outside = ~np.isfinite(at) | (at < first) | ((at >= last) if end is not None else (at > last))
    return np.where(outside, np.nan, places)


def tail(frame: pl.DataFrame, time: str | None, span: timedelta, where: str) -> Mask:
    """Return which rows lie within a span before the last one, itself included.

    Raises:
        UsageError: SIM-016 there is no time.
    """
    if time is None:
        raise UsageError(_timeless("a delay", where))
    at = _seconds(frame[time])
    newest = at[np.isfinite(at)].max(initial=-np.inf)
    return np.asarray(np.isfinite(at) & (at > newest - span.total_seconds()), dtype=np.bool_)


def _seconds(column: pl.Series) -> Floats:
    return column.dt.replace_time_zone(None).dt.epoch("us").cast(pl.Float64).to_numpy() / 1e6


def _second(at: datetime) -> float:
    return float(_seconds(pl.Series([at.replace(tzinfo=None)]))[0])


def _timeless(what: str, where: str) -> Fault:
    why = "the rows have no column of times"
    return Fault("SIM-016", f"{what} needs to know when the rows were", (where,), why, "bend all rows, or a segment of them")
