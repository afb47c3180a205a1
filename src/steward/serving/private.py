"""What of a row may be written down? Columns that need care are hashed with a key, or left out.

Equal values have equal hashes as long as the key is kept, so that they can be counted and forgotten again. Without the key
a hash says nothing; whoever has it can try all values of a short list, and so it lies apart from the log, for its owner alone.
"""

import hmac
import json
import os
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steward.core.errors import EnvironmentFault, Fault
from steward.project.dictionary import DictionarySpec
from steward.project.serving import ServingSpec

_KEY_BYTES = 32
_HASH_CHARS = 32
_MARK = "hidden"

AsKept = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes a row as it was asked and returns it as it is written down."""


@dataclass(frozen=True, slots=True)
class Care:
    """Which columns of a project are hashed in the log, and which are not written at all."""

    hashed: frozenset[str]
    left_out: frozenset[str]

    @property
    def hidden(self) -> frozenset[str]:
        """The columns whose values nobody finds in the log."""
        return self.hashed | self.left_out


def care_of(dictionary: DictionarySpec, serving: ServingSpec) -> Care:
    """Return what the project file says about the columns that the dictionary marks."""
    asked = {"none": "keep", "personal": serving.personal, "sensitive": serving.sensitive}
    kept = {name: asked[column.sensitivity] for name, column in dictionary.columns.items()}
    hashed, left_out = (frozenset(name for name in kept if kept[name] == how) for how in ("hash", "leave_out"))
    return Care(hashed, left_out)


def row_keeper(care: Care, key: bytes) -> AsKept:
    """Return the function that makes of a row, times as ISO text, what may be written down."""
    if not care.hidden:
        return lambda row: row

    def keep(row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: _as_kept(name, value, care, key) for name, value in row.items() if name not in care.left_out}

    return keep


def hashed(column: str, value: object, key: bytes) -> dict[str, str]:
    """Return what stands in the log instead of a value.

    >>> hashed("age", 63, b"key") == hashed("age", 63.0, b"key")
    True
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = json.dumps([column, value], ensure_ascii=False)
    return {_MARK: hmac.new(key, text.encode(), "sha256").hexdigest()[:_HASH_CHARS]}


def is_hashed(value: object) -> bool:
    """Tell whether a value of a logged row is a hash: no row that was asked can hold an object."""
    return isinstance(value, dict) and _MARK in value


def hidden_in(rows: Collection[Mapping[str, Any]]) -> frozenset[str]:
    """Return the columns of which some row holds a hash only."""
    return frozenset(name for row in rows for name, value in row.items() if is_hashed(value))


def read_key(path: Path) -> bytes:
    """Return the key in a file, which is made where it is missing, readable by its owner alone.

    Raises:
        EnvironmentFault: SERVE-090 it cannot be made or read, or is not whole.
    """
    try:
        if not path.exists():
            _make_key(path)
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        fix = "restore the workspace's file `log.key` from a backup, or make it readable"
        raise EnvironmentFault(Fault("SERVE-090", "the key of the log's hashes cannot be read", why=str(error), fix=fix)) from error
    if len(key) != _KEY_BYTES:
        fix = "restore the workspace's file `log.key` from a backup"
        raise EnvironmentFault(Fault("SERVE-090", "the key of the log's hashes is not whole", fix=fix))
    return key


def _make_key(path: Path) -> None:
    """Write a new key; of several processes that do so at once, the first one's stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with suppress(FileNotFoundError):
        beside.unlink()
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, secrets.token_hex(_KEY_BYTES).encode())
        os.fsync(file)
    finally:
        os.close(file)
    with suppress(FileExistsError):
        os.link(beside, path)
    beside.unlink()


def _as_kept(name: str, value: object, care: Care, key: bytes) -> object:
    return hashed(name, value, key) if name in care.hashed and value is not None else value
