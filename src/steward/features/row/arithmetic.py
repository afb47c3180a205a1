"""How is a number computed from numbers, as Polars does it: wrapping, dividing, rounding?"""

from collections.abc import Callable, Mapping
from math import copysign, e, inf, isnan, log

from steward.features.row.dtypes import FLOAT, RANGES, SPAN, TEXT, TIME
from steward.features.row.term import Code, Step, Term, converted
from steward.features.traced import Untraceable

_LARGEST_PRODUCT = 8  # a whole exponent up to here is multiplied out
_LARGEST_WHOLE_EXPONENT = 64


def add_or_subtract(step: Step) -> Code:
    """Write + or - of numbers, texts, times and spans of time."""
    a, b = step.parts
    sign = "+" if step.kind == "add" else "-"
    if step.dtype == SPAN and sign == "-" and {a.dtype, b.dtype} <= {TIME}:
        return step.where_known(f"microseconds({a.text} - {b.text})")
    if step.dtype == TIME and a.dtype == TIME and b.dtype == SPAN:
        return step.where_known(f"{a.text} {sign} timedelta(microseconds={b.text})")
    if step.dtype == SPAN and a.dtype == b.dtype == SPAN:
        return step.where_known(f"{a.text} {sign} {b.text}")
    if step.dtype == TEXT and sign == "+":
        return step.where_known(f"{converted(a, TEXT)} + {converted(b, TEXT)}")
    return _in_its_type(step, f"{_number(step, a)} {sign} {_number(step, b)}")


def multiply(step: Step) -> Code:
    """Write a product."""
    a, b = step.parts
    return _in_its_type(step, f"{_number(step, a)} * {_number(step, b)}")


def divide(step: Step) -> Code:
    """Write a division: by a literal it is a product with its inverse, as Polars has it for a column of numbers."""
    a, b = step.parts
    if step.dtype != FLOAT:
        raise Untraceable(f"the row path does not divide {a.dtype} by {b.dtype}")
    return step.where_known(_quotient(a, b, step))


def floor_divide(step: Step) -> Code:
    """Write a division rounded down; of whole numbers by 0 it is null."""
    a, b = step.parts
    if step.dtype == FLOAT:
        return step.where_known(f"floor({_quotient(a, b, step)})")
    return _whole_division(step, "//")


def modulo(step: Step) -> Code:
    """Write what is left of a division rounded down; of whole numbers by 0 it is null."""
    a, b = step.parts
    if step.dtype == FLOAT:
        divisor = converted(b, FLOAT)
        return step.where_known(f"{converted(a, FLOAT)} - {divisor} * floor({_quotient(a, b, step)})")
    return _whole_division(step, "%")


def raise_to_power(step: Step) -> Code:
    """Write a power; small whole exponents are multiplied out, which is what Polars does."""
    base, exponent = step.parts
    value = exponent.value if exponent.is_literal else None
    if step.dtype in RANGES:
        if base.is_literal or type(value) is not int or not 0 <= value <= _LARGEST_WHOLE_EXPONENT:
            raise Untraceable("the row path raises whole numbers to small whole powers only")
        return _in_its_type(step, f"{_number(step, base)} ** {value}")
    _only(step, FLOAT)
    if value is not None and float(value).is_integer() and value > 1:
        if value > _LARGEST_PRODUCT:
            raise Untraceable(f"the row path raises numbers to whole powers up to {_LARGEST_PRODUCT} only")
        return step.where_known(" * ".join([converted(base, FLOAT)] * int(value)))
    if value == 0.5:  # noqa: PLR2004 - the root
        return step.where_known(f"root({converted(base, FLOAT)})")
    return step.where_known(f"power({converted(base, FLOAT)}, {converted(exponent, FLOAT)})")


def negate(step: Step) -> Code:
    """Write -x."""
    (x,) = step.parts
    if step.dtype in RANGES and RANGES[step.dtype][0] == 0:
        raise Untraceable("the row path does not negate numbers without a sign")
    return step.where_known(f"-{x.text}") if step.dtype == SPAN else _in_its_type(step, f"-{_number(step, x)}")


def absolute(step: Step) -> Code:
    """Write the size of a number."""
    (x,) = step.parts
    return _in_its_type(step, f"abs({_number(step, x)})")


def round_number(step: Step) -> Code:
    """Write floor, ceil and round; whole numbers are so already."""
    (x,) = step.parts
    decimals = step.settings.get("decimals", 0)
    if x.dtype in RANGES and decimals >= 0:
        return Code(x.text, x.nullable)
    _only(step, FLOAT)
    if step.kind == "round":
        return step.where_known(f"rounded({x.text}, {float(10**decimals)!r})")
    return step.where_known(f"{step.kind}({x.text})")


