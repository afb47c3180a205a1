"""What is each feature: what does it say, in which unit, and what is it made of?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from steward.features.program import Program
from steward.project.dictionary import ColumnSpec, ColumnType, DictionarySpec
from steward.project.fitted import FittedSpec

Made = Literal["column", "function", "lookup", "fitted"]
Care = Literal["none", "personal", "sensitive"]

# Names carry their unit behind the last underline; only those that mean nothing else are read from it.
_UNITS: Mapping[str, str] = {
    "km": "km", "m": "m", "miles": "miles", "mi": "miles", "min": "min", "s": "s", "ms": "ms", "hours": "h", "days": "days",
    "years": "years", "months": "months", "usd": "USD", "eur": "EUR", "gbp": "GBP", "kmh": "km/h", "mph": "mph", "kg": "kg",
    "pct": "%", "lat": "degrees north", "lon": "degrees east", "deg": "degrees", "mmhg": "mmHg", "celsius": "°C",
}  # fmt: skip
_OF_FITTED: Mapping[str, str] = {"count": "rows", "bins": "number of the bin", "clusters": "number of the centre"}
_CARE: Sequence[Care] = ("none", "personal", "sensitive")


@dataclass(frozen=True, slots=True)
class FeatureEntry:
    """One input of the model.

    `made` says how; `reads` are the columns it is made from at once, `raw` the ones it comes from in the end. `known_at` is
    `outcome` where one of these is known only then; `care` is the greatest care that one of them needs. `unit` is empty where
    it cannot be told.
    """

    name: str
    type: ColumnType
    unit: str
    meaning: str
    made: Made
    reads: tuple[str, ...]
    raw: tuple[str, ...]
    known_at: Literal["request", "outcome"]
    fitted: str
    care: Care
    codes: Mapping[str, str]

    def as_column(self) -> ColumnSpec:
        """Return the feature as a data dictionary would describe it."""
        described = {"type": self.type, "unit": self.unit, "meaning": self.meaning, "codes": dict(self.codes) or None}
        return ColumnSpec.model_validate({**described, "known_at": self.known_at, "sensitivity": self.care})


def describe_features(
    program: Program,
    types: Mapping[str, pl.DataType],
    dictionary: DictionarySpec,
    fitted: Mapping[str, FittedSpec],
    target_unit: str,
) -> tuple[FeatureEntry, ...]:
    """Return an entry for each of the program's wanted columns, in order.

    Args:
        program: with stand-ins for fitted columns, so that it tells what everything is made of.
        types: of the columns as they are made; a fitted column may be absent.
        dictionary: of the raw columns.
        fitted: declarations of the fitted columns.
        target_unit: the unit of a mean of the target.
    """
    return tuple(_entry(name, program, types, dictionary, fitted, target_unit) for name in program.wanted)


def _entry(
    name: str,
    program: Program,
    types: Mapping[str, pl.DataType],
    dictionary: DictionarySpec,
    fitted: Mapping[str, FittedSpec],
    target_unit: str,
) -> FeatureEntry:
    raw = sorted(program.lineage(name))
    known = [dictionary.columns[column] for column in raw if column in dictionary.columns]
    own, feature = dictionary.columns.get(name), program.features.get(name)
    lookup = next((one for one in program.lookups if name in one.provides), None)
    spec = fitted.get(name)
    made: Made = "fitted" if spec else "function" if feature else "lookup" if lookup else "column"
    meaning = (
        own.meaning if own else feature.doc if feature else f"{lookup.provides[name]} of the lookup {lookup.name}" if lookup else ""
    )
    return FeatureEntry(
        name=name,
        type=_type_of(types[name]) if name in types else "number",
        unit=own.unit if own else _fitted_unit(spec, dictionary, target_unit) if spec else unit_in(name),
        meaning=" ".join(meaning.split()) or name,
        made=made,
        reads=feature.reads if feature else lookup.columns if lookup else (),
        raw=tuple(raw),
        known_at="outcome" if any(column.known_at == "outcome" for column in known) else "request",
        fitted=spec.kind if spec else "",
        care=max((column.sensitivity for column in known), key=_CARE.index, default="none"),
        codes=(own.codes or {}) if own else {},
    )


def unit_in(name: str) -> str:
    """Return the unit that a name carries behind its last underline; empty where there is none.

    >>> unit_in("distance_km"), unit_in("pickup_hour")
    ('km', '')
    """
    word, _, unit = name.rpartition("_")
    return _UNITS.get(unit, "") if word else ""


def _fitted_unit(spec: FittedSpec, dictionary: DictionarySpec, target_unit: str) -> str:
    if spec.kind in _OF_FITTED:
        return _OF_FITTED[spec.kind]
    if spec.kind == "target_mean":
        return target_unit if spec.of is None else "share"
    if spec.kind == "impute":
        own = dictionary.columns.get(spec.of)
        return own.unit if own else unit_in(spec.of)
    return "standard deviations"


def _type_of(dtype: pl.DataType) -> ColumnType:
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    return "datetime" if dtype.is_temporal() else "number" if dtype.is_numeric() or dtype == pl.Null else "text"
