"""Is what moved the world, or is it the data that broke on the way here?

Broken data look like drift, and a model retrained on them learns the fault; so they are judged first and named apart. A
fault is claimed only where chance does not explain it at these sizes, where it goes beyond what the model's quiet history
shows, and where at least a tenth of the rows is broken (an infinite value is told at once, and weighs from 2 % on).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from steward.monitoring.arrived import Arrived
from steward.monitoring.broken import BROKEN_SHARE, Broken, FaultKind, Tolerance, find_broken, surely_more
from steward.monitoring.distance import Sample
from steward.monitoring.drift import HALF_AT, MARGIN, DriftVerdict
from steward.monitoring.severity import severity_of
from steward.monitoring.sketch import PREDICTION, ColumnSketch, NumberSketch, Sketch, absent_column


@dataclass(frozen=True, slots=True)
class DataFault:
    """Something broken in a window.

    `column` is None where it is about whole rows, `share` the rows that are broken (0 to 1; of the rows that should be there),
    `severity` what that is worth to the model (0 to 1, weighted by how far it leans on the column), `text` the fact in a sentence.
    """

    kind: FaultKind
    column: str | None
    share: float
    severity: float
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as a JSON object."""
        return asdict(self)


def judge_faults(
    reference: Sketch,
    current: Sketch,
    importance: Mapping[str, float],
    *,
    chance: float,
    min_rows: int,
    drift: DriftVerdict | None = None,
) -> tuple[DataFault, ...]:
    """Return what is broken in the columns of a window, the worst first.

    Args:
        reference: the rows the model was trained on, or those of the same season.
        current: the window, sketched like the reference; a column it lacks has vanished.
        importance: share of the model's gain per feature, 0 or more; a feature not named has none.
        chance: probability, in (0, 1), that anything is called broken in a window in which nothing is.
        min_rows: with fewer current rows nothing is claimed.
        drift: how far the same window moved, where that was judged: only a column that moved can be broken, beyond what quiet
            windows of this length and the season show. An infinite value needs no movement.

    Returns:
        At most one fault a column. The model's answers are named only where they are missing: anything else in them
        follows from its inputs.
    """
    if not current.rows or current.rows < min_rows or not reference.rows:
        return ()
    each = chance / (3 * max(1, len(reference.columns)))  # a column is asked about some three things that chance could bring
    weights = leaning(importance)
    usual = {} if drift is None else {column.name: column.usual for column in drift.columns}
    moved = None if drift is None else frozenset(drift.moved)
    found = []
    for name, column in reference.columns.items():
        if moved is not None and name not in moved and not _is_infinite(current.columns.get(name)):
            continue
        tolerance = Tolerance(each, max(MARGIN, usual.get(name, 0.0)))
        sample = Sample(current.rows, current.columns.get(name) or absent_column(column, current.rows))
        broken = find_broken(name, Sample(reference.rows, column), sample, tolerance, absent=name not in current.columns)
        if broken is not None and (name != PREDICTION or broken.kind in ("vanished", "nulls")):
            found.append(_fault(broken, name, weights.get(name, 0.0), tolerance.usual))
    return worst_first(found)


def judge_arrived(
    reference: Arrived, current: Arrived, importance: Mapping[str, float], *, chance: float, min_rows: int
) -> tuple[DataFault, ...]:
    """Return what is broken in the rows as they came in, before checks set some apart; the worst first.

    Args:
        reference: what was counted in the rows the model was trained on.
        current: the same of the window.
        importance: share of the model's gain by column of the rows: that of the features which read it.
        chance: probability, in (0, 1), that anything is called broken in a window in which nothing is.
        min_rows: with fewer current rows nothing is claimed.
    """
    if not current.rows or current.rows < min_rows or not reference.rows:
        return ()
    each = chance / max(1, len(current.missing) + len(current.outside) + 2)
    weights = leaning(importance)
    found = [
        _fault(broken, broken.column, weights.get(broken.column, 0.0) if broken.column else 1.0, MARGIN)
        for broken in _broken_rows(reference, current, each)
    ]
    return worst_first(found)


def worst_first(faults: Iterable[DataFault]) -> tuple[DataFault, ...]:
    """Return faults by falling severity, share, and name; the first of those about the same column."""
    ordered = sorted(faults, key=lambda fault: (-fault.severity, -fault.share, fault.column or "", fault.kind))
    seen: dict[tuple[str | None, str], DataFault] = {}
    for fault in ordered:
        seen.setdefault((fault.column, fault.kind if fault.column is None else ""), fault)
    return tuple(seen.values())


def leaning(importance: Mapping[str, float]) -> dict[str, float]:
    """Return how far the model suffers from a broken column, 0 to 1.

    The fourth root of its share of the best one's gain: drift weighs with the square root, but a broken column takes all
    it gave away.
    """
    top = max(importance.values(), default=0.0)
    weights = {name: (max(0.0, gain) / top) ** 0.25 if top > 0 else 0.0 for name, gain in importance.items()}
    return weights | {PREDICTION: 1.0}


def _is_infinite(column: ColumnSketch | None) -> bool:
    return isinstance(column, NumberSketch) and column.infinite > 0


def _fault(broken: Broken, column: str | None, weight: float, usual: float) -> DataFault:
    severity = weight * severity_of(broken.share - usual, half_at=HALF_AT)
    return DataFault(broken.kind, column, broken.share, severity, broken.text)


def _broken_rows(reference: Arrived, current: Arrived, chance: float) -> Iterator[Broken]:
    for name, count in current.missing.items():
        grown = _grown(count, current.rows, reference.missing.get(name, 0), reference.rows, chance)
        if name in reference.missing and grown is not None:
            yield Broken("nulls", name, grown, f"{name} came empty in {count / current.rows:.0%} of the rows")
    for name, count in current.outside.items():
        grown = _grown(count, current.rows, reference.outside.get(name, 0), reference.rows, chance)
        if grown is not None:
            yield Broken(
                "range", name, grown, f"{name} is outside the dictionary's bounds in {count / current.rows:.0%} of the rows"
            )
    size = min(reference.rows, current.rows)  # of more rows a greater share repeats
    now, before = (round(one.repeated_share(size) * one.rows) for one in (current, reference))
    grown = _grown(now, current.rows, before, reference.rows, chance)
    if grown is not None:
        yield Broken("duplicates", None, grown, f"{current.repeated:,} of {current.rows:,} rows came before, equal in every column")
    grown = _grown(current.apart, current.rows, reference.apart, reference.rows, chance)
    if grown is not None:
        share = current.apart / current.rows
        yield Broken("range", None, grown, f"the project's checks set {share:.0%} of the rows apart")


def _grown(count: int, rows: int, before: int, rows_before: int, chance: float) -> float | None:
    """Return by how much a share has grown; None where chance explains it, or it is less than a tenth of the rows."""
    share = count / rows - before / rows_before
    sure = share >= BROKEN_SHARE and surely_more(count, rows, before, rows_before, chance=chance)
    return share if sure else None
