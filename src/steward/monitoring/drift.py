"""Has the data moved away from what the model was trained on, by how much, and does the model care?

Three things are taken off before a distance counts: what chance brings at these sample sizes (the false-alarm budget is
shared out over the columns), a margin of 2 % of the rows that matters to nobody, and the columns the model hardly reads.
What is left is put on the scale of `severity_of`: a column the model leans on is worth 0.5 once 5 % of its rows sit
elsewhere. The worst column decides. Severities are not added up, because related columns (a zone, its longitude,
the distance from it) bring the same news several times, and what all of them together do to the model shows in the
prediction, which is watched as a column of full weight.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, Literal

from steward.monitoring.distance import Sample, critical_distance, distance, is_stuck, unseen_share
from steward.monitoring.profile import PREDICTION, CategoryProfile, ColumnProfile, NumberProfile, Profile
from steward.monitoring.severity import severity_of

MARGIN = 0.02
"""Share of rows that may sit elsewhere without anybody minding."""

HALF_AT = 0.05
"""Share of rows beyond the margin that is worth a severity of 0.5."""


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What became of one column; all numbers are shares of rows unless said otherwise.

    `critical` is what chance may bring, `excess` what is left of `distance` above that and above the margin, `weight` how
    far the model leans on the column (0 to 1), `severity` the column's own (0 to 1, before the weight). `missing` is the
    rise of missing values (negative: fell), `unseen` the current rows outside what the reference held, `stuck` a column
    of many values that now holds one.
    """

    name: str
    kind: Literal["number", "category"]
    distance: float
    critical: float
    excess: float
    weight: float
    severity: float
    moved: bool
    missing: float
    unseen: float
    stuck: bool

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
    reference: Profile, current: Profile, importance: Mapping[str, float], *, budget: float, min_rows: int
) -> DriftVerdict:
    """Return how far the current sample has moved from the reference, and how bad that is for the model.

    Args:
        reference: the rows the model was trained on.
        current: the window, profiled with ``like=reference``; a column it lacks counts as missing in every row.
        importance: share of the model's gain per feature, 0 or more; a feature not named has none. `PREDICTION` needs none.
        budget: probability, in (0, 1), that any column is called moved in a window in which nothing moved.
        min_rows: with fewer current rows the verdict is given, but not `enough`.

    Returns:
        A severity of 0 where nothing moved beyond chance; no columns for a window without rows.

    Raises:
        ValueError: the reference holds no rows.
    """
    if reference.rows < 1:
        raise ValueError("the reference holds no rows to compare with")
    if current.rows < 1:
        return DriftVerdict((), 0.0, (), 0, enough=False)
    weights = _weights(reference.columns, importance)
    chance = budget / max(1, len(reference.columns))
    judged = [
        _judge_column(name, Sample(reference.rows, column), _sample(current, name, column), weights[name], chance)
        for name, column in reference.columns.items()
    ]
    judged.sort(key=lambda column: (-column.weighted_severity, -column.excess, column.name))
    worst = max((column.weighted_severity for column in judged), default=0.0)
    moved = tuple(column.name for column in judged if column.moved)
    return DriftVerdict(tuple(judged), worst, moved, current.rows, enough=current.rows >= min_rows)


def _judge_column(name: str, reference: Sample, current: Sample, weight: float, chance: float) -> ColumnDrift:
    far = distance(reference, current)
    critical = critical_distance(reference, current, chance=chance)
    excess = max(0.0, far - max(critical, MARGIN))
    return ColumnDrift(
        name=name,
        kind=reference.column.kind,
        distance=far,
        critical=critical,
        excess=excess,
        weight=weight,
        severity=severity_of(excess, half_at=HALF_AT),
        moved=excess > 0,
        missing=current.missing - reference.missing,
        unseen=unseen_share(reference, current),
        stuck=is_stuck(reference, current),
    )


def _sample(current: Profile, name: str, reference: ColumnProfile) -> Sample:
    if name in current.columns:
        return Sample(current.rows, current.columns[name])
    absent = CategoryProfile(current.rows, {}, 0) if reference.kind == "category" else NumberProfile(current.rows, ())
    return Sample(current.rows, absent)


def _weights(names: Mapping[str, object], importance: Mapping[str, float]) -> dict[str, float]:
    # The root, because gain shares are squares in kind: they share out explained variance, not error.
    top = max(importance.values(), default=0.0)
    weights = {name: sqrt(max(0.0, importance.get(name, 0.0)) / top) if top > 0 else 0.0 for name in names}
    return weights | {name: 1.0 for name in names if name == PREDICTION}
