"""How are values compared, chosen, filled and translated, with a null that may be anything?"""

from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

import polars as pl

from steward.features.row.dtypes import BOOLEAN, FLOAT, NULL, RANGES, TEXT
from steward.features.row.term import Code, Step, Term, chosen, converted, literal
from steward.features.traced import Untraceable

_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

# NaN equals itself and is greater than every number; Python says neither.
_WITH_NAN = {
    "eq": "{a} == {b} or ({a} != {a} and {b} != {b})",
    "ne": "not ({a} == {b} or ({a} != {a} and {b} != {b}))",
    "lt": "{a} < {b} or ({b} != {b} and {a} == {a})",
    "le": "{a} <= {b} or {b} != {b}",
    "gt": "{a} > {b} or ({a} != {a} and {b} == {b})",
    "ge": "{a} >= {b} or {a} != {a}",
}
_PLAIN: Mapping[pl.DataType, type] = {FLOAT: float, TEXT: str, BOOLEAN: bool}
_RIGHT_IS_NUMBER = {"gt": "not {a} <= {b}", "ge": "not {a} < {b}"}
_LEFT_IS_NUMBER = {"lt": "not {a} >= {b}", "le": "not {a} > {b}"}


def compare(step: Step) -> Code:
    """Write a comparison; whole numbers become floats where the other side is one."""
    a, b = step.parts
    if NULL in (a.dtype, b.dtype):
        return Code("None", nullable=True)
    plain = f"{{a}} {_SIGNS[step.kind]} {{b}}"
    if FLOAT in (a.dtype, b.dtype):
        return step.where_known(_float_pattern(step.kind, a, b, plain).format(a=converted(a, FLOAT), b=converted(b, FLOAT)))
    if a.dtype != b.dtype and not (a.dtype in RANGES and b.dtype in RANGES):
        raise Untraceable(f"the row path does not compare {a.dtype} with {b.dtype}")
    return step.where_known(plain.format(a=a.text, b=b.text))


def both(step: Step) -> Code:
    """Write `and` of three values: false where one is, else null where one is."""
    a, b = _truths(step)
    if not (a.nullable or b.nullable):
        return Code(f"({a.text} and {b.text})", nullable=False)
    text = f"False if {a.text} is False or {b.text} is False else None if {a.text} is None or {b.text} is None else True"
    return Code(f"({text})", nullable=True)


def either(step: Step) -> Code:
    """Write `or` of three values: true where one is, else null where one is."""
    a, b = _truths(step)
    if not (a.nullable or b.nullable):
        return Code(f"({a.text} or {b.text})", nullable=False)
    text = f"True if {a.text} is True or {b.text} is True else None if {a.text} is None or {b.text} is None else False"
    return Code(f"({text})", nullable=True)


def one_of_two(step: Step) -> Code:
    """Write `xor`."""
    a, b = _truths(step)
    return step.where_known(f"{a.text} is not {b.text}")


def opposite(step: Step) -> Code:
    """Write `not`."""
    (a,) = _truths(step)
    return step.where_known(f"not {a.text}")


def choice(step: Step) -> Code:
    """Write one value where a condition is true, and another where it is false or null."""
    condition, then, otherwise = step.parts
    if condition.dtype != BOOLEAN:
        raise Untraceable(f"the row path does not choose by {condition.dtype}")
    text = f"({chosen(then, step.dtype)} if {condition.text} else {chosen(otherwise, step.dtype)})"
    return Code(text, then.nullable or otherwise.nullable)


def is_null(step: Step) -> Code:
    """Write whether a value is null."""
    (a,) = step.parts
    return Code(f"({a.text} is None)" if a.nullable else "False", nullable=False)


def first_known(step: Step) -> Code:
    """Write the first of some values that is not null."""
    *parts, last = step.parts
    text = chosen(last, step.dtype)
    for part in reversed(parts):
        text = (
            f"{converted(part, step.dtype)} if {part.text} is not None else {text}"
            if part.nullable
            else converted(part, step.dtype)
        )
    return Code(f"({text})", all(part.nullable for part in step.parts))


def extreme(step: Step) -> Code:
    """Write the smallest or the greatest of some values."""
    values = "".join(f"{chosen(part, step.dtype)}, " for part in step.parts)
    sign = -1 if step.kind == "min_horizontal" else 1
    return Code(f"extreme(({values}), {sign})", all(part.nullable for part in step.parts))


def is_in(step: Step) -> Code:
    """Write whether a value is one of some literals; null among them is none."""
    (a,) = step.parts
    values = _of_one_type(step.settings["other"], a.dtype)
    return step.where_known(f"{a.text} in {step.keep(frozenset(values))}")


def translate(step: Step) -> Code:
    """Write a code's meaning by a table; `default` for one that has none, and for null."""
    (a,), told = step.parts, step.settings
    olds, news = told["old"], told["new"]
    if news is None or len(olds) != len(news) or len(_of_one_type(olds, a.dtype)) != len(olds):
        raise Untraceable("the row path translates one code to one value, and null to none")
    table = {old: _constant(new, step) for old, new in zip(olds, news, strict=True)}
    default = _constant(told["default"], step)
    nullable = default is None or None in table.values()
    return Code(f"{step.keep(table)}.get({a.text}, {step.keep(default)})", nullable)


def _constant(value: Any, step: Step) -> Any:
    term = literal(value, step.keep)
    if term.dtype == step.dtype or value is None:
        return value
    if step.dtype == FLOAT and term.dtype in RANGES:
        return float(value)
    if step.dtype in RANGES and term.dtype in RANGES and RANGES[step.dtype][0] <= value <= RANGES[step.dtype][1]:
        return value
    raise Untraceable(f"the row path does not put {term.dtype} into {step.dtype}")


def _of_one_type(values: Sequence[Any], dtype: pl.DataType) -> list[Any]:
    """Return the values that are not null, all of a column's type: Polars does not look for others."""
    known = [value for value in values if value is not None]
    kind: type | None = int if dtype in RANGES else _PLAIN.get(dtype)
    if any(type(value) is not kind or (isinstance(value, float) and isnan(value)) for value in known) or kind is None:
        raise Untraceable(f"the row path does not look for these among {dtype}")
    return known


def _float_pattern(kind: str, a: Term, b: Term, plain: str) -> str:
    if _is_a_number(b):
        return _RIGHT_IS_NUMBER.get(kind, plain)
    return _LEFT_IS_NUMBER.get(kind, plain) if _is_a_number(a) else _WITH_NAN[kind]


def _is_a_number(term: Term) -> bool:
    """Whether it cannot be NaN."""
    return not isnan(term.value) if term.is_literal else term.dtype in RANGES


def _truths(step: Step) -> Sequence[Term]:
    if any(part.dtype != BOOLEAN for part in step.parts):
        raise Untraceable("the row path combines truth values only, not bits")
    return step.parts


WRITERS: Mapping[str, Callable[[Step], Code]] = {
    **dict.fromkeys(_SIGNS, compare),
    "and": both,
    "or": either,
    "xor": one_of_two,
    "not": opposite,
    "when": choice,
    "is_null": is_null,
    "fill_null": first_known,
    "coalesce": first_known,
    "min_horizontal": extreme,
    "max_horizontal": extreme,
    "is_in": is_in,
    "replace_strict": translate,
}
"""What each step on any values is written by."""
