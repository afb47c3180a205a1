"""Has the data moved away from what the model was trained on, by how much, and does the model care?

A column has moved when its distance passes what chance brings at these sizes (the false-alarm budget is shared out over the
columns) together with what the model's own quiet history shows for windows of this length. Then four things are taken off
before the distance counts: what chance adds to any distance, that usual movement or a margin of 2 % of the rows that matters
to nobody, whichever is more, and the columns the model hardly reads. What is left is put on the scale of `severity_of`: a
column the model leans on is worth 0.5 once 5 % of its rows sit elsewhere. The worst column decides. Severities are not added
up, because related columns (a zone, its longitude, the distance from it) bring the same news several times, and what all of
them together do to the model shows in the prediction, which is watched as a column of full weight.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from math import hypot, sqrt
from typing import Any, Literal, NamedTuple

import numpy as np

from steward.monitoring.distance import FloatArray, Kind, Sample, by_chance, gap, is_stuck, shares, unseen_share
from steward.monitoring.reference import Reference
from steward.monitoring.severity import severity_of
from steward.monitoring.sketch import PREDICTION, Sketch, absent_column

MARGIN = 0.02
"""Share of rows that may sit elsewhere without anybody minding."""

HALF_AT = 0.05
"""Share of rows beyond the margin that is worth a severity of 0.5."""

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What became of one column, or of how two go together ("a x b"); all numbers are shares of rows unless said otherwise.

    `critical` is what chance may bring, `usual` what quiet windows of this length show beyond that, `effect` the distance
    without what chance adds to any distance, `excess` what is left of that above the usual and the margin (0 where the
    distance does not pass chance and the usual together), `weight` how far the model leans on the column (0 to 1), `severity`
    the column's own (0 to 1, before the weight). `missing` is the rise of missing values (negative: fell), `unseen` the
    current rows outside what the reference held, `stuck` a column of many values that now holds one.
    """

    name: str
    kind: Literal["number", "category", "pair"]
    distance: float
    critical: float
    excess: float
    weight: float
    severity: float
    moved: bool
    missing: float
    unseen: float
    stuck: bool
    usual: float = 0.0
    effect: float = 0.0

    @property
    def weighted_severity(self) -> float:
        """What the column contributes, 0 to 1."""
        return self.weight * self.severity


@dataclass(frozen=True, slots=True)
class DriftVerdict:
    """All columns, worst first; `moved` names those that moved more than chance explains, whether the model cares or not."""

    columns: tuple[ColumnDrift, ...]
    severity: float
    moved: tuple[str, ...]
    rows: int
    enough: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return asdict(self)


def judge_drift(
    reference: Reference,
    current: Sketch,
    importance: Mapping[str, float],
    *,
    chance: float,
    min_rows: int,
    span: timedelta | None = None,
    slots: Mapping[int, int] | None = None,
) -> DriftVerdict:
    """Return how far the current sample has moved from the reference, and how bad that is for the model.

    Args:
        reference: the rows the model was trained on.
        current: the window, sketched like the reference; a column it lacks counts as missing in every row.
        importance: share of the model's gain per feature, 0 or more; a feature not named has none. `PREDICTION` needs none.
        chance: probability, in (0, 1), that any column is called moved in a window in which nothing moved.
        min_rows: with fewer current rows the verdict is given, but not `enough`.
        span: the time the window covers; None where it has no length, and then nothing but chance is usual.
        slots: rows of the window by hour of the week; a window under a week is then compared with the reference's same hours,
            where the reference knows enough of them.

    Returns:
        A severity of 0 where nothing moved beyond chance; no columns for a window without rows.

    Raises:
        ValueError: the reference holds no rows.
    """
    sketch = reference.sketch
    if sketch.rows < 1:
        raise ValueError("the reference holds no rows to compare with")
    if current.rows < 1:
        return DriftVerdict((), 0.0, (), 0, enough=False)
    weights = _weights(sketch.columns, importance)
    each = chance / max(1, len(sketch.columns) + len(sketch.pairs))
    window = _Window(reference, current.rows, each, span, slots if span and span < _WEEK else None)
    judged = list(_judge_columns(window, current, weights))
    judged += _judge_pairs(window, current, weights, frozenset(column.name for column in judged if column.moved))
    judged.sort(key=lambda column: (-column.weighted_severity, -column.excess, column.name))
    worst = max((column.weighted_severity for column in judged), default=0.0)
    moved = tuple(column.name for column in judged if column.moved)
    return DriftVerdict(tuple(judged), worst, moved, current.rows, enough=current.rows >= min_rows)


