"""What does a YAML file say, and on which line does it say each thing?"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from steward.core.errors import Fault, UsageError

Place = tuple[str | int, ...]
_MAX_BYTES = 1 << 20
_MAX_PLACES = 100_000
_MAX_DEPTH = 32
_TEXT, _MERGE, _TIME = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "merge", "timestamp"))


class PlainLoader(yaml.SafeLoader):
    """Words, numbers, lists and mappings only; dates stay the text they are written as."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML reads this name on the class
        first: [(tag, pattern) for tag, pattern in found if tag != _TIME]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content as plain values, the line (from 1) of every key and item, and what was changed for one run."""

    value: dict[str, Any]
    lines: Mapping[Place, int]
    path: Path
    overrides: Mapping[Place, str] = field(default_factory=dict)

    def where(self, place: Place) -> str:
        """Return who says what stands at a place: the override that touches it, else ``file:line``.

        A place that the file does not have is looked for above it; line 1 if nothing is there.
        """
        for changed, override in self.overrides.items():
            shared = min(len(changed), len(place))
            if shared and changed[:shared] == place[:shared]:
                return f"--set {override}"
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return f"{self.path.name}:{self.lines[place[:length]]}"
        return f"{self.path.name}:1"


def read_yaml(path: Path) -> Document:
    """Read a YAML file without running anything in it; keys are the text that is written.

    Raises:
        UsageError: PROJ-001 it is not there, not YAML, not a mapping or beyond all measure; PROJ-002 a key stands twice.
    """
    text = _text(path)
    try:
        root = yaml.compose(text, Loader=PlainLoader)
        if not isinstance(root, yaml.MappingNode):
            fix = "begin with  name: ...  and go on with one key a line"
            raise UsageError(Fault("PROJ-001", f"{path.name} holds no keys", (f"{path.name}:1",), fix=fix))
        lines = _lines(root, path)
        value = PlainLoader("").construct_document(root)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(_not_yaml(path, error)) from error
    return Document(value, lines, path)


def line_of(fault: Fault) -> int:
    """Return the line a fault stands on, to sort by; 0 for what no file says."""
    _, _, line = fault.where[0].rpartition(":") if fault.where else ("", "", "")
    return int(line) if line.isdecimal() and not fault.where[0].startswith("--set ") else 0


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise UsageError(Fault("PROJ-001", f"{path.name} is larger than a project file can be", (str(path),)))
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            Fault("PROJ-001", f"{path.name} cannot be read", (str(path),), str(why), "check the path and the file")
        ) from error


def _lines(root: yaml.Node, path: Path) -> dict[Place, int]:
    """Return the line of every place; anchors are followed, but not for ever."""
    lines: dict[Place, int] = {}
    twice: list[Fault] = []
    rest: deque[tuple[Place, yaml.Node]] = deque([((), root)])
    while rest:
        above, node = rest.popleft()
        for part, line, child in _children(node):
            place = (*above, part)
            if place in lines:
                where = (f"{path.name}:{lines[place]}", f"{path.name}:{line}")
                twice.append(Fault("PROJ-002", f"the key {part!r} stands twice", where, fix="remove one of them"))
                continue
            lines[place] = line
            rest.append((place, child))
        if len(lines) > _MAX_PLACES or len(above) > _MAX_DEPTH:
            what = f"{path.name} says more than a project file can"
            raise UsageError(Fault("PROJ-001", what, (f"{path.name}:1",), "an anchor may repeat itself", "write it out"))
    if twice:
        raise UsageError(*sorted(twice, key=line_of))
    return lines


def _children(node: yaml.Node) -> list[tuple[str | int, int, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        return [(index, child.start_mark.line + 1, child) for index, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return []
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
            key.tag = _TEXT  # a code 1 or a key `yes` is what is written, not a number or a truth
    return [(_name(key), key.start_mark.line + 1, child) for key, child in node.value]


def _name(key: yaml.Node) -> str:
    return key.value if isinstance(key, yaml.ScalarNode) else "?"


def _not_yaml(path: Path, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    where = f"{path.name}:{mark.line + 1}" if mark is not None else path.name
    why = "it is nested too deeply" if isinstance(error, RecursionError) else str(getattr(error, "problem", None) or error)
    fix = "check the indentation, colons and quotes on this line and the one above"
    return Fault("PROJ-001", f"{path.name} is not YAML", (where,), why, fix)
