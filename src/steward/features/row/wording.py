"""How are times taken apart, text cut and searched, and one type cast to another?"""

import re
from collections.abc import Callable, Mapping

from steward.features.row.dtypes import BOOLEAN, DAY, FLOAT, NULL, RANGES, SPAN, TEXT, TIME
from steward.features.row.term import Code, Step, Term, converted
from steward.features.traced import Untraceable

_OF_DAY = {
    "dt.year": "{x}.year",
    "dt.month": "{x}.month",
    "dt.day": "{x}.day",
    "dt.weekday": "{x}.isoweekday()",
    "dt.ordinal_day": "ordinal_day({x})",
}
_OF_TIME = {
    "dt.hour": "{x}.hour",
    "dt.minute": "{x}.minute",
    "dt.second": "{x}.second",
    "dt.millisecond": "{x}.microsecond // 1000",
    "dt.microsecond": "{x}.microsecond",
    "dt.nanosecond": "{x}.microsecond * 1000",
    "dt.date": "{x}.date()",
}
_OF_SPAN = {
    "dt.total_microseconds": "{x}",
    "dt.total_milliseconds": "truncated({x}, 1000)",
    "dt.total_seconds": "truncated({x}, 1000000)",
    "dt.total_minutes": "truncated({x}, 60000000)",
}
_OF_TEXT = {
    "str.len_chars": "len({x})",
    "str.to_lowercase": "plain({x}).lower()",
    "str.to_uppercase": "plain({x}).upper()",
}
_TRUNCATED = {
    "1d": "hour=0, minute=0, second=0, microsecond=0",
    "1h": "minute=0, second=0, microsecond=0",
    "1m": "second=0, microsecond=0",
    "1s": "microsecond=0",
}
_PARTS = {"Y": "year>[0-9]{4}", "m": "month>[0-9]{1,2}", "d": "day>[0-9]{1,2}"}
_PARTS |= {"H": "hour>[0-9]{1,2}", "M": "minute>[0-9]{1,2}", "S": "second>[0-9]{1,2}"}
_DATE = {"Y", "m", "d"}


def simple(step: Step) -> Code:
    """Write a part of a time, a span or a text."""
    (x,) = step.parts
    known = {TIME: _OF_DAY | _OF_TIME, DAY: _OF_DAY, SPAN: _OF_SPAN, TEXT: _OF_TEXT}.get(x.dtype, {})
    if step.kind not in known:
        raise Untraceable(f"the row path does not know .{step.kind}() of {x.dtype}")
    text = known[step.kind].format(x=x.text)
    return Code(x.text, x.nullable) if text == x.text else step.where_known(text)


def truncate(step: Step) -> Code:
    """Write a time without its smaller parts."""
    every = _TRUNCATED.get(step.settings["every"])
    if every is None or step.parts[0].dtype != TIME:
        raise Untraceable(f"the row path does not truncate to {step.settings['every']}")
    return step.where_known(f"{step.parts[0].text}.replace({every})")


def strip(step: Step) -> Code:
    """Write text without white space, or the characters given, at its ends."""
    characters = step.settings["characters"]
    if characters is None:
        return step.where_known(f"plain({_text(step)}).strip(' \\t\\n\\r\\x0b\\x0c')")
    return step.where_known(f"{_text(step)}.strip({step.keep(characters)})")


def search(step: Step) -> Code:
    """Write whether text holds, starts with or ends with another."""
    (wanted,) = (step.settings[name] for name in ("pattern", "prefix", "suffix") if name in step.settings)
    if step.kind == "str.contains":
        return step.where_known(f"{step.keep(_literally(step, wanted))} in {_text(step)}")
    method = {"str.starts_with": "startswith", "str.ends_with": "endswith"}[step.kind]
    return step.where_known(f"{_text(step)}.{method}({step.keep(_as_text(wanted))})")


def cut(step: Step) -> Code:
    """Write a piece of text."""
    told = step.settings
    if step.kind == "str.slice":
        start, length = told["offset"], told["length"]
    else:
        start, length = (0, told["n"]) if step.kind == "str.head" else (-told["n"], None)
    if not (type(start) is int and (length is None or type(length) is int)):
        raise Untraceable("the row path cuts text at whole numbers only")
    if (length is not None and (start < 0 or length < 0)) or (step.kind == "str.tail" and start >= 0):
        raise Untraceable("the row path cuts text from its start, or all from its end")
    return step.where_known(f"{_text(step)}[{start}:{'' if length is None else start + length}]")


