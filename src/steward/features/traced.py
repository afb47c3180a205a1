"""What does a feature function do with its columns? Symbolic columns that write it down, for the row path to compile.

They take the calls that Polars and narwhals share. One that is not among them raises `Untraceable`, and the row path
leaves the feature to the frame.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import e
from typing import Any

import polars as pl

Int64 = pl.Int64()


class Untraceable(Exception):  # noqa: N818 - no fault of anyone's: the frame path does it
    """A column does what the row path has no words for; the text says what."""


def _left(kind: str) -> Callable[["Traced", object], "Traced"]:
    return lambda self, other: _step(kind, self, other)


def _right(kind: str) -> Callable[["Traced", object], "Traced"]:
    return lambda self, other: _step(kind, other, self)


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """One step of a computation: what is done, to which columns, with which settings.

    `kind` is an operator's name, a dotted method of a Polars expression (`dt.hour`), `column`, `literal` or a function
    of several columns (`coalesce`).
    """

    kind: str
    parts: tuple["Traced", ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """Return the method of that name, or the methods `dt` and `str`."""
        if name.startswith("__"):  # what Python asks of any object, such as to copy it
            raise AttributeError(name)
        return _Methods(self, f"{name}.") if name in ("dt", "str") else _Methods(self, "").__getattr__(name)

    __add__, __radd__ = _left("add"), _right("add")
    __sub__, __rsub__ = _left("sub"), _right("sub")
    __mul__, __rmul__ = _left("mul"), _right("mul")
    __truediv__, __rtruediv__ = _left("truediv"), _right("truediv")
    __floordiv__, __rfloordiv__ = _left("floordiv"), _right("floordiv")
    __mod__, __rmod__ = _left("mod"), _right("mod")
    __pow__, __rpow__ = _left("pow"), _right("pow")
    __and__, __rand__ = _left("and"), _right("and")
    __or__, __ror__ = _left("or"), _right("or")
    __xor__, __rxor__ = _left("xor"), _right("xor")
    __lt__, __le__ = _left("lt"), _left("le")
    __gt__, __ge__ = _left("gt"), _left("ge")
    __eq__, __ne__ = _left("eq"), _left("ne")  # type: ignore[assignment]

    def __neg__(self) -> "Traced":
        return _step("neg", self)

    def __invert__(self) -> "Traced":
        return _step("not", self)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a column is neither true nor false: use & | ~ and choose()")


def col(name: str) -> Traced:
    """Return a symbolic column."""
    return Traced("column", settings={"name": name})


def lit(value: object, dtype: pl.DataType | None = None) -> Traced:
    """Return the same value for every row."""
    made = Traced("literal", settings={"value": value})
    return made if dtype is None else _method("cast", made, dtype)


def when(condition: Traced) -> "_When":
    """Return the start of a choice: ``when(a).then(b).otherwise(c)``."""
    return _When(condition)


def coalesce(*columns: object) -> Traced:
    """Return the first value that is not null."""
    return _step("coalesce", *columns)


def min_horizontal(*columns: object) -> Traced:
    """Return the smallest value, passing over nulls."""
    return _step("min_horizontal", *columns)


def max_horizontal(*columns: object) -> Traced:
    """Return the greatest value, passing over nulls."""
    return _step("max_horizontal", *columns)


def concat_str(columns: Sequence[object], *, separator: str = "") -> Traced:
    """Return text put together; null where a part is."""
    return Traced("concat_str", tuple(map(as_step, columns)), {"separator": separator})


def as_step(value: object) -> Traced:
    """Return a symbolic column as it is, and a plain value as a literal."""
    return value if isinstance(value, Traced) else lit(value)


def every_step(last: Traced) -> Iterator[Traced]:
    """Yield each step once, those it is made from first; however deep, for a chain of codes is as deep as it is long."""
    done: set[int] = set()
    todo: list[tuple[Traced, bool]] = [(last, False)]
    while todo:
        step, is_ready = todo.pop()
        if id(step) in done:
            continue
        if is_ready:
            done.add(id(step))
            yield step
        else:
            todo += [(step, True), *((part, False) for part in reversed(step.parts))]


@dataclass(frozen=True, slots=True)
class _When:
    condition: Traced
    chosen: object = None

    def then(self, value: object) -> "_When":
        return _When(self.condition, _no_name(value))

    def otherwise(self, value: object) -> Traced:
        return _step("when", self.condition, self.chosen, _no_name(value))


@dataclass(frozen=True, slots=True)
class _Methods:
    of: Traced
    space: str

    def __getattr__(self, name: str) -> Callable[..., Traced]:
        kind = f"{self.space}{name}"
        if kind not in _PLAIN and kind not in _TOLD:
            raise Untraceable(f"the row path does not know .{kind}()")
        return lambda *given, **named: _method(kind, self.of, *given, **named)


_NOTHING: Any = object()  # a setting without a default

_PLAIN = {
    *("abs", "ceil", "floor", "sqrt", "exp", "sin", "cos", "arcsin"),
    *("is_null", "is_not_null", "is_nan", "is_finite"),
    *("dt.year", "dt.month", "dt.day", "dt.weekday", "dt.ordinal_day", "dt.date"),
    *("dt.hour", "dt.minute", "dt.second", "dt.millisecond", "dt.microsecond", "dt.nanosecond"),
    *("dt.total_minutes", "dt.total_seconds", "dt.total_milliseconds", "dt.total_microseconds"),
    *("str.to_lowercase", "str.to_uppercase", "str.len_chars"),
}
"""Methods that are told nothing."""

_TOLD: Mapping[str, Mapping[str, Any]] = {
    "log": {"base": e},
    "round": {"decimals": 0},
    "clip": {"lower_bound": None, "upper_bound": None},
    "is_in": {"other": _NOTHING},
    "is_between": {"lower_bound": _NOTHING, "upper_bound": _NOTHING, "closed": "both"},
    "fill_null": {"value": _NOTHING},
    "fill_nan": {"value": _NOTHING},
    "cast": {"dtype": _NOTHING, "strict": True},
    "replace_strict": {"old": _NOTHING, "new": None, "default": _NOTHING, "return_dtype": None},
    "dt.truncate": {"every": _NOTHING},
    "str.strip_chars": {"characters": None},
    "str.contains": {"pattern": _NOTHING, "literal": False},
    "str.starts_with": {"prefix": _NOTHING},
    "str.ends_with": {"suffix": _NOTHING},
    "str.slice": {"offset": _NOTHING, "length": None},
    "str.head": {"n": 5},
    "str.tail": {"n": 5},
    "str.replace_all": {"pattern": _NOTHING, "value": _NOTHING, "literal": False},
    "str.to_datetime": {"format": None, "time_unit": None, "strict": True},
}
"""Methods with what they may be told, in order, and what holds otherwise."""

_TAKES_COLUMNS = {"clip", "fill_null", "is_between"}


def _step(kind: str, *parts: object) -> Traced:
    return Traced(kind, tuple(map(as_step, parts)))


def _method(kind: str, of: Traced, *given: object, **named: object) -> Traced:
    takes = _TOLD.get(kind, {})
    if len(given) > len(takes) or not named.keys() <= takes.keys():
        raise Untraceable(f"the row path does not know all that .{kind}() is told")
    settings = {**takes, **dict(zip(takes, given, strict=False)), **named}
    lacks = [name for name, value in settings.items() if value is _NOTHING]
    if lacks:
        raise Untraceable(f"the row path needs {lacks[0]} of .{kind}()")
    if kind == "is_between":
        return _between(of, settings)
    if kind == "is_not_null":
        return ~_method("is_null", of)
    if kind in _TAKES_COLUMNS:
        return Traced(kind, (of, *map(as_step, settings.values())))
    if any(isinstance(value, Traced) for value in settings.values()):
        raise Untraceable(f"the row path takes no columns in .{kind}()")
    return Traced(kind, (of,), {name: _frozen(value) for name, value in _paired(settings).items()})


def _paired(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    old = settings.get("old")
    return {**settings, "old": tuple(old), "new": tuple(old.values())} if isinstance(old, Mapping) else settings


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | set | frozenset | pl.Series) else value


def _between(of: Traced, settings: Mapping[str, Any]) -> Traced:
    closed = settings["closed"]
    above = _step("ge" if closed in ("both", "left") else "gt", of, settings["lower_bound"])
    return above & _step("le" if closed in ("both", "right") else "lt", of, settings["upper_bound"])


def _no_name(value: object) -> object:
    if isinstance(value, str):
        raise Untraceable("text after when() is a column's name to one engine: write choose()")
    return value
