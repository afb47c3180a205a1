"""May an estimate be believed - before outcomes are known, and once they are?

Before: not where too many rows lie where the model's reference has none, and not while the estimates of the last windows, whose
outcomes have come since, missed by more than their intervals allow (the sum of their squared misses, in standard errors, against
its chi-square distribution: Fisher, *Statistical Methods for Research Workers*, 1925). Once known: not where the real figure
lies outside the interval, for then the outcome depends on the inputs in another way than it did.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from steward.monitoring.blocks import NORMAL_95, Bools

MOST_OUTSIDE = 0.1
"""Share of rows, beyond what the reference itself has, that may lie outside of it."""

_TAIL = 0.0005  # of the reference, on either side, is not ground to stand on
_BEYOND = 0.05  # of the range, further out, still is
_MOST_LEVELS = 500
_LAST = 8
_CHANCE = 0.001
_WORST = 1000.0


class Judged(NamedTuple):
    """An estimate, its interval, and what the figure turned out to be."""

    value: float
    low: float
    high: float
    realised: float

    @property
    def miss(self) -> float:
        """By how many standard errors the figure lies above the estimate, or below it; the interval ends at 1.96."""
        apart = self.realised - self.value
        side = self.high - self.value if apart > 0 else self.value - self.low
        if side <= 0:
            return math.copysign(_WORST, apart) if apart else 0.0
        return max(-_WORST, min(_WORST, apart / side * NORMAL_95))


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the reference has rows: from and to by number column, levels by category; `usual` is its own share outside."""

    ranges: Mapping[str, tuple[float, float]]
    levels: Mapping[str, tuple[float, ...]]
    usual: float

    def share_outside(self, features: pl.DataFrame) -> float:
        """Return the share of rows, 0 to 1, with a value in any column that lies outside; an empty cell does not."""
        return _share_outside(self.ranges, self.levels, features)

    def as_dict(self) -> dict[str, Any]:
        """Return the ground as a JSON object."""
        return {
            "ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "levels": {name: list(known) for name, known in self.levels.items()},
            "usual": self.usual,
        }

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "Ground":
        """Return the ground that `as_dict` wrote; KeyError or ValueError where the object is something else."""
        ranges = {str(name): (float(low), float(high)) for name, (low, high) in value["ranges"].items()}
        levels = {str(name): tuple(float(one) for one in known) for name, known in value["levels"].items()}
        return Ground(ranges, levels, float(value["usual"]))


def find_ground(features: pl.DataFrame, categories: Collection[str], *, judged: pl.DataFrame | None = None) -> Ground:
    """Return where rows lie.

    Args:
        features: rows the model and its estimator know, Float64 columns.
        categories: those whose numbers are codes.
        judged: other rows of the reference that tell the usual share outside; by default the same ones.
    """
    levels = {name: _levels(features[name]) for name in features.columns if name in categories}
    ranges = {name: ends for name in features.columns if name not in categories and (ends := _ends(features[name])) is not None}
    return Ground(ranges, levels, _share_outside(ranges, levels, features if judged is None else judged))


def doubt_of_rows(ground: Ground, features: pl.DataFrame) -> str:
    """Return why an estimate of these rows cannot be trusted, in words; empty where nothing speaks against it."""
    outside = ground.share_outside(features)
    if outside <= ground.usual + MOST_OUTSIDE:
        return ""
    return f"{outside:.0%} of the rows lie where the reference has none"


def doubt_of_past(misses: Sequence[float]) -> str:
    """Return why the estimates of the last windows forbid to trust the next one, in words; empty where they do not.

    Args:
        misses: `Judged.miss` of windows whose outcomes have come, newest last; the last 8 count.
    """
    from scipy.special import chdtri

    last = misses[-_LAST:]
    if not last or sum(miss**2 for miss in last) <= float(chdtri(len(last), _CHANCE)):
        return ""
    outside = sum(abs(miss) > NORMAL_95 for miss in last)
    return f"outcomes lay outside the interval in {outside} of the last {len(last)} windows that have them"


def doubt_of_outcome(judged: Judged) -> str:
    """Return why an estimate was wrong, in words; empty where the real figure lies in its interval."""
    if abs(judged.miss) <= NORMAL_95 * (1 + 1e-9):
        return ""
    where = "above" if judged.realised > judged.high else "below"
    return f"outcomes are known by now: {judged.realised:.4g}, {where} the interval; the target depends on the inputs as it did not"


def _ends(column: pl.Series) -> tuple[float, float] | None:
    known = column.cast(pl.Float64).filter(column.is_finite().fill_null(value=False)).to_numpy()
    if not len(known):
        return None
    low, high = np.quantile(known, [_TAIL, 1 - _TAIL])
    room = _BEYOND * (high - low)
    return float(low - room), float(high + room)


def _levels(column: pl.Series) -> tuple[float, ...]:
    values, rows = np.unique(column.drop_nulls().drop_nans().cast(pl.Float64).to_numpy(), return_counts=True)
    kept = np.argsort(-rows, kind="stable")[:_MOST_LEVELS]
    return tuple(np.sort(values[kept]).tolist())


def _share_outside(ranges: Mapping[str, tuple[float, float]], levels: Mapping[str, Sequence[float]], rows: pl.DataFrame) -> float:
    if not rows.height:
        return 0.0
    outside: Bools = np.zeros(rows.height, dtype=np.bool_)
    for name in rows.columns:
        values = rows[name].cast(pl.Float64).to_numpy()
        if name in levels:
            outside |= ~np.isin(values, np.array(levels[name])) & ~np.isnan(values)
        elif name in ranges:
            low, high = ranges[name]
            outside |= (values < low) | (values > high)
    return float(outside.mean())
