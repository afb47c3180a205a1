import polars as pl
import pytest

from steward.features.column import Column
from steward.features.dictionary import describe_features, unit_in
from steward.features.fitted.fit import stand_ins
from steward.features.lookup import Lookup
from steward.features.program import Program
from steward.features.source import Feature
from steward.project.dictionary import DictionarySpec
from steward.project.fitted import TargetMeanSpec

COLUMNS = {
    "at": {"type": "datetime", "meaning": "when", "known_at": "request"},
    "zone": {"type": "integer", "meaning": "where", "known_at": "request", "codes": {"1": "north"}},
    "home": {"type": "number", "meaning": "where they live", "unit": "km", "known_at": "request", "sensitivity": "personal"},
    "paid": {"type": "number", "meaning": "the fare", "unit": "USD", "known_at": "outcome"},
}
DICTIONARY = DictionarySpec.model_validate({"columns": COLUMNS})
FITTED = {"zone_mean": TargetMeanSpec.model_validate({"kind": "target_mean", "by": ["zone"]})}


def away_km(home: Column, zone_lat: Column) -> Column:
    return home * 1.0 + zone_lat


FEATURES = {
    "away_km": Feature("away_km", ("home", "zone_lat"), away_km, "How far away.\n\nAs the crow flies."),
    "later": Feature("later", ("paid",), lambda paid: paid > 1, ""),
    **stand_ins(FITTED),
}
LOOKUP = Lookup("zones", pl.DataFrame({"id": [1], "lat": [4.0]}), ("id",), ("zone",), {"zone_lat": "lat"})
WANTED = ("home", "zone", "zone_lat", "away_km", "later", "zone_mean")
PROGRAM = Program.build(FEATURES, WANTED, set(COLUMNS), (LOOKUP,))
TYPES = {"home": pl.Float64(), "zone": pl.Int32(), "zone_lat": pl.Float64(), "away_km": pl.Float64(), "later": pl.Boolean()}
ENTRIES = {entry.name: entry for entry in describe_features(PROGRAM, TYPES, DICTIONARY, FITTED, "min")}


def test_entries_stand_in_the_models_order() -> None:
    assert tuple(ENTRIES) == WANTED


def test_a_function_says_its_docstring_its_unit_and_what_it_comes_from_in_the_end() -> None:
    entry = ENTRIES["away_km"]
    assert (entry.made, entry.type, entry.unit) == ("function", "number", "km")
    assert entry.meaning == "How far away. As the crow flies."
    assert (entry.reads, entry.raw) == (("home", "zone_lat"), ("home", "zone"))


def test_a_column_is_what_the_dictionary_says() -> None:
    entry = ENTRIES["zone"]
    assert (entry.made, entry.meaning, entry.type, entry.codes, entry.raw) == (
        "column",
        "where",
        "integer",
        {"1": "north"},
        ("zone",),
    )
    assert ENTRIES["home"].unit == "km"


def test_lookups_and_fitted_columns_are_told_apart() -> None:
    assert (ENTRIES["zone_lat"].made, ENTRIES["zone_lat"].reads, ENTRIES["zone_lat"].unit) == ("lookup", ("zone",), "degrees north")
    mean = ENTRIES["zone_mean"]
    assert (mean.made, mean.fitted, mean.unit, mean.reads, mean.raw) == ("fitted", "target_mean", "min", ("zone",), ("zone",))


def test_care_and_time_are_those_of_the_raw_column_that_needs_most() -> None:
    assert (ENTRIES["away_km"].care, ENTRIES["away_km"].known_at) == ("personal", "request")
    assert (ENTRIES["later"].care, ENTRIES["later"].known_at, ENTRIES["later"].type) == ("none", "outcome", "boolean")


def test_an_entry_describes_itself_as_a_column_of_a_dictionary() -> None:
    spec = ENTRIES["away_km"].as_column()
    assert (spec.type, spec.unit, spec.sensitivity) == ("number", "km", "personal")


@pytest.mark.parametrize(
    ("name", "unit"), [("speed_kmh", "km/h"), ("fare_usd", "USD"), ("km", ""), ("pickup_hour", ""), ("item_s", "s")]
)
def test_a_unit_is_read_only_behind_the_last_underline(name: str, unit: str) -> None:
    assert unit_in(name) == unit
