"""Does the row path make of rows what the frame makes of them? Tried before it is used, on rows chosen to hurt."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import inf, isnan, nan
from typing import Any

import numpy as np
import polars as pl

from steward.features.program import Program
from steward.features.row.dtypes import BOOLEAN, DAY, FLOAT, RANGES, SPAN, TEXT, TIME
from steward.features.row.values import RowRefused, microseconds

_ROWS = 150
_SEED = 7
_NULLS = 0.1
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clock
_WHOLE = (
    0,
    1,
    2,
    3,
    -1,
    5,
    7,
    12,
    23,
    24,
    59,
    60,
    99,
    100,
    127,
    128,
    255,
    265,
    1445,
    2000,
    2023,
    2**31,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
)
_NUMBERS = (
    0.0,
    -0.0,
    0.5,
    1.5,
    2.5,
    -0.5,
    1e-9,
    0.1,
    0.3,
    1 / 3,
    40.7,
    -73.9,
    90.0,
    180.0,
    -180.0,
    1e6,
    1e300,
    -1e300,
    inf,
    -inf,
    nan,
)
_TEXTS = ("", "a", "B", "7", "-3", "+5", "007", "1445", "14:45", "12x", " 5 ", "2A", "é", "99999999999999999999", "true")
_TIMES = tuple(
    map(
        datetime.fromisoformat,
        (
            *(
                "1969-12-31T23:59:59.999999",
                "1970-01-01T00:00:00",
                "2000-02-29T12:30:15.5",
                "2023-12-31T23:59:59",
                "2024-07-04T05:00:00",
            ),
            *("2023-03-12T02:30:00", "2023-11-05T01:30:00", "2023-10-29T02:15:00", "1999-06-15T17:00:00", "2100-03-01T22:00:00"),
        ),
    )
)
_POOLS: Mapping[pl.DataType, tuple[Any, ...]] = {
    FLOAT: _NUMBERS,
    TEXT: _TEXTS,
    TIME: _TIMES,
    BOOLEAN: (True, False),
    DAY: tuple(time.date() for time in _TIMES),
}
_KINDS: Mapping[pl.DataType, type] = {FLOAT: float, TEXT: str, TIME: datetime, BOOLEAN: bool, DAY: date}

Row = Mapping[str, Any]


def first_difference(
    program: Program,
    row: Callable[[Row], Row],
    raw: Mapping[str, pl.DataType],
    types: Mapping[str, pl.DataType],
    literals: Sequence[object],
) -> str | None:
    """Return what the row path makes differently from the frame, or None.

    A row that the row path refuses is no difference: it goes the frame's way. A row that the frame refuses must be refused.

    Args:
        program: the frame's way.
        row: the row path, from raw values to the columns that the program makes.
        raw: types of the raw columns.
        types: types of the columns made.
        literals: values in the features, near which much changes.
    """
    frame = _rows(program, raw, literals)
    if not types:
        return None
    for given, expected in zip(frame.rows(named=True), _made(program, frame, list(types)), strict=True):
        try:
            made = row(given)
        except RowRefused:
            continue
        if expected is None:
            return f"the row path answers for {given}, which the frame refuses"
        for name, dtype in types.items():
            if not is_same(_physical(made[name], dtype), expected[name]):
                return f"column {name!r} is {expected[name]!r} in a frame and {made[name]!r} on the row path, for {given}"
    return None


def is_same(a: object, b: object) -> bool:
    """Return whether two values are of one type and equal to the last bit; NaN is NaN."""
    if isinstance(a, float) and isinstance(b, float):
        return (isnan(a) and isnan(b)) or (a == b and str(a) == str(b))
    return type(a) is type(b) and a == b


def _made(program: Program, frame: pl.DataFrame, names: list[str]) -> Sequence[Row | None]:
    try:
        return _values(program.run(frame).select(names))
    except Exception:  # noqa: BLE001 - whatever it is, the frame refuses some row
        return [_one(program, one, names) for one in frame.iter_slices(1)]


def _one(program: Program, frame: pl.DataFrame, names: list[str]) -> Row | None:
    try:
        return _values(program.run(frame).select(names))[0]
    except Exception:  # noqa: BLE001 - whatever it is, the frame refuses this row
        return None


def _values(made: pl.DataFrame) -> list[dict[str, Any]]:
    return made.with_columns(pl.selectors.temporal().to_physical()).rows(named=True)


def _physical(value: Any, dtype: pl.DataType) -> Any:
    if value is None or dtype == SPAN:
        return value
    if dtype == TIME:
        return microseconds(value - _EPOCH)
    return (value - _EPOCH.date()).days if dtype == DAY else value


def _rows(program: Program, raw: Mapping[str, pl.DataType], literals: Sequence[object]) -> pl.DataFrame:
    draw = np.random.default_rng(_SEED)
    columns = {}
    for name, dtype in raw.items():
        pool = [*_pool(dtype, literals), *_keys(program, name, dtype)]
        picks = draw.integers(0, len(pool), _ROWS)
        drawn = [pool[pick] for pick in picks] if dtype != FLOAT else _some_drawn(draw, [pool[pick] for pick in picks])
        columns[name] = pl.Series(
            name, [None if hole else x for hole, x in zip(draw.random(_ROWS) < _NULLS, drawn, strict=True)], dtype
        )
    return pl.DataFrame(columns)


def _some_drawn(draw: np.random.Generator, picked: list[float]) -> list[float]:
    """Put ordinary numbers, coordinates among them, in the place of half."""
    ordinary = draw.normal(size=len(picked)) * 10.0 ** draw.integers(-3, 4, len(picked))
    return [float(x) if place % 2 else pick for place, (x, pick) in enumerate(zip(ordinary, picked, strict=True))]


def _pool(dtype: pl.DataType, literals: Sequence[object]) -> list[Any]:
    if dtype in RANGES:
        low, high = RANGES[dtype]
        near = [int(x) + step for x in literals if isinstance(x, int | float) and abs(x) < 2**60 for step in (-1, 0, 1)]
        return [x for x in (*_WHOLE, *near) if low <= x <= high]
    kind = _KINDS[dtype]
    found = [x for x in literals if type(x) is kind]
    if dtype == FLOAT:
        found = [float(x) for x in literals if isinstance(x, int | float) and not isinstance(x, bool)]
    return [*_POOLS[dtype], *found, *(_a_moment(x) for x in found if type(x) is datetime)]


def _a_moment(time: datetime) -> datetime:
    return time + timedelta(microseconds=1)


def _keys(program: Program, name: str, dtype: pl.DataType) -> list[Any]:
    """Return keys of the lookups that a raw column refers to, twice over."""
    return [
        key
        for lookup in program.lookups
        for column, its in zip(lookup.columns, lookup.keys, strict=True)
        if column == name and lookup.table.schema[its] == dtype
        for key in lookup.table[its].drop_nulls().head(_ROWS).to_list() * 2
    ]
