"""What is wrong with a row, said so that its sender can mend it: which field, why, what to write instead."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from steward.core.errors import Fault, did_you_mean
from steward.project.dictionary import ColumnSpec, DictionarySpec

_SHOWN_CHARS = 60
_EXPECTED: Mapping[str, str] = {
    "integer": "a whole number",
    "number": "a finite number",
    "text": "a text of at most 1000 characters",
    "boolean": "true or false",
    "datetime": "a date and time such as 2024-01-31T08:15:00",
}
_OUT_OF_RANGE = ("greater_than_equal", "less_than_equal")


def row_faults(error: ValidationError, path: str, dictionary: DictionarySpec, known: Collection[str], *, limit: int) -> list[Fault]:
    """Return one Fault for each mistake in one row, `limit` at most.

    Args:
        error: what pydantic found.
        path: how the row is called in the request, "" for the only one.
        dictionary: the project's columns, with their meanings, limits and examples.
        known: names that a row may hold.
        limit: how many are worth saying.
    """
    found = error.errors(include_url=False, include_context=False)[:limit]
    return [_fault(detail, path, dictionary, known) for detail in found]


def _fault(detail: ErrorDetails, path: str, dictionary: DictionarySpec, known: Collection[str]) -> Fault:
    if not detail["loc"]:
        what = "the row is not an object with a value for each column"
        return Fault("SERVE-035", what, (path,) if path else (), fix='write {"column": value, ...}')
    name = _readable(str(detail["loc"][0]))
    where = (f"{path}.{name}" if path else name,)
    if detail["type"] == "extra_forbidden":
        return _unknown(name, where, dictionary, known)
    column = dictionary.columns[name]
    if detail["type"] == "missing":
        return Fault("SERVE-031", f"{name} is missing", where, why=column.meaning, fix=f"add {_example(name, column)}")
    return _wrong_value(detail, name, where, column)


def _unknown(name: str, where: tuple[str, ...], dictionary: DictionarySpec, known: Collection[str]) -> Fault:
    if name in dictionary.columns:
        why = "it is known only after the event, so that no prediction may depend on it"
        return Fault("SERVE-030", f"{name} cannot be part of a request", where, why=why, fix=f"leave {name} out")
    meant = next((column for column in known if name in dictionary.columns[column].aliases), None)
    fix = f"write {meant!r}" if meant else did_you_mean(name, known)
    return Fault("SERVE-030", f"no column is called {name!r}", where, fix=fix)


def _wrong_value(detail: ErrorDetails, name: str, where: tuple[str, ...], column: ColumnSpec) -> Fault:
    shown = _shown(detail["input"])
    fix = f"write for example {_example(name, column)}"
    if detail["type"] in _OUT_OF_RANGE:
        return Fault(
            "SERVE-034", f"{name} is {shown}, outside of what it can be{_limits(column)}", where, why=column.meaning, fix=fix
        )
    if detail["type"] == "zoned_time":
        why = "times are the wall clock of the data's own zone"
        return Fault(
            "SERVE-036", f"{name} carries a time zone: {shown}", where, why=why, fix="write the local time without Z or offset"
        )
    if detail["type"] == "finite_number":
        return Fault("SERVE-033", f"{name} must be a finite number, not {shown}", where, fix=fix)
    return Fault("SERVE-032", f"{name} must be {_EXPECTED[column.type]}, not {shown}", where, why=column.meaning, fix=fix)


def _limits(column: ColumnSpec) -> str:
    low = "" if column.min is None else f" from {column.min:g}"
    high = "" if column.max is None else f" to {column.max:g}"
    return f" ({(low + high).strip()})" if low or high else " (64-bit whole numbers)"


def _example(name: str, column: ColumnSpec) -> str:
    value = "..." if column.example is None else json.dumps(column.example, ensure_ascii=False)
    return f'"{name}": {value}' + (f"  ({column.unit})" if column.unit else "")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return repr(_readable(value))
    return {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)


def _readable(text: str) -> str:
    """Cut it short, and spell what no encoding can carry."""
    cut = text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "..."
    return cut.encode("utf-8", "backslashreplace").decode()
