"""How does a version answer away from its workspace? From a folder with its bundle and one record, sealed by a hash kept elsewhere.

The record names the SHA-256 of every file of the bundle, and whoever opens the folder knows that of the record: nothing is
parsed before all of them matched.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue

from steward.core.digest import digest_bytes
from steward.core.errors import Fault, Refused
from steward.core.workspace import Workspace
from steward.project.closed import Closed
from steward.project.dictionary import DictionarySpec
from steward.registry.bundle import read_bundle
from steward.serving.answer import Served
from steward.serving.log import PredictionLog, SegmentLog
from steward.serving.private import Care, read_key, row_keeper

RECORD = "version.json"
BUNDLE = "model"


class Carried(Closed):
    """What a version's server has to know beside the bundle; `hashed` and `left_out` are columns that need care in a log."""

    format: Literal[1] = 1
    model: str
    version: int
    unit: str
    dictionary: DictionarySpec
    files: Mapping[str, str]
    facts: Mapping[str, JsonValue]
    hashed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    sync: bool = False

    def content(self) -> bytes:
        """Return the record's file; columns keep their order, in which they are asked for."""
        return self.model_dump_json().encode()


@dataclass(frozen=True, slots=True)
class Described:
    """What another server's files say of a version; `sealed` is the SHA-256 of its record, `libraries` what it was made with."""

    model: str
    version: int
    target: str
    unit: str
    bundle: str
    sealed: str
    libraries: Mapping[str, str]


def read_carried(folder: Path, sealed: str) -> Carried:
    """Return the record in a folder.

    Args:
        folder: holds the record.
        sealed: the SHA-256 that the record had when it was written.

    Raises:
        Refused: EXPORT-012 it is not there, or is another one.
    """
    fix = "export the version again:  steward export PROJECT --to bentoml --output FOLDER"
    try:
        content = (folder / RECORD).read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise Refused(Fault("EXPORT-012", f"{RECORD} cannot be read", (str(folder / RECORD),), why, fix)) from error
    if digest_bytes(content) != sealed:
        why = "its SHA-256 differs: it was changed or damaged"
        raise Refused(Fault("EXPORT-012", f"{RECORD} is not what was exported", (str(folder / RECORD),), why, fix))
    return Carried.model_validate_json(content)


def served_from(folder: Path, carried: Carried) -> Served:
    """Return the version of a folder, ready to answer: every file matched its hash, the stored rows were predicted again.

    Raises:
        Refused: BUNDLE-001 to BUNDLE-004 the files are not those of the record, BUNDLE-005 they answer otherwise here.
    """
    bundle = read_bundle(folder / BUNDLE, carried.files)
    bundle.self_test()
    return Served(
        model=carried.model,
        version=carried.version,
        unit=carried.unit,
        task=bundle.manifest["task"],
        inputs=bundle.inputs,
        dictionary=carried.dictionary,
        predict=bundle.predict,
        facts={"bundle": bundle.digest, **carried.facts},
        classes=bundle.classes,
        threshold=bundle.rule.threshold,
        predict_few=bundle.few_rows(),
        margin=bundle.rule.margin,
    )


def log_in(workspace: Path | None, carried: Carried) -> PredictionLog:
    """Return the prediction log of a workspace, which hides what the project says; without one nothing is kept.

    Raises:
        EnvironmentFault: SERVE-090 the key of the hashes cannot be read.
    """
    if workspace is None:
        return _Nowhere()
    home, care = Workspace(workspace.absolute()), Care(frozenset(carried.hashed), frozenset(carried.left_out))
    as_kept = row_keeper(care, read_key(home.log_key)) if care.hidden else None
    return SegmentLog(home.predictions / carried.model, f"carried-{os.getpid()}", sync=carried.sync, as_kept=as_kept)


class _Nowhere:
    """A log for those who want none."""

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep nothing."""

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Return nothing."""
        return iter(())
