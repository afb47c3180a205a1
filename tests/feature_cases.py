"""The programs that every engine must agree on: the four blueprints' features, and each function of the library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
import yaml

import steward
from steward.data.convert import DTYPES
from steward.features.lookup import Lookup
from steward.features.program import Program
from steward.features.source import load_features
from steward.project.dictionary import DictionarySpec
from tests.random_rows import SCHEMA

CASES = ("taxi", "uber", "accidents", "heart", "library")
_BLUEPRINTS = Path(steward.__file__).parent / "blueprints"
_ZONES = pl.DataFrame(
    {"id": range(1, 266), "lat": [40.5 + i / 500 for i in range(265)], "lon": [-74.2 + i / 500 for i in range(265)]}
)


@dataclass(frozen=True)
class Case:
    """A program with all its features, the raw columns' types, and codes that its lookups know."""

    program: Program
    schema: Mapping[str, pl.DataType]
    codes: Mapping[str, Sequence[int]]


@cache
def case(name: str) -> Case:
    """Return one of `CASES`."""
    if name == "library":
        features = load_features(Path(__file__).parent / "every_function.py")
        return Case(Program.build(features, (), tuple(SCHEMA), [], also=tuple(features)), SCHEMA, {})
    folder = _BLUEPRINTS / name
    dictionary = DictionarySpec.model_validate(yaml.safe_load((folder / "dictionary.yaml").read_text()))
    schema = {column: DTYPES[spec.type] for column, spec in dictionary.columns.items()}
    features = load_features(folder / "features.py")
    wanted = yaml.safe_load((folder / "project.yaml").read_text())["features"]
    wanted = [column for column in wanted if column in features or column in schema or name == "taxi"]
    sides = ("pickup", "dropoff") if name == "taxi" else ()
    lookups = [Lookup(side, _ZONES, ("id",), (f"{side}_zone",), {f"{side}_{x}": x for x in ("lat", "lon")}) for side in sides]
    codes = {f"{side}_zone": range(1, 266) for side in sides}
    return Case(Program.build(features, wanted, tuple(schema), lookups, also=tuple(features)), schema, codes)
