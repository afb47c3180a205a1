"""How much is meant by the amount of a bend: a number, a share, a span of time, a change of units, a value of the column?"""

import re
from collections.abc import Mapping
from datetime import timedelta
from math import isfinite
from typing import Any

import polars as pl

from steward.core.errors import Fault, UsageError
from steward.project.bends import BENDS, Bend

_DURATION = re.compile(r"([-+]?\d+(?:\.\d+)?)(s|m|h|d|w)")
_LENGTHS: Mapping[str, timedelta] = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_LONGEST = timedelta(days=36_525)
_FAMILIES: tuple[Mapping[str, float], ...] = (
    {"mm": 0.001, "cm": 0.01, "m": 1.0, "km": 1000.0, "ft": 0.3048, "mi": 1609.344},
    {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0},
    {"g": 0.001, "kg": 1.0, "lb": 0.45359237, "t": 1000.0},
    {"cent": 0.01, "usd": 1.0, "eur": 1.0, "kusd": 1000.0},
    {"%": 0.01, "share": 1.0},
)
_WARMTH: Mapping[tuple[str, str], tuple[float, float]] = {("c", "f"): (1.8, 32.0), ("f", "c"): (1 / 1.8, -32 / 1.8)}


def read_number(bend: Bend, text: str | None = None) -> float:
    """Return a finite number, the whole amount or a part of it; UsageError SIM-014 where it is none."""
    text = bend.amount if text is None else text
    try:
        number = float(text)
    except ValueError:
        raise unreadable(bend, text) from None
    if not isfinite(number):
        raise unreadable(bend, text, "only finite numbers can be written down")
    return number


def read_share(bend: Bend, text: str | None = None) -> float:
    """Return a share, above 0 and at most 1; UsageError SIM-014 where it is none."""
    share = read_number(bend, text)
    if not 0 < share <= 1:
        raise unreadable(bend, bend.amount, "a share is above 0 and at most 1")
    return share


def read_duration(bend: Bend) -> timedelta:
    """Return a span of time such as ``90m`` or ``48h``; UsageError SIM-014 where it is none."""
    match = _DURATION.fullmatch(bend.amount)
    if match is None:
        raise unreadable(bend, bend.amount, "a span of time is a number and one of s, m, h, d, w")
    count, unit = float(match[1]), _LENGTHS[match[2]]
    if abs(count) > _LONGEST / unit:
        raise unreadable(bend, bend.amount, "a span of time is at most a hundred years")
    return count * unit


def read_units(bend: Bend) -> tuple[float, float]:
    """Return factor and offset of ``FROM-TO``.

    Raises:
        UsageError: SIM-014 one of them is unknown, or they measure different things.

    >>> read_units(Bend("unit", "distance_km", "km-m"))
    (1000.0, 0.0)
    """
    old, _, new = bend.amount.lower().partition("-")
    for family in _FAMILIES:
        if old in family and new in family:
            return family[old] / family[new], 0.0
    if (old, new) in _WARMTH:
        return _WARMTH[old, new]
    units = "; ".join(", ".join(family) for family in (*_FAMILIES, {"c": 1.0, "f": 1.0}))
    raise UsageError(
        Fault(
            "SIM-014", f"{bend.amount!r} is no change of units", (str(bend),), f"known units: {units}", f"write  {BENDS[bend.kind]}"
        )
    )


def value_like(column: pl.Series, text: str, where: str) -> Any:
    """Return a value as a column of its type holds it.

    Raises:
        UsageError: SIM-014 the text is none.
    """
    word = pl.Series([text.strip()])
    if isinstance(column.dtype, pl.Datetime):
        cast = word.str.to_datetime(strict=False, time_unit="us")
    elif column.dtype == pl.Boolean:
        cast = word.str.to_lowercase().replace_strict(["true", "false"], [True, False], default=None)
    else:
        cast = word.cast(column.dtype, strict=False)
    if cast[0] is None:
        what = f"{text!r} is no value of {column.name!r}"
        raise UsageError(Fault("SIM-014", what, (where,), f"the column holds {column.dtype}", "write a value it could hold"))
    return cast[0]


def unreadable(bend: Bend, text: str, why: str = "") -> UsageError:
    """Return the error for an amount that says nothing."""
    fix = f"write  {BENDS[bend.kind]}"
    return UsageError(Fault("SIM-014", f"{text!r} is no amount of a {bend.kind}", (str(bend),), why, fix))