class _Window(NamedTuple):
    reference: Reference
    rows: int
    chance: float
    span: timedelta | None
    slots: Mapping[int, int] | None


class _Move(NamedTuple):
    distance: float
    critical: float
    usual: float
    effect: float
    excess: float


def _judge_columns(window: _Window, current: Sketch, weights: Mapping[str, float]) -> Iterator[ColumnDrift]:
    rows = window.reference.sketch.rows
    for name, column in window.reference.sketch.columns.items():
        before = Sample(rows, column)
        now = Sample(current.rows, current.columns.get(name) or absent_column(column, current.rows))
        move = _move(window, name, column.kind, *shares(before, now))
        missing, unseen, stuck = now.missing - before.missing, unseen_share(before, now), is_stuck(before, now)
        yield _drift_of(name, column.kind, move, weights[name], missing, unseen, stuck=stuck)


def _judge_pairs(window: _Window, current: Sketch, weights: Mapping[str, float], moved: frozenset[str]) -> Iterator[ColumnDrift]:
    """Yield the pairs of which neither column moved: what moves then is how they go together."""
    tables = {pair.axes: pair.counts for pair in current.pairs}
    for pair in window.reference.sketch.pairs:
        names = (pair.first.name, pair.second.name)
        if moved.isdisjoint(names) and pair.axes in tables:
            # As in `places.places_of`: a pair has neither unknown nor missing rows beside its own cells.
            before, now = (np.array([*counts, 0, 0]) for counts in (pair.counts, tables[pair.axes]))
            move = _move(window, pair.name, "category", before / window.reference.sketch.rows, now / current.rows)
            yield _drift_of(pair.name, "pair", move, min(weights[name] for name in names), 0.0, 0.0, stuck=False)


def _move(window: _Window, name: str, kind: Kind, before: FloatArray, now: FloatArray) -> _Move:
    seasons, held = window.reference.seasons, float(window.reference.sketch.rows)
    mixture = seasons.mixture(name, window.slots) if seasons and window.slots else None
    if mixture:
        before, held = mixture.shares, mixture.rows
    far = gap(kind, before - now)
    noise = by_chance(kind, before, (held, window.rows), window.chance)
    usual = window.reference.usual_distance(name, window.span, seasonal=mixture is not None, chance=window.chance)
    effect = _without_chance(far, noise.typical)
    # Noise and usual movement have nothing to do with each other, so their squares add up.
    passed = far > hypot(noise.most, usual)
    return _Move(far, noise.most, usual, effect, max(0.0, effect - max(usual, MARGIN)) if passed else 0.0)


def _drift_of(
    name: str,
    kind: Literal["number", "category", "pair"],
    move: _Move,
    weight: float,
    missing: float,
    unseen: float,
    *,
    stuck: bool,
) -> ColumnDrift:
    return ColumnDrift(
        name=name,
        kind=kind,
        distance=move.distance,
        critical=move.critical,
        excess=move.excess,
        weight=weight,
        severity=severity_of(move.excess, half_at=HALF_AT),
        moved=move.excess > 0,
        missing=missing,
        unseen=unseen,
        stuck=stuck,
        usual=move.usual,
        effect=move.effect,
    )


def _without_chance(far: float, typical: float) -> float:
    """Return a distance without what chance adds to it, on average."""
    # Squares add up, as above; and of several places that moved alike the distance takes the one where noise helps, which by
    # simulation is worth half of what noise does alone.
    return max(0.0, min(sqrt(max(0.0, far**2 - typical**2)), far - typical / 2))


def _weights(names: Mapping[str, object], importance: Mapping[str, float]) -> dict[str, float]:
    # The root, because gain shares are squares in kind: they share out explained variance, not error.
    top = max(importance.values(), default=0.0)
    weights = {name: sqrt(max(0.0, importance.get(name, 0.0)) / top) if top > 0 else 0.0 for name in names}
    return weights | {name: 1.0 for name in names if name == PREDICTION}
