"""Checks that compare rows with one another, or look at the table as a whole."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter, ValidationError

from steward.core.errors import AnswerIsNo, UsageError
from steward.project.rules import CheckSpec
from steward.quality.checks import Checked, judge, run_checks

CHECKS: TypeAdapter[tuple[CheckSpec, ...]] = TypeAdapter(tuple[CheckSpec, ...])


def at(day: int, hour: int = 0, month: int = 1) -> datetime:
    return datetime(2023, month, day, hour)  # noqa: DTZ001 - wall clock


TRIPS = pl.DataFrame(
    {
        "nr": range(6),
        "id": [1, 2, 2, 3, 3, 4],
        "sent": [at(1), at(2), at(3), at(4), None, at(29)],
        "back": [at(1, 5), at(1), at(3), at(9), at(1), at(30)],
        "fare": [10.0, 11.0, 12.0, 13.0, 100.0, None],
        "city": ["Paris", "PARIS", "Paris", "Rome", None, "Rome"],
        "code": ["A-1", "A-2", "B1", "C-3", None, "D-4x"],
        "good": [1, 0, 1, 1, 1, None],
        "unit": ["km"] * 5 + [None],
        "void": pl.Series([None] * 6, dtype=pl.Float64),
        "period": ["2023-01"] * 6,
    }
)


def check(*declared: dict[str, Any], frame: pl.DataFrame = TRIPS, now: datetime | None = None) -> Checked:
    return run_checks(frame, CHECKS.validate_python(declared), now=now)


@pytest.mark.parametrize(
    ("declared", "rows", "text"),
    [
        (
            {"kind": "rule", "rule": "back >= sent"},
            [1],
            "back >= sent does not hold in 1 of 6 rows (16.67%), for example (back 2023-01-01 00:00:00, sent 2023-01-02 00:00:00)",
        ),
        (
            {"kind": "matches", "column": "code", "pattern": "[A-Z]-[0-9]"},
            [2, 5],
            "code has not the form [A-Z]-[0-9] in 2 of 6 rows (33.33%), for example B1, D-4x",
        ),
        (
            {"kind": "iqr", "column": "fare", "action": "quarantine"},
            [4],
            "fare lies beyond 8 to 16, 1.5 quartile distances from the middle half, in 1 of 6 rows (16.67%), for example 100",
        ),
        (
            # mean 29.2, standard deviation of a sample sqrt(6270.8 / 4) = 39.594: 100 lies 1.788 of them away
            {"kind": "zscore", "column": "fare", "limit": 1.7, "action": "quarantine"},
            [4],
            "fare lies beyond -38.1101 to 96.5101, 1.7 standard deviations from the mean, in 1 of 6 rows (16.67%), for example 100",
        ),
        (
            {"kind": "conflict", "key": ["id"], "column": "good"},
            [1, 2],
            "rows of the same id differ in good in 2 of 6 rows (33.33%), for example (id 2, good 0), (id 2, good 1)",
        ),
        (
            {"kind": "spelling", "column": "city", "action": "quarantine"},
            [1],
            "city spells a value in another way ('PARIS' for 'Paris') in 1 of 6 rows (16.67%), for example row 2",
        ),
        (
            {"kind": "null_together", "columns": ["city", "code", "fare", "void"], "action": "quarantine"},
            [4],
            "city and code are empty together in 1 of 6 rows (16.67%), for example row 5; always empty, and part of no group: void",
        ),
    ],
)
def test_a_check_sets_its_rows_apart_and_says_what_they_are(declared: dict[str, Any], rows: list[int], text: str) -> None:
    checked = check(declared)
    (finding,) = checked.findings
    assert checked.quarantined["nr"].to_list() == rows
    assert finding.text == text
    assert finding.rows == len(rows)


@pytest.mark.parametrize(
    "declared",
    [
        {"kind": "rule", "rule": "fare > 0 or fare is null"},
        {"kind": "rule", "rule": "fare <= 100"},  # an empty cell is neither
        {"kind": "matches", "column": "code", "pattern": "[A-D].*"},
        {"kind": "iqr", "column": "fare", "factor": 44},
        {"kind": "zscore", "column": "fare"},
        {"kind": "zscore", "column": "void"},
        {"kind": "conflict", "key": ["id", "back"], "column": "good"},
        {"kind": "spelling", "column": "code"},
        {"kind": "null_together", "columns": ["city", "code"], "min_share": 0.2},
        {"kind": "constant", "column": "good"},
        {"kind": "fresh", "column": "sent", "max_age_days": 3},
        {"kind": "schema", "columns": {"id": "integer", "fare": "number", "city": "text", "sent": "datetime"}},
    ],
)
def test_what_holds_is_not_found(declared: dict[str, Any]) -> None:
    checked = check(declared)
    assert checked.findings == ()
    assert checked.kept is TRIPS


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ({"kind": "constant", "column": "unit"}, "unit is always km"),
        ({"kind": "constant", "column": "void"}, "void is empty in every row"),
        (
            {"kind": "fresh", "column": "sent", "max_age_days": 2.9},
            "the newest sent is 2023-01-29 00:00:00, 3.0 days before 2023-02-01 00:00:00; 2.9 are allowed",
        ),
        (
            {"kind": "schema", "columns": {"id": "text", "fore": "number"}, "action": "stop"},
            "column fore is missing; column id holds Int64 and not text",
        ),
        (
            {"kind": "schema", "columns": dict.fromkeys(["nr", "id", "good"], "integer"), "others": False},
            "not declared: sent, back, fare, city, code, unit, void",
        ),
    ],
)
def test_a_fault_of_the_table_as_a_whole_sets_no_row_apart_but_may_stop(declared: dict[str, Any], text: str) -> None:
    checked = check(declared)
    (finding,) = checked.findings
    assert (finding.text, finding.rows, finding.share) == (text, 6, 1.0)
    assert checked.kept is TRIPS
    if finding.action == "stop":
        with pytest.raises(AnswerIsNo, match="stops the run"):
            judge(checked, 1.0)
    else:
        judge(checked, 0.0)


def test_events_of_the_future_make_nothing_fresh() -> None:
    frame = pl.DataFrame({"sent": [at(1), at(5, month=6)], "period": ["2023-01"] * 2})
    (finding,) = check({"kind": "fresh", "column": "sent", "max_age_days": 10}, frame=frame).findings
    assert "the newest sent is 2023-01-01" in finding.text
    (finding,) = check({"kind": "fresh", "column": "sent", "max_age_days": 10}, frame=frame.tail(1)).findings
    assert finding.text == "no sent lies before 2023-02-01 00:00:00"


def test_freshness_is_judged_by_the_moment_that_is_handed_in_or_the_newest_period() -> None:
    frame = pl.DataFrame({"sent": [at(30), at(15, month=2)], "period": ["2023-01", "2023-02"]})
    declared = {"kind": "fresh", "column": "sent", "max_age_days": 14}
    assert check(declared, frame=frame).findings == ()
    assert check(declared, frame=frame, now=at(1, month=3)).findings == ()
    assert len(check(declared, frame=frame, now=at(2, month=3)).findings) == 1
    assert check(declared, frame=frame.drop("period"), now=at(1, month=3)).findings == ()


def test_rows_without_a_calendar_have_no_age_and_lie_in_no_month() -> None:
    frame = TRIPS.with_columns(period=pl.lit("cleveland"))
    with pytest.raises(UsageError) as caught:
        check({"kind": "in_period", "column": "sent"}, {"kind": "fresh", "column": "sent", "max_age_days": 1}, frame=frame)
    assert [fault.code for fault in caught.value.faults] == ["DATA-055", "DATA-055"]
    with pytest.raises(UsageError, match="the rows have no period"):
        check({"kind": "fresh", "column": "sent", "max_age_days": 1}, frame=TRIPS.drop("period"))


def test_two_groups_of_columns_are_two_findings_of_one_check() -> None:
    frame = pl.DataFrame({"a": [None, 1, 1], "b": [None, 1, 1], "c": [1, None, None], "d": [1, None, None]})
    findings = check({"kind": "null_together"}, frame=frame).findings
    assert [(finding.columns, finding.rows, finding.action) for finding in findings] == [
        (("c", "d"), 2, "warn"),
        (("a", "b"), 1, "warn"),
    ]


def test_checks_that_cannot_be_asked_of_these_columns_are_all_named_at_once() -> None:
    declared = (
        {"kind": "rule", "rule": "back >= fare"},
        {"kind": "rule", "rule": "fore > 1"},
        {"kind": "rule", "rule": "city"},
        {"kind": "rule", "rule": "id in (1, 'x')"},
        {"kind": "rule", "rule": "sent > 'yesterday'"},
        {"kind": "matches", "column": "code", "pattern": "(?=A)A"},
        {"kind": "matches", "column": "id", "pattern": "1"},
        {"kind": "iqr", "column": "city"},
        {"kind": "fresh", "column": "id", "max_age_days": 1},
    )
    with pytest.raises(UsageError) as caught:
        check(*declared)
    codes = [fault.code for fault in caught.value.faults]
    assert codes == ["DATA-056", "DATA-052", "DATA-056", "DATA-056", "DATA-056", "DATA-056", "DATA-053", "DATA-053", "DATA-053"]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"kind": "rule", "rule": "fare = 1"}, "at character 6: write == for"),
        ({"kind": "matches", "column": "code", "pattern": "A("}, "at character 2: missing"),
        ({"kind": "conflict", "key": ["id"], "column": "id"}, "'id' is part of the key itself"),
        ({"kind": "constant", "column": "id", "action": "quarantine"}, "'warn' or 'stop'"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused_when_the_project_is_read(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CHECKS.validate_python([declared])
    assert message in str(caught.value)
