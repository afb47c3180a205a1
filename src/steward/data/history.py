"""Which snapshots are kept, what does each say of itself, and which one does a shortened digest mean?"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import polars as pl

from steward.core.errors import Fault, UsageError

SHORT = 12  # signs of a digest that people see
_FEWEST = 4


@dataclass(frozen=True, slots=True)
class Manifest:
    """What lies beside a snapshot; `columns` names and types in order, `parent` the digest of what it was made of."""

    digest: str
    kind: str
    rows: int
    columns: Mapping[str, str]
    parent: str | None
    sources: tuple[Mapping[str, Any], ...]


def read_manifests(folder: Path) -> dict[str, Manifest]:
    """Return the manifests of all snapshots in a folder by digest; of one whose manifest was lost, what its file tells."""
    return {path.stem: _manifest(path) for path in sorted(folder.glob("[0-9a-f]*.parquet"))}


def find_digest(text: str, known: Collection[str]) -> str:
    """Return the one known digest that begins with a text.

    Raises:
        UsageError: DATA-031 none does, or the text is too short to tell; DATA-032 several do.
    """
    found = sorted(digest for digest in known if digest.startswith(text.lower()))
    if not found or (len(text) < _FEWEST and text not in known):
        raise UsageError(Fault("DATA-031", f"no snapshot begins with {text!r}", why=_too_short(text), fix=_nearest(text, known)))
    if len(found) > 1:
        shown = ", ".join(digest[: max(SHORT, len(text) + 2)] for digest in found)
        what = f"{len(found)} snapshots begin with {text!r}"
        raise UsageError(Fault("DATA-032", what, why=shown, fix="write more of the digest"))
    return found[0]


def ancestors(digest: str, manifests: Mapping[str, Manifest]) -> tuple[str, ...]:
    """Return a digest and those it was made of, as far up as is known."""
    line: list[str] = []
    step: str | None = digest
    while step is not None and step not in line:
        line.append(step)
        step = manifests[step].parent if step in manifests else None
    return tuple(line)


def _manifest(path: Path) -> Manifest:
    try:
        said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        columns = {str(name): str(kind) for name, kind in said["columns"].items()}
        return Manifest(path.stem, str(said["kind"]), int(said["rows"]), columns, said["parent"], tuple(said["sources"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _from_file(path)


def _from_file(path: Path) -> Manifest:
    try:
        rows = pl.scan_parquet(path).select(pl.len()).collect().item()
        columns = {name: str(kind) for name, kind in pl.read_parquet_schema(path).items()}
    except (OSError, pl.exceptions.PolarsError):
        return Manifest(path.stem, "damaged", 0, {}, None, ())
    return Manifest(path.stem, "without manifest", rows, columns, None, ())


def _too_short(text: str) -> str:
    return f"at least {_FEWEST} signs of a digest are needed" if len(text) < _FEWEST else ""


def _nearest(text: str, known: Collection[str]) -> str:
    """Return the nearest digest, cut to the length of what was written, so that a slip of the finger is close to it."""
    close = get_close_matches(text.lower(), {digest[: len(text)] for digest in known}, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"{meant}see them with  steward data log"