def replace(step: Step) -> Code:
    """Write text with every place of one replaced by another."""
    old, new = _literally(step, step.settings["pattern"]), _as_text(step.settings["value"])
    if not old or ("$" in new and not step.settings["literal"]):
        raise Untraceable("the row path replaces plain text only")
    return step.where_known(f"{_text(step)}.replace({step.keep(old)}, {step.keep(new)})")


def to_datetime(step: Step) -> Code:
    """Write text as a time, of a format of numbers between other signs."""
    form = step.settings["format"]
    names = re.findall(r"%(.)", form or "")
    if not _DATE <= set(names) <= set(_PARTS) or len(names) != len(set(names)) or step.dtype != TIME:
        raise Untraceable(f"the row path does not read times like {form!r}")
    pieces = re.split(r"%(.)", form)
    if not all(piece and not re.search(r"\d", piece) for piece in pieces[2:-1:2]):
        raise Untraceable(f"the row path reads times only where signs stand between numbers, not like {form!r}")
    pattern = "".join(f"(?P<{_PARTS[piece]})" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces))
    return step.where_known(
        f"time_of_text({_text(step)}, {step.keep(re.compile(pattern))}, strict={bool(step.settings['strict'])})", may_be_none=True
    )


def concatenate(step: Step) -> Code:
    """Write text put together from text, whole numbers and truth values."""
    separator = f" + {step.keep(_as_text(step.settings['separator']))} + "
    return step.where_known(separator.join(_spelled(part) for part in step.parts))


def cast(step: Step) -> Code:  # noqa: PLR0911 - one for each pair of types
    """Write a value as another type; one that does not fit is null, or refused where the cast is strict."""
    (x,) = step.parts
    strict = bool(step.settings["strict"])
    if x.dtype == NULL:
        return Code("None", nullable=True)
    if step.dtype in RANGES and x.dtype in (FLOAT, TEXT, *RANGES):
        return _to_whole(step, x, strict=strict)
    if step.dtype == BOOLEAN and x.dtype in (FLOAT, *RANGES):
        return step.where_known(f"{x.text} != 0")
    if step.dtype == FLOAT and x.dtype == TEXT:
        return step.where_known(f"number_of_text({x.text})")
    if step.dtype == TEXT and (x.dtype in RANGES or x.dtype == BOOLEAN):
        return step.where_known(_spelled(x))
    if step.dtype == DAY and x.dtype == TIME:
        return step.where_known(f"{x.text}.date()")
    return step.where_known(converted(x, step.dtype))


def _to_whole(step: Step, x: Term, *, strict: bool) -> Code:
    low, high = RANGES[step.dtype]
    if x.dtype in RANGES and low <= RANGES[x.dtype][0] and RANGES[x.dtype][1] <= high:
        return Code(x.text, x.nullable)
    name = "whole_of_float" if x.dtype == FLOAT else "whole_of_text" if x.dtype == TEXT else "fitting"
    return step.where_known(f"{name}({x.text}, {low}, {high}, strict={strict})", may_be_none=not strict)


def _text(step: Step) -> str:
    if step.parts[0].dtype != TEXT:
        raise Untraceable(f"the row path does not know .{step.kind}() of {step.parts[0].dtype}")
    return step.parts[0].text


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        raise Untraceable(f"the row path takes text there, not {type(value).__name__}")
    return value


def _literally(step: Step, pattern: object) -> str:
    text = _as_text(pattern)
    if not step.settings["literal"] and re.search(r"[\\.^$*+?{}\[\]|()]", text):
        raise Untraceable("the row path knows no regular expressions")
    return text


def _spelled(part: Term) -> str:
    if part.dtype == TEXT:
        return part.text
    if part.dtype == BOOLEAN:
        return f"('true' if {part.text} else 'false')"
    if part.dtype in RANGES:
        return f"str({part.text})"
    raise Untraceable(f"the row path does not spell {part.dtype}")


WRITERS: Mapping[str, Callable[[Step], Code]] = {
    **dict.fromkeys((*_OF_DAY, *_OF_TIME, *_OF_SPAN, *_OF_TEXT), simple),
    "dt.truncate": truncate,
    "str.strip_chars": strip,
    "str.contains": search,
    "str.starts_with": search,
    "str.ends_with": search,
    "str.slice": cut,
    "str.head": cut,
    "str.tail": cut,
    "str.replace_all": replace,
    "str.to_datetime": to_datetime,
    "concat_str": concatenate,
    "cast": cast,
}
"""What each step on times and text is written by."""
