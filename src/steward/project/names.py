"""Which names in a project file lead nowhere? Read from the file as it is, so that no other mistake hides these."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from string import Formatter
from typing import Any

from pydantic import ValidationError

from steward.core.errors import Fault, did_you_mean
from steward.core.tasks import RULES
from steward.project.document import Document, Place
from steward.project.expression import parse
from steward.project.sources import LookupSpec
from steward.project.spec import ProjectSpec

Named = Iterator[tuple[Place, Any]]


def name_faults(document: Document, columns: Collection[str], functions: Collection[str]) -> list[Fault]:
    """Return a fault for each column, feature or metric that nothing makes or measures.

    Columns and features are those of the dictionary, features.py and the lookups, metrics those of the task.

    Args:
        document: the project file; parts of another shape than declared are passed over, they have faults of their own.
        columns: canonical names of the dictionary.
        functions: public functions of features.py.
    """
    value, made = document.value, {*columns, *functions}
    faults = _unknown(document, _targets(value), made)
    faults += _unknown(document, _times(value), made)
    faults += _unknown(document, _of_source(value), columns)
    faults += _unknown(document, _rules(value, "checks"), made)
    faults += _unknown(document, _rules(value, "cleaning"), columns)
    faults += _unknown(document, _joins(value), columns)
    faults += _unknown(document, _metrics(value), _known_metrics(value))
    joined = _joined(value)
    if joined is not None:
        made |= joined | _mapping(value.get("fitted")).keys()
        faults += _unknown(document, _items(value, ("features",)), made)
        faults += _unknown(document, _fitted(value), made)
        faults += _unknown(document, _beside(value), made)
    return faults


def pattern_faults(document: Document) -> list[Fault]:
    """Return a fault for each pattern or address of the source that cannot be filled in."""
    source = _mapping(document.value.get("source"))
    known = {"period", *_mapping(source.get("variables"))}
    patterns = [*_items(source, ("source", "files")), (("source", "url"), source.get("url"))]
    for key, table in _mapping(source.get("tables")).items():
        place = ("source", "tables", key)
        patterns += [*_items(_mapping(table), (*place, "files")), ((*place, "url"), _mapping(table).get("url"))]
    return [
        Fault("PROJ-009", what, (document.where(place),), fix=fix)
        for place, pattern in patterns
        if isinstance(pattern, str)
        for what, fix in _gaps(pattern, known)
    ]


def _gaps(pattern: str, known: Collection[str]) -> list[tuple[str, str]]:
    try:
        names = [name for _, name, _, _ in Formatter().parse(pattern) if name is not None]
    except ValueError:
        return [(f"{pattern!r} has a brace too many or too few", "write a variable as  {period}")]
    return [
        (f"{pattern!r} names {name!r}, which is not under source.variables", did_you_mean(name, known))
        for name in names
        if name not in known
    ]


def _unknown(document: Document, named: Named, known: Collection[str]) -> list[Fault]:
    return [
        Fault(
            "PROJ-007",
            f"{'.'.join(str(part) for part in place)}: nothing is called {name!r}",
            (document.where(place),),
            fix=did_you_mean(name, known),
        )
        for place, name in named
        if isinstance(name, str) and name not in known
    ]


def _targets(value: Mapping[str, Any]) -> Named:
    yield ("target",), value.get("target")


def _metrics(value: Mapping[str, Any]) -> Named:
    if _known_metrics(value):
        yield ("gate", "metric"), _mapping(value.get("gate")).get("metric")


def _known_metrics(value: Mapping[str, Any]) -> Collection[str]:
    """Return the metrics that may decide the task; none where the task itself is a mistake."""
    task = value.get("task")
    return RULES[task].metrics if task in RULES else ()  # type: ignore[index] # told by the condition


def _times(value: Mapping[str, Any]) -> Named:
    yield ("time",), value.get("time")


def _of_source(value: Mapping[str, Any]) -> Named:
    """Yield the columns by which the source's files and tables are put together."""
    source = _mapping(value.get("source"))
    if source.get("period_column") is not None:
        yield ("source", "period_column"), source["period_column"]
    for key, table in _mapping(source.get("tables")).items():
        yield from _items(_mapping(table), ("source", "tables", key, "on"))


def _rules(value: Mapping[str, Any], part: str) -> Named:
    """Yield what checks or cleaning rules look at."""
    for place, rule in _items(value, (part,)):
        if isinstance(rule, dict):
            yield (*place, "column"), rule.get("column")
            yield from _items(rule, (*place, "columns"))
            yield from _items(rule, (*place, "key"))
            yield from (((*place, "columns", name), name) for name in _mapping(rule.get("columns")))
            for key in ("rule", "where"):
                yield from (((*place, key), name) for name in _names_in(rule.get(key)))


def _names_in(text: Any) -> tuple[str, ...]:
    """Return the columns of a written rule; none where it is no rule, which is a fault of its own."""
    try:
        return parse(text).columns if isinstance(text, str) else ()
    except ValueError:
        return ()


def _fitted(value: Mapping[str, Any]) -> Named:
    """Yield what fitted columns read."""
    for key, column in _mapping(value.get("fitted")).items():
        place, spec = ("fitted", key), _mapping(column)
        yield from _items(spec, (*place, "by"))
        yield from _items(spec, (*place, "of"))
        if spec.get("kind") in ("bins", "impute", "scale", "typical"):
            yield (*place, "of"), spec.get("of")


def _beside(value: Mapping[str, Any]) -> Named:
    """Yield the columns by which training rows are weighed and figures told apart."""
    yield ("training", "weight"), _mapping(value.get("training")).get("weight")
    for part in ("training", "gate"):
        yield from _items(_mapping(value.get(part)), (part, "slices"))
    for place, allowed in _items(_mapping(value.get("leaks")), ("leaks", "allow")):
        yield from _items(_mapping(allowed), (*place, "columns"))


def _items(value: Mapping[str, Any], place: Place) -> Named:
    found = value.get(str(place[-1]))
    if isinstance(found, list):
        yield from (((*place, index), item) for index, item in enumerate(found))


def _joins(value: Mapping[str, Any]) -> Named:
    for key, lookup in _mapping(value.get("lookups")).items():
        for column in _mapping(_mapping(lookup).get("joins")):
            yield ("lookups", key, "joins", column), column


def _joined(value: Mapping[str, Any]) -> set[str] | None:
    """Return the columns that lookups add; None where a mistake in the lookups leaves it open."""
    misspelt = value.keys() - ProjectSpec.model_fields.keys()
    if "lookups" not in value and get_close_matches("lookups", misspelt, n=1):
        return None
    try:
        specs = [LookupSpec.model_validate(lookup) for lookup in _mapping(value.get("lookups")).values()]
    except ValidationError:
        return None
    return {column for spec in specs for column in spec.provides()}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
