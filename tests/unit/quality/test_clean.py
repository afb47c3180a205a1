import math
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter, ValidationError

from steward.core.errors import AnswerIsNo, UsageError
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


FARES = pl.DataFrame({"fare": [10.0, 11.0, 12.0, 13.0, 100.0, None], "seats": [1, 2, 2, 3, 90, None]})


def test_outliers_are_pulled_back_to_the_nearest_value_that_is_none() -> None:
    cleaned = mend({"kind": "outliers", "column": "fare", "method": "clip"}, table=FARES)
    assert cleaned.frame["fare"].to_list() == [10, 11, 12, 13, 16, None]  # quartiles 11 and 13
    assert cleaned.touched == (RuleEffect("outliers fare", 1),)


def test_a_whole_number_stays_one_and_inside_the_fence() -> None:
    cleaned = mend({"kind": "outliers", "column": "seats", "method": "clip", "factor": 1.2}, table=FARES)
    assert cleaned.frame["seats"].to_list() == [1, 2, 2, 3, 4, None]  # quartiles 2 and 3: up to 4.2
    assert cleaned.frame.schema["seats"] == pl.Int64


def test_outliers_are_dropped_or_flagged() -> None:
    dropped = mend({"kind": "outliers", "column": "fare", "method": "drop", "by": "zscore", "limit": 1.7}, table=FARES)
    assert dropped.frame["fare"].to_list() == [10, 11, 12, 13, None]
    assert dropped.touched == (RuleEffect("outliers fare", 1),)
    flagged = mend({"kind": "outliers", "column": "fare", "method": "flag", "by": "range", "max": 11}, table=FARES)
    assert flagged.frame["fare_outlier"].to_list() == [False, False, True, True, True, False]
    assert flagged.frame.drop("fare_outlier").equals(FARES)
    assert flagged.touched == (RuleEffect("outliers fare", 3),)


def test_empty_cells_are_filled_with_a_figure_of_the_rows_at_hand() -> None:
    table = pl.DataFrame({"x": [1.0, 2.0, 6.0, None], "n": [1, 2, 6, None], "s": ["b", "a", "b", None]})
    cleaned = mend(
        {"kind": "fill_missing", "column": "x", "statistic": "mean"},
        {"kind": "fill_missing", "column": "n", "statistic": "median"},
        {"kind": "fill_missing", "column": "s", "statistic": "mode"},
        table=table,
    )
    assert cleaned.frame.row(3) == (3.0, 2, "b")
    assert [effect.rows for effect in cleaned.touched] == [1, 1, 1]
    empty = mend({"kind": "fill_missing", "column": "x", "statistic": "mean"}, table=table.tail(1))
    assert (empty.frame["x"].to_list(), empty.touched[0].rows) == ([None], 0)


def test_values_are_replaced_all_at_once_and_only_where_told() -> None:
    table = pl.DataFrame({"code": [0, 1, 2, None, 1], "copy": [True, True, True, True, None]})
    rule = {"kind": "replace", "column": "code", "values": {"0": 1, "1": 0, "2": None}, "where": "copy is not null"}
    cleaned = mend(rule, table=table)
    assert cleaned.frame["code"].to_list() == [1, 0, None, None, 1]
    assert cleaned.touched == (RuleEffect("replace code", 3),)


def test_rows_of_which_something_is_true_are_left_out() -> None:
    cleaned = mend({"kind": "drop_rows", "where": "fare > 12 and seats < 50"}, table=FARES)
    assert cleaned.frame["fare"].to_list() == [10, 11, 12, 100, None]
    assert cleaned.touched == (RuleEffect("drop_rows fare > 12 and seats < 50", 1),)


def test_a_column_gets_another_type_and_later_rules_see_it() -> None:
    table = pl.DataFrame({"n": ["1", " 2", "700", None]})
    cleaned = mend({"kind": "cast", "column": "n", "to": "integer"}, {"kind": "clip", "column": "n", "max": 9}, table=table)
    assert cleaned.frame["n"].to_list() == [1, 2, 9, None]
    assert [effect.rows for effect in cleaned.touched] == [3, 1]
    again = mend({"kind": "cast", "column": "n", "to": "integer"}, table=cleaned.frame)
    assert again.touched == (RuleEffect("cast n", 0),)


def test_a_value_that_is_not_of_the_new_type_is_refused_or_emptied() -> None:
    table = pl.DataFrame({"n": ["1", "many", "x", "many"]})
    with pytest.raises(AnswerIsNo, match=r"DATA-058.*'n' holds what is no integer in 3 rows, for example 'many', 'x'"):
        mend({"kind": "cast", "column": "n", "to": "integer"}, table=table)
    cleaned = mend({"kind": "cast", "column": "n", "to": "integer", "unreadable": "empty"}, table=table)
    assert cleaned.frame["n"].to_list() == [1, None, None, None]


def test_days_are_read_in_the_form_they_are_written_in() -> None:
    table = pl.DataFrame({"day": ["31/12/2023", None]})
    cleaned = mend({"kind": "cast", "column": "day", "to": "datetime", "format": "%d/%m/%Y"}, table=table)
    assert str(cleaned.frame["day"][0]) == "2023-12-31 00:00:00"


def test_rules_for_other_columns_than_these_are_all_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        mend(
            {"kind": "outliers", "column": "name", "method": "drop"},
            {"kind": "replace", "column": "id", "values": {"one": 1}},
            {"kind": "replace", "column": "id", "values": {"1": "one"}},
            {"kind": "drop_rows", "where": "name > 1"},
            {"kind": "drop_rows", "where": "nam == 'a'"},
            {"kind": "fill_missing", "column": "name", "statistic": "mean"},
            {"kind": "outliers", "column": "x", "method": "flag"},
            {"kind": "outliers", "column": "x", "method": "flag"},
        )
    codes = [fault.code for fault in caught.value.faults]
    assert codes == ["DATA-053", "DATA-054", "DATA-054", "DATA-056", "DATA-052", "DATA-053", "DATA-057"]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"kind": "fill_missing", "column": "x"}, "either a value or a statistic"),
        ({"kind": "fill_missing", "column": "x", "value": 1, "statistic": "mean"}, "either a value or a statistic"),
        ({"kind": "outliers", "column": "x", "method": "drop", "by": "range"}, "needs min, max or both"),
        ({"kind": "outliers", "column": "x", "method": "drop", "min": 1}, "iqr finds its own bounds"),
        ({"kind": "drop_rows", "where": "x ="}, "at character 3"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_when_the_project_is_read(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RULES.validate_python([declared])
    assert message in str(caught.value)
