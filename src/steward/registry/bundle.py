"""What does a model need to answer on its own, wherever it is put?

A bundle is a folder: the model's file, the feature functions, the lookups, the dictionary, the reference
for drift, a few rows with the answers they must give. It is named by its content, its hashes are kept
outside of it, and of all its files only features.py is code - the project's own, run from verified bytes.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import polars as pl

from steward.core.atomic import write_bytes_atomically
from steward.core.errors import Fault, Refused
from steward.core.tasks import Label
from steward.data.convert import DTYPES
from steward.features.program import Program
from steward.features.row import NotCompilable, RowRefused, compile_row
from steward.features.source import features_of
from steward.models.answer import AnswerRule
from steward.models.zoo import Array, Fitted, file_of, parse
from steward.project.dictionary import DictionarySpec
from steward.registry.content import (
    ALLOWED,
    FORMAT,
    BundleContent,
    BundleRecord,
    answers_shape,
    bundle_digest,
    library_versions,
    pack,
)
from steward.registry.encoded import fitting_from_json, lookup_from_json
from steward.registry.sealed import read_sealed
from steward.registry.table import table_from_json

__all__ = ["Bundle", "BundleContent", "BundleRecord", "library_versions", "read_bundle", "write_bundle"]

_CLOSE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A verified bundle in memory, ready to answer."""

    digest: str
    manifest: Mapping[str, Any]
    model: Fitted
    program: Program
    dictionary: DictionarySpec
    reference: Mapping[str, Any]
    selftest: pl.DataFrame
    expected: Array
    rule: AnswerRule

    @property
    def inputs(self) -> tuple[str, ...]:
        """The raw columns a request must hold."""
        return tuple(self.program.inputs)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The model's inputs, in order."""
        return self.model.names

    @property
    def categories(self) -> tuple[str, ...]:
        """Those of the model's inputs whose numbers are codes."""
        return tuple(self.manifest["categories"])

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels of a classification, in the order of its probabilities; none for a quantity."""
        return tuple(self.manifest.get("classes", ()))

    @property
    def importance(self) -> Mapping[str, float]:
        """The share of each of the model's inputs; they sum to 1, or are all zero."""
        return dict(zip(self.model.names, self.model.importance().tolist(), strict=True))

    def features(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return what the model reads of rows with raw request columns: Float64, null where missing."""
        return self.program.matrix(frame)

    def predict(self, frame: pl.DataFrame) -> Array:
        """Return the answers to a frame with raw request columns.

        Shape (rows,) in the target's unit, or probabilities of shape (rows, classes).
        """
        # LightGBM reads rows; columns side by side would be copied there again.
        return self.rule.apply(self.model.predict(self.features(frame).to_numpy(order="c")))

    def few_rows(self) -> Callable[[Sequence[Mapping[str, object]]], Array | None] | None:
        """Return a function that answers a few rows without a frame, tens of times faster, and with the same features.

        The function takes rows, at least one, of raw request columns by name and returns what `predict` returns of them, or
        None where one of them takes a frame. None instead of a function where the features cannot be made without a frame.
        """
        schema = {name: DTYPES[self.dictionary.columns[name].type] for name in self.program.inputs}
        path = compile_row(self.program, schema)
        if isinstance(path, NotCompilable):
            return None

        def answer(rows: Sequence[Mapping[str, object]]) -> Array | None:
            try:
                matrix = path.matrix_row(rows[0]) if len(rows) == 1 else np.concatenate([path.matrix_row(row) for row in rows])
            except RowRefused:
                return None
            return self.rule.apply(self.model.predict(matrix))

        return answer

    def self_test(self) -> None:
        """Answer the stored rows again in each way there is, and compare, to a relative 1e-9.

        Raises:
            Refused: BUNDLE-005 an answer differs from the stored one, as other libraries can make it.
        """
        self._compare(self.predict(self.selftest))
        few = self.few_rows()
        quick = None if few is None else few(self.selftest.to_dicts())
        if quick is not None:
            self._compare(quick)

    def _compare(self, answers: Array) -> None:
        where = "selftest.json"
        if np.shape(answers) != self.expected.shape:
            what = f"the stored rows are answered by an array of shape {np.shape(answers)} instead of {self.expected.shape}"
            raise Refused(Fault("BUNDLE-005", what, (where,), *_other_libraries(self.manifest["libraries"], self.model.kind)))
        close = np.isclose(answers, self.expected, rtol=_CLOSE, atol=_CLOSE, equal_nan=False)
        differs = ~close.reshape(len(close), -1).all(axis=1)
        if differs.any():
            row = int(np.argmax(differs))
            what = f"{int(differs.sum())} of {len(answers)} stored rows are answered differently than when the model was made"
            told = f"{where}: row {row}: {self.expected[row].tolist()!r} then, {answers[row].tolist()!r} now"
            raise Refused(Fault("BUNDLE-005", what, (told,), *_other_libraries(self.manifest["libraries"], self.model.kind)))


def write_bundle(folder: Path, content: BundleContent) -> BundleRecord:
    """Write a bundle to ``folder/<digest>``, whole or not at all, and return what to remember of it.

    Args:
        folder: where all bundles lie; the same content goes to the same place, and is written once.
        content: what goes in.

    Raises:
        ValueError: a lookup's name is no file name, or a value is no JSON.
    """
    record, files = pack(content)
    place = folder / record.digest
    if _is_whole(place, record):
        return record
    beside = folder / f".{record.digest}.{os.getpid()}.tmp"
    for name, bytes_ in files.items():
        write_bytes_atomically(beside / name, bytes_)
    _clear(place)
    beside.replace(place)
    return record


def read_bundle(folder: Path, record_files: Mapping[str, str]) -> Bundle:
    """Return a bundle whose every file matches the hash that was recorded for it outside the folder.

    Args:
        folder: the bundle's own.
        record_files: name to SHA-256, as `BundleRecord` has it.

    Raises:
        Refused: BUNDLE-001 to BUNDLE-003 the files are not those that were recorded (nothing was parsed
            or run then), BUNDLE-004 they are, but do not make a bundle.
        UsageError: MODEL-003 or FEAT-xxx the model or its features cannot be read.
    """
    files = read_sealed(folder, record_files, ALLOWED)
    try:
        return _assemble(folder, files, bundle_digest(record_files))
    except (KeyError, TypeError, ValueError) as error:
        why = f"{type(error).__name__}: {error}"
        raise Refused(Fault("BUNDLE-004", "the files do not make a bundle", (str(folder),), why, "train again")) from error


def _assemble(folder: Path, files: Mapping[str, bytes], digest: str) -> Bundle:
    manifest = json.loads(files["manifest.json"])
    if manifest["format"] != FORMAT:
        raise ValueError(f"its format is {manifest['format']}, this version of Steward reads {FORMAT}")
    dictionary = DictionarySpec.model_validate_json(files["dictionary.json"])
    selftest = json.loads(files["selftest.json"])
    model = parse(manifest["kind"], files[file_of(manifest["kind"])])
    if list(model.names) != manifest["wanted"]:
        raise ValueError(f"the model reads {list(model.names)}, the manifest says {manifest['wanted']}")
    expected = np.asarray(selftest["expected"], dtype=np.float64)
    if expected.shape != answers_shape(len(expected), manifest.get("classes", ())):
        raise ValueError(f"its stored answers are of shape {expected.shape}, which is not that of its classes")
    lookups = [lookup_from_json(json.loads(files[f"lookups/{name}.json"])) for name in manifest["lookups"]]
    fitted = fitting_from_json(json.loads(files["fitted.json"])).features if "fitted.json" in files else {}
    features = {**features_of(files["features.py"], str(folder / "features.py")), **fitted}
    return Bundle(
        digest=digest,
        manifest=manifest,
        model=model,
        program=Program.build(features, model.names, tuple(dictionary.columns), lookups),
        dictionary=dictionary,
        reference=json.loads(files["reference.json"]),
        selftest=table_from_json(selftest["rows"]),
        expected=expected,
        rule=AnswerRule.from_dict(json.loads(files["answer.json"])) if "answer.json" in files else AnswerRule(),
    )


def _is_whole(place: Path, record: BundleRecord) -> bool:
    try:
        read_sealed(place, record.files, ALLOWED)
    except Refused:
        return False
    return True


def _clear(place: Path) -> None:
    # A damaged bundle of the same name gives way: its content is known, for it is named by it.
    if place.is_dir() and not place.is_symlink():
        rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _other_libraries(trained_with: Mapping[str, str], kind: str) -> tuple[str, str]:
    here = library_versions(kind)
    other = {name: version for name, version in trained_with.items() if here.get(name) != version}
    if not other:
        return "the libraries are the same versions as then; the machine is not", "train again on this machine"
    why = ", ".join(f"{name} was {version} and is {here.get(name, 'not installed')}" for name, version in sorted(other.items()))
    pins = " ".join(f"'{name}=={version}'" for name, version in sorted(other.items()) if name != "python")
    return why, f"pip install {pins}   or train again" if pins else "use the Python it was made with, or train again"
