import json
import math
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from steward.core.errors import AnswerIsNo, UsageError
from steward.project.rules import CheckSpec
from steward.quality.checks import Checked, judge, run_checks

CHECKS: TypeAdapter[tuple[CheckSpec, ...]] = TypeAdapter(tuple[CheckSpec, ...])


def checks(*declared: dict[str, Any]) -> tuple[CheckSpec, ...]:
    return CHECKS.validate_python(declared)


def at(day: int, month: int = 1) -> datetime:
    return datetime(2023, month, day)  # noqa: DTZ001 - wall clock


TRIPS = pl.DataFrame(
    {
        "pickup_at": [at(1), at(31), at(1, 2), None, at(5)],
        "fare": [5.0, -1.0, None, math.nan, 900.0],
        "payment": [1, 2, 9, None, 1],
        "flag": ["Y", "N", None, "Q", "Y"],
        "period": ["2023-01"] * 5,
    }
)


def apart(checked: Checked) -> dict[int, str]:
    """Row number to reason of the rows set apart, when the table carries its row numbers."""
    return dict(checked.quarantined.select("nr", "_reason").iter_rows())


def check(*declared: dict[str, Any]) -> Checked:
    return run_checks(TRIPS.with_row_index("nr"), checks(*declared))


@pytest.mark.parametrize(
    ("declared", "rows"),
    [
        ({"kind": "not_null", "columns": ["pickup_at"]}, [3]),
        ({"kind": "not_null", "columns": ["fare", "flag"]}, [2, 3]),  # NaN is empty
        ({"kind": "range", "column": "fare", "min": 0, "max": 500}, [1, 4]),
        ({"kind": "range", "column": "fare", "min": 5}, [1]),  # bounds are allowed themselves
        ({"kind": "range", "column": "payment", "max": 1.5}, [1, 2]),
        ({"kind": "allowed", "column": "payment", "values": [1, 2]}, [2]),
        ({"kind": "allowed", "column": "flag", "values": ["Y", "N"]}, [3]),
        ({"kind": "allowed", "column": "payment", "values": ["Y", 9]}, [0, 1, 4]),
        ({"kind": "in_period", "column": "pickup_at"}, [2]),  # the first instant of February is outside January
        ({"kind": "unique", "columns": ["payment"], "action": "quarantine"}, [4]),
        ({"kind": "null_share", "column": "fare", "max": 0.3, "action": "stop"}, [2, 3]),
        ({"kind": "null_share", "column": "fare", "max": 0.4, "action": "stop"}, []),
    ],
)
def test_a_check_sets_apart_the_rows_that_break_it(declared: dict[str, Any], rows: list[int]) -> None:
    checked = check(declared)
    assert sorted(apart(checked)) == rows
    assert checked.kept["nr"].to_list() == [nr for nr in range(5) if nr not in rows]
    assert [finding.rows for finding in checked.findings] == ([len(rows)] if rows else [])


def test_a_row_that_breaks_two_checks_is_set_apart_once_with_both_reasons() -> None:
    checked = check(
        {"kind": "allowed", "column": "payment", "values": [1, 2]}, {"kind": "in_period", "column": "pickup_at", "name": "month"}
    )
    assert apart(checked) == {2: "allowed payment; month"}


def test_a_warning_is_a_finding_and_sets_nothing_apart() -> None:
    checked = check({"kind": "range", "column": "fare", "min": 0, "action": "warn"})
    assert checked.kept.height == 5
    assert checked.quarantined.height == 0
    (finding,) = checked.findings
    assert (finding.check, finding.action, finding.rows, finding.share, finding.examples) == (
        "range fare",
        "warn",
        1,
        0.2,
        ("-1",),
    )
    assert finding.text == "fare is below 0 in 1 of 5 rows (20.00%), for example -1"


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (
            {"kind": "not_null", "columns": ["fare", "flag"]},
            "fare or flag is empty in 2 of 5 rows (40.00%), for example row 3, row 4",
        ),
        (
            {"kind": "range", "column": "fare", "min": 0, "max": 500},
            "fare is below 0 or above 500 in 2 of 5 rows (40.00%), for example -1, 900",
        ),
        (
            {"kind": "allowed", "column": "payment", "values": [1, 2]},
            "payment is none of 1, 2 in 1 of 5 rows (20.00%), for example 9",
        ),
        (
            {"kind": "in_period", "column": "pickup_at"},
            "pickup_at lies outside the month of its file in 1 of 5 rows (20.00%), for example 2023-02-01 00:00:00",
        ),
        (
            {"kind": "unique", "columns": ["payment", "period"]},
            "payment, period repeat an earlier row in 1 of 5 rows (20.00%), for example row 5",
        ),
        (
            {"kind": "null_share", "column": "fare", "max": 0.1},
            "fare may be empty in 10% of the rows and is in 2 of 5 rows (40.00%), for example row 3, row 4",
        ),
    ],
)
def test_a_finding_says_what_is_wrong_how_often_and_with_which_values(declared: dict[str, Any], text: str) -> None:
    (finding,) = check(declared).findings
    assert finding.text == text
    assert json.loads(json.dumps(finding.as_dict()))["columns"] == list(finding.columns)


def test_many_broken_rows_give_three_different_examples() -> None:
    frame = pl.DataFrame({"zone": [300, 300, 301, 302, 303, 1]})
    (finding,) = run_checks(frame, checks({"kind": "range", "column": "zone", "max": 265})).findings
    assert finding.examples == ("300", "301", "302")