def of_a_number(name: str) -> Callable[[Step], Code]:
    """Return what writes a function of one number."""

    def write(step: Step) -> Code:
        _only(step, FLOAT)
        return step.where_known(f"{name}({converted(step.parts[0], FLOAT)})")

    return write


def logarithm(step: Step) -> Code:
    """Write a logarithm to a base."""
    base = step.settings["base"]
    _only(step, FLOAT)
    scale = "" if base == e else f" / {log(base)!r}"
    return step.where_known(f"logarithm({converted(step.parts[0], FLOAT)}){scale}")


def clip(step: Step) -> Code:
    """Write a number kept between two literals."""
    x, low, high = step.parts
    if not all(bound.is_literal for bound in (low, high)) or step.dtype not in {*RANGES, FLOAT} or x.dtype != step.dtype:
        raise Untraceable("the row path clips numbers at literals only")
    text = x.text
    for bound, sign in ((high, ">"), (low, "<")):
        if bound.value is not None:
            value = converted(bound, x.dtype)
            text = f"{value} if {x.text} {sign} {value} else {text}"
    return Code(f"(None if {x.text} is None else {text})" if x.nullable else f"({text})", x.nullable)


def is_nan(step: Step) -> Code:
    """Write whether a number is none."""
    (x,) = step.parts
    return step.where_known(f"{x.text} != {x.text}")


def is_finite(step: Step) -> Code:
    """Write whether a number is neither infinite nor NaN."""
    (x,) = step.parts
    return step.where_known(f"isfinite({converted(x, FLOAT)})")


def fill_nan(step: Step) -> Code:
    """Write a number in the place of NaN; None for null."""
    (x,), value = step.parts, step.settings["value"]
    _only(step, FLOAT)
    if not (value is None or type(value) in (int, float)):
        raise Untraceable("the row path fills NaN with a number or null only")
    filled = None if value is None else float(value)
    return Code(f"({step.keep(filled)} if {x.text} != {x.text} else {x.text})", x.nullable or value is None)


def _in_its_type(step: Step, text: str) -> Code:
    """Whole numbers wrap around where their type ends."""
    if step.dtype == FLOAT:
        return step.where_known(text)
    low, high = RANGES[step.dtype]
    return step.where_known(f"t if {low} <= (t := {text}) <= {high} else wrap(t, {low}, {high - low + 1})")


def _number(step: Step, part: Term) -> str:
    if step.dtype not in RANGES and step.dtype != FLOAT:
        raise Untraceable(f"the row path does not compute {step.kind} to {step.dtype}")
    return converted(part, step.dtype)


def _quotient(a: Term, b: Term, step: Step) -> str:
    if not b.is_literal or b.value is None:
        return f"divide({converted(a, FLOAT)}, {converted(b, FLOAT)})"
    if a.is_literal or isnan(b.value):
        raise Untraceable("the row path does not divide one literal by another, nor by NaN")
    inverse = 1 / b.value if b.value else copysign(inf, b.value)
    return f"{converted(a, FLOAT)} * {step.keep(inverse)}"


def _whole_division(step: Step, sign: str) -> Code:
    a, b = (_number(step, part) for part in step.parts)
    divisor = step.parts[1]
    if divisor.is_literal and divisor.value:
        return _in_its_type(step, f"{a} {sign} {b}")
    low, high = RANGES[step.dtype]
    wrapped = f"t if {low} <= (t := {a} {sign} {b}) <= {high} else wrap(t, {low}, {high - low + 1})"
    return step.where_known(f"None if {b} == 0 else {wrapped}", may_be_none=True)


def _only(step: Step, dtype: object) -> None:
    if step.dtype != dtype:
        raise Untraceable(f"the row path does not compute {step.kind} to {step.dtype}")


WRITERS: Mapping[str, Callable[[Step], Code]] = {
    "add": add_or_subtract,
    "sub": add_or_subtract,
    "mul": multiply,
    "truediv": divide,
    "floordiv": floor_divide,
    "mod": modulo,
    "pow": raise_to_power,
    "neg": negate,
    "abs": absolute,
    "floor": round_number,
    "ceil": round_number,
    "round": round_number,
    "sqrt": of_a_number("root"),
    "exp": of_a_number("exponential"),
    "sin": of_a_number("sine"),
    "cos": of_a_number("cosine"),
    "arcsin": of_a_number("arcsine"),
    "log": logarithm,
    "clip": clip,
    "is_nan": is_nan,
    "is_finite": is_finite,
    "fill_nan": fill_nan,
}
"""What each step on numbers is written by."""
