"""How does a wrong value become a message that tells its line and the right one?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from steward.core.errors import Fault, did_you_mean
from steward.project.document import Document, Place, line_of

_PASSWORD = re.compile(r"://[^@/\s]+@")
_WHY: Mapping[str, str] = {
    "model_type": "keys belong below it",
    "dict_type": "keys belong below it",
    "mapping_type": "keys belong below it",
    "tuple_type": "a list belongs here, each item after a dash",
    "string_type": "text belongs here; put quotes around what looks like something else",
}


def model_faults(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Fault]:
    """Return one fault for each mistake, in the order of lines."""
    faults: dict[tuple[str, ...], Fault] = {}
    for detail in _causes(error.errors()):
        fault = _fault(detail, document, model)
        alike = faults.get((fault.what, *fault.where))
        # Pydantic lists each type that a value might have had; it is one mistake.
        faults[fault.what, *fault.where] = fault if alike is None else replace(alike, why=f"{alike.why}, or: {fault.why}")
    return sorted(faults.values(), key=line_of)


def _causes(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what only follows from another mistake: a list that lost its wrong item, a key missing because it is misspelt."""
    places = [detail["loc"] for detail in details]
    misspelt = [loc for detail, loc in zip(details, places, strict=True) if detail["type"] == "extra_forbidden"]
    return [detail for detail in details if not _follows(detail, places, misspelt)]


def _follows(detail: ErrorDetails, places: Sequence[Place], misspelt: Sequence[Place]) -> bool:
    mine = detail["loc"]
    if detail["type"] == "missing":
        siblings = [str(loc[-1]) for loc in misspelt if loc[:-1] == mine[:-1]]
        return bool(get_close_matches(str(mine[-1]), siblings, n=1))
    return any(len(loc) > len(mine) and loc[: len(mine)] == mine for loc in places)


def _fault(detail: ErrorDetails, document: Document, model: type[BaseModel]) -> Fault:
    place = _in_file(detail["loc"], document.value)
    name = ".".join(str(part) for part in place)
    where = (document.where(place),)
    match detail["type"]:
        case "extra_forbidden":
            known = _known_keys(model, detail["loc"][:-1])
            code = "PROJ-010" if where[0].startswith("--set ") else "PROJ-003"
            return Fault(code, f"there is no key {name!r}", where, fix=did_you_mean(str(place[-1]), known))
        case "missing":
            missing = str(detail["loc"][-1])
            what = f"the key {'.'.join(filter(None, (name, missing)))!r} is missing"
            return Fault("PROJ-004", what, where, fix=f"add  {missing}: ...")
        case "union_tag_invalid":
            context = detail.get("ctx", {})
            known = [tag.strip(" '") for tag in str(context.get("expected_tags", "")).split(",")]
            what = f"{name}: there is no kind {context.get('tag')!r}"
            return Fault("PROJ-005", what, (document.where((*place, "kind")),), fix=did_you_mean(str(context.get("tag")), known))
        case "union_tag_not_found":
            return Fault("PROJ-005", f"{name}: the kind is missing", where, fix="add  kind: ...")
        case "literal_error":
            known = [choice.strip(" '") for choice in str(detail["ctx"]["expected"]).replace(" or ", ",").split(",")]
            return Fault("PROJ-006", f"{name} cannot be {detail['input']!r}", where, fix=did_you_mean(str(detail["input"]), known))
        case _:
            why = (
                "it is empty" if detail["input"] is None else _WHY.get(detail["type"], detail["msg"].removeprefix("Value error, "))
            )
            return Fault("PROJ-006", f"{name or document.path.name}: {_shown(detail['input'])} is not right here", where, why=why)


def _in_file(loc: Sequence[str | int], value: Any) -> Place:
    """Drop the parts of pydantic's path that are not in the file: the kind of a union, for example."""
    place: Place = ()
    for part in loc:
        keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        if part in keys:
            place, value = (*place, part), value[part]
    return place


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Return the keys that may stand at a place, found by walking the models."""
    current: Any = model
    for part in loc:
        current = _step(current, part)
    return [name for found in _models(current) for name in found.model_fields]


def _step(current: Any, part: str | int) -> Any:
    for found in _models(current):
        if isinstance(part, str) and part in found.model_fields:
            return found.model_fields[part].annotation
        kind = found.model_fields.get("kind")
        if kind is not None and part in get_args(kind.annotation):
            return found
    return current


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]


def _shown(value: object) -> str:
    text = _PASSWORD.sub("://...@", repr(value))
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - a glance, not the whole value