def test_rows_of_several_months_are_each_compared_with_their_own() -> None:
    frame = pl.DataFrame({"pickup_at": [at(3), at(3), at(3, 2), at(3, 2)], "period": ["2023-01", "2023-02", "2023-01", "2023-02"]})
    checked = run_checks(frame.with_row_index("nr"), checks({"kind": "in_period", "column": "pickup_at"}))
    assert sorted(apart(checked)) == [1, 2]


def test_a_table_that_holds_all_rules_comes_back_as_it_is() -> None:
    checked = check({"kind": "not_null", "columns": ["period"]})
    assert checked.kept.columns == ["nr", *TRIPS.columns]
    assert checked.quarantined.columns == ["nr", *TRIPS.columns, "_reason"]
    assert checked.findings == ()
    assert run_checks(TRIPS, ()).kept is TRIPS


def test_an_empty_table_breaks_no_rule() -> None:
    declared = checks(
        {"kind": "not_null", "columns": ["fare"]},
        {"kind": "range", "column": "fare", "min": 0},
        {"kind": "in_period", "column": "pickup_at"},
        {"kind": "unique", "columns": ["payment"]},
        {"kind": "null_share", "column": "fare", "max": 0},
    )
    checked = run_checks(TRIPS.clear(), declared)
    judge(checked, 0.0)
    assert (checked.kept.height, checked.quarantined.height, checked.findings) == (0, 0, ())


def test_checks_that_do_not_fit_the_table_are_all_named_at_once() -> None:
    declared = (
        {"kind": "range", "column": "fair", "min": 0},
        {"kind": "range", "column": "flag", "min": 0},
        {"kind": "in_period", "column": "fare"},
    )
    with pytest.raises(UsageError) as caught:
        check(*declared)
    assert [fault.code for fault in caught.value.faults] == ["DATA-052", "DATA-053", "DATA-053"]
    assert "did you mean 'fare'?" in str(caught.value)
    with pytest.raises(UsageError, match="needs a column 'period'"):
        run_checks(TRIPS.drop("period"), checks({"kind": "in_period", "column": "pickup_at"}))


def test_too_many_rows_set_apart_end_the_run_and_the_message_counts_them_by_rule() -> None:
    checked = check({"kind": "range", "column": "fare", "min": 0}, {"kind": "not_null", "columns": ["pickup_at"]})
    judge(checked, 0.4)
    with pytest.raises(AnswerIsNo) as caught:
        judge(checked, 0.39)
    (fault,) = caught.value.faults
    assert fault.code == "DATA-051"
    assert fault.what == "checks set 2 of 5 rows apart (40.0%); 39.0% is allowed"
    assert fault.where == ("range fare: 1", "not_null pickup_at: 1")
    assert fault.fix.endswith("--set quarantine.max_share=0.4")


def test_the_share_that_the_message_proposes_is_enough() -> None:
    checked = run_checks(pl.DataFrame({"x": [0.0] * 111 + [1.0] * 889}), checks({"kind": "range", "column": "x", "min": 1}))
    with pytest.raises(AnswerIsNo) as caught:
        judge(checked, 0.1)
    proposed = float(caught.value.faults[0].fix.rsplit("=", 1)[1])
    assert proposed == 0.12
    judge(checked, proposed)


def test_a_stopping_check_ends_the_run_and_its_rows_are_set_apart() -> None:
    checked = check(
        {"kind": "range", "column": "fare", "min": 0, "action": "stop"},
        {"kind": "null_share", "column": "flag", "max": 0, "action": "stop"},
    )
    assert sorted(apart(checked)) == [1, 2]
    with pytest.raises(AnswerIsNo, match=r"check 'range fare' stops the run: fare is below 0") as caught:
        judge(checked, 1.0)
    assert [fault.code for fault in caught.value.faults] == ["DATA-050", "DATA-050"]


cells = st.fixed_dictionaries(
    {
        "x": st.none() | st.floats() | st.integers(-2, 2).map(float),
        "code": st.none() | st.integers(0, 4),
        "month": st.sampled_from([None, 1, 2, 3]),
    }
)


@given(st.lists(cells, max_size=20))
def test_every_row_goes_to_one_side_and_only_broken_rows_are_set_apart(rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(
        {
            "nr": range(len(rows)),
            "x": [row["x"] for row in rows],
            "code": [row["code"] for row in rows],
            "at": [row["month"] and at(1, row["month"]) for row in rows],
            "period": ["2023-02"] * len(rows),
        },
        schema={"nr": pl.Int64, "x": pl.Float64, "code": pl.Int64, "at": pl.Datetime("us"), "period": pl.String},
    )
    declared = checks(
        {"kind": "range", "column": "x", "min": -1, "max": 1},
        {"kind": "allowed", "column": "code", "values": [1, 2]},
        {"kind": "in_period", "column": "at"},
    )
    checked = run_checks(frame, declared)

    def broken(row: dict[str, Any]) -> bool:
        outside = row["x"] is not None and not math.isnan(row["x"]) and not -1 <= row["x"] <= 1
        return outside or row["code"] in {0, 3, 4} or row["month"] in {1, 3}

    assert checked.quarantined["nr"].to_list() == [nr for nr, row in enumerate(rows) if broken(row)]
    assert checked.kept["nr"].to_list() == [nr for nr, row in enumerate(rows) if not broken(row)]
    assert checked.quarantined["_reason"].null_count() == 0
