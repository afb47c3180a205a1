from datetime import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from steward.core.digest import canonical_json
from steward.registry.table import table_as_json, table_from_json

cells = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.text(),
    st.none() | st.booleans(),
    st.none() | st.datetimes(),
)
SCHEMA = {"a": pl.Int64, "b": pl.Float64, "c": pl.String, "d": pl.Boolean, "e": pl.Datetime("us")}


@given(st.lists(cells, max_size=8))
def test_a_table_comes_back_with_the_same_values_and_types(rows: list[tuple[object, ...]]) -> None:
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    columns = table_as_json(table)
    assert canonical_json(columns)
    assert_frame_equal(table_from_json(columns), table)


def test_times_are_written_as_wall_clock_and_nan_as_missing() -> None:
    table = pl.DataFrame({"at": [datetime(2023, 1, 31, 8, 15)], "x": [float("nan")]})  # noqa: DTZ001
    assert table_as_json(table) == [
        {"name": "at", "type": "datetime", "values": ["2023-01-31T08:15:00"]},
        {"name": "x", "type": "number", "values": [None]},
    ]


def test_a_type_that_no_dictionary_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="column x is Int8"):
        table_as_json(pl.DataFrame({"x": pl.Series([1], dtype=pl.Int8)}))
