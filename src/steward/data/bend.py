"""What would these rows look like if the world had changed, or if something had broken on their way here?

Bends are pure: the same rows, bends, reach and seed give the same rows, and what is not reached stays as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from steward.core.errors import Fault, UsageError, unknown_name
from steward.data.bend_amounts import read_duration, read_share, value_like
from steward.data.bend_levels import flip, new_level, new_vocabulary, swap
from steward.data.bend_time import Floats, Mask, places_in_time, tail
from steward.data.bend_values import change_unit, lose, scale, shift, stick
from steward.project.bends import Bend, BendKind

_OF_COLUMNS: Mapping[BendKind, Callable[[pl.Series, Bend, Floats, np.random.Generator], pl.Series]] = {
    "shift": shift,
    "scale": scale,
    "unit": change_unit,
    "null": lose,
    "constant": stick,
    "swap": swap,
    "new": new_level,
    "vocabulary": new_vocabulary,
    "flip": flip,
}


@dataclass(frozen=True, slots=True)
class Reach:
    """Which rows are bent.

    `segment` is a column and one of its values; `start <= t < end` a stretch of the column `time` (both ends open where
    absent; without a `time` the order of the rows stands for it). With `gradual` the amount grows from nothing at the
    start of the stretch to all of it at its end.
    """

    segment: tuple[str, str] | None = None
    time: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    gradual: bool = False


def bend_rows(frame: pl.DataFrame, bends: Sequence[Bend], reach: Reach, *, seed: int) -> pl.DataFrame:
    """Return rows with every bend done to them, one after the other.

    Args:
        frame: rows in the dictionary's columns and types.
        bends: as `parse_bend` reads them.
        reach: which of the rows.
        seed: of the draws, where a bend hits a share of the rows.

    Returns:
        The same columns and types; rows that come twice stand beside each other.

    Raises:
        UsageError: SIM-012 no such column, SIM-013 its type does not fit, SIM-014 an amount that cannot be read, SIM-015 no
            row is of the segment, SIM-016 a time is needed where there is none.
    """
    for place, bend in enumerate(bends):
        frame = _bend(frame, bend, reach, np.random.default_rng([seed, place]))
    return frame


def pressure(frame: pl.DataFrame, reach: Reach) -> Floats:
    """Return how far each row is reached, 0 to 1: all or nothing, or growing with the time."""
    places = places_in_time(frame, reach.time, reach.start, reach.end)
    reached = np.isfinite(places) & _in_segment(frame, reach)
    return np.where(reached, places if reach.gradual else 1.0, 0.0)


def _bend(frame: pl.DataFrame, bend: Bend, reach: Reach, draw: np.random.Generator) -> pl.DataFrame:
    if bend.column is not None and bend.column not in frame.columns:
        raise unknown_name("column", bend.column, frame.columns, code="SIM-012", where=(str(bend),))
    force = pressure(frame, reach)
    if bend.kind in _OF_COLUMNS:
        return frame.with_columns(_OF_COLUMNS[bend.kind](frame[bend.column or ""], bend, force, draw))
    if bend.kind == "duplicate":
        twice = draw.random(frame.height) < read_share(bend) * force
        return frame[np.repeat(np.arange(frame.height), 1 + twice)]
    absent = _absent(frame, bend, reach, force, draw)
    if bend.column is None:
        return frame.filter(pl.Series(~absent))
    column = frame[bend.column]
    return frame.with_columns(column.clear(len(column)).zip_with(pl.Series(absent), column))


def _absent(frame: pl.DataFrame, bend: Bend, reach: Reach, force: Floats, draw: np.random.Generator) -> Mask:
    """Return which rows (or values) have not come in: those of the last hours, or of the last share of the stretch."""
    if bend.kind == "delay":
        return tail(frame, reach.time, read_duration(bend), str(bend)) & (force > 0)
    share = read_share(bend)
    if reach.gradual:
        return draw.random(frame.height) < share * force
    return (force > 0) & (places_in_time(frame, reach.time, reach.start, reach.end) > 1 - share)


def _in_segment(frame: pl.DataFrame, reach: Reach) -> Mask:
    if reach.segment is None:
        return np.ones(frame.height, dtype=np.bool_)
    name, value = reach.segment
    if name not in frame.columns:
        raise unknown_name("column", name, frame.columns, code="SIM-012", where=("--segment",))
    inside = (frame[name] == value_like(frame[name], value, f"{name}={value}")).fill_null(value=False).to_numpy()
    if not inside.any():
        fix = "name a value that the column holds"
        raise UsageError(Fault("SIM-015", f"no row has {name}={value}", ("--segment",), fix=fix))
    return np.asarray(inside, dtype=np.bool_)
