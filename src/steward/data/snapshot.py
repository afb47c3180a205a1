"""Which rows exactly? A snapshot is a Parquet file that is named by its own SHA-256 and never changes.

The same rows give the same bytes, however they were put together in memory, so they are kept once. The
manifest beside it tells people where the rows came from when they first came; no clock has a part in either.
"""

import io
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from steward.core.atomic import write_text_atomically
from steward.core.digest import digest_bytes, digest_file
from steward.core.errors import Fault, UsageError
from steward.data.locate import SourceFile

_ROW_GROUP = 1 << 18


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Immutable rows: `digest` is the SHA-256 of the file at `path`, `columns` names and types in order."""

    digest: str
    path: Path
    rows: int
    columns: Mapping[str, str]
    manifest: Mapping[str, object]


def write_snapshot(
    frame: pl.DataFrame,
    folder: Path,
    *,
    kind: str,
    sources: Sequence[SourceFile] = (),
    parent: str | None = None,
    extra: Mapping[str, object] | None = None,
) -> Snapshot:
    """Keep some rows.

    Args:
        frame: the rows, in the order that counts.
        folder: of all snapshots; made where it is not there.
        kind: what these rows are, one word for people (raw, clean, features, ...).
        sources: the files they were read from.
        parent: digest of the snapshot they were made of.
        extra: more for the manifest, JSON values.
    """
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        # Chunks follow from how files were read and would show in the bytes.
        frame.rechunk().write_parquet(beside, compression="lz4", statistics=True, row_group_size=_ROW_GROUP)
        digest = _settled(beside)
        path = beside.replace(folder / f"{digest}.parquet")
    finally:
        beside.unlink(missing_ok=True)
    columns = {name: str(dtype) for name, dtype in frame.schema.items()}
    manifest = {
        "digest": digest,
        "kind": kind,
        "rows": frame.height,
        "columns": columns,
        "parent": parent,
        "sources": [_source(file) for file in sources],
        **(extra or {}),
    }
    beside = path.with_suffix(".json")
    kept = _first_manifest(beside, digest)
    if kept is None:
        write_text_atomically(beside, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return Snapshot(digest, path, frame.height, columns, kept or manifest)


def read_snapshot(folder: Path, digest: str) -> pl.DataFrame:
    """Return the rows of a snapshot; the bytes that were verified are the bytes that are read.

    Raises:
        UsageError: DATA-030 it is not there, or its content was changed.
    """
    path = folder / f"{digest}.parquet"
    try:
        content = path.read_bytes()
    except OSError as error:
        fault = Fault(
            "DATA-030", "the snapshot is not there", (str(path),), error.strerror or "", "run the project again to make it anew"
        )
        raise UsageError(fault) from error
    if digest_bytes(content) != digest:
        why = "its bytes do not hash to its name: it was changed or damaged after it was written"
        raise UsageError(
            Fault("DATA-030", "the snapshot is not what it was", (str(path),), why, "delete it and run the project again")
        )
    return pl.read_parquet(io.BytesIO(content))


def _first_manifest(path: Path, digest: str) -> dict[str, object] | None:
    """Return what the first who kept these rows said of them: rows that nothing was taken from are still the raw ones."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) and said.get("digest") == digest else None


def _settled(path: Path) -> str:
    """Bring a file to the disk and return its digest."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return digest_file(path)


def _source(file: SourceFile) -> dict[str, object]:
    # The folder it lay in is left out: it is this machine's business and no part of what the rows are.
    return {"period": file.period, "name": file.path.name, "origin": file.origin, "sha256": file.sha256, "bytes": file.bytes}
