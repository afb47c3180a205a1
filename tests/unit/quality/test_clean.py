import math
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter

from steward.core.errors import UsageError
from steward.project.rules import CleaningSpec
from steward.quality.clean import Cleaned, RuleEffect, clean

RULES: TypeAdapter[tuple[CleaningSpec, ...]] = TypeAdapter(tuple[CleaningSpec, ...])
TABLE = pl.DataFrame({"id": [3, 1, 3, 3], "x": [0.5, None, 0.5, math.nan], "name": ["a", None, "a", "b"]})


def mend(*declared: dict[str, Any], table: pl.DataFrame = TABLE) -> Cleaned:
    return clean(table, RULES.validate_python(declared))


def test_the_first_of_equal_rows_stays_and_the_order_too() -> None:
    cleaned = mend({"kind": "drop_duplicates"})
    assert cleaned.frame["id"].to_list() == [3, 1, 3]
    assert cleaned.frame["name"].to_list() == ["a", None, "b"]
    assert cleaned.touched == (RuleEffect("drop_duplicates", 1),)


def test_duplicates_may_be_judged_by_some_columns_only() -> None:
    cleaned = mend({"kind": "drop_duplicates", "columns": ["id"]})
    assert cleaned.frame["id"].to_list() == [3, 1]
    assert cleaned.touched == (RuleEffect("drop_duplicates id", 2),)


def test_empty_cells_are_filled_and_counted_and_nan_is_empty() -> None:
    cleaned = mend({"kind": "fill_missing", "column": "x", "value": 2}, {"kind": "fill_missing", "column": "name", "value": "?"})
    assert cleaned.frame["x"].to_list() == [0.5, 2.0, 0.5, 2.0]
    assert cleaned.frame["name"].to_list() == ["a", "?", "a", "b"]
    assert cleaned.touched == (RuleEffect("fill_missing x", 2), RuleEffect("fill_missing name", 1))


def test_values_beyond_a_bound_are_pulled_back_and_empty_cells_left_alone() -> None:
    table = pl.DataFrame({"x": [-1.0, 0.5, 9.0, None, math.nan]})
    cleaned = mend({"kind": "clip", "column": "x", "min": 0, "max": 1}, table=table)
    assert cleaned.frame["x"].to_list()[:4] == [0.0, 0.5, 1.0, None]
    assert math.isnan(cleaned.frame["x"][4])
    assert cleaned.touched == (RuleEffect("clip x", 2),)


def test_clipping_whole_numbers_keeps_them_whole_and_within_the_bounds() -> None:
    cleaned = mend({"kind": "clip", "column": "id", "min": 1.5, "max": 2.5})
    assert cleaned.frame["id"].to_list() == [2, 2, 2, 2]
    assert cleaned.frame.schema["id"] == pl.Int64


def test_rules_run_in_order_and_see_what_the_one_before_left() -> None:
    fill, drop = {"kind": "fill_missing", "column": "x", "value": 0.5}, {"kind": "drop_duplicates", "columns": ["x"]}
    assert mend(fill, drop).frame.height == 1
    assert mend(drop, fill).frame.height == 3


def test_nothing_to_mend_gives_the_table_itself() -> None:
    assert mend().frame is TABLE
    assert mend({"kind": "clip", "column": "id", "max": 9}).frame is TABLE
    assert mend({"kind": "drop_duplicates"}, table=TABLE.clear()).touched == (RuleEffect("drop_duplicates", 0),)


def test_rules_that_do_not_fit_are_all_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        mend(
            {"kind": "drop_duplicates", "columns": ["ids"]},
            {"kind": "clip", "column": "name", "max": 1},
            {"kind": "fill_missing", "column": "id", "value": 1.5},
            {"kind": "fill_missing", "column": "name", "value": 1},
            {"kind": "fill_missing", "column": "x", "value": True},
        )
    assert [fault.code for fault in caught.value.faults] == ["DATA-052", "DATA-053", "DATA-054", "DATA-054", "DATA-054"]
    assert "1.5 cannot fill column 'id', which holds Int64" in str(caught.value)
