"""Which keys of a declaration do people turn, as one flat file for tools that track parameters - and back again?

The file holds the project's own keys. Read again, only what differs from the declaration becomes an override,
so that an untouched file asks for exactly the run that the project asks for.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from steward.core.errors import Fault, UsageError, did_you_mean
from steward.project.document import read_yaml
from steward.project.read import read_project
from steward.project.spec import ProjectSpec

KEYS = ("source", "split", "checks", "quarantine", "cleaning", "features", "candidates", "gate")
_WHOLE = ("split", "quarantine", "gate")  # with their defaults: tools ask for single keys of them


def params_of(spec: ProjectSpec) -> dict[str, Any]:
    """Return the keys that people turn, as the declaration has them."""
    everything, written = spec.json_value(), spec.model_dump(mode="json", exclude_unset=True)
    return {key: everything[key] if key in _WHOLE else written.get(key, everything[key]) for key in KEYS}


def params_text(spec: ProjectSpec) -> str:
    """Return the parameter file's YAML."""
    head = f"# The keys of {spec.name}'s project.yaml that decide a run. What is changed here wins over project.yaml.\n"
    return head + yaml.safe_dump(params_of(spec), sort_keys=False, allow_unicode=True, width=120)


def params_overrides(where: str | Path, path: Path) -> tuple[str, ...]:
    """Return what a parameter file changes, as ``key=value`` overrides of the project it belongs to.

    Raises:
        UsageError: PROJ-001 it is no YAML file, PROJ-030 it holds a key that is no parameter; whatever is wrong with the project.
    """
    document = read_yaml(path)
    strange = [key for key in document.value if key not in KEYS]
    if strange:
        raise UsageError(
            *(
                Fault("PROJ-030", f"{key!r} is no parameter", (document.where((key,)),), fix=did_you_mean(key, KEYS))
                for key in strange
            )
        )
    return tuple(_changes(params_of(read_project(where).spec), document.value))


def _changes(declared: Mapping[str, Any], wanted: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[str]:
    for key, value in wanted.items():
        known = declared.get(key, ...)
        if known == value:
            continue
        if isinstance(known, dict) and isinstance(value, dict) and not any("." in name for name in value):
            yield from _changes(known, value, (*above, key))
        else:
            yield f"{'.'.join((*above, key))}={_inline(value)}"


def _inline(value: Any) -> str:
    """Return a value as YAML on one line."""
    return yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=float("inf")).strip()[1:-1]
