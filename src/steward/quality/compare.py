"""What is different between two tables - before and after cleaning, one period and another - and what of it matters most?

A difference is told when it is both large enough to matter and more than chance (four standard errors). From which size on:

- cells going empty, null or zero: 1 % of the rows; from 10 % on it is called "going empty";
- the mean: 0.2 standard deviations (a "small effect", Cohen, *Statistical Power Analysis*, 1988), or the median 0.2 of the
  standard deviations that its quartile distance stands for, which a few monstrous values cannot hide;
- the mix of values: 10 % of the rows would have to change theirs;
- a value that is new or has vanished: 0.5 % of the rows.

Weights, 0 to 1, put them on one scale: shares of rows as they are, of emptiness one and a half times - what is not there
cannot be learned from -, of cells filled half, `d` standard deviations as d / (1 + d).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import sqrt
from typing import Any, Literal

from steward.quality.figures import Cells, ColumnFigures, TableProfile

ChangeKind = Literal["gone", "new", "emptier", "fuller", "moved", "mix", "new values", "vanished values"]

GOING_EMPTY = 0.1
LEAST_EMPTIER = 0.01
LEAST_MOVE = 0.2
LEAST_MIX = 0.1
LEAST_VALUE = 0.005

_SURE = 4.0  # standard errors
_EMPTY_WEIGHS = 1.5
_QUARTILES = 1.349  # of a normal distribution, in standard deviations
_NAMED = 3
_ALL_NEW = ("new values", 1.0)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of a column; `before` and `after` are shares of rows (0 to 1) or, where it moved, means."""

    column: str
    kind: ChangeKind
    before: float | None
    after: float | None
    weight: float
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return the change as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PeriodChange:
    """What changed from one period to the one after it."""

    earlier: str
    later: str
    change: Change


def compare(before: TableProfile, after: TableProfile) -> tuple[Change, ...]:
    """Return what differs, what matters most first; nothing where one of the two has no rows."""
    if not before.rows or not after.rows:
        return ()
    old, new = ({column.name: column for column in table.columns} for table in (before, after))
    found = [change for name in old if name in new for change in _of_column(old[name], new[name])]
    found += [Change(name, "gone", None, None, 1.0, "the column is not there any more") for name in old if name not in new]
    found += [Change(name, "new", None, None, 0.5, "the column is new") for name in new if name not in old]
    return tuple(sorted(found, key=_by_weight))


def compare_periods(profile: TableProfile) -> tuple[PeriodChange, ...]:
    """Return what differs from each period to the next in the order they came, what matters most first."""
    found = [
        PeriodChange(earlier, later, change)
        for column in profile.columns
        for earlier, later in pairwise(column.by_period)
        for change in _of_cells(column, column.by_period[earlier], column.by_period[later])
    ]
    return tuple(sorted(found, key=lambda one: _by_weight(one.change)))


def _by_weight(change: Change) -> tuple[float, str, str]:
    return -change.weight, change.column, change.kind


def _of_column(before: ColumnFigures, after: ColumnFigures) -> Iterator[Change]:
    told = list(_of_cells(before, before.cells, after.cells))
    if not any(change.kind in ("moved", "emptier") for change in told):
        told += _median(before, after)
    if not before.masked:
        told += _values(before, after)
    # A mean that moved and another mix of values are one thing said twice.
    shapes = [one for one in told if one.kind in ("moved", "mix") or (one.kind, one.after) == _ALL_NEW]
    shapes.sort(key=lambda one: (one.kind != "moved", _by_weight(one)))
    yield from (change for change in told if change not in shapes[1:])


def _of_cells(column: ColumnFigures, before: Cells, after: Cells) -> Iterator[Change]:
    if not before.rows or not after.rows:
        return
    yield from _emptiness(column.name, "empty", before.null_share, after.null_share, (before.rows, after.rows))
    zeros = list(_zeros(column, before, after))
    yield from zeros or _mean(column, before, after)


def _zeros(column: ColumnFigures, before: Cells, after: Cells) -> Iterator[Change]:
    """Zeros taking the place of other values; where nulls take the place of zeros nothing is said of them."""
    if before.zero_share is None or after.zero_share is None or before.nulls > after.nulls:
        return
    if after.zero_share > before.zero_share:
        yield from _emptiness(column.name, "0", before.zero_share, after.zero_share, (before.rows, after.rows))


def _emptiness(name: str, what: str, before: float, after: float, rows: tuple[int, int]) -> Iterator[Change]:
    rise = after - before
    if abs(rise) < LEAST_EMPTIER or not _sure_share(before, after, rows):
        return
    said = f"{what} in {before:.1%} of the rows before, in {after:.1%} after"
    words = ("going empty: " if rise >= GOING_EMPTY else "emptier: ") if rise > 0 else "fuller: "
    weight = min(1.0, _EMPTY_WEIGHS * rise) if rise > 0 else -rise / 2
    yield Change(name, "emptier" if rise > 0 else "fuller", before, after, weight, words + said)


