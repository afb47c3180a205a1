"""What does Polars make of one value? Its rules in plain Python, where Python's own are others.

Null is None and never comes in here unless a function says so. What cannot be said for certain is refused, and the frame
is asked.
"""

import operator
import re
from datetime import date, datetime, timedelta
from math import asin, copysign, cos, exp, inf, isfinite, isnan, log, nan, pow, sin, sqrt  # noqa: A004 - the C library's, as Polars calls it
from typing import Any, TypeVar

_T = TypeVar("_T")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ALL_WHOLE = 2.0**52  # from here on every float is a whole number
_LEAP_SECOND = 60


class RowRefused(Exception):  # noqa: N818 - no fault: the frame path answers, or says what is wrong
    """The row path does not answer for this row; the frame path does, or says what is wrong with it."""


def wrap(value: int, low: int, span: int) -> int:
    """Return what is left of a whole number in the bits of its type."""
    return (value - low) % span + low


def divide(a: float, b: float) -> float:
    """Return a / b; infinite or NaN where b is 0."""
    if b:
        return a / b
    return nan if a == 0 or isnan(a) else copysign(inf, a) * copysign(1.0, b)


def floor(x: float) -> float:
    """Return the greatest whole number not above x."""
    return x if not -_ALL_WHOLE < x < _ALL_WHOLE or x == 0 else float(x // 1)


def ceil(x: float) -> float:
    """Return the smallest whole number not below x."""
    return -floor(-x)


def rounded(x: float, scale: float) -> float:
    """Return x rounded to whole parts of 1 / scale, halves to the even one."""
    scaled = x * scale
    if not isfinite(scaled):
        return x
    return copysign(float(round(scaled)), scaled) / scale


def power(a: float, b: float) -> float:
    """Return a to the power b as the C library has it."""
    try:
        return pow(a, b)
    except OverflowError:
        return -inf if a < 0 and b % 2 == 1 else inf
    except ValueError:
        return (copysign(inf, a) if b % 2 == 1 else inf) if a == 0 else nan


def root(x: float) -> float:
    """Return the square root; NaN below 0."""
    return nan if x < 0 else sqrt(x)


def logarithm(x: float) -> float:
    """Return the natural logarithm; -infinite at 0, NaN below."""
    return log(x) if x > 0 else -inf if x == 0 else nan


def exponential(x: float) -> float:
    """Return e to the power x; infinite where it is too large."""
    try:
        return exp(x)
    except OverflowError:
        return inf


def sine(x: float) -> float:
    """Return the sine; NaN of what is infinite."""
    return sin(x) if isfinite(x) else nan


def cosine(x: float) -> float:
    """Return the cosine; NaN of what is infinite."""
    return cos(x) if isfinite(x) else nan


def arcsine(x: float) -> float:
    """Return the arcsine; NaN outside of -1 to 1."""
    return asin(x) if -1 <= x <= 1 else nan


def extreme(values: tuple[Any, ...], sign: int) -> Any:
    """Return the smallest (-1) or greatest (1) of some values of one type, passing over None, and NaN while there are others."""
    known = [value for value in reversed(values) if value is not None]  # the last of equals: -0.0 and 0.0 are
    numbers = [value for value in known if not (isinstance(value, float) and isnan(value))]
    if not numbers:
        return nan if known else None
    return min(numbers) if sign < 0 else max(numbers)


def truncated(value: int, unit: int) -> int:
    """Return how many whole units, counted towards 0."""
    return value // unit if value >= 0 else -(-value // unit)


def microseconds(span: timedelta) -> int:
    """Return a span in microseconds."""
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def ordinal_day(day: date) -> int:
    """Return the number of the day in its year, from 1."""
    return day.timetuple().tm_yday


def fitting(value: int, low: int, high: int, *, strict: bool) -> int | None:
    """Return a whole number that its type can hold; None, or a refusal if strict, for another."""
    return _cast(value if low <= value <= high else None, strict=strict)


def whole_of_float(x: float, low: int, high: int, *, strict: bool) -> int | None:
    """Return a float without its fraction; None, or a refusal if strict, where the type cannot hold it."""
    return _cast(int(x) if isfinite(x) and low <= int(x) <= high else None, strict=strict)


def whole_of_text(text: str, low: int, high: int, *, strict: bool) -> int | None:
    """Return text as a whole number; None, or a refusal if strict, where it is none."""
    is_whole = _WHOLE.fullmatch(text) and low <= int(text) <= high
    return _cast(int(text) if is_whole else None, strict=strict)


def number_of_text(text: str) -> float:
    """Return text as a number."""
    if not _DECIMAL.fullmatch(text):
        raise RowRefused("text that may be no number")
    return float(text)


def time_of_text(text: str, pattern: re.Pattern[str], *, strict: bool) -> datetime | None:
    """Return text as a time, by a pattern with one group for each of a time's parts."""
    found = pattern.fullmatch(text)
    if not found:
        raise RowRefused("text that may be no time")
    parts = {name: int(part) for name, part in found.groupdict().items()}
    if parts["year"] == 0 or parts.get("second") == _LEAP_SECOND:
        raise RowRefused("a time that Python does not have")
    try:
        return datetime(**parts)  # type: ignore[arg-type] # noqa: DTZ001 - wall clock
    except ValueError:
        return _cast(None, strict=strict)


def plain(text: str) -> str:
    """Return text whose letters every library agrees on."""
    if not text.isascii():
        raise RowRefused("letters beyond ASCII")
    return text


def read_whole(value: Any, low: int, high: int) -> int | None:
    """Return an input as a whole number of its type, or None."""
    if value is None:
        return None
    if isinstance(value, bool):
        raise RowRefused("a truth value for a whole number")
    whole = operator.index(value)
    if not low <= whole <= high:
        raise RowRefused("a whole number that its type cannot hold")
    return whole


def read_number(value: Any) -> float | None:
    """Return an input as a number, or None."""
    if value is None:
        return None
    if isinstance(value, bool | str):
        raise RowRefused(f"{type(value).__name__} for a number")
    return float(value)


def read_time(value: Any) -> datetime | None:
    """Return an input as a time without a zone, or None; text is read as ISO 8601."""
    if value is None:
        return None
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    if type(time) is not datetime or time.tzinfo is not None:
        raise RowRefused("no time without a zone")
    return time


def read_exactly(value: Any, kind: type) -> Any:
    """Return an input that is of one type, or None."""
    if value is not None and type(value) is not kind:
        raise RowRefused(f"{type(value).__name__} for {kind.__name__}")
    return value


def _cast(value: _T | None, *, strict: bool) -> _T | None:
    if value is None and strict:
        raise RowRefused("a value that cannot be cast")
    return value
