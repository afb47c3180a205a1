"""Is a column broken: gone, empty, stuck, in another unit, spelt anew, or outside of all that was learned from?

Shares are compared so that chance explains a fault with at most a given probability: the true share is taken as high as the
reference allows, and the window's count must still be too high for it (Clopper & Pearson, 1934; the exact binomial tail).
A change of unit is one of a list of factors that carries the reference's distribution into the window's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from steward.monitoring.distance import Sample, critical_distance, distance
from steward.monitoring.sketch import CategorySketch, NumberSketch

FaultKind = Literal[
    "vanished", "nulls", "constant", "unit", "vocabulary", "infinite", "range", "duplicates", "stopped", "fewer", "one client"
]

BROKEN_SHARE = 0.1
"""Share of rows from which on a pipe that broke is likelier than people who changed."""

_OUTSIDE_SHARE = 0.2  # numbers beyond all that was seen before may well be true: more of them are needed to call them broken
_FAR = 5.0  # a factor that no world brings about: the shape need not fit exactly
_FLOAT = np.float64


@dataclass(frozen=True, slots=True)
class Broken:
    """What is broken in which column (None: in whole rows), in which share of the rows, and the fact in a sentence."""

    kind: FaultKind
    column: str | None
    share: float
    text: str


class Tolerance(NamedTuple):
    """What is no fault: what chance brings with this probability, and this share of rows elsewhere, as on quiet days."""

    chance: float
    usual: float


class Unit(NamedTuple):
    """A change of unit: values become ``factor * value + offset``; what that is in words."""

    factor: float
    offset: float
    words: str


def find_broken(name: str, reference: Sample, current: Sample, tolerance: Tolerance, *, absent: bool) -> Broken | None:
    """Return what is broken in a column, None where nothing is; the first that holds of what is asked in order of gravity.

    Args:
        name: the column's.
        reference: what was learned from.
        current: the window, sketched like it.
        tolerance: what is no fault.
        absent: the column was not delivered at all.
    """
    if absent:
        return Broken("vanished", name, 1.0, f"{name} was not delivered")
    asked: tuple[Callable[[str, Sample, Sample, Tolerance], Broken | None], ...] = (
        _nulls,
        _stuck,
        _unit,
        _vocabulary,
        _outside,
        _infinite,  # told however few, and so the last: one of them shall not hide that all others are in another unit
    )
    return next((broken for ask in asked if (broken := ask(name, reference, current, tolerance)) is not None), None)


def surely_more(count: int, rows: int, before: int, rows_before: int, *, chance: float) -> bool:
    """Return whether a share has grown more than chance explains: `count` of `rows` now, `before` of `rows_before` then.

    >>> surely_more(10, 100, 10, 1000, chance=0.001), surely_more(3, 100, 10, 1000, chance=0.001)
    (True, False)
    """
    from scipy.stats import beta, binom

    if count * rows_before <= before * rows or before >= rows_before:
        return False
    highest = float(beta.ppf(1 - chance / 2, before + 1, rows_before - before))
    return bool(binom.sf(count - 1, rows, highest) <= chance / 2)


def _nulls(name: str, reference: Sample, current: Sample, tolerance: Tolerance) -> Broken | None:
    now, before = current.column.missing, reference.column.missing
    share = current.missing - reference.missing
    if share - tolerance.usual < BROKEN_SHARE or not surely_more(
        now, current.rows, before, reference.rows, chance=tolerance.chance
    ):
        return None
    text = f"{name} is missing in {current.missing:.0%} of the rows, was {reference.missing:.0%}"
    return Broken("nulls", name, share, f"{name} is missing in every row" if now == current.rows else text)


def _infinite(name: str, reference: Sample, current: Sample, tolerance: Tolerance) -> Broken | None:
    if not (isinstance(reference.column, NumberSketch) and isinstance(current.column, NumberSketch)):
        return None
    now, before = current.column.infinite, reference.column.infinite
    first = now > 0 and not before  # no chance brings what was never there
    if not first and not surely_more(now, current.rows, before, reference.rows, chance=tolerance.chance):
        return None
    return Broken("infinite", name, now / current.rows, f"{name} is infinite in {now:,} of {current.rows:,} rows")


def _stuck(name: str, reference: Sample, current: Sample, tolerance: Tolerance) -> Broken | None:
    found = _only_value(reference, current)
    if found is None:
        return None
    value, known, before, known_before = found
    if before == known_before or known < 2 or not known_before:  # noqa: PLR2004 - one value is no proof
        return None
    from scipy.stats import beta

    highest = float(beta.ppf(1 - tolerance.chance / 2, before + 1, known_before - before))
    share = (1 - before / known_before) * known / current.rows
    if known * log(highest) > log(tolerance.chance / 2) or share - tolerance.usual < BROKEN_SHARE:
        return None
    return Broken("constant", name, share, f"{name} holds a single value, {value}, in {known:,} rows")


def _only_value(reference: Sample, current: Sample) -> tuple[str, int, int, int] | None:
    """Return the only value of a window, its rows, and how many rows of the reference have it, of how many with any."""
    match reference.column, current.column:
        case NumberSketch() as before, NumberSketch(low=low, high=high, infinite=0) as now if low is not None and low == high:
            cell = int(np.searchsorted(before.edges, low))
            return f"{low:g}", now.known, before.counts[cell], before.known
        case CategorySketch() as before, CategorySketch() as now:
            held = {level: rows for level, rows in (*now.counts.items(), *now.new.items()) if rows}
            if len(held) != 1 or now.other:
                return None
            (level, rows), known = next(iter(held.items())), reference.rows - before.missing
            return repr(level), rows, before.counts.get(level, 0), known
        case _:
            return None


def _unit(name: str, reference: Sample, current: Sample, tolerance: Tolerance) -> Broken | None:
    before, now = reference.column, current.column
    if not (isinstance(before, NumberSketch) and isinstance(now, NumberSketch)) or not (before.deviation and now.deviation):
        return None
    known_before, known_now = Sample(before.known, _complete(before)), Sample(now.known, _complete(now))
    chance_explains = critical_distance(known_before, known_now, chance=tolerance.chance)
    moved = distance(known_before, known_now)
    if moved - max(tolerance.usual, chance_explains) < BROKEN_SHARE:
        return None
    fitting = [(gap, unit) for unit in UNITS if (gap := _misfit(unit, before, now, chance_explains)) is not None]
    if not fitting:
        return None
    _, unit = min(fitting)
    return Broken("unit", name, moved * known_now.rows / current.rows, f"{name} came {unit.words}")


def _complete(column: NumberSketch) -> NumberSketch:
    return NumberSketch(column.edges, column.counts, 0, 0, column.low, column.high, column.total, column.squares)


def _misfit(unit: Unit, before: NumberSketch, now: NumberSketch, chance_explains: float) -> float | None:
    """Return how far a change of unit misses the window, 0 for not at all; None where it does not explain it."""
    expected = _size(unit, before)
    if expected is None or not now.deviation or not before.deviation:
        return None
    size = abs(log(_root_mean_square(now) / expected))
    spread = abs(log(now.deviation / (abs(unit.factor) * before.deviation)))
    far = not 1 / _FAR < unit.factor < _FAR
    shape = _shape_gap(unit, before, now)
    bounds = (log(1.5), log(3.0), max(chance_explains, 0.1)) if far else (log(1.05), log(1.15), chance_explains + 0.01)
    fits = size <= bounds[0] and spread <= bounds[1] and shape <= bounds[2]
    return size + spread + shape if fits else None


def _size(unit: Unit, before: NumberSketch) -> float | None:
    """Return the root mean square that the reference would have in another unit; None for none."""
    mean, square = before.total / before.known, before.squares / before.known
    expected = unit.factor**2 * square + 2 * unit.factor * unit.offset * mean + unit.offset**2
    return sqrt(expected) if expected > 0 else None


def _root_mean_square(column: NumberSketch) -> float:
    return sqrt(column.squares / column.known)


def _shape_gap(unit: Unit, before: NumberSketch, now: NumberSketch) -> float:
    """Return the greatest gap between the window's distribution and the reference's in another unit, at the reference's edges."""
    edges = np.array(before.edges, dtype=_FLOAT)
    expected = np.interp((edges - unit.offset) / unit.factor, edges, _reached(before), left=0.0, right=1.0)
    return float(np.abs(_reached(now) - expected).max())