def _mean(column: ColumnFigures, before: Cells, after: Cells) -> Iterator[Change]:
    if before.mean is None or after.mean is None or before.std is None or after.std is None:
        return
    distance, spread = abs(after.mean - before.mean), sqrt((before.std**2 + after.std**2) / 2)
    error = sqrt(before.std**2 / max(before.present, 1) + after.std**2 / max(after.present, 1))
    if distance <= _SURE * error or distance < LEAST_MOVE * spread:
        return
    moved = distance / spread if spread else float("inf")
    said = f"mean {before.mean:.4g}{_unit(column)} before, {after.mean:.4g} after"
    far = f", {moved:.2g} standard deviations" if spread else ""
    yield Change(column.name, "moved", before.mean, after.mean, moved / (1 + moved) if spread else 1.0, said + far)


def _median(before: ColumnFigures, after: ColumnFigures) -> Iterator[Change]:
    if before.number is None or after.number is None or not before.number.quantiles or not after.number.quantiles:
        return
    old, new = before.number.quantiles, after.number.quantiles
    spread = (old["75"] - old["25"]) / _QUARTILES
    distance, fewest = abs(new["50"] - old["50"]), min(before.cells.present, after.cells.present)
    # The standard error of a median is about 1.25 that of a mean; of two, a little less than twice.
    if spread <= 0 or distance < LEAST_MOVE * spread or distance <= _SURE * 1.8 * spread / sqrt(fewest):
        return
    moved = distance / spread
    said = f"median {old['50']:.4g}{_unit(before)} before, {new['50']:.4g} after"
    yield Change(before.name, "moved", old["50"], new["50"], moved / (1 + moved), said)


def _values(before: ColumnFigures, after: ColumnFigures) -> Iterator[Change]:
    old, new = _shares(before), _shares(after)
    words = {one.value: one.words for one in (*before.values, *after.values)}
    rows = (before.cells.present, after.cells.present)
    whole = bool(old) and bool(new) and before.complete and after.complete
    if whole and set(old).isdisjoint(new):
        was, now = (", ".join(_named(value, words) for value in list(shares)[:_NAMED]) for shares in (old, new))
        yield Change(before.name, "new values", 0.0, 1.0, 1.0, f"no value is the same: {was} before, {now} after")
        return
    if whole:
        yield from _mix(before.name, old, new, rows, words)
    if old and before.complete:
        yield from _unmatched(before.name, "new values", {v: s for v, s in new.items() if v not in old}, rows, words)
    if new and after.complete:
        yield from _unmatched(before.name, "vanished values", {v: s for v, s in old.items() if v not in new}, rows, words)


def _shares(column: ColumnFigures) -> dict[str, float]:
    return {one.value: one.rows / max(column.cells.present, 1) for one in column.values}


def _mix(
    name: str, old: Mapping[str, float], new: Mapping[str, float], rows: tuple[int, int], words: Mapping[str, str]
) -> Iterator[Change]:
    moves = {value: new.get(value, 0.0) - old.get(value, 0.0) for value in sorted({*old, *new})}
    distance = sum(map(abs, moves.values())) / 2
    if distance < LEAST_MIX:
        return
    most = max(moves, key=lambda value: abs(moves[value]))
    shares = old.get(most, 0.0), new.get(most, 0.0)
    if _sure_share(*shares, rows):
        said = f"{_named(most, words)} in {shares[0]:.1%} before, in {shares[1]:.1%} after"
        yield Change(name, "mix", *shares, distance, f"another mix of values, {distance:.1%} of the rows: {said}")


def _unmatched(
    name: str, kind: ChangeKind, shares: Mapping[str, float], rows: tuple[int, int], words: Mapping[str, str]
) -> Iterator[Change]:
    share = sum(shares.values())
    if share < LEAST_VALUE or not _sure_share(0.0, share, rows):
        return
    named = sorted(shares, key=lambda value: (-shares[value], value))[:_NAMED]
    more = f" and {len(shares) - len(named)} more" if len(shares) > len(named) else ""
    said = f"{', '.join(_named(value, words) for value in named)}{more}, in {share:.1%} of the rows"
    before, after = (0.0, share) if kind == "new values" else (share, 0.0)
    yield Change(name, kind, before, after, share, f"{kind}: {said}")


def _named(value: str, words: Mapping[str, str]) -> str:
    return f"{value} ({words[value]})" if words.get(value) else value


def _sure_share(before: float, after: float, rows: tuple[int, int]) -> bool:
    """Tell whether two shares differ by more than chance."""
    both = (before * rows[0] + after * rows[1]) / max(sum(rows), 1)
    return abs(after - before) > _SURE * sqrt(both * (1 - both) * (1 / max(rows[0], 1) + 1 / max(rows[1], 1)))


def _unit(column: ColumnFigures) -> str:
    return f" {column.unit}" if column.unit else ""
