"""What goes into a bundle, and which bytes does that make?

The same content makes the same bytes, whenever and wherever: no clock, no machine, one spelling of JSON.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from steward.core.digest import canonical_json, digest_bytes, digest_json
from steward.core.tasks import Label, TaskKind
from steward.features.fitted.fit import Fitting
from steward.features.lookup import Lookup
from steward.models.answer import AnswerRule
from steward.models.zoo import Array, Fitted, file_of
from steward.project.dictionary import DictionarySpec
from steward.registry.encoded import formulas_as_json, lookup_as_json
from steward.registry.table import table_as_json

FORMAT = 1
ALLOWED = re.compile(
    r"(manifest|dictionary|reference|selftest|model|fitted|answer)\.json|model\.(txt|ubj|npz|rescaled)|features\.py|lookups/[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\.json"
)


@dataclass(frozen=True, slots=True, eq=False)
class BundleContent:
    """All that goes into a bundle.

    `wanted` are the model's inputs in order; `left_out` maps a feature that could not be made to the reason;
    `categories` are the inputs whose numbers are codes. `reference` and `provenance` (snapshot, data origin,
    run, metrics) are JSON objects that nobody looks into here. `selftest` holds raw request columns and
    `expected` the model's answers to them. `libraries` maps a distribution to the version it was trained with.
    `classes` are the labels of a classification, in the order of its probabilities, `fitting` the columns learned from
    training rows, `rule` what is done to probabilities.
    """

    model: Fitted
    task: TaskKind
    target: str
    unit: str
    features_source: bytes
    wanted: tuple[str, ...]
    left_out: Mapping[str, str]
    categories: tuple[str, ...]
    lookups: tuple[Lookup, ...]
    dictionary: DictionarySpec
    reference: Mapping[str, Any]
    provenance: Mapping[str, Any]
    selftest: pl.DataFrame
    expected: Array
    libraries: Mapping[str, str]
    classes: tuple[Label, ...] = ()
    fitting: Fitting = field(default_factory=Fitting)
    rule: AnswerRule = field(default_factory=AnswerRule)

    def __post_init__(self) -> None:
        if self.model.names != self.wanted:
            raise ValueError(f"the model reads {self.model.names}, the bundle would give it {self.wanted}")
        if not self.selftest.height or self.expected.shape != answers_shape(self.selftest.height, self.classes):
            raise ValueError(
                f"a self-test needs rows and an answer to each, got {self.expected.shape} for {self.selftest.height} rows"
            )


@dataclass(frozen=True, slots=True)
class BundleRecord:
    """What has to be remembered outside the bundle: its digest and the SHA-256 of each file."""

    digest: str
    files: Mapping[str, str]


def answers_shape(rows: int, classes: Sequence[Label]) -> tuple[int, ...]:
    """Return the shape of a model's answers: one a row, or a row of probabilities."""
    return (rows, len(classes)) if classes else (rows,)


def bundle_digest(files: Mapping[str, str]) -> str:
    """Return the name of a bundle: the digest of its files' digests."""
    return digest_json(dict(files))


def pack(content: BundleContent) -> tuple[BundleRecord, Mapping[str, bytes]]:
    """Return a bundle's record and files; the same content gives the same bytes, whenever and wherever.

    Raises:
        ValueError: a lookup's name is no file name, or a value is no JSON.
    """
    parts = {
        "manifest.json": _manifest(content),
        "dictionary.json": content.dictionary.model_dump(mode="json"),
        "reference.json": content.reference,
        "selftest.json": {"rows": table_as_json(content.selftest), "expected": content.expected.tolist()},
        **{f"lookups/{lookup.name}.json": lookup_as_json(lookup) for lookup in (*content.lookups, *content.fitting.lookups)},
        **({"fitted.json": formulas_as_json(content.fitting)} if content.fitting.names else {}),
        **({"answer.json": content.rule.as_dict()} if content.rule else {}),
    }
    files = {name: canonical_json(part).encode() for name, part in parts.items()}
    files |= {file_of(content.model.kind): content.model.content(), "features.py": content.features_source}
    strange = sorted(name for name in files if not ALLOWED.fullmatch(name))
    if strange:
        raise ValueError(f"no bundle holds files named {', '.join(strange)}")
    hashes = {name: digest_bytes(files[name]) for name in sorted(files)}
    return BundleRecord(bundle_digest(hashes), hashes), files


def library_versions(kind: str = "") -> Mapping[str, str]:
    """Return the versions, on this machine, of all that takes part in a prediction by a kind of model."""
    from importlib.metadata import version
    from platform import python_version

    names = ("lightgbm", "narwhals", "numpy", "polars", "scikit-learn", "steward")
    more = _xgboost_version() if kind in {"xgboost", "rescaled"} else {}  # what is inside may need it
    return {"python": python_version(), **{name: version(name) for name in names}, **more}


def _xgboost_version() -> Mapping[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    for name in ("xgboost", "xgboost-cpu"):  # one library under two names
        with suppress(PackageNotFoundError):
            return {name: version(name)}
    return {}


def _manifest(content: BundleContent) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "kind": content.model.kind,
        "task": content.task,
        "target": content.target,
        "unit": content.unit,
        "wanted": list(content.wanted),
        "left_out": dict(content.left_out),
        "categories": list(content.categories),
        "lookups": [lookup.name for lookup in (*content.lookups, *content.fitting.lookups)],
        "provenance": dict(content.provenance),
        "libraries": dict(content.libraries),
        **({"classes": list(content.classes)} if content.classes else {}),
    }
