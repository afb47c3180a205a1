"""How is a key of the project file changed for one run? `path.to.key=value`, the value read as YAML."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import yaml

from steward.core.errors import Fault, UsageError


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


def _parse(text: str, override: str) -> Any:
    try:
        # Only plain words, numbers, lists and mappings: a month must stay text, not become a date.
        return yaml.load(text, Loader=yaml.SafeLoader) if text.strip() else ""
    except yaml.YAMLError as error:
        raise UsageError(
            Fault("PROJ-010", f"the value of --set {override!r} is not YAML", why=str(error), fix="quote it")
        ) from error


def _put(target: Any, path: Sequence[str], value: Any, override: str) -> None:
    *parents, last = path
    for part in parents:
        target = target.setdefault(part, {}) if isinstance(target, dict) else _item(target, part, override)
    if isinstance(target, dict):
        target[last] = value
    elif isinstance(target, list):
        _item(target, last, override)
        target[int(last)] = value
    else:
        raise _leads_nowhere(override, last)


def _item(target: Any, part: str, override: str) -> Any:
    if not isinstance(target, list) or not part.isdecimal() or int(part) >= len(target):
        raise _leads_nowhere(override, part)
    return target[int(part)]


def _leads_nowhere(override: str, part: str) -> UsageError:
    return UsageError(Fault("PROJ-010", f"--set {override!r} leads nowhere at {part!r}", fix="see the keys with  steward check"))
