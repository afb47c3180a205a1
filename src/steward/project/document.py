"""What does a YAML file say, and on which line does it say each thing?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from steward.core.errors import Fault, UsageError

Place = tuple[str | int, ...]
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content as plain values, and the line (from 1) of every key and item."""

    value: dict[str, Any]
    lines: Mapping[Place, int]
    path: Path

    def where(self, place: Place) -> str:
        """Return ``file:line`` of a place, or of the nearest part above it that the file has."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return f"{self.path.name}:{self.lines[place[:length]]}"
        return f"{self.path.name}:1"


def read_yaml(path: Path) -> Document:
    """Read a YAML file without running anything in it.

    Raises:
        UsageError: PROJ-001 it is not there, not YAML, not a mapping, or a key stands twice.
    """
    try:
        text = path.read_bytes()[: _MAX_BYTES + 1].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            Fault("PROJ-001", f"{path.name} cannot be read", (str(path),), str(why), "check the path and the file")
        ) from error
    if len(text) > _MAX_BYTES:
        raise UsageError(Fault("PROJ-001", f"{path.name} is larger than a project file can be", (str(path),)))
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(_not_yaml(path, error)) from error
    if not isinstance(value, dict) or root is None:
        fix = "begin with  name: ...  and go on with one key a line"
        raise UsageError(Fault("PROJ-001", f"{path.name} holds no keys", (f"{path.name}:1",), fix=fix))
    lines: dict[Place, int] = {}
    faults: list[Fault] = []
    _walk(root, (), lines, faults, path)
    if faults:
        raise UsageError(*faults)
    return Document(value, lines, path)


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], faults: list[Fault], path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, child in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                what = f"the key {name!r} stands twice"
                faults.append(
                    Fault("PROJ-002", what, (f"{path.name}:{seen[name]}", f"{path.name}:{line}"), fix="remove one of them")
                )
            seen[name] = line
            lines[(*place, name)] = line
            _walk(child, (*place, name), lines, faults, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            lines[(*place, index)] = child.start_mark.line + 1
            _walk(child, (*place, index), lines, faults, path)


def _not_yaml(path: Path, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    where = f"{path.name}:{mark.line + 1}" if mark is not None else path.name
    why = str(getattr(error, "problem", None) or error)
    return Fault(
        "PROJ-001",
        f"{path.name} is not YAML",
        (where,),
        why,
        "check the indentation, colons and quotes on this line and the one above",
    )