def _reached(column: NumberSketch) -> npt.NDArray[np.float64]:
    return np.cumsum(np.array(column.counts, dtype=_FLOAT))[:-1] / column.known


def _vocabulary(name: str, reference: Sample, current: Sample, tolerance: Tolerance) -> Broken | None:
    before, now = reference.column, current.column
    if not (isinstance(before, CategorySketch) and isinstance(now, CategorySketch)):
        return None
    # Levels met once stand for those that were never met: their share is what new rows bring (Good, 1953).
    rare = before.other + sum(1 for rows in before.counts.values() if rows == 1)
    share = now.unknown / current.rows - rare / reference.rows
    if share - tolerance.usual < BROKEN_SHARE or not surely_more(
        now.unknown, current.rows, rare, reference.rows, chance=tolerance.chance
    ):
        return None
    example = f", for example {next(iter(now.new))!r}" if now.new else ""
    return Broken("vocabulary", name, share, f"{name} holds levels nobody has seen in {share:.0%} of the rows{example}")


def _outside(name: str, reference: Sample, current: Sample, tolerance: Tolerance) -> Broken | None:
    before, now = reference.column, current.column
    if not (isinstance(before, NumberSketch) and isinstance(now, NumberSketch)) or before.low is None:
        return None
    count = now.counts[0] + now.counts[-1]
    share = count / current.rows
    if share - tolerance.usual < _OUTSIDE_SHARE or not surely_more(count, current.rows, 0, reference.rows, chance=tolerance.chance):
        return None
    return Broken("range", name, share, f"{name} lies outside {before.low:g} to {before.high:g} in {share:.0%} of the rows")


def _units() -> tuple[Unit, ...]:
    factors = {
        10.0: "",
        100.0: "as hundredths or percent",
        1000.0: "as thousandths, such as metres for kilometres",
        1e6: "",
        60.0: "as seconds for minutes, or minutes for hours",
        3600.0: "as seconds for hours",
        24.0: "as hours for days",
        7.0: "as days for weeks",
        1.609344: "as kilometres for miles",
        2.54: "as centimetres for inches",
        3.2808399: "as feet for metres",
        2.2046226: "as pounds for kilograms",
    }
    larger = [Unit(factor, 0.0, _worded(f"{factor:g} times as large", hint)) for factor, hint in factors.items()]
    smaller = [
        Unit(1 / factor, 0.0, f"{factor:g} times as small: another unit" + (f" ({hint} turned round)" if hint else ""))
        for factor, hint in factors.items()
    ]
    warmth = [Unit(1.8, 32.0, "as Fahrenheit for Celsius"), Unit(1 / 1.8, -32 / 1.8, "as Celsius for Fahrenheit")]
    return (*larger, *smaller, *warmth)


def _worded(times: str, hint: str) -> str:
    return f"{times}: another unit" + (f" ({hint})" if hint else "")


UNITS = _units()
"""Changes of unit that are looked for."""
