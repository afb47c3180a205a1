from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from steward.core.errors import Fault, UsageError
from steward.serving.request import MAX_FAULTS, parse_rows, request_model, rows_to_frame
from steward.testing import TINY_DICTIONARY

INPUTS = ("pickup_at", "pickup_zone", "distance_km", "passengers", "note", "shared")
ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}


def parse(row: object) -> dict[str, Any]:
    return parse_rows(TINY_DICTIONARY, INPUTS, [row])[0]


def faults(row: object) -> dict[str, tuple[str, str, str]]:
    with pytest.raises(UsageError) as caught:
        parse(row)
    return {fault.where[0]: (fault.code, fault.what, fault.fix) for fault in caught.value.faults}


def test_a_row_comes_back_with_what_was_given_and_nothing_else() -> None:
    assert parse(ROW) == {"pickup_at": datetime(2024, 1, 31, 8, 15), "pickup_zone": 74, "distance_km": 3.5}  # noqa: DTZ001


@pytest.mark.parametrize("text", ["2024-01-31 08:15:00", "2024-01-31T08:15", "2024-01-31T08:15:00.000000"])
def test_a_time_is_iso_text_with_or_without_seconds(text: str) -> None:
    assert parse(ROW | {"pickup_at": text}) == parse(ROW)


def test_a_whole_number_may_be_written_with_a_point() -> None:
    said = parse(ROW | {"pickup_zone": 74.0, "passengers": 2.0})
    assert said == parse(ROW | {"pickup_zone": 74, "passengers": 2})
    assert [type(said[name]) for name in ("pickup_zone", "passengers")] == [int, int]


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("pickup_zone", "74", "SERVE-032", "pickup_zone must be a whole number, not '74'"),
        ("pickup_zone", 74.5, "SERVE-032", "whole number, not 74.5"),
        ("pickup_zone", 1e300, "SERVE-034", "outside of what it can be"),
        ("pickup_zone", True, "SERVE-032", "not true"),
        ("pickup_zone", None, "SERVE-032", "not null"),
        ("pickup_zone", 266, "SERVE-034", "266, outside of what it can be (from 1 to 265)"),
        ("passengers", 10**30, "SERVE-034", "64-bit"),
        ("distance_km", float("nan"), "SERVE-033", "finite number, not nan"),
        ("distance_km", float("inf"), "SERVE-033", "finite number, not inf"),
        ("distance_km", -0.5, "SERVE-034", "-0.5, outside of what it can be (from 0)"),
        ("distance_km", [3.5], "SERVE-032", "not a list"),
        ("distance_km", {"km": 3}, "SERVE-032", "not an object"),
        ("shared", 1, "SERVE-032", "true or false, not 1"),
        ("note", 7, "SERVE-032", "text"),
        ("note", "half a \ud800", "SERVE-032", "not 'half a \\\\ud800'"),
        ("note", "x" * 1001, "SERVE-032", "at most 1000"),
        ("pickup_at", 1706688900, "SERVE-032", "date and time"),
        ("pickup_at", "2024-01-31", "SERVE-032", "date and time"),
        ("pickup_at", "2024-02-30T08:15:00", "SERVE-032", "date and time"),
        ("pickup_at", "2024-01-31T08:15:00Z", "SERVE-036", "carries a time zone"),
        ("pickup_at", "2024-01-31T08:15:00+01:00", "SERVE-036", "carries a time zone"),
        ("pickup_at", datetime(2024, 1, 31, tzinfo=UTC), "SERVE-036", "carries a time zone"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field_and_what_it_should_be(name: str, value: object, code: str, words: str) -> None:
    found = faults(ROW | {name: value})
    assert list(found) == [f"rows[0].{name}"]
    assert found[f"rows[0].{name}"][0] == code
    assert words in found[f"rows[0].{name}"][1]


def test_every_mistake_is_named_at_once_with_an_example_of_what_is_missing() -> None:
    found = faults({"pickup_zone": "x"})
    assert set(found) == {"rows[0].pickup_at", "rows[0].pickup_zone", "rows[0].distance_km"}
    assert found["rows[0].distance_km"] == ("SERVE-031", "distance_km is missing", 'add "distance_km": 3.5  (km)')


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("pickup_zon", "did you mean 'pickup_zone'?"),
        ("PULocationID", "write 'pickup_zone'"),
        ("dropoff_at", "leave dropoff_at out"),
        ("column_0", "known: "),
        ("\ud800", "known: "),
    ],
)
def test_an_unknown_column_is_refused_with_the_one_that_was_meant(name: str, fix: str) -> None:
    (found,) = faults(ROW | {name: 1}).values()
    if name != "\ud800":  # pydantic refuses the whole row for it
        assert found[0] == "SERVE-030"
        assert fix in found[2]


