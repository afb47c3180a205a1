"""Which type does Polars give the result of one step? It is asked, on a frame that holds nothing."""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any

import polars as pl

from steward.features.traced import Traced, Untraceable

RANGES: Mapping[pl.DataType, tuple[int, int]] = {
    pl.Int8(): (-(2**7), 2**7 - 1),
    pl.Int16(): (-(2**15), 2**15 - 1),
    pl.Int32(): (-(2**31), 2**31 - 1),
    pl.Int64(): (-(2**63), 2**63 - 1),
    pl.UInt8(): (0, 2**8 - 1),
    pl.UInt16(): (0, 2**16 - 1),
    pl.UInt32(): (0, 2**32 - 1),
}
"""Types of whole numbers, with the least and the greatest."""

FLOAT, BOOLEAN, TEXT, NULL = pl.Float64(), pl.Boolean(), pl.String(), pl.Null()
TIME, SPAN, DAY = pl.Datetime("us"), pl.Duration("us"), pl.Date()
KNOWN = frozenset({*RANGES, FLOAT, BOOLEAN, TEXT, NULL, TIME, SPAN, DAY})
"""The types that the row path computes with."""

_OPERATORS: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "xor")},
    **{name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
    "when": lambda condition, then, otherwise: pl.when(condition).then(then).otherwise(otherwise),
    "coalesce": pl.coalesce,
    "min_horizontal": pl.min_horizontal,
    "max_horizontal": pl.max_horizontal,
    "concat_str": lambda *parts, separator: pl.concat_str(parts, separator=separator),
}


def dtype_of(step: Traced, parts: Sequence[pl.DataType | Traced]) -> pl.DataType:
    """Return the type of a step's result.

    Args:
        step: what is done.
        parts: to what: the type of a computed part, or the literal itself, whose type depends on its neighbour.

    Raises:
        Untraceable: Polars refuses the step, or its result is of a type that the row path does not know.
    """
    # 1, 1.0 and True are equal, and not the same literal.
    keys = tuple(
        (type(part.settings["value"]), part.settings["value"]) if isinstance(part, Traced) else (None, part) for part in parts
    )
    settings = tuple(step.settings.items())
    return _asked(step.kind, settings, keys, repr((settings, keys)))


@lru_cache(maxsize=4096)
def _asked(
    kind: str, settings: tuple[tuple[str, Any], ...], keys: tuple[tuple[type | None, Any], ...], _exactly: str
) -> pl.DataType:
    schema = {f"column_{place}": key for place, (literal, key) in enumerate(keys) if literal is None}
    parts = [pl.col(f"column_{place}") if literal is None else pl.lit(key) for place, (literal, key) in enumerate(keys)]
    try:
        made = _expression(kind, parts, dict(settings)).alias("made")
        dtype = pl.LazyFrame(schema=schema).select(made).collect_schema()["made"]
    except Exception as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Untraceable(f"Polars does not take {kind}: {first}") from error
    if dtype not in KNOWN:
        raise Untraceable(f"the row path does not compute with {dtype}")
    return dtype


def _expression(kind: str, parts: list[pl.Expr], settings: Mapping[str, Any]) -> pl.Expr:
    if kind in _OPERATORS:
        made: pl.Expr = _OPERATORS[kind](*parts, **settings)
        return made
    first, *others = parts
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    method = reduce(getattr, kind.split("."), first)
    called: pl.Expr = method(*others, **listed)  # type: ignore[operator]
    return called
