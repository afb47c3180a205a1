"""How is a value written in the source of the row path, and as another type?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any

import polars as pl

from steward.features.row.dtypes import BOOLEAN, DAY, FLOAT, NULL, RANGES, SPAN, TEXT, TIME
from steward.features.row.values import microseconds
from steward.features.traced import Untraceable

_COMPUTED: Any = object()  # the value of a term that is no literal

_LITERALS: Mapping[type, pl.DataType] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: pl.Int64(),
    float: FLOAT,
    str: TEXT,
    datetime: TIME,
    date: DAY,
    timedelta: SPAN,
}


@dataclass(frozen=True, slots=True)
class Term:
    """A value of the source: the name or literal it is written as, its type, and whether it may be None."""

    text: str
    dtype: pl.DataType
    nullable: bool
    value: Any = _COMPUTED

    @property
    def is_literal(self) -> bool:
        """Whether it stands in the source as it is."""
        return self.value is not _COMPUTED


@dataclass(frozen=True, slots=True)
class Code:
    """A Python expression, and whether it may be None."""

    text: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step to be written: what it is made of, with which settings, the type Polars gives it, where constants are kept."""

    kind: str
    parts: Sequence[Term]
    settings: Mapping[str, Any]
    dtype: pl.DataType
    keep: Callable[[object], str]

    def where_known(self, text: str, *, may_be_none: bool = False) -> Code:
        """Return an expression that is None where a part is."""
        unknown = [f"{part.text} is None" for part in self.parts if part.nullable]
        if not unknown:
            return Code(f"({text})", may_be_none)
        return Code(f"(None if {' or '.join(dict.fromkeys(unknown))} else {text})", nullable=True)


def literal(value: Any, keep: Callable[[object], str]) -> Term:
    """Return a term for a plain value.

    Raises:
        Untraceable: no column holds such a value, or none of 64 bits.
    """
    dtype = _LITERALS.get(type(value))
    if dtype is None:
        raise Untraceable(f"the row path does not know values of type {type(value).__name__}")
    if type(value) is int and not RANGES[dtype][0] <= value <= RANGES[dtype][1]:
        raise Untraceable(f"{value} does not fit into 64 bits")
    if type(value) is datetime and value.tzinfo is not None:
        raise Untraceable("the row path knows no time zones")
    plain = microseconds(value) if type(value) is timedelta else value
    return Term(_written(plain, keep), dtype, nullable=value is None, value=plain)


def converted(term: Term, dtype: pl.DataType) -> str:  # noqa: PLR0911 - one for each pair of types
    """Return a term, which is not None, as Polars converts it by itself to the common type of an operation.

    Raises:
        Untraceable: the row path does not know this conversion.
    """
    if term.dtype == NULL:
        return "None"
    if term.dtype == dtype:
        return term.text
    if term.is_literal and dtype in RANGES and type(term.value) in (int, bool):
        low, high = RANGES[dtype]
        if low <= term.value <= high:
            return repr(int(term.value))
    elif term.is_literal and dtype == FLOAT and type(term.value) in (int, bool):
        return repr(float(term.value))
    elif term.dtype == BOOLEAN and dtype in RANGES:
        return f"int({term.text})"
    elif dtype == FLOAT and (term.dtype in RANGES or term.dtype == BOOLEAN):
        return f"float({term.text})"
    elif term.dtype in RANGES and dtype in RANGES and _holds(dtype, term.dtype):
        return term.text
    raise Untraceable(f"the row path does not convert {term.dtype} to {dtype}")


def chosen(term: Term, dtype: pl.DataType) -> str:
    """Return a term that may be None as another type."""
    text = converted(term, dtype)
    return text if text in (term.text, "None") or not term.nullable else f"(None if {term.text} is None else {text})"


def _holds(wide: pl.DataType, narrow: pl.DataType) -> bool:
    return RANGES[wide][0] <= RANGES[narrow][0] and RANGES[narrow][1] <= RANGES[wide][1]


def _written(value: Any, keep: Callable[[object], str]) -> str:
    if isinstance(value, float) and not isfinite(value):
        return keep(value)
    if isinstance(value, int | float) and value < 0:
        return f"({value!r})"
    return repr(value) if value is None or isinstance(value, bool | int | float | str) else keep(value)