@pytest.mark.parametrize("row", [None, 1, "x", [], [ROW]])
def test_what_is_no_object_is_no_row(row: object) -> None:
    assert faults(row)["rows[0]"][0] == "SERVE-035"


def test_no_rows_at_all_are_refused() -> None:
    with pytest.raises(UsageError, match="SERVE-035"):
        parse_rows(TINY_DICTIONARY, INPUTS, [])


def test_a_column_known_at_request_but_not_read_may_be_given_or_left_out() -> None:
    assert parse(ROW | {"vendor": 2})["vendor"] == 2
    assert parse(ROW | {"vendor": None})["vendor"] is None
    assert faults(ROW | {"vendor": "two"})["rows[0].vendor"][0] == "SERVE-032"


def test_a_flood_of_mistakes_is_cut_short() -> None:
    with pytest.raises(UsageError) as caught:
        parse_rows(TINY_DICTIONARY, INPUTS, [{f"x{i}": 1 for i in range(500)}, *[None] * 500])
    assert len(caught.value.faults) == MAX_FAULTS


def test_the_schema_names_the_columns_and_says_what_they_mean() -> None:
    schema = request_model(TINY_DICTIONARY, INPUTS).model_json_schema()
    assert schema["required"] == ["pickup_at", "pickup_zone", "distance_km"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["distance_km"]["description"] == "length of the way. Unit: km."
    assert schema["properties"]["vendor"]["description"] == "maker of the meter. 1 = one. 2 = another."
    assert schema["examples"] == [{**ROW, "passengers": 1}]


def test_a_frame_has_the_inputs_in_order_with_exact_types_and_nulls_for_what_was_not_given() -> None:
    frame = rows_to_frame(parse_rows(TINY_DICTIONARY, INPUTS, [ROW | {"vendor": 2}]), TINY_DICTIONARY, INPUTS)
    expected = pl.DataFrame(
        {
            "pickup_at": [datetime(2024, 1, 31, 8, 15)],  # noqa: DTZ001
            "pickup_zone": [74],
            "distance_km": [3.5],
            "passengers": [None],
            "note": [None],
            "shared": [None],
        },
        schema={
            "pickup_at": pl.Datetime("us"),
            "pickup_zone": pl.Int64,
            "distance_km": pl.Float64,
            "passengers": pl.Int64,
            "note": pl.String,
            "shared": pl.Boolean,
        },
    )
    assert_frame_equal(frame, expected)


def test_no_rows_make_an_empty_frame_with_the_same_types() -> None:
    assert rows_to_frame([], TINY_DICTIONARY, INPUTS).schema == rows_to_frame([ROW], TINY_DICTIONARY, INPUTS).schema


@given(
    st.datetimes(), st.integers(1, 265), st.floats(0, allow_infinity=False, allow_subnormal=False), st.none() | st.text(max_size=9)
)
def test_a_logged_row_makes_the_same_frame_as_the_request_did(at: datetime, zone: int, km: float, note: str | None) -> None:
    asked = {"pickup_at": at.isoformat(), "pickup_zone": zone, "distance_km": km, "note": note}
    rows = [parse(asked)]
    logged = [{**rows[0], "pickup_at": rows[0]["pickup_at"].isoformat()}]
    assert_frame_equal(rows_to_frame(rows, TINY_DICTIONARY, INPUTS), rows_to_frame(logged, TINY_DICTIONARY, INPUTS))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner, max_size=3),
    max_leaves=6,
)


def _faults_of(row: object) -> tuple[Fault, ...]:
    try:
        rows_to_frame(parse_rows(TINY_DICTIONARY, INPUTS, [row]), TINY_DICTIONARY, INPUTS)
    except UsageError as error:
        return error.faults
    return ()


@given(st.dictionaries(st.sampled_from([*TINY_DICTIONARY.columns, "other"]), anything) | anything)
def test_whatever_is_sent_is_read_or_refused_with_codes_that_can_be_printed(row: object) -> None:
    for fault in _faults_of(row):
        assert fault.code.startswith("SERVE-03")
        assert fault.where
        assert fault.fix
        assert str(fault).encode()
