"""How is a key of the project file changed for one run? `path.to.key=value`, the value read as YAML."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import yaml

from steward.core.errors import Fault, UsageError
from steward.project.document import Place, PlainLoader


def apply_overrides(value: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the file's value with overrides put in, in order; the value given is not changed.

    Raises:
        UsageError: PROJ-010 an override is not ``key=value``, or its path leads through something that has no keys.

    >>> apply_overrides({"split": {"train": ["2023-01"]}}, ["split.train=[2020-03]"])
    {'split': {'train': ['2020-03']}}
    """
    changed = deepcopy(dict(value))
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals or not path:
            raise UsageError(
                Fault("PROJ-010", f"--set {override!r} is not key=value", fix="for example  --set split.train=[2020-03]")
            )
        _put(changed, path.split("."), _parse(text, override), override)
    return changed


def override_places(overrides: Sequence[str]) -> dict[Place, str]:
    """Return which override is in force at each place it changes.

    >>> override_places(["candidates.0.kind=mean"])
    {('candidates', 0, 'kind'): 'candidates.0.kind=mean'}
    """
    paths = {override: override.partition("=")[0].split(".") for override in overrides}
    return {tuple(int(part) if part.isdecimal() else part for part in path): override for override, path in paths.items()}


def _parse(text: str, override: str) -> Any:
    try:
        return yaml.load(text, Loader=PlainLoader) if text.strip() else ""  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(
            Fault("PROJ-010", f"the value of --set {override!r} is not YAML", why=str(error), fix="quote it")
        ) from error


def _put(target: Any, path: Sequence[str], value: Any, override: str) -> None:
    *parents, last = path
    for part in parents:
        target = _below(target, part) if isinstance(target, dict) else _item(target, part, override)
    if isinstance(target, dict):
        target[last] = value
    elif isinstance(target, list):
        _item(target, last, override)
        target[int(last)] = value
    else:
        raise _leads_nowhere(override, last)


def _below(target: dict[str, Any], part: str) -> Any:
    if target.get(part) is None:
        target[part] = {}
    return target[part]


def _item(target: Any, part: str, override: str) -> Any:
    if not isinstance(target, list) or not part.isdecimal() or int(part) >= len(target):
        raise _leads_nowhere(override, part)
    return target[int(part)]


def _leads_nowhere(override: str, part: str) -> UsageError:
    return UsageError(Fault("PROJ-010", f"--set {override!r} leads nowhere at {part!r}", fix="see the keys with  steward check"))
